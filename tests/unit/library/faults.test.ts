import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { StorageState } from '../../../src/shared/contract'
import {
  answerText,
  fold,
  type AssistantMessage,
  type Conversation,
  type GenerationEvent,
} from '../../../src/shared/conversation'
import type { FileSystem } from '../../../src/main/library/files'
import { journalStart } from '../../../src/main/library/journal'
import type { Journal, Library } from '../../../src/main/library/library'
import { conversationOf, newAnswer } from '../../support/conversation-samples'
import { eventually } from '../../support/eventually'
import { faultyDisk, type DiskCall } from '../../support/faulty-disk'
import { filesUnder, libraryOn, temporaryFolder } from '../../support/temporary-library'

/** One answer that is being written, as generations.ts writes it. */
interface Writing {
  conversation: Conversation
  answer: AssistantMessage
  journal: Journal
  seq: number
}

async function begin(library: Library): Promise<Writing> {
  const base = conversationOf(randomUUID(), [['Why?', 'So.']])
  const answer = { ...newAnswer(), parentId: base.messages[0]!.id }
  const conversation = { ...base, headId: answer.id, messages: [...base.messages, answer] }
  const journal = await library.journal(journalStart(conversation, answer))
  await library.create(conversation)
  return { conversation, answer, journal, seq: 0 }
}

function say(writing: Writing, part: GenerationEvent['part']): void {
  writing.seq += 1
  const { generationId, id: messageId } = writing.answer
  const ids = { generationId, messageId, conversationId: writing.conversation.id }
  const event = { ...ids, seq: writing.seq, atMs: writing.seq, part }
  writing.answer = fold(writing.answer, event)
  writing.journal.append([event])
}

async function end(writing: Writing): Promise<void> {
  say(writing, { type: 'finish', state: 'complete', error: null })
  await writing.journal.close(writing.answer)
}

const stored = async (root: string, { conversation, answer }: Writing): Promise<AssistantMessage | undefined> => {
  const text = await readFile(join(root, 'conversations', `${conversation.id}.json`), 'utf8')
  const { messages } = JSON.parse(text) as Conversation
  return messages.find((message): message is AssistantMessage => message.id === answer.id)
}

const journalsIn = async (root: string): Promise<string[]> => Object.values(await filesUnder(join(root, 'journals')))

const isFullFor = ({ name }: DiskCall): string | null => (['open', 'write', 'mkdir'].includes(name) ? 'ENOSPC' : null)

