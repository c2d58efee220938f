import { parentPort, workerData, type MessagePort } from 'node:worker_threads'
import type { SearchIndex } from './search-index'
import type { IndexAnswer, IndexQuestion, IndexTalk, WorkerOptions } from './worker-talk'

// The thread of the search index. It ends with the first error: whoever started it decides whether to begin anew. It must
// always end by itself: a thread that is terminated within SQLite takes the whole process with it.

const port = parentPort
if (port === null) throw new Error('this file is the beginning of a worker thread')
const { file, isFresh } = workerData as WorkerOptions

const modules = await import('./search-index').catch((thrown: unknown) => {
  // Its native part is made for certain systems only.
  end(port, 'not-loaded', thrown)
  return null
})
if (modules !== null) {
  try {
    serve(new modules.SearchIndex(file, isFresh), port)
  } catch (thrown) {
    end(port, 'index', thrown)
  }
}

function serve(index: SearchIndex, talk: MessagePort): void {
  let isOver = false
  let isPurging = false
  const attempt = (doing: () => void): void => {
    if (isOver) return
    try {
      doing()
    } catch (thrown) {
      isOver = true
      end(talk, 'index', thrown)
    }
  }
  const startPurge = (): void => {
    if (isPurging) return
    isPurging = true
    setImmediate(purge)
  }
  // A piece at a time, so that no question waits for all of it.
  const purge = (): void => {
    attempt(() => {
      isPurging = index.purge()
      if (isPurging) setImmediate(purge)
    })
  }
  talk.on('message', (question: IndexQuestion) => {
    attempt(() => {
      const message: IndexAnswer = { kind: 'answer', number: question.number, output: obey(index, question) }
      talk.postMessage(message)
      if (question.kind === 'remove') startPurge()
      if (question.kind === 'close') {
        isOver = true
        talk.close()
      }
    })
  })
  // What an earlier process had no time for.
  startPurge()
}

function end(talk: MessagePort, reason: 'not-loaded' | 'index', thrown: unknown): void {
  const message: IndexAnswer = { kind: 'failed', reason, code: codeOf(thrown) }
  talk.postMessage(message)
  talk.close()
}

function obey(index: SearchIndex, question: IndexQuestion): IndexTalk[keyof IndexTalk]['out'] {
  switch (question.kind) {
    case 'stamps':
      return index.stamps()
    case 'put':
      return index.put(question.input)
    case 'remove':
      return index.remove(question.input)
    case 'find':
      return index.find(question.input.query, question.input.part)
    case 'close':
      return index.close()
  }
}

/** The code of an error of SQLite or Node; its message may quote the text that was being written. */
function codeOf(thrown: unknown): string {
  const code = typeof thrown === 'object' && thrown !== null && 'code' in thrown ? thrown.code : undefined
  return typeof code === 'string' ? code.slice(0, 60) : thrown instanceof Error ? thrown.name : 'unknown'
}
