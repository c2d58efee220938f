/**
 * `npm run bench`: the figures of the real app on this machine, each a median, beside its budget. They are printed and
 * kept in bench-results/. A figure over its budget does not fail the run: only an app that fails does.
 * `npm run bench -- start live` measures only what is named; `stream` and `markdown` are single modules.
 */
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { describeElectron, launchApp } from '../e2e/app'
import { composer, shows } from '../e2e/chat'
import { formatTable, saveFigures, type Figure } from './report'
import { startServerProcess } from './server-process'
import { measureStart } from './start'
import { measureStream, type Stream, type StreamRun } from './streaming'

const say = (line: string) => process.stdout.write(`${line}\n`)
const wanted = process.argv.slice(2)
const isWanted = (name: string) => wanted.length === 0 || wanted.includes(name)

const START_RUNS = 5
const STREAM_RUNS = 3

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
  await rm(userDataDir, { recursive: true, force: true })
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

async function repeat(serverUrl: string, stream: Stream): Promise<StreamRun[]> {
  const runs: StreamRun[] = []
  for (let run = 0; run < STREAM_RUNS; run += 1) runs.push(await measureStream(serverUrl, stream))
  return runs
}

async function benchLive(): Promise<Figure[]> {
  const server = await startServerProcess()
  try {
    const tenThousand = await repeat(server.url, { mode: 'flood', size: 50_000, rate: 10_000, isTyping: false })
    const flood = await repeat(server.url, { mode: 'flood', size: 100_000, rate: 0, isTyping: false })
    const long = await repeat(server.url, { mode: 'markdown', size: 100_000, rate: 2000, isTyping: false })
    const typed = await repeat(server.url, { mode: 'markdown', size: 100_000, rate: 2000, isTyping: true })
    const longer = await repeat(server.url, { mode: 'markdown', size: 300_000, rate: 10_000, isTyping: false })
    const lost = { kind: 'at most', value: 0 } as const
    const delay = { kind: 'at most', value: 50 } as const
    return [
      figure('10,000 events/s: texts that differ', '', tenThousand, (run) => run.differences, lost),
      figure('10,000 events/s: event loop of main, p99', 'ms', tenThousand, (run) => run.mainDelayP99Ms, delay),
      figure('full speed, 100,000 events: texts that differ', '', flood, (run) => run.differences, lost),
      figure('full speed: event loop of main, p99', 'ms', flood, (run) => run.mainDelayP99Ms, null),
      figure('full speed: events a second', '/s', flood, (run) => 100_000_000 / run.totalMs, null),
      figure(
        '100 kB at 2,000 tokens/s: frames under 33 ms',
        '%',
        long,
        (run) => run.framesUnder33 * 100,
        { kind: 'at least', value: 95 },
        1,
      ),
      figure(
        '100 kB at 2,000 tokens/s: frame, p95',
        'ms',
        long,
        (run) => run.frameP95Ms,
        { kind: 'at most', value: 33.4 },
        1,
      ),
      figure('100 kB at 2,000 tokens/s: time, server is 1', '×', long, (run) => run.totalMs / 12_500, null, 2),
      figure('typing meanwhile, p95', 'ms', typed, (run) => run.typingP95Ms ?? NaN, { kind: 'at most', value: 100 }),
      figure('300 kB at 10,000 tokens/s: time, server is 1', '×', longer, (run) => run.totalMs / 7500, null, 2),
      figure('300 kB at 10,000 tokens/s: frame, p95', 'ms', longer, (run) => run.frameP95Ms, null, 1),
      figure('300 kB at 10,000 tokens/s: texts that differ', '', longer, (run) => run.differences, lost),
    ]
  } finally {
    await server.close()
  }
}

function figure(
  name: string,
  unit: string,
  runs: readonly StreamRun[],
  valueOf: (run: StreamRun) => number,
  budget: Figure['budget'],
  digits = 0,
): Figure {
  return { name, unit, runs: runs.map(valueOf), budget, digits }
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
  ['live', benchLive],
] as const) {
  if (!isWanted(name)) continue
  say(`measuring: ${name}`)
  figures.push(...(await measure()))
}
const modules = await benchModules()
if (figures.length > 0) say(`\n${formatTable(figures)}`)
for (const [name, values] of Object.entries(modules)) {
  say(`\n${name}, in plain Node`)
  for (const [what, value] of Object.entries(values)) say(`  ${what}: ${value}`)
}
say(`\nKept in ${path.relative('.', await saveFigures(figures, modules, await describeElectron()))}`)
process.exit(0)
