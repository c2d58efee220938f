import { randomUUID } from 'node:crypto'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  answerText,
  fold,
  pathOf,
  type AssistantMessage,
  type Conversation,
  type GenerationEvent,
  type Part,
} from '../../../src/shared/conversation'
import { interrupt, journalStart, replayJournal } from '../../../src/main/library/journal'
import type { Library } from '../../../src/main/library/library'
import { anyFinish, anyPart, conversationOf, newAnswer } from '../../support/conversation-samples'
import { faultyDisk } from '../../support/faulty-disk'
import { filesUnder, hastyDisk, libraryOn, temporaryFolder } from '../../support/temporary-library'

/** A conversation whose head is a new, running answer to its last question. */
function asked(id: string = randomUUID()): { conversation: Conversation; answer: AssistantMessage } {
  const base = conversationOf(id, [
    ['First question?', 'First answer.'],
    ['Second question?', 'never said'],
  ])
  const [, , question] = base.messages
  const answer = { ...newAnswer(), parentId: question?.id ?? null }
  return { conversation: { ...base, headId: answer.id, messages: [...base.messages.slice(0, 3), answer] }, answer }
}

function eventsOf(answer: AssistantMessage, parts: readonly Part[]): GenerationEvent[] {
  return parts.map((part, index) => ({
    generationId: answer.generationId,
    conversationId: 'any',
    messageId: answer.id,
    seq: index + 1,
    atMs: index * 10,
    part,
  }))
}

const foldAll = (answer: AssistantMessage, events: readonly GenerationEvent[]): AssistantMessage =>
  events.reduce((message, event) => fold(message, event), answer)

const says = (...texts: string[]): Part[] => texts.map((text) => ({ type: 'text-delta', text }))

/** The bytes of a journal, as the library itself writes them, before the process died. */
async function journalBytes(
  parts: readonly Part[],
): Promise<{ bytes: Buffer; events: GenerationEvent[] } & ReturnType<typeof asked>> {
  const root = await temporaryFolder()
  const library = libraryOn(root, hastyDisk)
  const { conversation, answer } = asked()
  const events = eventsOf(answer, parts)
  const journal = await library.journal(journalStart(conversation, answer))
  journal.append(events)
  await library.flush()
  return { bytes: await readFile(join(root, 'journals', `${answer.generationId}.jsonl`)), events, conversation, answer }
}

/** Puts a journal into a library as a dead process left it, with the conversation as it was asked. */
async function leave(
  root: string,
  conversation: Conversation | null,
  generationId: string,
  bytes: string | Uint8Array,
): Promise<Library> {
  const library = libraryOn(root, hastyDisk)
  await library.recover()
  if (conversation !== null) await library.create(conversation)
  await writeFile(join(root, 'journals', `${generationId}.jsonl`), bytes)
  await library.close()
  return libraryOn(root, hastyDisk)
}

function answerIn(conversation: Conversation, id: string): AssistantMessage {
  const message = conversation.messages.find((each) => each.id === id)
  if (message?.role !== 'assistant') throw new Error('the answer is not there')
  return message
}

