import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { AttachedGeneration, StartGeneration } from '../../src/shared/contract'
import {
  answerText,
  DEFAULT_CHAT_SETTINGS,
  fold,
  pathOf,
  type AssistantMessage,
  type AttachmentInfo,
  type Conversation,
  type GenerationEvent,
  type Part,
} from '../../src/shared/conversation'
import { AppFailure, failure, toAppError, type AppError } from '../../src/shared/errors'
import { systemClock } from '../../src/main/clock'
import { Generations, type GenerationsOptions } from '../../src/main/generations'
import { silentLogger } from '../../src/main/logger'
import { conversationOf, newAnswer, startOf } from '../support/conversation-samples'
import { faultyDisk } from '../support/faulty-disk'
import { memoryLibrary } from '../support/memory-library'
import { scriptedSessions } from '../support/scripted-session'
import { filesUnder, libraryOn, temporaryFolder } from '../support/temporary-library'

const says = (...texts: string[]): Part[] => texts.map((text) => ({ type: 'text-delta', text }))
const complete: Part = { type: 'finish', state: 'complete', error: null }

const picture: AttachmentInfo = {
  id: 'a'.repeat(64),
  name: 'a.png',
  mime: 'image/png',
  bytes: 70,
  width: 1,
  height: 1,
  orientation: 1,
  hasLocation: false,
}

/** Generations on a library without a disk, with sessions that the test speaks for. */
function setUp(options: Partial<GenerationsOptions> = {}, sessions = scriptedSessions()) {
  const library = memoryLibrary()
  const generations = new Generations({
    library,
    openSession: sessions.openSession,
    findAttachments: async (ids) => ids.map((id) => ({ ...picture, id })),
    clock: systemClock,
    logger: silentLogger,
    isOnShow: () => true,
    ...options,
  })
  const batches: GenerationEvent[][] = []
  generations.onEvents((events) => batches.push(events))
  return { library, generations, sessions: sessions.opened, batches, events: () => batches.flat() }
}