describe('a full disk', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  it('keeps the text, says so at once, and saves all of it within 5 s after there is space (R07)', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    const root = await temporaryFolder()
    let isFull = false
    const library = libraryOn(
      root,
      faultyDisk((call) => (isFull ? isFullFor(call) : null)),
    )
    const states: StorageState[] = []
    library.onStorageState((state) => states.push(state))
    const writing = await begin(library)
    say(writing, { type: 'text-delta', text: 'before ' })
    await library.flush()

    isFull = true
    say(writing, { type: 'text-delta', text: 'während 🙂 ' })
    vi.advanceTimersByTime(1000)
    await turnsUntil(() => states.length === 1)
    expect(states).toEqual([{ isSafe: false, reason: 'full' }])
    // Half of a line has reached the disk; what was there before is whole.
    expect((await journalsIn(root))[0]).toContain('before ')

    for (let second = 0; second < 5; second += 1) {
      say(writing, { type: 'text-delta', text: `${second} ` })
      vi.advanceTimersByTime(1000)
      await turns(50)
    }
    expect(library.storageState()).toEqual({ isSafe: false, reason: 'full' })

    isFull = false
    for (let second = 0; second < 5 && states.length === 1; second += 1) {
      await turnsUntil(() => vi.getTimerCount() > 0 || states.length === 2)
      vi.advanceTimersByTime(1000)
    }
    await turnsUntil(() => states.length === 2)
    expect(states).toEqual([{ isSafe: false, reason: 'full' }, { isSafe: true }])
    const lines = (await journalsIn(root))[0]!.trimEnd().split('\n')
    const seqs = lines.slice(1).map((line) => (JSON.parse(line) as GenerationEvent).seq)
    expect(seqs).toEqual(seqs.map((_, index) => index + 1))
    expect(seqs.length).toBeGreaterThanOrEqual(2)
    await end(writing)
    expect(answerText((await stored(root, writing))!)).toBe('before während 🙂 0 1 2 3 4 ')
    expect(await journalsIn(root)).toEqual([])
  })

  it('truncates no file: the conversation stays as it was until the new one is whole (R07)', async () => {
    const root = await temporaryFolder()
    let isFull = false
    const library = libraryOn(
      root,
      faultyDisk((call) => (isFull ? isFullFor(call) : null)),
    )
    const writing = await begin(library)
    const { id } = writing.conversation
    const before = await readFile(library.pathOf(id), 'utf8')
    isFull = true
    await library.rename(id, 'Later')
    say(writing, { type: 'text-delta', text: 'kept' })
    await end(writing)
    expect(await readFile(library.pathOf(id), 'utf8')).toBe(before)
    expect((await library.open(id)).title).toBe('Later')
    expect((await library.list())[0]).toMatchObject({ title: 'Later', isRunning: false })
    expect(Object.keys(await filesUnder(root)).filter((name) => name.endsWith('.tmp'))).toEqual([])

    isFull = false
    await library.flush()
    expect(library.storageState()).toEqual({ isSafe: true })
    expect(answerText((await stored(root, writing))!)).toBe('kept')
    expect(JSON.parse(await readFile(library.pathOf(id), 'utf8'))).toMatchObject({ title: 'Later' })
    expect(await journalsIn(root)).toEqual([])
  })

  it('takes a question that is asked meanwhile, and saves it later (R07)', async () => {
    const root = await temporaryFolder()
    let isFull = true
    const library = libraryOn(
      root,
      faultyDisk((call) => (isFull ? isFullFor(call) : null)),
    )
    await library.recover()
    const writing = await begin(library)
    say(writing, { type: 'text-delta', text: 'said' })
    expect(library.storageState()).toEqual({ isSafe: false, reason: 'full' })
    expect(await filesUnder(root)).toEqual({})
    isFull = false
    await library.flush()
    // As if main were killed now: the journal has it.
    const after = libraryOn(root)
    await after.recover()
    const messages = (await after.open(writing.conversation.id)).messages
    expect(messages.map((message) => (message.role === 'user' ? message.text : answerText(message)))).toEqual([
      'Why?',
      'So.',
      'said',
    ])
  })

  it('loses not even the end of an answer, when its conversation cannot be written and main is killed then (R07)', async () => {
    const root = await temporaryFolder()
    let isRefused = false
    const isConversation = ({ path }: DiskCall): boolean => path.includes('conversations')
    const library = libraryOn(
      root,
      faultyDisk((call) => (isRefused && isConversation(call) ? 'ENOSPC' : null)),
    )
    const writing = await begin(library)
    isRefused = true
    say(writing, { type: 'text-delta', text: 'to the end' })
    await end(writing)
    const after = libraryOn(root)
    await after.recover()
    expect((await after.open(writing.conversation.id)).messages.at(-1)).toEqual(writing.answer)
    expect(writing.answer.state).toBe('complete')
  })

  it('that is real, a file system of 1 MiB, is survived (R07)', { timeout: 60_000 }, async () => {
    const root = await temporaryFolder()
    if (!mount(['-t', 'tmpfs', '-o', 'size=1m,mode=0700', 'tmpfs', root])) {
      console.info('no right to mount: the full disk was only simulated')
      expect(process.getuid?.()).not.toBe(0)
      return
    }
    try {
      const library = libraryOn(root)
      await library.recover()
      const writing = await begin(library)
      const paragraph = 'x'.repeat(20_000)
      for (let count = 0; count < 75; count += 1) say(writing, { type: 'text-delta', text: paragraph })
      await library.flush()
      expect(library.storageState()).toEqual({ isSafe: false, reason: 'full' })
      await end(writing)
      expect(answerText(writing.answer)).toHaveLength(1_500_000)
      expect((await stored(root, writing))?.content).toEqual([])

      execFileSync('mount', ['-o', 'remount,size=8m', root])
      const fixedMs = performance.now()
      await eventually(
        () => library.storageState(),
        ({ isSafe }) => isSafe,
        'saved',
        5000,
      )
      console.info(`saved ${Math.round(performance.now() - fixedMs)} ms after there was space`)
      expect(await stored(root, writing)).toEqual(writing.answer)
      expect(await journalsIn(root)).toEqual([])

      execFileSync('mount', ['-o', 'remount,ro', root])
      await library.rename(writing.conversation.id, 'Read-only')
      expect(library.storageState()).toEqual({ isSafe: false, reason: 'read-only' })
      execFileSync('mount', ['-o', 'remount,rw', root])
      await library.flush()
      expect(library.storageState()).toEqual({ isSafe: true })
      await library.close()
    } finally {
      execFileSync('umount', ['-l', root])
    }
  })
})