describe('a journal', () => {
  it('carries what is needed to rebuild the question and its answer, and no more', () => {
    const { conversation, answer } = asked()
    const start = journalStart(conversation, answer)
    expect(start).toMatchObject({ generationId: answer.generationId, messageId: answer.id })
    expect(start.conversation.messages.map(({ id }) => id)).toEqual(conversation.messages.slice(2).map(({ id }) => id))
    expect(start.conversation).toMatchObject({ id: conversation.id, title: conversation.title, headId: answer.id })
  })

  it('begins with the start record and numbers every event', async () => {
    const { bytes, events, answer } = await journalBytes(says('a', 'ß🙂'))
    const lines = bytes
      .toString()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(lines[0]).toMatchObject({ version: 1, generationId: answer.generationId, messageId: answer.id })
    expect(lines.slice(1)).toEqual(events.map(({ seq, atMs, part }) => ({ seq, atMs, part })))
  })

  it('that was written to its finish is replayed to the same message, whatever was said', async () => {
    const parts = fc.tuple(fc.array(anyPart, { maxLength: 12 }), fc.option(anyFinish))
    const base = await temporaryFolder()
    await fc.assert(
      fc.asyncProperty(parts, async ([said, finish]) => {
        const { conversation, answer } = asked()
        const events = eventsOf(answer, finish === null ? said : [...said, finish])
        const library = libraryOn(join(base, answer.generationId), hastyDisk)
        const journal = await library.journal(journalStart(conversation, answer))
        for (const event of events) journal.append([event])
        await library.flush()
        const path = join(base, answer.generationId, 'journals', `${answer.generationId}.jsonl`)
        const replayed = replayJournal(answer.generationId, await readFile(path, 'utf8'), 0)
        expect(replayed).toMatchObject({ kind: 'answer', isWhole: true })
        if (replayed.kind === 'answer') expect(replayed.answer).toEqual(interrupt(foldAll(answer, events)))
      }),
      { numRuns: 100 },
    )
  })

  const tale: Part[][] = [
    says('Once', ' upon', ' a time'),
    [
      { type: 'reasoning-delta', text: 'hm' },
      ...says('Ünï', '🙂🙃', '\n\n'),
      { type: 'finish-reason', reason: 'stop' },
    ],
    [...says('a'), { type: 'finish', state: 'stopped', error: null }],
    [
      { type: 'media', kind: 'image', sources: ['/media/a.png'], alt: 'A' },
      { type: 'oddity', unknownType: '__proto__' },
    ],
    [],
  ]
  it.each(tale.map((parts, index) => [index + 1, parts] as const))(
    'cut at any byte keeps every complete record: journal %i of 5 (R03)',
    async (_, parts) => {
      const { bytes, events, answer, conversation } = await journalBytes(parts)
      const ends = [...bytes.entries()].filter(([, byte]) => byte === 10).map(([at]) => at)
      for (let cut = 0; cut <= bytes.length; cut += 1) {
        // A record is complete with its last byte; the line feed after it adds nothing.
        const whole = ends.filter((end) => end <= cut).length
        const replayed = replayJournal(answer.generationId, bytes.subarray(0, cut).toString('utf8'), 0)
        if (whole === 0) {
          expect(replayed).toEqual({ kind: 'empty', isWhole: true })
          continue
        }
        const wanted = interrupt(foldAll(answer, events.slice(0, whole - 1)))
        expect(replayed).toMatchObject({ kind: 'answer', isWhole: true, answer: { content: wanted.content } })
        if (replayed.kind !== 'answer') continue
        expect(replayed.answer).toEqual(wanted)
        expect(replayed.conversation.messages.at(-2)).toEqual(conversation.messages.at(-2))
      }
    },
  )

  it('cut at any record is recovered into its conversation, and the next answer is journalled as ever (R03)', async () => {
    const { bytes, events, answer, conversation } = await journalBytes(says('a', 'b', 'c'))
    const ends = [...bytes.entries()].filter(([, byte]) => byte === 10).map(([at]) => at)
    const base = await temporaryFolder()
    for (const [index, end] of ends.entries()) {
      const root = join(base, String(index))
      const library = await leave(root, conversation, answer.generationId, bytes.subarray(0, end + 1 + 5))
      const found = { conversationId: conversation.id, messageId: answer.id, generationId: answer.generationId }
      expect(await library.recover()).toEqual([found])
      const opened = await library.open(conversation.id)
      expect(answerIn(opened, answer.id)).toEqual(interrupt(foldAll(answer, events.slice(0, index))))
      expect(answerIn(opened, answer.id)).toMatchObject({ state: 'interrupted', error: { code: 'process-ended' } })
      expect(Object.keys(await filesUnder(root))).toEqual([`conversations/${conversation.id}.json`])

      const next = { ...newAnswer(), parentId: answer.parentId }
      const withNext = { ...opened, headId: next.id, messages: [...opened.messages, next] }
      const journal = await library.journal(journalStart(withNext, next))
      await library.update(conversation.id, () => withNext)
      journal.append(eventsOf(next, says('next')))
      await library.flush()
      await library.close()
      const after = libraryOn(root, hastyDisk)
      await after.recover()
      expect(answerText(answerIn(await after.open(conversation.id), next.id))).toBe('next')
    }
  })

  it('with lines of garbage gives all that can be read, and is set aside for a person (R03)', async () => {
    const { bytes, answer, conversation } = await journalBytes(says('a', 'b', 'c'))
    const lines = bytes.toString().split('\n')
    const spoilt = [lines[0], '\0\0\0', lines[1], '{"seq":2,"atMs":"x"}', '[]', lines[1], lines[3], ''].join('\n')
    const root = await temporaryFolder()
    const library = await leave(root, conversation, answer.generationId, spoilt)
    await library.recover()
    expect(answerText(answerIn(await library.open(conversation.id), answer.id))).toBe('ac')
    const left = await filesUnder(join(root, 'journals'))
    expect(left).toEqual({ [`${answer.generationId}.jsonl.damaged`]: spoilt })
    expect(await library.recover()).toEqual([])
  })

  it('of any bytes at all never stops the start (R03)', async () => {
    const root = await temporaryFolder()
    const { bytes } = await journalBytes(says('a', 'b', 'c'))
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { maxLength: 20 }), (places) => {
        const spoilt = Buffer.from(bytes)
        for (const [at, byte] of places) spoilt[at] = byte
        expect(['answer', 'empty', 'newer']).toContain(replayJournal(randomUUID(), spoilt.toString(), 0).kind)
      }),
      { numRuns: 1000 },
    )
    const library = await leave(root, null, randomUUID(), Buffer.alloc(500, 0xff))
    await mkdir(join(root, 'journals', `${randomUUID()}.jsonl`))
    expect(await library.recover()).toEqual([])
  })

  it('of a newer version is neither read nor removed (R38)', async () => {
    const { bytes, answer, conversation } = await journalBytes(says('a'))
    const newer = bytes.toString().replace('"version":1', '"version":2')
    const root = await temporaryFolder()
    const library = await leave(root, conversation, answer.generationId, newer)
    expect(await library.recover()).toEqual([])
    expect(Object.values(await filesUnder(join(root, 'journals')))).toEqual([newer])
    // Nothing runs that this process does not know.
    expect(answerIn(await library.open(conversation.id), answer.id).state).toBe('interrupted')
  })
})