/** Lets everything run that does not wait for a time. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

async function refusal(promise: Promise<unknown>): Promise<AppError | null> {
  try {
    await promise
    return null
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(AppFailure)
    return toAppError(thrown)
  }
}

function answerOf(conversation: Conversation | undefined, request: StartGeneration): AssistantMessage {
  const message = conversation?.messages.find(({ id }) => id === request.answerId)
  if (message?.role !== 'assistant') throw new Error('the answer is not there')
  return message
}

const texts = (events: GenerationEvent[]): unknown[] =>
  events.map(({ part }) => (part.type === 'text-delta' ? part.text : part.type))

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('the log', () => {
  it('has one line for an answer that failed, without a word of it, and none for one that is whole', async () => {
    const lines: unknown[] = []
    const logger = { ...silentLogger, info: (...line: unknown[]) => void lines.push(line) }
    const { generations, sessions } = setUp({ logger })
    const [failed, whole] = [startOf(randomUUID(), { text: 'q' }), startOf(randomUUID(), { text: 'q' })]
    for (const request of [failed, whole]) await generations.start(request)
    await settle()
    const error: AppError = { code: 'http', status: 502, message: 'secret words' }
    sessions[0]?.say({ type: 'finish', state: 'failed', error })
    sessions[1]?.say({ type: 'finish', state: 'complete', error: null })
    await settle()
    expect(lines).toEqual([['answer ended', { state: 'failed', code: 'http', status: 502, seconds: 0 }]])
  })
})

describe('start', () => {
  it('makes the conversation, keeps question and empty answer, and answers with both', async () => {
    const { generations, library, sessions } = setUp()
    const request = startOf(randomUUID(), { text: 'How do\nI get there?', attachmentIds: ['b'.repeat(64)] })
    const started = await generations.start(request)
    const conversation = library.conversations.get(request.conversationId)
    expect(conversation).toMatchObject({
      title: 'How do I get there?',
      titleSource: 'first-words',
      headId: request.answerId,
      origin: 'window',
      model: 'small',
    })
    expect(conversation?.messages).toEqual([started.question, started.answer])
    expect(started.question).toMatchObject({ text: 'How do\nI get there?', attachments: [{ id: 'b'.repeat(64) }] })
    expect(started.answer).toMatchObject({ state: 'running', content: [], generationId: request.generationId })
    expect(started.conversation).toMatchObject({ id: request.conversationId, isRunning: true })
    await settle()
    expect(sessions[0]?.context).toEqual({
      generationId: request.generationId,
      conversationId: request.conversationId,
      answerId: request.answerId,
      messages: [started.question],
      backendId: 'server',
      provider: null,
      model: 'small',
      isContinuation: false,
      settings: DEFAULT_CHAT_SETTINGS,
      sessions: null,
    })
  })

  it('has both on disk before the session is asked for anything: journal first, then the conversation (R01)', async () => {
    vi.useRealTimers()
    const root = await temporaryFolder()
    const calls: string[] = []
    const library = libraryOn(
      root,
      faultyDisk(({ name, path }) => {
        if (!['stat', 'readFile', 'mkdir'].includes(name))
          calls.push(`${name} ${path.slice(root.length + 1).split(/[/.]/)[0]}`)
        return null
      }),
    )
    await library.recover()
    calls.length = 0
    const sessions = scriptedSessions()
    const openSession: GenerationsOptions['openSession'] = (context, signal, pause) => {
      calls.push('session')
      return sessions.openSession(context, signal, pause)
    }
    const { generations } = setUp({ library, openSession }, sessions)
    const request = startOf(randomUUID())
    await generations.start(request)
    await settle()
    const place = (call: string): number => calls.indexOf(call)
    const order = [
      'write journals',
      'sync journals',
      'datasync journals',
      'write conversations',
      'sync conversations',
      'rename conversations',
      'session',
    ]
    expect(order.map(place)).toEqual(order.map(place).sort((a, b) => a - b))
    expect(order.map(place)).not.toContain(-1)
    // The folder of the conversation is made durable as well.
    expect(calls.slice(place('rename conversations'), place('session'))).toContain('sync conversations')
    expect(sessions.opened[0]?.isPulled).toBe(true)
    const stored = await readFile(library.pathOf(request.conversationId), 'utf8')
    expect(stored).toContain('"text": "Why?"')
    generations.stop(request.generationId)
    await generations.stopAll('stopped')
  })

  it('lets its reply go before the first event', async () => {
    const { generations, batches } = setUp({ openSession: () => eager() })
    async function* eager(): AsyncGenerator<Part> {
      yield* says('at once')
      yield complete
    }
    const order: string[] = []
    generations.onEvents(() => order.push('event'))
    await generations.start(startOf(randomUUID()))
    // The gate and the handler have a few steps of their own before the reply is sent.
    for (let step = 0; step < 20; step += 1) await Promise.resolve()
    order.push('reply')
    await settle()
    expect(order[0]).toBe('reply')
    expect(batches.flat().map(({ seq }) => seq)).toEqual([1, 2])
  })

  it('refuses ids that are taken or are none, and an empty question', async () => {
    const { generations, library } = setUp()
    const conversationId = randomUUID()
    const first = startOf(conversationId)
    await generations.start(first)
    const next = (change: Partial<StartGeneration>): StartGeneration => ({ ...startOf(randomUUID()), ...change })
    const bad = [
      next({ generationId: first.generationId }),
      next({ generationId: '../x' }),
      next({ conversationId: 'x' }),
      next({ answerId: '' }),
      next({ conversationId, answerId: first.answerId }),
      { ...startOf(randomUUID(), { text: ' \n' }) },
      { ...startOf(randomUUID(), { messageId: 'x' }) },
    ]
    const sameIds = startOf(randomUUID())
    bad.push({ ...sameIds, question: { ...sameIds.question, messageId: sameIds.answerId } })
    for (const request of bad) {
      expect(await refusal(generations.start(request))).toEqual({ code: 'bad-request', channel: 'generation.start' })
    }
    expect(library.conversations.size).toBe(1)
    expect(library.journals.size).toBe(1)
    // An image alone is a question.
    expect(
      await refusal(generations.start(startOf(randomUUID(), { text: '', attachmentIds: ['a'.repeat(64)] }))),
    ).toBeNull()
  })

  it('refuses a message or an attachment that is not there, and then has kept nothing', async () => {
    const { generations, library } = setUp({
      findAttachments: async () => {
        throw failure({ code: 'not-found', what: 'attachment' })
      },
    })
    const noParent = startOf(randomUUID(), { parentId: randomUUID() })
    expect(await refusal(generations.start(noParent))).toEqual({ code: 'not-found', what: 'message' })
    const noImage = startOf(randomUUID(), { attachmentIds: ['a'.repeat(64)] })
    expect(await refusal(generations.start(noImage))).toEqual({ code: 'not-found', what: 'attachment' })
    expect(library.conversations.size).toBe(0)
    expect(await refusal(generations.attach(noParent.generationId))).toEqual({ code: 'not-found', what: 'generation' })
    expect(await refusal(generations.start({ ...noParent, question: startOf('').question }))).toBeNull()
  })

  it('answers while the disk refuses everything, says so, and saves it later (R07, R08)', async () => {
    vi.useRealTimers()
    const root = await temporaryFolder()
    let isFull = true
    const library = libraryOn(
      root,
      faultyDisk(({ name }) => (isFull && ['open', 'mkdir'].includes(name) ? 'ENOSPC' : null)),
    )
    await library.recover()
    const { generations, sessions, events } = setUp({ library }, scriptedSessions())
    const request = startOf(randomUUID())
    const { conversation } = await generations.start(request)
    expect(conversation.isRunning).toBe(true)
    expect(library.storageState()).toEqual({ isSafe: false, reason: 'full' })
    await settle()
    sessions[0]?.say(...says('kept'), complete)
    await settle()
    expect(texts(events())).toEqual(['kept', 'finish'])
    expect(await filesUnder(root)).toEqual({})
    isFull = false
    await library.flush()
    const stored = JSON.parse(await readFile(library.pathOf(request.conversationId), 'utf8')) as Conversation
    expect(answerText(answerOf(stored, request))).toBe('kept')
    expect(await filesUnder(join(root, 'journals'))).toEqual({})
  })
})

describe('events', () => {
  it('come at once for the first part, then at most once a frame, with what belongs together joined (R23)', async () => {
    const { generations, sessions, batches } = setUp()
    await generations.start(startOf(randomUUID()))
    await settle()
    const [session] = sessions
    session?.say(...says('a'))
    await settle()
    expect(batches.map(texts)).toEqual([['a']])
    session?.say(
      ...says('b', 'c'),
      { type: 'reasoning-delta', text: 'd' },
      { type: 'reasoning-delta', text: 'e' },
      ...says('f'),
    )
    await settle()
    expect(batches).toHaveLength(1)
    vi.advanceTimersByTime(16)
    expect(batches).toHaveLength(1)
    vi.advanceTimersByTime(1)
    expect(batches.slice(1).map((events) => events.map(({ seq, part }) => [seq, part]))).toEqual([
      [
        [2, { type: 'text-delta', text: 'bc' }],
        [3, { type: 'reasoning-delta', text: 'de' }],
        [4, { type: 'text-delta', text: 'f' }],
      ],
    ])
    vi.advanceTimersByTime(1000)
    expect(batches).toHaveLength(2)
    session?.say(...says('g'))
    await settle()
    expect(batches).toHaveLength(3)
  })

  it('stay below 60 batches a second for eight streams together (R23, R25)', async () => {
    const { generations, sessions, batches } = setUp()
    for (let stream = 0; stream < 8; stream += 1) await generations.start(startOf(randomUUID()))
    await settle()
    batches.length = 0
    for (let ms = 0; ms < 1000; ms += 4) {
      for (const session of sessions) session.say(...says('x'))
      await settle()
      vi.advanceTimersByTime(4)
    }
    expect(batches.length).toBeLessThanOrEqual(60)
    expect(batches.length).toBeGreaterThan(40)
    expect(batches.flat().filter(({ generationId }) => generationId === sessions[3]?.context.generationId)).not.toEqual(
      [],
    )
  })

  it('keep coming from a hot stream that starves the timers, and let others have their turn (R23)', async () => {
    const { generations, sessions, batches } = setUp()
    const request = startOf(randomUUID())
    await generations.start(request)
    await settle()
    let turns = 0
    const tick = (): void => {
      turns += 1
      setImmediate(tick)
    }
    // Time passes with every part, and no timer ever fires.
    let nowMs = performance.now()
    const spy = vi.spyOn(performance, 'now').mockImplementation(() => (nowMs += 0.5))
    sessions[0]?.say(...says(...Array.from({ length: 200 }, (_, index) => `${index} `)), complete)
    const before = turns
    tick()
    for (let turn = 0; turn < 200 && generations.running(request.conversationId).length > 0; turn += 1) {
      await new Promise((resolve) => setImmediate(resolve))
    }
    spy.mockRestore()
    expect(turns - before).toBeGreaterThan(5)
    expect(batches.length).toBeGreaterThan(5)
    expect(texts(batches.flat()).at(-1)).toBe('finish')
    expect(batches.flat().map(({ seq }) => seq)).toEqual(batches.flat().map((_, index) => index + 1))
  })

  it('fold to the message that is kept, and are journalled before they are told', async () => {
    const { generations, sessions, library } = setUp()
    const request = startOf(randomUUID())
    const journalled: number[] = []
    generations.onEvents((batch) => {
      journalled.push((library.journals.get(request.generationId)?.events.length ?? 0) - batch.at(-1)!.seq)
    })
    const { answer } = await generations.start(request)
    await settle()
    vi.advanceTimersByTime(50)
    sessions[0]?.say({ type: 'reasoning-delta', text: 'hm' }, ...says('Hello', ' you'), {
      type: 'oddity',
      unknownType: '__proto__',
    })
    await settle()
    vi.advanceTimersByTime(50)
    sessions[0]?.say(complete)
    await settle()
    const { events, final } = library.journals.get(request.generationId)!
    expect(events.reduce(fold, answer)).toEqual(final)
    expect(answerOf(library.conversations.get(request.conversationId), request)).toEqual(final)
    expect(final).toMatchObject({ state: 'complete', timing: { firstTextMs: 50, lastMs: 100 } })
    expect(journalled.every((ahead) => ahead === 0)).toBe(true)
  })

  it('go on for the others when a listener throws, and end with its unsubscription', async () => {
    const { generations, sessions, events } = setUp()
    const heard: number[] = []
    generations.onEvents(() => {
      throw new Error('window is gone')
    })
    const stop = generations.onEvents((batch) => heard.push(batch.length))
    await generations.start(startOf(randomUUID()))
    await settle()
    sessions[0]?.say(...says('a'))
    await settle()
    stop()
    sessions[0]?.say(complete)
    await settle()
    expect(events().map(({ seq }) => seq)).toEqual([1, 2])
    expect(heard).toEqual([1])
  })

  it('of eight answers at once never mix (R25)', async () => {
    const { generations, sessions, events, library } = setUp()
    const requests = Array.from({ length: 8 }, (_, index) => startOf(randomUUID(), { text: `Question ${index}` }))
    await Promise.all(requests.map((request) => generations.start(request)))
    await settle()
    const sessionOf = (request: StartGeneration) =>
      sessions.find(({ context }) => context.generationId === request.generationId)!
    for (let word = 0; word < 30; word += 1) {
      for (const [index, request] of requests.entries()) sessionOf(request).say(...says(`${index}:${word} `))
      await settle()
      vi.advanceTimersByTime(word % 5)
    }
    for (const request of requests) sessionOf(request).say(complete)
    await settle()
    for (const [index, request] of requests.entries()) {
      const own = events().filter(({ generationId }) => generationId === request.generationId)
      expect(own.map(({ seq }) => seq)).toEqual(own.map((_, at) => at + 1))
      expect(
        own.every(
          ({ messageId, conversationId }) =>
            messageId === request.answerId && conversationId === request.conversationId,
        ),
      ).toBe(true)
      const said = Array.from({ length: 30 }, (_, word) => `${index}:${word} `).join('')
      expect(answerText(answerOf(library.conversations.get(request.conversationId), request))).toBe(said)
    }
  })
})

describe('the end', () => {
  const cases: [
    string,
    (session: ReturnType<typeof scriptedSessions>['opened'][number]) => void,
    Partial<AssistantMessage>,
  ][] = [
    ['finishes', (session) => session.say(...says('a'), complete), { state: 'complete', error: null }],
    [
      'goes on after its finish',
      (session) => session.say(...says('a'), complete, ...says('late'), complete),
      { state: 'complete' },
    ],
    [
      'ends without finish after some text',
      (session) => {
        session.say(...says('a'))
        session.end()
      },
      { state: 'complete-unconfirmed', error: null },
    ],
    ['ends without a word', (session) => session.end(), { state: 'failed', error: { code: 'empty-answer' } }],
    [
      'throws what nobody foresaw',
      (session) => {
        session.say(...says('a'))
        session.fail(new TypeError('no'))
      },
      { state: 'failed', error: { code: 'internal' } },
    ],
    [
      'throws that the connection is lost',
      (session) => {
        session.say(...says('a'))
        session.fail(failure({ code: 'connection-lost' }))
      },
      { state: 'interrupted', error: { code: 'connection-lost' } },
    ],
    [
      'fails by itself',
      (session) => session.say({ type: 'finish', state: 'failed', error: { code: 'empty-answer' } }),
      { state: 'failed', error: { code: 'empty-answer' } },
    ],
  ]
  it.each(cases)('comes once and last when the session %s (R15)', async (_, act, wanted) => {
    const { generations, sessions, events, library } = setUp()
    const request = startOf(randomUUID())
    await generations.start(request)
    await settle()
    act(sessions[0]!)
    await settle()
    vi.advanceTimersByTime(1000)
    await settle()
    const kinds = events().map(({ part }) => part.type)
    expect(kinds.filter((kind) => kind === 'finish')).toHaveLength(1)
    expect(kinds.at(-1)).toBe('finish')
    expect(answerOf(library.conversations.get(request.conversationId), request)).toMatchObject(wanted)
    expect(sessions[0]?.isClosed).toBe(true)
    expect(generations.running(request.conversationId)).toEqual([])
  })

  it('comes when the session cannot even be opened', async () => {
    const { generations, events } = setUp({
      openSession: () => {
        throw failure({ code: 'no-backend' })
      },
    })
    await generations.start(startOf(randomUUID()))
    await settle()
    expect(events().map(({ part }) => part)).toEqual([
      { type: 'finish', state: 'failed', error: { code: 'no-backend' } },
    ])
  })

  it('marks the conversation unread when no window shows it, and leaves it alone when one does', async () => {
    let isOnShow = false
    const { generations, sessions, library } = setUp({ isOnShow: () => isOnShow })
    for (const wanted of [true, false]) {
      const request = startOf(randomUUID())
      await generations.start(request)
      await settle()
      expect(library.conversations.get(request.conversationId)?.isUnread).toBe(false)
      vi.setSystemTime(Date.now() + 5000)
      isOnShow = !wanted
      sessions.at(-1)?.say(...says('a'), complete)
      await settle()
      expect(library.conversations.get(request.conversationId)).toMatchObject({
        isUnread: wanted,
        updatedAt: Date.now(),
      })
    }
  })
})

describe('stop', () => {
  it('works before the start has been answered: nothing is asked of the session (R09)', async () => {
    const { generations, sessions, events, library } = setUp()
    const request = startOf(randomUUID())
    const started = generations.start(request)
    generations.stop(request.generationId)
    await started
    await settle()
    expect(sessions).toEqual([])
    expect(texts(events())).toEqual(['finish'])
    const conversation = library.conversations.get(request.conversationId)
    expect(answerOf(conversation, request)).toMatchObject({ state: 'stopped', content: [] })
    // An answer without a word keeps its question.
    expect(conversation?.messages[0]).toMatchObject({ role: 'user', text: 'Why?' })
  })

  it('works before the first byte, aborts at once, and is harmless twice (R09)', async () => {
    const { generations, sessions, events } = setUp()
    const request = startOf(randomUUID())
    await generations.start(request)
    await settle()
    generations.stop(request.generationId)
    expect(sessions[0]?.signal.aborted).toBe(true)
    generations.stop(request.generationId)
    await settle()
    expect(texts(events())).toEqual(['finish'])
    generations.stop(request.generationId)
    expect(() => generations.stop(randomUUID())).toThrow(AppFailure)
  })

  it('of an answer whose start takes long waits for it, and then asks nothing (R09)', async () => {
    const library = memoryLibrary()
    let release: () => void = () => undefined
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    const { create } = library
    library.create = async (conversation) => {
      await released
      await create(conversation)
    }
    const { generations, sessions, events } = setUp({ library })
    const request = startOf(randomUUID())
    const started = generations.start(request)
    await settle()
    generations.stop(request.generationId)
    vi.advanceTimersByTime(1000)
    await settle()
    release()
    await started
    await settle()
    expect(sessions).toEqual([])
    expect(texts(events())).toEqual(['finish'])
    expect(answerOf(library.conversations.get(request.conversationId), request).state).toBe('stopped')
  })

  it('keeps what has come, also what waits for its frame', async () => {
    const { generations, sessions, events, library } = setUp()
    const request = startOf(randomUUID())
    await generations.start(request)
    await settle()
    sessions[0]?.say(...says('shown '))
    await settle()
    sessions[0]?.say(...says('waiting'))
    await settle()
    generations.stop(request.generationId)
    await settle()
    expect(texts(events())).toEqual(['shown ', 'waiting', 'finish'])
    expect(answerOf(library.conversations.get(request.conversationId), request)).toMatchObject({
      state: 'stopped',
      error: null,
      content: [{ type: 'text', text: 'shown waiting' }],
    })
  })

  it('does not wait for a session that never ends: stopped within 100 ms (R09)', async () => {
    const { generations, sessions, events } = setUp(
      {},
      scriptedSessions(() => undefined),
    )
    const request = startOf(randomUUID())
    await generations.start(request)
    await settle()
    sessions[0]?.say(...says('a'))
    await settle()
    generations.stop(request.generationId)
    sessions[0]?.say(...says(' and what was on its way'))
    await settle()
    expect(texts(events()).at(-1)).not.toBe('finish')
    vi.advanceTimersByTime(100)
    expect(texts(events())).toEqual(['a', ' and what was on its way', 'finish'])
    sessions[0]?.say(...says('too late'), complete)
    await settle()
    vi.advanceTimersByTime(1000)
    expect(texts(events()).at(-1)).toBe('finish')
    expect(events().at(-1)?.part).toEqual({ type: 'finish', state: 'stopped', error: null })
  })

  it('is no error, whatever the aborted session says; only an answer that was complete stays so', async () => {
    const lost: Part = { type: 'finish', state: 'interrupted', error: { code: 'connection-lost' } }
    for (const [finish, state] of [
      [lost, 'stopped'],
      [complete, 'complete'],
    ] as const) {
      const { generations, events } = setUp(
        {},
        scriptedSessions((session) => session.say(finish)),
      )
      const request = startOf(randomUUID())
      await generations.start(request)
      await settle()
      generations.stop(request.generationId)
      await settle()
      expect(events().at(-1)?.part).toEqual({ type: 'finish', state, error: null })
    }
  })

  it('ends a pause before a retry as well: stopped at once (R14)', async () => {
    const { generations, sessions, library } = setUp()
    const request = startOf(randomUUID())
    await generations.start(request)
    await settle()
    const [session] = sessions
    const pause = session?.pause(60_000, session.signal)
    generations.stop(request.generationId)
    await expect(pause).rejects.toThrow()
    await settle()
    expect(answerOf(library.conversations.get(request.conversationId), request).state).toBe('stopped')
    await expect(session?.pause(5, session.signal)).rejects.toThrow()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('of all answers ends them within two seconds, even those that never end (R35)', async () => {
    const { generations, library } = setUp(
      {},
      scriptedSessions(() => undefined),
    )
    const requests = Array.from({ length: 3 }, () => startOf(randomUUID()))
    for (const request of requests) await generations.start(request)
    const late = startOf(randomUUID())
    const starting = generations.start(late)
    const all = generations.stopAll('interrupted')
    await starting
    await settle()
    vi.advanceTimersByTime(100)
    await all
    for (const request of [...requests, late]) {
      expect(answerOf(library.conversations.get(request.conversationId), request)).toMatchObject({
        state: 'interrupted',
        error: { code: 'process-ended' },
      })
    }
  })

  it('of all answers does not wait for a disk that hangs (R35)', async () => {
    const library = memoryLibrary()
    const hanging = {
      ...library,
      journal: async (start: Parameters<typeof library.journal>[0]) => ({
        ...(await library.journal(start)),
        close: () => new Promise<void>(() => undefined),
      }),
    }
    const { generations } = setUp({ library: hanging })
    await generations.start(startOf(randomUUID()))
    let isDone = false
    const all = generations.stopAll('stopped').then(() => (isDone = true))
    await settle()
    expect(isDone).toBe(false)
    vi.advanceTimersByTime(2000)
    await all
    expect(isDone).toBe(true)
  })

  it('of all answers can say that a sleep has cut the connections (R30)', async () => {
    const { generations, library } = setUp()
    const request = startOf(randomUUID())
    await generations.start(request)
    await generations.stopAll('interrupted', { code: 'connection-lost' })
    expect(answerOf(library.conversations.get(request.conversationId), request)).toMatchObject({
      state: 'interrupted',
      error: { code: 'connection-lost' },
    })
  })
})

describe('retryNow', () => {
  const running = async () => {
    const set = setUp()
    const request = startOf(randomUUID())
    await set.generations.start(request)
    await settle()
    const session = set.sessions[0]
    if (session === undefined) throw new Error('no session')
    const waited: string[] = []
    const wait = (name: string, ms: number): void => {
      void session.pause(ms, session.signal).then(() => waited.push(name))
    }
    return { ...set, request, session, waited, wait, retryNow: () => set.generations.retryNow(request.generationId) }
  }

  it('ends the pause of its answer at once, whatever the pause is for (R12, R14)', async () => {
    const { wait, waited, retryNow } = await running()
    wait('first', 60_000)
    await settle()
    vi.advanceTimersByTime(59_999)
    await settle()
    expect(waited).toEqual([])
    retryNow()
    await settle()
    expect(waited).toEqual(['first'])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('ends this pause and not the next one; without it, the time does', async () => {
    const { wait, waited, retryNow } = await running()
    retryNow()
    wait('first', 1000)
    await settle()
    expect(waited).toEqual([])
    retryNow()
    retryNow()
    wait('second', 1000)
    vi.advanceTimersByTime(999)
    await settle()
    expect(waited).toEqual(['first'])
    vi.advanceTimersByTime(1)
    await settle()
    expect(waited).toEqual(['first', 'second'])
  })

  it('is harmless for an answer that does not wait, has ended, or is just beginning, and not-found for none', async () => {
    const { generations, session, request, retryNow, events } = await running()
    retryNow()
    session.say(...says('a'), complete)
    await settle()
    retryNow()
    expect(texts(events())).toEqual(['a', 'finish'])
    expect(() => generations.retryNow(randomUUID())).toThrow(AppFailure)
    const next = startOf(request.conversationId)
    const starting = generations.start(next)
    generations.retryNow(next.generationId)
    await starting
  })

  it('of one answer lets the pause of another be', async () => {
    const { generations, sessions, waited, wait } = await running()
    const other = startOf(randomUUID())
    await generations.start(other)
    await settle()
    wait('first', 1000)
    void sessions[1]?.pause(1000, sessions[1].signal).then(() => waited.push('other'))
    generations.retryNow(other.generationId)
    await settle()
    expect(waited).toEqual(['other'])
  })
})

describe('after a sleep (R30)', () => {
  const WAIT_MS = 4000
  const status = (phase: 'connecting' | 'waiting' | 'thinking'): Part => ({ type: 'status', status: { phase } })
  const stalled: Part = { type: 'status', status: { phase: 'stalled', sinceMs: 0 } }

  it('answers of which nothing is heard end as interrupted within five seconds, and the others go on', async () => {
    const { generations, sessions, library } = setUp()
    const names = ['silent', 'stalled', 'talking', 'thinking', 'retrying', 'unheard', 'local', 'local-silent'] as const
    const requests = new Map(names.map((name) => [name, { ...startOf(randomUUID()), backendId: name }]))
    for (const request of requests.values()) await generations.start(request)
    await settle()
    const of = (name: (typeof names)[number]) => sessions.find(({ context }) => context.backendId === name)!
    for (const name of ['silent', 'stalled', 'talking', 'thinking', 'retrying', 'local-silent'] as const) {
      of(name).say(status('connecting'), status('waiting'), ...says('heard before'))
    }
    for (const name of ['unheard', 'local'] as const) of(name).say(status('connecting'), status('waiting'))
    await settle()

    void of('retrying')
      .pause(60_000, of('retrying').signal)
      .catch(() => undefined)
    const done = generations.endSilent(WAIT_MS, (backendId) => backendId.startsWith('local'))
    // On its way when the computer fell asleep.
    of('silent').say(...says(' and read only now'))
    await settle()
    vi.advanceTimersByTime(1000)
    of('talking').say(...says(' and after'))
    of('thinking').say(status('thinking'))
    of('stalled').say(stalled)
    const late = { ...startOf(randomUUID()), backendId: 'late' }
    await generations.start(late)
    await settle()
    vi.advanceTimersByTime(WAIT_MS - 1000)
    await done
    await settle()

    const states = [...requests, ['late', late] as const].map(([name, request]) => {
      const { state, error } = answerOf(library.conversations.get(request.conversationId), request)
      return [name, state, error?.code ?? null]
    })
    expect(states).toEqual([
      ['silent', 'interrupted', 'connection-lost'],
      ['stalled', 'interrupted', 'connection-lost'],
      ['talking', 'running', null],
      ['thinking', 'running', null],
      ['retrying', 'running', null],
      ['unheard', 'interrupted', 'connection-lost'],
      ['local', 'running', null],
      ['local-silent', 'interrupted', 'connection-lost'],
      ['late', 'running', null],
    ])
    expect(of('silent').signal.aborted).toBe(true)
    await generations.stopAll('stopped')
  })
})

describe('attach', () => {
  /** A page that reloads: it listens, asks for the answer, and folds only what the answer does not have yet. */
  function reload(generations: Generations, request: StartGeneration) {
    const heard: GenerationEvent[] = []
    generations.onEvents((events) => heard.push(...events))
    const attached = generations.attach(request.generationId)
    return {
      text: async (): Promise<string> => {
        const { message, seq }: AttachedGeneration = await attached
        return answerText(heard.filter((event) => event.seq > seq).reduce(fold, message))
      },
    }
  }

  it('gives the answer and its seq in one breath: nothing twice, nothing lost, at any moment', async () => {
    const { generations, sessions } = setUp()
    const request = startOf(randomUUID())
    await generations.start(request)
    await settle()
    const pages: ReturnType<typeof reload>[] = []
    for (let word = 0; word < 20; word += 1) {
      pages.push(reload(generations, request))
      sessions[0]?.say(...says(`${word} `))
      if (word % 3 === 0) await settle()
      pages.push(reload(generations, request))
      if (word % 4 === 0) vi.advanceTimersByTime(20)
    }
    sessions[0]?.say(complete)
    await settle()
    const whole = Array.from({ length: 20 }, (_, word) => `${word} `).join('')
    for (const page of pages) expect(await page.text()).toBe(whole)
  })

  it('waits for a start that is under way', async () => {
    const { generations } = setUp()
    const request = startOf(randomUUID())
    const started = generations.start(request)
    expect(await generations.attach(request.generationId)).toMatchObject({
      seq: 0,
      message: { id: request.answerId, state: 'running' },
    })
    await started
  })

  it('gives the finished answer to a page that has missed the finish, long after as well', async () => {
    const { generations, sessions, events, library } = setUp()
    const request = startOf(randomUUID())
    await generations.start(request)
    await settle()
    sessions[0]?.say(...says('a', 'b'), complete)
    await settle()
    const { seq } = events().at(-1)!
    const wanted = {
      conversationId: request.conversationId,
      seq,
      message: { state: 'complete', content: [{ text: 'ab' }] },
    }
    expect(await generations.attach(request.generationId)).toMatchObject(wanted)
    vi.advanceTimersByTime(3_600_000)
    expect(await generations.attach(request.generationId)).toMatchObject(wanted)
    await library.trash(request.conversationId)
    expect((await refusal(generations.attach(request.generationId)))?.code).toBe('not-found')
    expect((await refusal(generations.attach(randomUUID())))?.code).toBe('not-found')
  })
})

