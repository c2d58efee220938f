/**
 * `npm run bench`: the figures of the real app on this machine, each a median, beside its budget and beside what else
 * the machine did. They are printed and kept in bench-results/. A figure over its budget does not fail the run: only an
 * app that fails does.
 * `npm run bench -- start live` measures only what is named: `start`, `library`, `flood`, `live`, `slow`, `grow`,
 * `thread`, `quick`; and the single modules, by the names of their files (`stream`, `markdown`, …).
 */
import { link, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { describeElectron, launchApp } from '../e2e/app'
import { composer, shows } from '../e2e/chat'
import { eventually } from '../support/eventually'
import { generatedLibrary } from '../support/generated-library'
import { benchFlood, benchGrowth, benchLive, benchSlow } from './live'
import { benchQuick } from './quick'
import { busyShare, describeLoad, formatTable, median, quantile, saveFigures, type Figure } from './report'
import { measureStart, type Start } from './start'
import { benchThread } from './thread'

const say = (line: string) => process.stdout.write(`${line}\n`)
const wanted = process.argv.slice(2)
const isWanted = (name: string) => wanted.length === 0 || wanted.includes(name)

const START_RUNS = 5

/** A profile that a person has used: first run answered, the Guide chosen. */
async function makeProfile(): Promise<string> {
  const userDataDir = await mkdtemp(path.join(os.tmpdir(), 'parley-bench-'))
  const app = await launchApp({ userDataDir, isProfileKept: true })
  await app.window.evaluate(() => window.parley.request['settings.set']({ activeBackendId: 'guide' }))
  await shows(composer(app.window))
  await app.close()
  return userDataDir
}

async function benchStart(): Promise<Figure[]> {
  const userDataDir = await makeProfile()
  // The first start fills the caches of disk and code.
  await measureStart(userDataDir, false)
  const starts = []
  for (let run = 0; run < START_RUNS; run += 1) starts.push(await measureStart(userDataDir, run < 3))
  await rm(userDataDir, { recursive: true, force: true, maxRetries: 5 })
  const strangers = Math.max(...starts.map((start) => start.strangers))
  if (strangers > 0)
    say(`${strangers} processes of another Electron run here: the figure for memory comes out too small`)
  return [
    {
      name: 'spawn to usable composer, warm',
      unit: 'ms',
      runs: starts.map(({ usableMs }) => usableMs),
      budget: { kind: 'at most', value: 1000 },
    },
    {
      name: 'memory at rest, PSS of all processes',
      unit: 'MB',
      runs: starts.flatMap(({ restingPssMb }) => (restingPssMb === null ? [] : [restingPssMb])),
      budget: { kind: 'at most', value: 260 },
    },
  ]
}

/** Opens conversations by their rows, each until its thread is drawn. @returns the milliseconds of each */
const OPEN_ROWS = `(async () => {
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve))
  const times = []
  const rows = [...document.querySelectorAll('nav [data-conversation]')].slice(0, 12)
  for (const row of rows) {
    const seen = new Set([...document.querySelectorAll('main [data-turn]')].map((turn) => turn.dataset.turn))
    const startMs = performance.now()
    row.click()
    while (![...document.querySelectorAll('main [data-turn]')].some((turn) => !seen.has(turn.dataset.turn))) {
      if (performance.now() - startMs > 5000) return times
      await frame()
    }
    await frame()
    times.push(performance.now() - startMs)
    await new Promise((resolve) => setTimeout(resolve, 150))
  }
  return times
})()`

/** Scrolls the list of chats through a few hundred screens. @returns the milliseconds of each frame, and how often there were rows */
const SCROLL_LIST = `(async () => {
  const list = document.querySelector('nav [data-conversation]').closest('.overflow-y-auto')
  const box = list.getBoundingClientRect()
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve))
  const times = []
  let filled = 0
  // Not by what lies under a point: while the list scrolls, its rows take no pointer.
  let beforeMs = await frame()
  for (let count = 0; count < 400; count += 1) {
    list.scrollTop += 120
    const nowMs = await frame()
    times.push(nowMs - beforeMs)
    beforeMs = nowMs
    const middle = box.y + box.height / 2
    const rows = [...list.querySelectorAll('li')].map((row) => row.getBoundingClientRect())
    if (rows.some(({ top, bottom }) => top <= middle && bottom >= middle)) filled += 1
  }
  return { times, filled: filled / 400 }
})()`

interface Scrolling {
  times: number[]
  filled: number
}

function isScrolling(answer: unknown): answer is Scrolling {
  return typeof answer === 'object' && answer !== null && 'times' in answer && 'filled' in answer
}

/** Starts with 10,000 conversations beside starts with none: the ratio holds on a busy machine as well (R36). */
async function benchLibraryStart(): Promise<Figure[]> {
  const empty = await makeProfile()
  const large = await makeProfile()
  const source = path.join(await generatedLibrary(), 'conversations')
  const folder = path.join(large, 'library', 'conversations')
  await mkdir(folder, { recursive: true })
  // Parley replaces files and never writes into them, so the shared ones stay as they are.
  for (const name of await readdir(source)) await link(path.join(source, name), path.join(folder, name))
  const withoutIndex = async (): Promise<Start> => {
    for (const name of ['library/index.json', 'search.db', 'search.db-wal', 'search.db-shm'])
      await rm(path.join(large, name), { force: true })
    return measureStart(large, false, { hasList: true, ask: OPEN_ROWS })
  }
  const first = await withoutIndex()
  // Makes the indexes.
  await indexed(large)
  await measureStart(empty, false)
  const none: Start[] = []
  const many: Start[] = []
  for (let run = 0; run < START_RUNS; run += 1) {
    none.push(await measureStart(empty, run < 3))
    many.push(await measureStart(large, run < 3, { hasList: true, ask: run < 3 ? null : OPEN_ROWS }))
  }
  const scrolls: Scrolling[] = []
  for (let run = 0; run < 3; run += 1) {
    const { answer } = await measureStart(large, false, { hasList: true, ask: SCROLL_LIST })
    if (isScrolling(answer)) scrolls.push(answer)
  }
  const bare = [first, await withoutIndex(), await withoutIndex()]
  await rm(empty, { recursive: true, force: true, maxRetries: 5 })
  await rm(large, { recursive: true, force: true, maxRetries: 5 })
  const opened = (starts: readonly Start[]): number[] =>
    starts.flatMap(({ answer }) => (Array.isArray(answer) ? answer.filter((ms) => typeof ms === 'number') : []))
  const usable = (starts: readonly Start[]): number[] => starts.map(({ usableMs }) => usableMs)
  const listed = (starts: readonly Start[]): number[] => starts.flatMap(({ listedMs }) => listedMs ?? [])
  const ms = { unit: 'ms' }
  return [
    { name: 'no conversation: spawn to usable composer', ...ms, runs: usable(none), budget: null },
    {
      name: '10,000 conversations: spawn to usable composer',
      ...ms,
      runs: usable(many),
      budget: { kind: 'at most', value: 1500 },
    },
    {
      name: '10,000 conversations: spawn to rows in the list',
      ...ms,
      runs: listed(many),
      budget: { kind: 'at most', value: 1500 },
    },
    {
      name: '10,000 conversations, none is 1',
      unit: '×',
      runs: [median(usable(many)) / median(usable(none))],
      budget: null,
      digits: 2,
    },
    {
      name: 'without an index: spawn to usable composer',
      ...ms,
      runs: usable(bare),
      budget: { kind: 'at most', value: 2000 },
    },
    {
      name: 'without an index: spawn to rows in the list',
      ...ms,
      runs: listed(bare),
      budget: { kind: 'at most', value: 2000 },
    },
    {
      name: 'opening a conversation, p95',
      ...ms,
      runs: [quantile(opened(many), 0.95)],
      budget: { kind: 'at most', value: 100 },
    },
    {
      name: 'the same while the lists are made, p95',
      ...ms,
      runs: [quantile(opened(bare), 0.95)],
      budget: null,
    },
    {
      name: '10,000 rows of the sidebar scroll: frame, p95',
      ...ms,
      runs: scrolls.map(({ times }) => quantile(times, 0.95)),
      budget: { kind: 'at most', value: 17 },
      digits: 1,
    },
    {
      name: '10,000 rows of the sidebar scroll: frames with rows',
      unit: '%',
      runs: scrolls.map(({ filled }) => filled * 100),
      budget: { kind: 'at least', value: 99 },
      digits: 1,
    },
    {
      name: 'no conversation: memory at rest, PSS of all processes',
      unit: 'MB',
      runs: none.flatMap(({ restingPssMb }) => restingPssMb ?? []),
      budget: null,
    },
    {
      name: '10,000 conversations: memory at rest, PSS of all processes',
      unit: 'MB',
      runs: many.flatMap(({ restingPssMb }) => restingPssMb ?? []),
      budget: { kind: 'at most', value: 400 },
    },
  ]
}

async function benchShows(): Promise<Figure[]> {
  const userDataDir = await makeProfile()
  try {
    return await benchQuick(userDataDir)
  } finally {
    await rm(userDataDir, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** Leaves a profile with its list and its search index made. */
async function indexed(userDataDir: string): Promise<void> {
  const app = await launchApp({ userDataDir, isProfileKept: true })
  await eventually(
    () =>
      app.window.evaluate(async () => {
        const found = await window.parley.request['conversation.search']({ query: 'answer' })
        return found.ok && found.value.total > 0 && found.value.indexed === found.value.total
      }),
    Boolean,
    'a whole index',
    300_000,
  )
  await app.close()
}

/** Figures of single modules in plain Node, by file: each `NAME.bench.ts` exports `run()`, which answers its figures by name. */
type ModuleFigures = Record<string, Record<string, number | string>>

async function benchModules(): Promise<ModuleFigures> {
  const names = (await readdir(import.meta.dirname)).flatMap((file) => /^(.+)\.bench\.ts$/.exec(file)?.[1] ?? [])
  const figures: ModuleFigures = {}
  for (const name of names.filter(isWanted)) {
    say(`measuring: ${name}`)
    const file = path.join(import.meta.dirname, `${name}.bench.ts`)
    const module: unknown = await import(pathToFileURL(file).href)
    if (!isBenchmark(module)) throw new Error(`${file} does not export run()`)
    figures[name] = await module.run()
  }
  return figures
}

function isBenchmark(module: unknown): module is { run(): Promise<Record<string, number | string>> } {
  return typeof module === 'object' && module !== null && 'run' in module && typeof module.run === 'function'
}

const figures: Figure[] = []
for (const [name, measure] of [
  ['start', benchStart],
  ['library', benchLibraryStart],
  ['flood', benchFlood],
  ['live', benchLive],
  ['slow', benchSlow],
  ['grow', benchGrowth],
  ['thread', benchThread],
  ['quick', benchShows],
] as const) {
  if (!isWanted(name)) continue
  const before = await busyShare()
  say(`measuring: ${name} (${describeLoad(before)})`)
  const measured = await measure()
  const othersBusy = Math.max(before, await busyShare())
  figures.push(...measured.map((each) => ({ ...each, othersBusy })))
}
const modules = await benchModules()
if (figures.length > 0) say(`\n${formatTable(figures)}`)
for (const [name, values] of Object.entries(modules)) {
  say(`\n${name}, in plain Node`)
  for (const [what, value] of Object.entries(values)) say(`  ${what}: ${value}`)
}
say(`\nKept in ${path.relative('.', await saveFigures(figures, modules, await describeElectron()))}`)
process.exit(0)
