import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { StartGeneration } from '../../src/shared/contract'
import {
  answerText,
  fold,
  type AssistantMessage,
  type FinishState,
  type GenerationEvent,
  type Part,
} from '../../src/shared/conversation'
import { systemClock } from '../../src/main/clock'
import { Generations } from '../../src/main/generations'
import { silentLogger } from '../../src/main/logger'
import { anyPart, startOf } from '../support/conversation-samples'
import { memoryLibrary, type MemoryLibrary } from '../support/memory-library'
import { scriptedSessions, type ScriptedSession } from '../support/scripted-session'

/** What a session does when it is aborted; the last one never hears of it. */
const manners = ['stopped', 'interrupted', 'failed', 'complete', 'deaf'] as const
type Manner = (typeof manners)[number]

/** What is known of one answer without looking at generations.ts. */
interface Expected {
  request: StartGeneration
  manner: Manner
  phase: 'running' | 'stopping' | FinishState
  stopState: 'stopped' | 'interrupted'
  text: string
  deadlineMs: number
  pauses: Pausing[]
}

/** A wait of the session before a retry (R12, R14): what is expected of it, and what it has come to. */
interface Pausing {
  untilMs: number
  expected: 'waits' | 'over' | 'aborted'
  found: 'waits' | 'over' | 'aborted'
}

interface Model {
  answers: Expected[]
  nowMs: number
}

interface Real {
  generations: Generations
  library: MemoryLibrary
  session: (request: StartGeneration) => ScriptedSession | undefined
  manners: Map<string, Manner>
  events: GenerationEvent[]
  /** Pages that attached at some time, as they have folded since. */
  pages: { answerId: string; message: AssistantMessage; seq: number }[]
}

const MAX_STOP_MS = 100

/** Lets everything run that does not wait for a time. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 4; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

function isOpen(answer: Expected): boolean {
  return answer.phase === 'running' || answer.phase === 'stopping'
}

/** What is expected once the session has said its last word. */
function ended(answer: Expected, state: FinishState): FinishState {
  return answer.phase === 'stopping' && state !== 'complete' ? answer.stopState : state
}

async function check(model: Model, real: Real): Promise<void> {
  await settle()
  for (const answer of model.answers) {
    const { generationId, answerId, conversationId } = answer.request
    const own = real.events.filter((event) => event.generationId === generationId)
    expect(own.map(({ seq }) => seq)).toEqual(own.map((_, index) => index + 1))
    const finishes = own.filter(({ part }) => part.type === 'finish')
    expect(finishes).toHaveLength(isOpen(answer) ? 0 : 1)
    if (finishes.length === 1) expect(own.at(-1)).toBe(finishes[0])
    expect(real.generations.running(conversationId).some((each) => each.generationId === generationId)).toBe(
      isOpen(answer),
    )

    for (const pausing of answer.pauses) expect(pausing.found).toBe(pausing.expected)

    const { conversation } = await real.generations.open(conversationId)
    const message = conversation.messages.find(({ id }) => id === answerId) as AssistantMessage
    expect(message.state).toBe(isOpen(answer) ? 'running' : answer.phase)
    expect(answerText(message)).toBe(answer.text)
    if (isOpen(answer)) continue
    // R15: the error belongs to the state, and the library has what the pages were told.
    expect(message.error !== null).toBe(answer.phase === 'failed' || answer.phase === 'interrupted')
    const kept = real.library.conversations.get(conversationId)?.messages.find(({ id }) => id === answerId)
    const { start, events, final } = real.library.journals.get(generationId)!
    const empty = start.conversation.messages.find(({ id }) => id === answerId) as AssistantMessage
    expect(kept).toEqual(own.reduce(fold, empty))
    expect(events).toEqual(own)
    expect(final).toEqual(kept)
    for (const page of real.pages) if (page.answerId === answerId) expect(page.message).toEqual(kept)
  }
}

/** One step that is done to the real thing, and to what is expected of it. */
function command(
  name: string,
  isPossible: (model: Model) => boolean,
  run: (model: Model, real: Real) => void | Promise<void>,
): fc.AsyncCommand<Model, Real> {
  return {
    check: isPossible,
    run: async (model, real) => {
      await run(model, real)
      await check(model, real)
    },
    toString: () => name,
  }
}

const MAX_ANSWERS = 3
const which = fc.nat(MAX_ANSWERS - 1)
const openAt =
  (at: number) =>
  (model: Model): boolean =>
    model.answers.slice(at, at + 1).some(isOpen)