describe('open', () => {
  it('gives the conversation with its running answers as far as they have come', async () => {
    const { generations, sessions, library } = setUp()
    const request = startOf(randomUUID())
    await generations.start(request)
    await settle()
    sessions[0]?.say(...says('half'))
    await settle()
    sessions[0]?.say(...says(' of it'))
    await settle()
    const { conversation, running } = await generations.open(request.conversationId)
    expect(answerText(answerOf(conversation, request))).toBe('half of it')
    expect(running).toEqual([{ generationId: request.generationId, messageId: request.answerId, seq: 2 }])
    expect(answerOf(library.conversations.get(request.conversationId), request).content).toEqual([])
  })

  it('never shows a running answer that does not run, at whatever moment it ends or begins', async () => {
    const { generations, sessions } = setUp()
    const request = startOf(randomUUID())
    const looks: Promise<unknown>[] = []
    const look = (): void => {
      looks.push(
        generations.open(request.conversationId).then(
          ({ conversation, running }) => {
            const { state } = answerOf(conversation, request)
            expect(running).toHaveLength(state === 'running' ? 1 : 0)
          },
          (error: unknown) => expect(toAppError(error).code).toBe('not-found'),
        ),
      )
    }
    const started = generations.start(request)
    for (let turn = 0; turn < 20; turn += 1) {
      look()
      await Promise.resolve()
    }
    await started
    await settle()
    sessions[0]?.say(complete)
    for (let turn = 0; turn < 40; turn += 1) {
      look()
      await Promise.resolve()
    }
    await settle()
    await Promise.all(looks)
    expect(looks).toHaveLength(60)
  })
})