describe('a folder that cannot be written', () => {
  it.each(['EROFS', 'EACCES', 'EPERM'])(
    'leaves a library in memory that says so from the start: %s (R08)',
    async (code) => {
      const root = await temporaryFolder()
      let isReadOnly = true
      const disk = faultyDisk(({ name }) =>
        isReadOnly && !['readdir', 'stat', 'readFile'].includes(name) ? code : null,
      )
      const library = libraryOn(root, disk)
      await library.recover()
      expect(library.storageState()).toEqual({ isSafe: false, reason: 'read-only' })
      const writing = await begin(library)
      say(writing, { type: 'text-delta', text: 'in memory' })
      await end(writing)
      const others = await Promise.all(Array.from({ length: 40 }, () => begin(library)))
      for (const each of others) await end(each)
      expect(await library.list()).toHaveLength(41)
      const opened = await library.open(writing.conversation.id)
      expect(answerText(opened.messages.at(-1) as AssistantMessage)).toBe('in memory')

      isReadOnly = false
      await library.flush()
      expect(library.storageState()).toEqual({ isSafe: true })
      expect(Object.keys(await filesUnder(join(root, 'conversations')))).toHaveLength(41)
      expect(await journalsIn(root)).toEqual([])
    },
  )

  it('is a file, or has a file where a folder should be (R08)', async () => {
    const base = await temporaryFolder()
    await writeFile(join(base, 'file'), '')
    await mkdir(join(base, 'folder'))
    await writeFile(join(base, 'folder', 'conversations'), '')
    for (const root of [join(base, 'file'), join(base, 'folder')]) {
      const library = libraryOn(root)
      expect(await library.recover()).toEqual([])
      expect(library.storageState().isSafe).toBe(false)
      const writing = await begin(library)
      say(writing, { type: 'text-delta', text: 'kept' })
      await end(writing)
      expect(await library.list()).toHaveLength(1)
      expect((await library.open(writing.conversation.id)).messages.at(-1)).toEqual(writing.answer)
    }
  })

  it('may be deleted while an answer runs: what is written next makes it anew (R08)', async () => {
    const root = join(await temporaryFolder(), 'library')
    const library = libraryOn(root)
    await library.recover()
    const writing = await begin(library)
    say(writing, { type: 'text-delta', text: 'before ' })
    await library.flush()
    await rm(root, { recursive: true, force: true, maxRetries: 5 })
    say(writing, { type: 'text-delta', text: 'after' })
    await end(writing)
    // All of this one is there again; what lay beside it is not, and the person must hear of that.
    expect(library.storageState()).toEqual({ isSafe: false, reason: 'folder-gone' })
    expect(answerText((await stored(root, writing))!)).toBe('before after')
  })

  it('is one without the right to it, for a person who is not root (R08)', async () => {
    const root = await temporaryFolder()
    await chmod(root, 0o500)
    const library = libraryOn(root)
    await library.recover()
    // Root may write everywhere: then the rule itself is what is tested.
    const mayWrite = process.getuid?.() === 0
    expect(library.storageState()).toEqual(mayWrite ? { isSafe: true } : { isSafe: false, reason: 'read-only' })
    const writing = await begin(library)
    await end(writing)
    expect(await library.list()).toHaveLength(1)
    await chmod(root, 0o700)
  })
})

