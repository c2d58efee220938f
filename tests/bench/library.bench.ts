import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { systemClock } from '../../src/main/clock'
import { openLibrary, type Library } from '../../src/main/library/library'
import { writeConversation } from '../../src/main/library/schema'
import { silentLogger } from '../../src/main/logger'
import { generatedConversation, generatedId, generatedLibrary, LARGE } from '../support/generated-library'
import { quantile } from './report'

const OPENED = 300
const MB = 1024 * 1024

/** A folder whose conversations are the generated ones, with an index and a trash of its own. */
async function openGenerated(): Promise<{ root: string; open: () => Library }> {
  const generated = await generatedLibrary()
  const root = await mkdtemp(path.join(os.tmpdir(), 'parley-bench-library-'))
  await symlink(path.join(generated, 'conversations'), path.join(root, 'conversations'))
  return { root, open: () => openLibrary({ root, clock: systemClock, logger: silentLogger }) }
}

async function timed<T>(work: () => Promise<T>): Promise<{ ms: number; value: T }> {
  const startedMs = performance.now()
  const value = await work()
  return { ms: performance.now() - startedMs, value }
}

/** Time and p99 of the event loop's delay while something runs. */
async function watched(work: () => Promise<unknown>): Promise<{ ms: number; delayP99Ms: number }> {
  const delay = monitorEventLoopDelay({ resolution: 5 })
  delay.enable()
  const { ms } = await timed(work)
  delay.disable()
  return { ms, delayP99Ms: delay.percentile(99) / 1e6 - 5 }
}

const whole = (value: number): number => Math.round(value)
const tenths = (value: number): number => Math.round(value * 10) / 10

/** Figures of a library of 10,000 conversations with 200,000 messages (R36). */
export async function run(): Promise<Record<string, number | string>> {
  const { root, open } = await openGenerated()
  const figures: Record<string, number | string> = {}
  try {
    const cold = open()
    await cold.recover()
    figures['list without an index, ms'] = whole((await timed(() => cold.list())).ms)
    const compared = await watched(() => cold.compared())
    figures['all files read in the background, ms'] = whole(compared.ms)
    figures['event loop meanwhile, p99 ms'] = tenths(Math.max(0, compared.delayP99Ms))
    await cold.flush()
    await cold.close()

    const before = process.memoryUsage().rss
    const warm = open()
    const start = await timed(async () => {
      await warm.recover()
      return warm.list()
    })
    figures['recover and list with an index, ms'] = whole(start.ms)
    figures['conversations listed'] = start.value.length
    figures['compared with the folder, ms'] = whole((await timed(() => warm.compared())).ms)
    const opens: number[] = []
    for (let count = 0; count < OPENED; count += 1) {
      const id = generatedId((count * 7919) % LARGE.conversations)
      opens.push((await timed(() => warm.open(id))).ms)
    }
    figures['open a conversation, p50 ms'] = tenths(quantile(opens, 0.5))
    figures['open a conversation, p95 ms'] = tenths(quantile(opens, 0.95))
    figures['memory with the list and 16 open ones, MB'] = whole((process.memoryUsage().rss - before) / MB)
    figures['stamps, ms'] = whole((await timed(() => warm.stamps())).ms)
    const readAll = await watched(async () => {
      for await (const { conversation } of warm.readAll())
        if (conversation.messages.length === 0) throw new Error('empty')
    })
    figures['readAll, s'] = tenths(readAll.ms / 1000)
    figures['event loop meanwhile, p99 ms '] = tenths(Math.max(0, readAll.delayP99Ms))
    await warm.close()
    figures['open a conversation of 1,000 messages, ms'] = whole(await openLong())
    figures['open a conversation of 10,000 messages, ms'] = whole(await openLong(10_000))
    return figures
  } finally {
    await rm(root, { recursive: true, force: true, maxRetries: 5 })
  }
}

async function openLong(messages = 1000): Promise<number> {
  const root = await mkdtemp(path.join(os.tmpdir(), 'parley-bench-library-'))
  await mkdir(path.join(root, 'conversations'))
  const conversation = generatedConversation(1, messages)
  await writeFile(path.join(root, 'conversations', `${conversation.id}.json`), writeConversation(conversation))
  const library = openLibrary({ root, clock: systemClock, logger: silentLogger })
  const { ms } = await timed(() => library.open(conversation.id))
  await library.close()
  await rm(root, { recursive: true, force: true, maxRetries: 5 })
  return ms
}