describe('questions', () => {
  const first = conversationOf(randomUUID(), [
    ['Why?', 'So.'],
    ['And then?', 'Then'],
  ])
  const [q1, a1, q2, a2] = first.messages.map(({ id }) => id) as [string, string, string, string]

  function withFirst(change: (conversation: Conversation) => Conversation = (conversation) => conversation) {
    const all = setUp()
    all.library.conversations.set(first.id, change(first))
    return all
  }

  it('follow the message that they are asked after', async () => {
    const { generations, sessions, library } = withFirst()
    const request = startOf(first.id, { parentId: a2, text: 'And now?' })
    await generations.start(request)
    await settle()
    expect(sessions[0]?.context.messages.map(({ id }) => id)).toEqual([
      q1,
      a1,
      q2,
      a2,
      (request.question as { messageId: string }).messageId,
    ])
    expect(library.conversations.get(first.id)).toMatchObject({ title: 'Why?', headId: request.answerId })
  })

  it('asked anew after an earlier message begin a variant beside it', async () => {
    const { generations, sessions, library } = withFirst()
    const request = startOf(first.id, { parentId: null, text: 'Other first question' })
    await generations.start(request)
    await settle()
    expect(sessions[0]?.context.messages).toHaveLength(1)
    const conversation = library.conversations.get(first.id)!
    expect(pathOf(conversation)).toHaveLength(2)
    expect(conversation.messages).toHaveLength(6)
  })

  it.each([
    ['the answer', a2],
    ['its question', q2],
  ])('are answered again beside the present answer, by the id of %s', async (_, messageId) => {
    const { generations, sessions, library } = withFirst()
    const request = startOf(first.id, { kind: 'again', messageId })
    const { question, answer } = await generations.start(request)
    await settle()
    expect(question).toBeNull()
    expect(answer.parentId).toBe(q2)
    expect(sessions[0]?.context).toMatchObject({ isContinuation: false })
    expect(sessions[0]?.context.messages.map(({ id }) => id)).toEqual([q1, a1, q2])
    expect(library.conversations.get(first.id)).toMatchObject({ headId: request.answerId })
    expect(library.conversations.get(first.id)?.messages).toHaveLength(5)
  })

  it('that were cut go on after the cut answer', async () => {
    const { generations, sessions, library } = withFirst()
    const request = startOf(first.id, { kind: 'continue', messageId: a2 })
    const { answer } = await generations.start(request)
    await settle()
    expect(answer.parentId).toBe(a2)
    expect(sessions[0]?.context).toMatchObject({ isContinuation: true })
    expect(sessions[0]?.context.messages.map(({ id }) => id)).toEqual([q1, a1, q2, a2])
    expect(pathOf(library.conversations.get(first.id)!).map(({ id }) => id)).toEqual([q1, a1, q2, a2, request.answerId])

    // Once more: back to the question, not to the cut answer.
    sessions[0]?.say(complete)
    await settle()
    const again = await generations.start(startOf(first.id, { kind: 'again', messageId: request.answerId }))
    expect(again.answer.parentId).toBe(q2)
  })

  it('about what is not there are refused', async () => {
    const { generations } = withFirst()
    for (const question of [
      { kind: 'again', messageId: randomUUID() },
      { kind: 'continue', messageId: randomUUID() },
      { kind: 'continue', messageId: q2 },
    ] as const) {
      expect(await refusal(generations.start(startOf(first.id, question)))).toEqual({
        code: 'not-found',
        what: 'message',
      })
    }
  })

  it('wait for the answer on their own path, but not for those beside it', async () => {
    const { generations } = withFirst()
    const running = startOf(first.id, { kind: 'again', messageId: a2 })
    await generations.start(running)
    await settle()
    expect(await refusal(generations.start(startOf(first.id, { parentId: running.answerId })))).toEqual({
      code: 'busy',
    })
    expect(
      await refusal(generations.start(startOf(first.id, { kind: 'continue', messageId: running.answerId }))),
    ).toEqual({ code: 'busy' })
    expect(await refusal(generations.start(startOf(first.id, { kind: 'again', messageId: a2 })))).toBeNull()
    expect(await refusal(generations.start(startOf(first.id, { parentId: a2 })))).toBeNull()
    expect(generations.running(first.id)).toHaveLength(3)
  })

  it('take the sessions of the providers on their path with them', async () => {
    const { generations, sessions } = withFirst((conversation) => ({
      ...conversation,
      messages: conversation.messages.map((message) =>
        message.role === 'assistant'
          ? { ...message, sessions: message.id === a1 ? { A: 1, B: 1 } : { A: 2 } }
          : message,
      ),
    }))
    await generations.start(startOf(first.id, { parentId: a2 }))
    await generations.start(startOf(first.id, { parentId: a1 }))
    await settle()
    expect(sessions.map(({ context }) => context.sessions)).toEqual([
      { A: 2, B: 1 },
      { A: 1, B: 1 },
    ])
  })

  it('leave the sessions of another backend with it, though its providers have the same names (S35)', async () => {
    const { generations, sessions } = withFirst((conversation) => ({
      ...conversation,
      messages: conversation.messages.map((message) =>
        message.role === 'assistant'
          ? message.id === a1
            ? { ...message, sessions: { A: 1, B: 1 } }
            : { ...message, sessions: { A: 'of another' }, backendId: 'another' }
          : message,
      ),
    }))
    await generations.start(startOf(first.id, { parentId: a2 }))
    await generations.start({ ...startOf(first.id, { parentId: a2 }), backendId: 'another' })
    await generations.start({ ...startOf(first.id, { parentId: a2 }), backendId: 'third' })
    await settle()
    expect(sessions.map(({ context }) => context.sessions)).toEqual([{ A: 1, B: 1 }, { A: 'of another' }, null])
  })

  it('in a conversation that cannot be changed are refused, and no session is opened', async () => {
    vi.useRealTimers()
    const root = await temporaryFolder()
    const library = libraryOn(root)
    const { generations, sessions } = setUp({ library })
    await library.create(first)
    const answer = newAnswer()
    vi.spyOn(library, 'update').mockRejectedValue(failure({ code: 'storage', reason: 'read-only' }))
    const request = { ...startOf(first.id, { parentId: a2 }), answerId: answer.id }
    expect(await refusal(generations.start(request))).toEqual({ code: 'storage', reason: 'read-only' })
    await settle()
    expect(sessions).toEqual([])
    expect(await filesUnder(join(root, 'journals'))).toEqual({})
    expect(await refusal(generations.attach(request.generationId))).toEqual({ code: 'not-found', what: 'generation' })
  })
})