describe('recovery', () => {
  it('finishes an answer as it had finished, when the process died before it was in its conversation (R01)', async () => {
    const { bytes, events, answer, conversation } = await journalBytes([
      ...says('all'),
      { type: 'finish', state: 'complete', error: null },
    ])
    const library = await leave(await temporaryFolder(), conversation, answer.generationId, bytes)
    await library.recover()
    expect(answerIn(await library.open(conversation.id), answer.id)).toEqual(foldAll(answer, events))
  })

  it('does nothing with a journal that only outlived its answer', async () => {
    const { bytes, answer, conversation } = await journalBytes(says('a', 'b'))
    const final = { ...answer, state: 'complete', content: [{ type: 'text', text: 'abcd' }] } satisfies AssistantMessage
    const messages = conversation.messages.map((message) => (message.id === answer.id ? final : message))
    const root = await temporaryFolder()
    const library = await leave(root, { ...conversation, messages }, answer.generationId, bytes)
    await library.recover()
    expect(answerIn(await library.open(conversation.id), answer.id)).toEqual(final)
    expect(await filesUnder(join(root, 'journals'))).toEqual({})
  })

  it('does not replace an interrupted answer that has more than its journal', async () => {
    const { bytes, answer, conversation } = await journalBytes(says('a', 'b'))
    const more = foldAll(answer, eventsOf(answer, says('a', 'b', 'c')))
    const messages = conversation.messages.map((message) => (message.id === answer.id ? interrupt(more) : message))
    const library = await leave(await temporaryFolder(), { ...conversation, messages }, answer.generationId, bytes)
    await library.recover()
    expect(answerText(answerIn(await library.open(conversation.id), answer.id))).toBe('abc')
  })

  it('keeps the answer also when its conversation was opened and changed before', async () => {
    const { bytes, answer, conversation } = await journalBytes(says('a', 'b'))
    const library = await leave(await temporaryFolder(), conversation, answer.generationId, bytes)
    await library.rename(conversation.id, 'Too early')
    await library.recover()
    const opened = await library.open(conversation.id)
    expect(opened.title).toBe('Too early')
    expect(answerText(answerIn(opened, answer.id))).toBe('ab')
  })

  it('rebuilds a conversation whose file is missing, with the question and all of the answer', async () => {
    const { bytes, answer, conversation } = await journalBytes(says('a', 'b'))
    const root = await temporaryFolder()
    const library = await leave(root, null, answer.generationId, bytes)
    const changes: string[] = []
    library.onChange((some) => changes.push(...some.map(({ kind }) => kind)))
    await library.recover()
    const opened = await library.open(conversation.id)
    expect(opened).toMatchObject({ title: conversation.title, backendId: 'server', headId: answer.id })
    expect(pathOf(opened).map((message) => (message.role === 'user' ? message.text : answerText(message)))).toEqual([
      'Second question?',
      'ab',
    ])
    expect(changes).toEqual(['upsert'])
    expect(Object.keys(await filesUnder(root))).toEqual([`conversations/${conversation.id}.json`])
  })

  it.each([
    ['damaged', '{"version": 1, "id'],
    ['of a newer version', '{"version": 9}'],
  ])('makes a conversation of its own when the file is %s, and leaves that file alone', async (_, text) => {
    const { bytes, answer, conversation } = await journalBytes(says('a', 'b'))
    const root = await temporaryFolder()
    await leave(root, conversation, answer.generationId, bytes)
    const path = join(root, 'conversations', `${conversation.id}.json`)
    await writeFile(path, text)
    const library = libraryOn(root, hastyDisk)
    const [recovered] = await library.recover()
    expect(recovered?.conversationId).not.toBe(conversation.id)
    const opened = await library.open(recovered?.conversationId ?? '')
    expect(answerText(answerIn(opened, answer.id))).toBe('ab')
    expect(pathOf(opened)).toHaveLength(2)
    expect(await readFile(path, 'utf8')).toBe(text)
    expect(await filesUnder(join(root, 'journals'))).toEqual({})

    // A crash after the conversation was made and before the journal was removed makes no second one.
    const again = await leave(root, null, answer.generationId, bytes)
    expect((await again.recover())[0]?.conversationId).toBe(recovered?.conversationId)
    expect((await again.list()).filter(({ isDamaged }) => !isDamaged)).toHaveLength(1)
  })

  it('adds question and answer to a conversation that lacks them, on the path that is on show', async () => {
    const { bytes, answer, conversation } = await journalBytes(says('a', 'b'))
    const older = { ...conversation, headId: conversation.messages[1]!.id, messages: conversation.messages.slice(0, 2) }
    const library = await leave(await temporaryFolder(), older, answer.generationId, bytes)
    await library.recover()
    const opened = await library.open(conversation.id)
    expect(pathOf(opened).map(({ id }) => id)).toEqual(conversation.messages.map(({ id }) => id))
    expect(answerText(answerIn(opened, answer.id))).toBe('ab')
  })

  it('makes a conversation of what was said when even the start record is gone', async () => {
    const { bytes, answer } = await journalBytes(says('This was', ' said.'))
    const root = await temporaryFolder()
    const headless = `garbage${bytes.toString().slice(bytes.indexOf(10))}`
    const library = await leave(root, null, answer.generationId, headless)
    await library.recover()
    const [row] = await library.list()
    expect(row).toMatchObject({ title: 'This was said.', hasFailed: true })
    const opened = await library.open(row?.id ?? '')
    expect(pathOf(opened).map((message) => message.role === 'assistant' && answerText(message))).toEqual([
      'This was said.',
    ])
    expect(Object.keys(await filesUnder(join(root, 'journals')))).toEqual([`${answer.generationId}.jsonl.damaged`])
  })

  it('leaves a conversation in the trash that was thrown away with its answer, and takes it out for more text', async () => {
    const { bytes, answer, conversation } = await journalBytes(says('a', 'b'))
    const base = await temporaryFolder()
    for (const state of ['complete', 'running'] as const) {
      const root = join(base, state)
      const stored = { ...answer, state, content: [{ type: 'text', text: state === 'complete' ? 'abc' : '' } as const] }
      const messages = conversation.messages.map((message) => (message.id === answer.id ? stored : message))
      const before = libraryOn(root, hastyDisk)
      await before.create({ ...conversation, messages })
      await before.trash(conversation.id)
      const library = await leave(root, null, answer.generationId, bytes)
      await library.recover()
      expect(await library.list()).toHaveLength(state === 'complete' ? 0 : 1)
      if (state === 'running') {
        expect(answerText(answerIn(await library.open(conversation.id), answer.id))).toBe('ab')
      }
      expect(await filesUnder(join(root, 'journals'))).toEqual({})
    }
  })

  it('of a conversation without its journal says interrupted, in the list as well', async () => {
    const root = await temporaryFolder()
    const { conversation, answer } = asked()
    await libraryOn(root, hastyDisk).create(conversation)
    const library = libraryOn(root, hastyDisk)
    expect(await library.recover()).toEqual([])
    expect(await library.list()).toMatchObject([{ isRunning: false, hasFailed: true }])
    expect(answerIn(await library.open(conversation.id), answer.id).state).toBe('interrupted')
  })

  it('keeps the journal until the disk takes the conversation', async () => {
    const { bytes, answer, conversation } = await journalBytes(says('a', 'b'))
    const root = await temporaryFolder()
    await leave(root, conversation, answer.generationId, bytes)
    let isFull = true
    const library = libraryOn(
      root,
      faultyDisk(({ name }) => (isFull && name === 'write' ? 'ENOSPC' : null)),
    )
    await library.recover()
    expect(library.storageState()).toEqual({ isSafe: false, reason: 'full' })
    expect(answerText(answerIn(await library.open(conversation.id), answer.id))).toBe('ab')
    expect(Object.keys(await filesUnder(join(root, 'journals')))).toHaveLength(1)
    isFull = false
    await library.flush()
    expect(library.storageState()).toEqual({ isSafe: true })
    expect(await filesUnder(join(root, 'journals'))).toEqual({})
    const stored = await readFile(library.pathOf(conversation.id), 'utf8')
    expect(stored).toContain('"text": "ab"')
  })
})