const commands = [
  fc.constantFrom(...manners).map((manner) =>
    command(
      `start(${manner})`,
      (model) => model.answers.length < MAX_ANSWERS,
      async (model, real) => {
        const request = startOf(randomUUID())
        real.manners.set(request.generationId, manner)
        await real.generations.start(request)
        model.answers.push({
          request,
          manner,
          phase: 'running',
          stopState: 'stopped',
          text: '',
          deadlineMs: 0,
          pauses: [],
        })
        await settle()
      },
    ),
  ),
  // A stop that overtakes the start: whatever the session would do, it is never asked.
  fc.constant(
    command(
      'startStopped',
      (model) => model.answers.length < MAX_ANSWERS,
      async (model, real) => {
        const request = startOf(randomUUID())
        const started = real.generations.start(request)
        real.generations.stop(request.generationId)
        await started
        model.answers.push({
          request,
          manner: 'deaf',
          phase: 'stopped',
          stopState: 'stopped',
          text: '',
          deadlineMs: 0,
          pauses: [],
        })
        await settle()
        expect(real.session(request)).toBeUndefined()
      },
    ),
  ),
  fc.tuple(which, fc.string({ maxLength: 5 })).map(([at, text]) =>
    command(`say(${at}, ${JSON.stringify(text)})`, openAt(at), (model, real) => {
      const answer = model.answers[at]!
      real.session(answer.request)?.say({ type: 'text-delta', text })
      answer.text += text
    }),
  ),
  fc.tuple(which, anyPart).map(([at, part]) =>
    command(`part(${at}, ${part.type})`, openAt(at), (model, real) => {
      // Another provider would begin a new answer; that is fold's to test.
      const harmless: Part = part.type === 'provider' || part.type === 'text-delta' ? { type: 'reasoning-end' } : part
      real.session(model.answers[at]!.request)?.say(harmless)
    }),
  ),
  fc
    .tuple(which, fc.constantFrom<FinishState>('complete', 'complete-unconfirmed', 'stopped', 'interrupted', 'failed'))
    .map(([at, state]) =>
      command(`finish(${at}, ${state})`, openAt(at), (model, real) => {
        const answer = model.answers[at]!
        real.session(answer.request)?.say(finishOf(state), { type: 'text-delta', text: 'late' })
        answer.phase = ended(answer, state)
      }),
    ),
  which.map((at) =>
    command(`end(${at})`, openAt(at), async (model, real) => {
      const answer = model.answers[at]!
      const { message } = await real.generations.attach(answer.request.generationId)
      real.session(answer.request)?.end()
      answer.phase = ended(answer, message.content.length > 0 ? 'complete-unconfirmed' : 'failed')
    }),
  ),
  which.map((at) =>
    command(`throw(${at})`, openAt(at), (model, real) => {
      const answer = model.answers[at]!
      real.session(answer.request)?.fail(new RangeError('no'))
      answer.phase = ended(answer, 'failed')
    }),
  ),
  fc.tuple(which, fc.constantFrom(0, 500, 5000, 60_000)).map(([at, ms]) =>
    command(
      `pause(${at}, ${ms})`,
      (model) => model.answers.slice(at, at + 1).some(({ phase }) => phase === 'running'),
      (model, real) => {
        const answer = model.answers[at]!
        const session = real.session(answer.request)!
        session.say({
          type: 'status',
          status: { phase: 'retrying', attempt: 1, ofAttempts: 1, inMs: ms, cause: 'limit' },
        })
        const pausing: Pausing = { untilMs: model.nowMs + ms, expected: 'waits', found: 'waits' }
        answer.pauses.push(pausing)
        session.pause(ms, session.signal).then(
          () => (pausing.found = 'over'),
          () => (pausing.found = 'aborted'),
        )
      },
    ),
  ),
  which.map((at) =>
    command(
      `retryNow(${at})`,
      (model) => model.answers[at] !== undefined,
      (model, real) => {
        const answer = model.answers[at]!
        real.generations.retryNow(answer.request.generationId)
        if (isOpen(answer)) for (const pausing of answer.pauses) endPause(pausing, 'over')
      },
    ),
  ),
  which.map((at) =>
    command(
      `stop(${at})`,
      (model) => model.answers[at] !== undefined,
      (model, real) => {
        const answer = model.answers[at]!
        real.generations.stop(answer.request.generationId)
        abort(model, answer, 'stopped')
      },
    ),
  ),
  fc.constantFrom('stopped' as const, 'interrupted' as const).map((state) =>
    command(
      `stopAll(${state})`,
      () => true,
      async (model, real) => {
        const all = real.generations.stopAll(state)
        for (const answer of model.answers) abort(model, answer, state)
        await settle()
        pass(model, real, MAX_STOP_MS)
        await all
      },
    ),
  ),
  fc.constantFrom(1, 16, 17, 59, MAX_STOP_MS, 10_000).map((ms) =>
    command(
      `tick(${ms})`,
      () => true,
      (model, real) => pass(model, real, ms),
    ),
  ),
  which.map((at) =>
    command(
      `attach(${at})`,
      (model) => model.answers[at] !== undefined,
      async (model, real) => {
        const { generationId, answerId } = model.answers[at]!.request
        const page = { answerId, ...(await real.generations.attach(generationId)) }
        expect(answerText(page.message)).toBe(model.answers[at]!.text)
        real.pages.push(page)
        real.generations.onEvents((events) => {
          for (const event of events) {
            if (event.generationId !== generationId || event.seq <= page.seq) continue
            page.message = fold(page.message, event)
            page.seq = event.seq
          }
        })
      },
    ),
  ),
]