describe('titles', () => {
  it.each([
    ['first-words', 'From the server'],
    ['person', 'Mine'],
  ])('of the backend replace %s: %s', async (_, wanted) => {
    const { generations, sessions, library } = setUp()
    const request = startOf(randomUUID())
    await generations.start(request)
    await settle()
    if (wanted === 'Mine') await library.rename(request.conversationId, 'Mine')
    sessions[0]?.say({ type: 'title', title: ' From the\n server ' }, { type: 'title', title: ' ' }, complete)
    await settle()
    expect(library.conversations.get(request.conversationId)?.title).toBe(wanted)
  })

  it('are taken from the first question that has words', async () => {
    const { generations, sessions, library } = setUp()
    const request = startOf(randomUUID(), { text: '', attachmentIds: ['a'.repeat(64)] })
    await generations.start(request)
    await settle()
    expect(library.conversations.get(request.conversationId)).toMatchObject({ title: '', titleSource: 'none' })
    sessions[0]?.say(complete)
    await settle()
    await generations.start(startOf(request.conversationId, { parentId: request.answerId, text: 'What is this?' }))
    expect(library.conversations.get(request.conversationId)).toMatchObject({
      title: 'What is this?',
      titleSource: 'first-words',
    })
  })
})

describe('trash', () => {
  it('stops what runs in the conversation first, and nothing else', async () => {
    const { generations, sessions, library } = setUp()
    const [gone, kept] = [startOf(randomUUID()), startOf(randomUUID())]
    await generations.start(gone)
    await generations.start(kept)
    await settle()
    sessions[0]?.say(...says('half'))
    await generations.trash(gone.conversationId)
    expect(sessions.map(({ signal }) => signal.aborted)).toEqual([true, false])
    expect(library.conversations.has(gone.conversationId)).toBe(false)
    await library.restore(gone.conversationId)
    expect(answerOf(library.conversations.get(gone.conversationId), gone)).toMatchObject({
      state: 'stopped',
      content: [{ text: 'half' }],
    })
  })

  it('also stops an answer that has just been asked for', async () => {
    const { generations, library } = setUp()
    const request = startOf(randomUUID())
    const started = generations.start(request)
    await generations.trash(request.conversationId)
    await started
    expect(library.conversations.size).toBe(0)
  })
})

