import { randomUUID } from 'node:crypto'
import { writeSync } from 'node:fs'
import type { Part } from '../../src/shared/conversation'
import { BackendApi } from '../../src/main/backend/api'
import { openSession } from '../../src/main/backend/session'
import { systemClock } from '../../src/main/clock'
import { Generations, type OpenSession } from '../../src/main/generations'
import { openLibrary } from '../../src/main/library/library'
import { silentLogger } from '../../src/main/logger'

/**
 * A main process that is there to be killed: `node crash-child.mjs ask FOLDER ID URL` asks a real server and keeps the
 * answer, `writes FOLDER ID` changes a conversation again and again. It tells on stdout, with writes that the kill cannot
 * take back, what it has promised or received.
 */

const [what, root = '', conversationId = '', url = ''] = process.argv.slice(2)
const library = openLibrary({ root, clock: systemClock, logger: silentLogger })
await library.recover()

if (what === 'ask') await ask()
else if (what === 'writes') await writeAgainAndAgain()
else throw new Error('what to die of')

async function ask(): Promise<void> {
  const api = new BackendApi({ url })
  const open: OpenSession = (context, signal, pause) =>
    openSession(
      {
        api,
        findAttachment: () => Promise.resolve(null),
        clock: systemClock,
        random: Math.random,
        pause,
        logger: silentLogger,
      },
      { ...context, apiKey: null, parameters: {} },
      signal,
    )
  const generations = new Generations({
    library,
    openSession: (...session) => told(open(...session)),
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
    isTemporary: false,
    backendId: 'server',
    provider: null,
    model: null,
    question: { kind: 'new', messageId: randomUUID(), parentId: null, text: 'Is this kept?', attachmentIds: [] },
  })
}

// What has been received so far, and when, on the clock that all processes of a machine share.
async function* told(parts: AsyncIterable<Part>): AsyncGenerator<Part> {
  let bytes = 0
  for await (const part of parts) {
    if (part.type === 'text-delta') {
      bytes += Buffer.byteLength(part.text)
      writeSync(1, `${bytes} ${performance.timeOrigin + performance.now()}\n`)
    }
    yield part
  }
}

async function writeAgainAndAgain(): Promise<void> {
  for (let number = 0; ; number += 1) {
    await library.update(conversationId, (conversation) => ({ ...conversation, title: String(number) }))
    writeSync(1, `${number}\n`)
  }
}