describe('a disk that fails now and then', () => {
  it('never throws into the stream, and has everything once it works (R07)', { timeout: 60_000 }, async () => {
    const base = await temporaryFolder()
    let run = 0
    // True: this call to the disk fails. After the last one the disk is well again.
    const faults = fc.array(fc.boolean(), { minLength: 1, maxLength: 40 })
    const script = fc.array(
      fc.oneof(fc.constantFrom('flush', 'rename', 'pin'), fc.string({ minLength: 1, maxLength: 9 })),
      {
        maxLength: 15,
      },
    )
    await fc.assert(
      fc.asyncProperty(faults, script, fc.constantFrom('ENOSPC', 'EIO', 'EACCES'), async (failing, steps, code) => {
        run += 1
        const root = join(base, String(run))
        let call = 0
        const disk: FileSystem = faultyDisk(({ name }) => {
          if (['stat', 'readdir', 'readFile'].includes(name)) return null
          return failing[call++] === true ? code : null
        })
        const library = libraryOn(root, disk)
        await library.recover()
        const writing = await begin(library)
        const { id } = writing.conversation
        let said = ''
        for (const step of steps) {
          if (step === 'flush') await library.flush()
          else if (step === 'rename') await library.rename(id, `Title ${said.length}`)
          else if (step === 'pin') await library.pin(id, true)
          else {
            said += step
            say(writing, { type: 'text-delta', text: step })
          }
        }
        await end(writing)
        const memory = await library.open(id)
        expect(answerText(memory.messages.at(-1) as AssistantMessage)).toBe(said)
        call = failing.length
        await library.flush()
        await library.close()

        const after = libraryOn(root)
        await after.recover()
        expect(await after.open(id)).toEqual(memory)
        expect(Object.keys(await filesUnder(root)).filter((name) => !name.startsWith('index'))).toEqual([
          `conversations/${id}.json`,
        ])
      }),
      { numRuns: 100 },
    )
  })

  it(
    'and then kills the process leaves no half line in the middle of a journal (R03, R07)',
    { timeout: 60_000 },
    async () => {
      const base = await temporaryFolder()
      let run = 0
      await fc.assert(
        fc.asyncProperty(fc.array(fc.boolean(), { maxLength: 12 }), fc.nat(6), async (failing, dieAfter) => {
          run += 1
          const root = join(base, String(run))
          let call = 0
          const disk = faultyDisk(({ name, path }) =>
            name === 'write' && path.endsWith('.jsonl') && failing[call++] === true ? 'ENOSPC' : null,
          )
          const library = libraryOn(root, disk)
          const writing = await begin(library)
          let surely = ''
          let said = ''
          for (let count = 0; count < dieAfter; count += 1) {
            said += `${count} ünï `
            say(writing, { type: 'text-delta', text: `${count} ünï ` })
            await library.flush()
            if (library.storageState().isSafe) surely = said
          }
          // What is in memory now dies with the process.
          const after = libraryOn(root)
          await after.recover()
          const text = answerText((await after.open(writing.conversation.id)).messages.at(-1) as AssistantMessage)
          expect(said.startsWith(text)).toBe(true)
          expect(text.startsWith(surely)).toBe(true)
          expect(await journalsIn(root)).toEqual([])
          await library.close()
        }),
        { numRuns: 100 },
      )
    },
  )
})

function mount(args: string[]): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false
  try {
    execFileSync('mount', args, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** Lets the disk work without moving the clock. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

async function turnsUntil(isDone: () => boolean): Promise<void> {
  for (let turn = 0; turn < 300_000 && !isDone(); turn += 1) await turns(1)
  expect(isDone()).toBe(true)
}