describe('R23 floods', () => {
  const usage = (totalTokens: number | null, promptTokens: number | null): Part => ({
    type: 'usage',
    usage: { promptTokens, completionTokens: null, reasoningTokens: null, totalTokens },
  })
  const provider = (name: string, model: string | null): Part => ({
    type: 'provider',
    provider: { name, label: null, model, url: null },
  })
  const call = (index: number): Part => ({ type: 'tool-call', index, id: null, name: '', arguments: 'x' })
  const repeat = (...parts: Part[]): Part[] => Array.from({ length: 2000 }, () => parts).flat()

  /** All in one frame: the clock stands still. */
  async function flood(parts: Part[]): Promise<{ events: GenerationEvent[]; message: AssistantMessage }> {
    const { generations, batches, library } = setUp({
      clock: { ...systemClock, monotonicMs: () => 1000 },
      async *openSession() {
        // The very first part is a frame of its own.
        yield { type: 'status', status: { phase: 'waiting' } }
        yield* parts
        yield complete
      },
    })
    const request = startOf(randomUUID())
    await generations.start(request)
    await vi.waitFor(() => expect(batches.flat().at(-1)?.part.type).toBe('finish'))
    await generations.stopAll('stopped')
    const message = library.conversations.get(request.conversationId)?.messages.at(-1)
    if (message?.role !== 'assistant') throw new Error('no answer')
    return { events: batches.flat(), message }
  }

  const plain = (parts: Part[], message: AssistantMessage): AssistantMessage =>
    parts.reduce((folded, part) => fold(folded, { atMs: 0, part }), {
      ...newAnswer(),
      id: message.id,
      parentId: message.parentId,
      createdAt: message.createdAt,
      generationId: message.generationId,
      backendId: message.backendId,
      requested: message.requested,
    })

  it.each<[string, number, Part[]]>([
    ['usage', 5, [provider('A', 'm'), ...repeat(usage(1, null), usage(null, 2)), provider('B', null)]],
    ['usage of two providers', 7, [provider('A', 'm'), usage(1, 2), provider('B', null), ...repeat(usage(3, null))]],
    ['the same provider', 4, repeat(provider('A', 'm'), provider('A', null), usage(1, null))],
    ['tool calls', 5, repeat(call(0), call(1), usage(3, 4))],
    ['text between', 6, repeat(...says('a'), usage(1, null))],
    ['session state', 4, repeat({ type: 'session', sessions: { A: 1 } }, { type: 'finish-reason', reason: 'stop' })],
  ])('%s: few events, and the same answer', async (_, most, parts) => {
    const { events, message } = await flood(parts)
    expect(events.length).toBeLessThanOrEqual(most)
    expect({ ...message, status: null }).toEqual({
      ...plain([...parts, complete], message),
      status: null,
    })
  })

  it('what takes turns is sorted when it is too much, and no letter is lost', async () => {
    const thinking: Part = { type: 'reasoning-delta', text: 'r' }
    const progress: Part = { type: 'status', status: { phase: 'progress', text: 'p' } }
    const { events, message } = await flood(repeat(...says('a'), thinking, progress, { type: 'reasoning-end' }))
    expect(events.length).toBeLessThan(300)
    expect(answerText(message)).toBe('a'.repeat(2000))
    expect(message.reasoning?.text).toBe('r'.repeat(2000))
  })
})
