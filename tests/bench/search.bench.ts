import { mkdtemp, rm, stat, symlink } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { Worker } from 'node:worker_threads'
import { openLibrary, type Library } from '../../src/main/library/library'
import { systemClock } from '../../src/main/clock'
import { silentLogger } from '../../src/main/logger'
import { Search, WORKER_LIMITS } from '../../src/main/search/search'
import { generatedLibrary, LARGE, rareWord } from '../support/generated-library'
import { quantile } from './report'

/** Of the built app: what is measured is what runs. */
const WORKER = path.resolve('out/main/search-worker.js')
const ROUNDS = 5

/** Questions as they are typed, letter for letter: common words, rare ones, forms, slips, both languages, nothing at all. */
const TYPED = [
  'answer',
  'the boats in a harbour',
  'garden light building',
  'jounral kitchn',
  'вопросы',
  'город письма',
  'журнла',
  'const answer',
  rareWord(4321),
  // In several messages of one conversation, or in none.
  `${rareWord(4322)} answer garden`,
  'zzzzqqq',
]

function openSearch(library: Library, file: string): Search {
  return new Search({
    library,
    withRunning: (conversation) => conversation,
    file,
    startWorker: (workerData) => new Worker(WORKER, { workerData, resourceLimits: WORKER_LIMITS }),
    logger: silentLogger,
  })
}

/** How long each answer takes while the questions are typed, in milliseconds. */
async function timeTyping(search: Search): Promise<number[]> {
  const times: number[] = []
  for (const text of TYPED) {
    for (let end = 1; end <= text.length; end += 1) {
      const startMs = performance.now()
      await search.find(text.slice(0, end))
      times.push(performance.now() - startMs)
    }
  }
  return times
}

/** 10,000 conversations with 200,000 messages: making the index beside main's work, searching meanwhile and afterwards (R37). */
export async function run(): Promise<Record<string, number | string>> {
  const generated = await generatedLibrary(LARGE)
  const folder = await mkdtemp(path.join(os.tmpdir(), 'parley-search-'))
  // The files are only read; what a library writes beside them must not lie with the shared ones.
  await symlink(path.join(generated, 'conversations'), path.join(folder, 'conversations'))
  const file = path.join(folder, 'search.db')
  const library = openLibrary({ root: folder, clock: systemClock, logger: silentLogger })
  const round = (value: number): number => Number(value.toFixed(1))
  try {
    await library.list()
    await library.compared()
    globalThis.gc?.()
    const before = process.memoryUsage.rss()
    let most = before
    const sampler = setInterval(() => {
      most = Math.max(most, process.memoryUsage.rss())
    }, 20)

    const delay = monitorEventLoopDelay({ resolution: 1 })
    const search = openSearch(library, file)
    delay.enable()
    const startMs = performance.now()
    await search.begin()
    const state = { isWhole: false }
    const whole = search.settled().then(() => {
      state.isWhole = true
    })
    const meanwhile: number[] = []
    do meanwhile.push(...(await timeTyping(search)))
    while (!state.isWhole)
    await whole
    const indexedSeconds = (performance.now() - startMs) / 1000
    delay.disable()
    clearInterval(sampler)

    const times: number[] = []
    for (let each = 0; each < ROUNDS; each += 1) times.push(...(await timeTyping(search)))
    const found = await search.find(rareWord(4321))
    if (found.hits.length !== 1) throw new Error(`the rare word was found in ${found.hits.length} conversations`)
    const resting = process.memoryUsage.rss()
    await search.close()

    const again = openSearch(library, file)
    const againMs = performance.now()
    await again.settled()
    const comparedMs = performance.now() - againMs
    await again.close()
    return {
      'search while typing, p95, ms (budget 50)': round(quantile(times, 0.95)),
      'search while typing, median, ms': round(quantile(times, 0.5)),
      'search while typing, longest, ms': round(Math.max(...times)),
      'search while the index is made, p95, ms': round(quantile(meanwhile, 0.95)),
      'event-loop delay of main while indexing, p99, ms (budget 50)': round(delay.percentile(99) / 1e6 - 1),
      'event-loop delay of main while indexing, longest, ms': round(delay.max / 1e6 - 1),
      'index made, with searches meanwhile, s': round(indexedSeconds),
      'index compared at the next start, ms': Math.round(comparedMs),
      'index file, MB': round((await stat(file)).size / 1e6),
      'memory while indexing grows by at most, MB': Math.round((most - before) / 1e6),
      'memory with the index at rest, MB more': Math.round((resting - before) / 1e6),
    }
  } finally {
    await library.close()
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}
