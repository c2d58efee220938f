import { randomUUID } from 'node:crypto'
import { writeSync } from 'node:fs'
import type { Part } from '../../src/shared/conversation'
import { systemClock } from '../../src/main/clock'
import { Generations, type OpenSession } from '../../src/main/generations'
import { openLibrary } from '../../src/main/library/library'
import { silentLogger } from '../../src/main/logger'

/**
 * A main process that is there to be killed: `node crash-child.mjs question|answer|writes FOLDER …`. It tells on stdout,
 * with writes that the kill cannot take back, what it has promised or received.
 */

const [what, root, conversationId = '', size = '0', everyMs = '0'] = process.argv.slice(2)
const library = openLibrary({ root: root ?? '', clock: systemClock, logger: silentLogger })
await library.recover()

if (what === 'question') await ask(dieAtOnce)
else if (what === 'answer') await ask(streamNumbers)
else if (what === 'writes') await writeAgainAndAgain()
else throw new Error('what to die of')

async function ask(openSession: OpenSession): Promise<void> {
  const generations = new Generations({
    library,
    openSession,
    findAttachments: () => Promise.resolve([]),
    clock: systemClock,
    logger: silentLogger,
    isOnShow: () => true,
  })
  await generations.start({
    generationId: randomUUID(),
    answerId: randomUUID(),
    conversationId,
    origin: 'window',
    backendId: 'server',
    provider: null,
    model: null,
    question: { kind: 'new', messageId: randomUUID(), parentId: null, text: 'Is this kept?', attachmentIds: [] },
  })
}

// The moment at which a request would leave.
async function* dieAtOnce(): AsyncGenerator<Part> {
  writeSync(1, 'asked\n')
  process.kill(process.pid, 'SIGKILL')
  await new Promise(() => undefined)
  yield { type: 'text-delta', text: '' }
}

// Numbers of equal length, each told with the time at which it was handed over.
async function* streamNumbers(): AsyncGenerator<Part> {
  const bytes = Number(size)
  for (let number = 0; ; number += 1) {
    const text = `${number} `.padStart(bytes, '.')
    writeSync(1, `${number} ${performance.now()}\n`)
    yield { type: 'text-delta', text }
    await new Promise((resolve) => setTimeout(resolve, Number(everyMs)))
  }
}

async function writeAgainAndAgain(): Promise<void> {
  for (let number = 0; ; number += 1) {
    await library.update(conversationId, (conversation) => ({ ...conversation, title: String(number) }))
    writeSync(1, `${number}\n`)
  }
}