function endPause(pausing: Pausing, how: 'over' | 'aborted'): void {
  if (pausing.expected === 'waits') pausing.expected = how
}

function abort(model: Model, answer: Expected, state: 'stopped' | 'interrupted'): void {
  if (answer.phase !== 'running') return
  for (const pausing of answer.pauses) endPause(pausing, 'aborted')
  answer.stopState = state
  if (answer.manner === 'deaf') {
    answer.phase = 'stopping'
    answer.deadlineMs = model.nowMs + MAX_STOP_MS
  } else answer.phase = answer.manner === 'complete' ? 'complete' : state
}

function pass(model: Model, real: Real, ms: number): void {
  vi.advanceTimersByTime(ms)
  model.nowMs += ms
  for (const answer of model.answers) {
    for (const pausing of answer.pauses) if (pausing.untilMs <= model.nowMs) endPause(pausing, 'over')
    if (answer.phase !== 'stopping') continue
    // A deaf session is given up somewhere before the deadline (R09); when exactly is not the model's to say.
    const { generationId, conversationId } = answer.request
    const runs = real.generations.running(conversationId).some((each) => each.generationId === generationId)
    if (!runs || model.nowMs >= answer.deadlineMs) answer.phase = answer.stopState
  }
}

function finishOf(state: FinishState): Part {
  const isBad = state === 'failed' || state === 'interrupted'
  return { type: 'finish', state, error: isBad ? { code: 'connection-lost' } : null }
}

function newReal(): Real {
  const library = memoryLibrary()
  const behaviour = new Map<string, Manner>()
  const sessions = scriptedSessions((session) => {
    const manner = behaviour.get(session.context.generationId) ?? 'deaf'
    if (manner !== 'deaf') session.say(finishOf(manner))
  })
  const generations = new Generations({
    library,
    openSession: sessions.openSession,
    findAttachments: async () => [],
    clock: systemClock,
    logger: silentLogger,
    isOnShow: () => false,
  })
  const events: GenerationEvent[] = []
  generations.onEvents((batch) => events.push(...batch))
  return {
    generations,
    library,
    manners: behaviour,
    events,
    pages: [],
    session: (request) => sessions.opened.find(({ context }) => context.generationId === request.generationId),
  }
}

describe('any life of three answers', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it(
    'ends each of them exactly once, in the state that it should have, with all of its text and no wait left (R14, R15, R25)',
    { timeout: 60_000 },
    async () => {
      const states = new Set<string>()
      const pauses = new Set<string>()
      await fc.assert(
        fc.asyncProperty(fc.commands(commands, { maxCommands: 14, size: 'max' }), async (steps) => {
          const model: Model = { answers: [], nowMs: 0 }
          const real = newReal()
          await fc.asyncModelRun(() => ({ model, real }), steps)
          for (const answer of model.answers) {
            states.add(answer.phase)
            for (const { found } of answer.pauses) pauses.add(found)
          }
          const all = real.generations.stopAll('stopped')
          await settle()
          vi.advanceTimersByTime(MAX_STOP_MS)
          await all
        }),
        { numRuns: 10_000 },
      )
      expect([...pauses].sort()).toEqual(['aborted', 'over', 'waits'])
      // Every state can be reached, and there is no other.
      expect([...states].sort()).toEqual(
        ['complete', 'complete-unconfirmed', 'failed', 'interrupted', 'running', 'stopped', 'stopping'].sort(),
      )
    },
  )
})
