import { spawn, type ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, describe, expect, test } from 'vitest'
import { BackendApi } from '../../../src/main/backend/api'
import { openSession } from '../../../src/main/backend/session'
import { systemClock } from '../../../src/main/clock'
import { Generations } from '../../../src/main/generations'
import { silentLogger } from '../../../src/main/logger'
import { answerText, type AssistantMessage } from '../../../src/shared/conversation'
import { startOf } from '../../support/conversation-samples'
import { eventually } from '../../support/eventually'
import { memoryLibrary } from '../../support/memory-library'

const children: ChildProcess[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

/** A server in a process of its own. */
async function startServer(port: number, count: number, everyMs: number) {
  const script = resolve(import.meta.dirname, '../../support/drip-server.mjs')
  const child = spawn(process.execPath, [script, ...[port, count, everyMs].map(String)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  const lines: string[] = []
  const output = createInterface(child.stdout)
  output.on('line', (line) => lines.push(line))
  await once(output, 'line')
  return {
    port: Number(lines[0]),
    questions: () => lines.length - 1,
    signal: (name: NodeJS.Signals) => child.kill(name),
    async kill() {
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

/** The way from a question to the conversation, over real sockets; pauses before a retry last so many times as long. */
function askAt(port: number, pauseFactor = 1) {
  const library = memoryLibrary()
  const api = new BackendApi({ url: `http://127.0.0.1:${port}` })
  const generations = new Generations({
    library,
    openSession: (context, signal, pause) =>
      openSession(
        {
          api,
          findAttachment: () => Promise.resolve(null),
          clock: systemClock,
          random: () => 0.9,
          pause: (ms, until) => pause(ms * pauseFactor, until),
          logger: silentLogger,
        },
        { ...context, apiKey: null, parameters: {} },
        signal,
      ),
    findAttachments: () => Promise.resolve([]),
    clock: systemClock,
    logger: silentLogger,
    isOnShow: () => true,
  })
  const conversationId = randomUUID()
  return {
    generations,
    async ask(): Promise<() => Promise<AssistantMessage>> {
      const request = startOf(conversationId)
      await generations.start(request)
      return async () => (await generations.attach(request.generationId)).message
    },
  }
}

const numbers = (count: number): string => Array.from({ length: count }, (_, index) => `${index + 1} `).join('')
const hasEnded = ({ state }: AssistantMessage): boolean => state !== 'running'

describe.skipIf(process.platform === 'win32')('R30 a sleep in the middle of a stream', () => {
  test('a server that says nothing any more: interrupted within five seconds, the text is kept, the next question works', async () => {
    const server = await startServer(0, 200, 10)
    const { ask, generations } = askAt(server.port)
    const first = await ask()
    await eventually(first, (message) => answerText(message).includes('5 '), 'some numbers')
    server.signal('SIGSTOP')
    // What the computer does when it wakes.
    const wokenMs = performance.now()
    await generations.endSilent(700, () => false)
    const cut = await eventually(first, hasEnded, 'an end')
    expect(performance.now() - wokenMs).toBeLessThan(5000)
    expect(cut).toMatchObject({ state: 'interrupted', error: { code: 'connection-lost' } })
    expect(numbers(200).startsWith(answerText(cut))).toBe(true)
    expect(answerText(cut)).toContain('5 ')

    server.signal('SIGCONT')
    const second = await eventually(await ask(), hasEnded, 'an end')
    expect(second).toMatchObject({ state: 'complete', error: null })
    expect(answerText(second)).toBe(numbers(200))
    expect(server.questions()).toBe(2)
  })

  test('a connection that survives it goes on, and nothing is lost or twice', async () => {
    const server = await startServer(0, 60, 10)
    const { ask, generations } = askAt(server.port)
    const read = await ask()
    await eventually(read, (message) => answerText(message).includes('5 '), 'some numbers')
    server.signal('SIGSTOP')
    const checked = generations.endSilent(1500, () => false)
    setTimeout(() => server.signal('SIGCONT'), 300)
    await checked
    const whole = await eventually(read, hasEnded, 'an end')
    expect(whole).toMatchObject({ state: 'complete', error: null })
    expect(answerText(whole)).toBe(numbers(60))
    expect(server.questions()).toBe(1)
  })
})

describe('R42 a server that is restarted', () => {
  test('between two turns: the next question works, each is sent once', async () => {
    const before = await startServer(0, 5, 1)
    const { ask } = askAt(before.port)
    expect(await eventually(await ask(), hasEnded, 'an end')).toMatchObject({ state: 'complete' })
    expect(before.questions()).toBe(1)
    await before.kill()

    const after = await startServer(before.port, 5, 1)
    const second = await eventually(await ask(), hasEnded, 'an end')
    expect(second).toMatchObject({ state: 'complete' })
    expect(answerText(second)).toBe(numbers(5))
    expect(after.questions()).toBe(1)
  })

  test('while it is away the question is not sent, and a try of the person reaches it once it is back (R12, R14)', async () => {
    const before = await startServer(0, 5, 1)
    await before.kill()
    const away = await eventually(await askAt(before.port, 0).ask(), hasEnded, 'an end')
    expect(away).toMatchObject({ state: 'failed', error: { code: 'unreachable', reason: 'refused' } })

    const { ask, generations } = askAt(before.port, 1000)
    const read = await ask()
    const { generationId } = await eventually(read, ({ status }) => status.phase === 'retrying', 'a pause')
    const after = await startServer(before.port, 5, 1)
    generations.retryNow(generationId)
    expect(await eventually(read, hasEnded, 'an end')).toMatchObject({ state: 'complete' })
    expect(after.questions()).toBe(1)
  })
})
