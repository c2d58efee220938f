import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'vite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { answerText, pathOf, type AssistantMessage } from '../../../src/shared/conversation'
import { conversationOf } from '../../support/conversation-samples'
import { filesUnder, libraryOn, temporaryFolder } from '../../support/temporary-library'

let folder = ''
let child = ''

// Real processes for real kills. The child lies where its packages are found.
beforeAll(async () => {
  const cache = join(import.meta.dirname, '../../../node_modules/.cache')
  await mkdir(cache, { recursive: true })
  folder = await mkdtemp(join(cache, 'crash-'))
  await build({
    configFile: false,
    logLevel: 'silent',
    build: {
      ssr: join(import.meta.dirname, '../../support/crash-child.ts'),
      outDir: folder,
      target: 'node20',
      rolldownOptions: { output: { entryFileNames: 'child.mjs' } },
    },
  })
  child = join(folder, 'child.mjs')
}, 30_000)
afterAll(() => rm(folder, { recursive: true, force: true }))

/**
 * Runs the child until it dies or is killed.
 *
 * @param killAfterMs counted from its first word; null lets it die by itself
 * @returns the whole lines that it said
 */
function runUntilKilled(args: string[], killAfterMs: number | null): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const running = spawn(process.execPath, [child, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
    let said = ''
    let timer: NodeJS.Timeout | null = null
    running.stdout.on('data', (data: Buffer) => {
      said += data.toString()
      if (killAfterMs !== null) timer ??= setTimeout(() => running.kill('SIGKILL'), killAfterMs)
    })
    running.on('error', reject)
    running.on('close', (code, signal) => {
      if (signal !== 'SIGKILL') reject(new Error(`the child ended with ${code}`))
      else resolve(said.split('\n').slice(0, -1))
    })
  })
}

/** Does the work of all runs, two at a time. */
async function inPairs(runs: number, work: (run: number) => Promise<void>): Promise<void> {
  const numbers = Array.from({ length: runs }, (_, run) => run).values()
  const worker = async (): Promise<void> => {
    for (const run of numbers) await work(run)
  }
  await Promise.all([worker(), worker()])
}

describe('kill -9', () => {
  it('when the request leaves: the question is there, 60 of 60 times (R01)', { timeout: 60_000 }, async () => {
    const base = await temporaryFolder()
    let found = 0
    await inPairs(60, async (run) => {
      const root = join(base, String(run))
      const id = randomUUID()
      expect(await runUntilKilled(['question', root, id], null)).toEqual(['asked'])
      const library = libraryOn(root)
      expect(await library.recover()).toHaveLength(1)
      const [question, answer] = pathOf(await library.open(id))
      expect(question).toMatchObject({ role: 'user', text: 'Is this kept?' })
      expect(answer).toMatchObject({ state: 'interrupted', error: { code: 'process-ended' }, content: [] })
      expect(Object.keys(await filesUnder(root))).toEqual([`conversations/${id}.json`])
      found += 1
    })
    expect(found).toBe(60)
  })

  it('while an answer streams: at most 250 ms or 64 KiB of it are lost (R02)', { timeout: 60_000 }, async () => {
    const base = await temporaryFolder()
    const lostMs: number[] = []
    const lostBytes: number[] = []
    // Slow words, a fast model, and a flood of 1 MB/s.
    const paces = [
      { size: 8, everyMs: 12 },
      { size: 60, everyMs: 1 },
      { size: 2048, everyMs: 1 },
    ]
    await inPairs(30, async (run) => {
      const { size, everyMs } = paces[run % paces.length]!
      const root = join(base, String(run))
      const id = randomUUID()
      const killAfterMs = 20 + Math.random() * 250
      const told = await runUntilKilled(['answer', root, id, String(size), String(everyMs)], killAfterMs)
      const sent = told.map((line) => line.split(' ').map(Number) as [number, number])

      const library = libraryOn(root)
      await library.recover()
      const answer = pathOf(await library.open(id)).at(-1) as AssistantMessage
      expect(answer).toMatchObject({ state: 'interrupted', error: { code: 'process-ended' } })
      const text = answerText(answer)
      // What is there is a true beginning of what was sent: no gap, nothing twice.
      const kept = text.length / size
      expect(text).toBe(Array.from({ length: kept }, (_, number) => `${number} `.padStart(size, '.')).join(''))
      expect(kept).toBeLessThanOrEqual(sent.length)
      const firstLost = sent[kept]
      lostMs.push(firstLost === undefined ? 0 : sent.at(-1)![1] - firstLost[1])
      lostBytes.push((sent.length - kept) * size)
    })
    const within = lostMs.map((ms, run) => ms <= 250 || lostBytes[run]! <= 65_536)
    console.info(`lost at most ${Math.round(Math.max(...lostMs))} ms, ${Math.max(...lostBytes)} bytes`)
    expect(within).toEqual(within.map(() => true))
  })

  it(
    'while a conversation is written again and again: it can always be read, and no stray file stays (R06)',
    { timeout: 60_000 },
    async () => {
      const base = await temporaryFolder()
      let writes = 0
      await inPairs(20, async (run) => {
        const root = join(base, String(run))
        const conversation = conversationOf(randomUUID(), [['Why?', 'So. '.repeat(5000)]])
        await libraryOn(root).create(conversation)
        const told = await runUntilKilled(['writes', root, conversation.id], 10 + Math.random() * 80)
        writes += told.length
        const library = libraryOn(root)
        await library.recover()
        const opened = await library.open(conversation.id)
        expect(Number(opened.title)).toBeGreaterThanOrEqual(Number(told.at(-1)))
        expect(opened.messages).toEqual(conversation.messages)
        expect(Object.keys(await filesUnder(root))).toEqual([`conversations/${conversation.id}.json`])
      })
      console.info(`killed during ${writes} writes`)
      expect(writes).toBeGreaterThan(20)
    },
  )
})