describe('the pace of a journal', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  /** A running journal under a clock that only the test moves, with what it asked of the disk. */
  async function paced() {
    const root = await temporaryFolder()
    const calls: { name: string; atMs: number }[] = []
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] })
    const library = libraryOn(
      root,
      faultyDisk(({ name, path }) => {
        if (path.endsWith('.jsonl') && ['write', 'datasync'].includes(name))
          calls.push({ name, atMs: performance.now() })
        return null
      }),
    )
    const { conversation, answer } = asked()
    const journal = await library.journal(journalStart(conversation, answer))
    const startMs = performance.now()
    const path = join(root, 'journals', `${answer.generationId}.jsonl`)
    const happened = (name: string): number[] =>
      calls.filter((call) => call.name === name).map((call) => call.atMs - startMs)
    return { library, journal, answer, path, calls, happened }
  }

  /** Lets the disk finish what it has been asked, without moving the clock. */
  async function diskIsIdle(isDone: () => boolean): Promise<void> {
    for (let turns = 0; !isDone() && turns < 300_000; turns += 1) await new Promise((resolve) => setImmediate(resolve))
    expect(isDone()).toBe(true)
  }

  it('is durable when it has begun (R01)', async () => {
    const { calls } = await paced()
    expect(calls.map(({ name }) => name)).toEqual(['write', 'datasync'])
  })

  it('writes within 200 ms and makes durable within a second of it (R02)', async () => {
    const { journal, answer, calls, happened, path } = await paced()
    calls.length = 0
    const [event] = eventsOf(answer, says('slow'))
    journal.append([event!])
    vi.advanceTimersByTime(200)
    await diskIsIdle(() => happened('write').length === 1)
    expect(happened('write')[0]).toBeLessThanOrEqual(200)
    // It waits for the next timer: that of the fdatasync.
    await diskIsIdle(() => vi.getTimerCount() === 1)
    vi.advanceTimersByTime(1000)
    await diskIsIdle(() => happened('datasync').length === 1)
    expect(happened('datasync')[0]).toBeLessThanOrEqual(1200)
    expect(await readFile(path, 'utf8')).toContain('slow')
  })

  it('writes at once when 64 KiB wait, and does not need its timer for it (R02)', async () => {
    const { journal, answer, calls, happened, path } = await paced()
    calls.length = 0
    const [event] = eventsOf(answer, says('x'.repeat(70_000)))
    journal.append([event!])
    await diskIsIdle(() => happened('write').length === 1)
    expect((await readFile(path)).length).toBeGreaterThan(70_000)
  })

  it('writes by the clock when the timers are starved (R02)', async () => {
    const { journal, answer, calls, happened } = await paced()
    calls.length = 0
    const [first, second] = eventsOf(answer, says('a', 'b'))
    journal.append([first!])
    // The time passes, and no timer gets its turn.
    vi.setSystemTime(Date.now())
    const later = performance.now() + 300
    vi.spyOn(performance, 'now').mockImplementation(() => later)
    journal.append([second!])
    await diskIsIdle(() => happened('write').length === 1)
  })

  it('does not write for every event', async () => {
    const { journal, answer, calls, happened } = await paced()
    calls.length = 0
    for (const event of eventsOf(answer, says(...Array.from({ length: 600 }, () => 'x')))) {
      journal.append([event])
      vi.advanceTimersByTime(1)
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(happened('write').length).toBeGreaterThanOrEqual(1)
    expect(happened('write').length).toBeLessThanOrEqual(7)
  })

  it('is gone when the answer is in its conversation, and not before', async () => {
    vi.useRealTimers()
    const root = await temporaryFolder()
    const order: string[] = []
    const library = libraryOn(
      root,
      faultyDisk(({ name, path }) => {
        if (name === 'rename') order.push('conversation')
        if (name === 'unlink' && path.endsWith('.jsonl')) order.push('journal')
        return null
      }),
    )
    const { conversation, answer } = asked()
    const journal = await library.journal(journalStart(conversation, answer))
    await library.create(conversation)
    order.length = 0
    const final = interrupt(foldAll(answer, eventsOf(answer, says('a'))))
    await journal.close(final, (present) => ({ ...present, isUnread: true }))
    expect(order).toEqual(['conversation', 'journal'])
    journal.append(eventsOf(answer, says('late')))
    await library.flush()
    const { [`conversations/${conversation.id}.json`]: text, ...others } = await filesUnder(root)
    expect(others).toEqual({})
    expect(JSON.parse(text ?? '')).toMatchObject({ isUnread: true, messages: [{}, {}, {}, { state: 'interrupted' }] })
    await rm(root, { recursive: true, force: true, maxRetries: 5 })
  })
})
