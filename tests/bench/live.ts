import { launchApp } from '../e2e/app'
import { ask, composer, connectTo, isSettled, isState, shows } from '../e2e/chat'
import { collectGarbage, measureMemory } from './memory'
import type { Figure } from './report'
import { startServerProcess } from './server-process'
import { measureStream, type Stream, type StreamRun } from './streaming'

const RUNS = 3
/**
 * Before memory is looked at, before an answer as well as after it: V8 collects the garbage of a page that rests, but begins
 * with it only after eight seconds without much to do.
 */
const REST_MS = 25_000
/** After a collection that was asked for. */
const SETTLE_MS = 5000
const LOOK_MS = 500

const LOST = { kind: 'at most', value: 0 } as const
/** A frame of 60 a second, and one of 30, with what clocks are off. */
const FULL_RATE = { kind: 'at most', value: 17 } as const
const HALF_RATE = { kind: 'at most', value: 33.4 } as const
const NO_LONG_TASK = { kind: 'at most', value: 100 } as const
const AT_ONCE = { kind: 'at most', value: 50 } as const

async function repeat(serverUrl: string, stream: Stream, runs = RUNS): Promise<StreamRun[]> {
  const all: StreamRun[] = []
  for (let run = 0; run < runs; run += 1) all.push(await measureStream(serverUrl, stream))
  return all
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

async function withServer(measure: (url: string) => Promise<Figure[]>): Promise<Figure[]> {
  const server = await startServerProcess()
  try {
    return await measure(server.url)
  } finally {
    await server.close()
  }
}

/** Events faster than any model sends them: nothing may be lost, and main stays there for others (R22, R23). */
export function benchFlood(): Promise<Figure[]> {
  return withServer(async (url) => {
    const tenThousand = await repeat(url, { mode: 'flood', size: 50_000, rate: 10_000, isTyping: false })
    const flood = await repeat(url, { mode: 'flood', size: 100_000, rate: 0, isTyping: false })
    return [
      figure('10,000 events/s: texts that differ', '', tenThousand, (run) => run.differences, LOST),
      figure('10,000 events/s: event loop of main, p99', 'ms', tenThousand, (run) => run.mainDelayP99Ms, AT_ONCE),
      figure('full speed, 100,000 events: texts that differ', '', flood, (run) => run.differences, LOST),
      figure('full speed: event loop of main, p99', 'ms', flood, (run) => run.mainDelayP99Ms, null),
      figure('full speed: events a second', '/s', flood, (run) => 100_000_000 / run.totalMs, null),
    ]
  })
}

/** Long answers as markdown, from a fast server: frames, tasks, typing, and how far behind the server the page is. */
export function benchLive(): Promise<Figure[]> {
  return withServer(async (url) => {
    const long = await repeat(url, { mode: 'markdown', size: 100_000, rate: 2000, isTyping: false })
    const typed = await repeat(url, { mode: 'markdown', size: 100_000, rate: 2000, isTyping: true })
    const longer = await repeat(url, { mode: 'markdown', size: 300_000, rate: 10_000, isTyping: false })
    const longest = await repeat(url, { mode: 'markdown', size: 1_000_000, rate: 10_000, isTyping: false })
    const at2000 = '100 kB at 2,000 tokens/s:'
    const at10000 = '300 kB at 10,000 tokens/s:'
    const million = '1 MB at 10,000 tokens/s:'
    // Four characters are a token.
    return [
      figure(`${at2000} frame, p95`, 'ms', long, (run) => run.frameP95Ms, FULL_RATE, 1),
      figure(`${at2000} frames under 33 ms`, '%', long, (run) => run.framesUnder33 * 100, null, 1),
      figure(`${at2000} longest task`, 'ms', long, (run) => run.longestTaskMs, NO_LONG_TASK),
      figure(`${at2000} typing meanwhile, p95`, 'ms', typed, (run) => run.typingP95Ms ?? NaN, AT_ONCE),
      figure(`${at2000} longest task with typing`, 'ms', typed, (run) => run.longestTaskMs, NO_LONG_TASK),
      figure(`${at2000} time, server is 1`, '×', long, (run) => run.totalMs / 12_500, null, 2),
      figure(
        `${at10000} time, server is 1`,
        '×',
        longer,
        (run) => run.totalMs / 7500,
        { kind: 'at most', value: 1.1 },
        2,
      ),
      figure(`${at10000} frame, p95`, 'ms', longer, (run) => run.frameP95Ms, null, 1),
      figure(`${at10000} texts that differ`, '', longer, (run) => run.differences, LOST),
      figure(`${million} frame, p95`, 'ms', longest, (run) => run.frameP95Ms, HALF_RATE, 1),
      figure(`${million} frame in its last tenth, p95`, 'ms', longest, (run) => run.lastFrameP95Ms, HALF_RATE, 1),
      figure(`${million} longest task`, 'ms', longest, (run) => run.longestTaskMs, null),
      figure(`${million} time, server is 1`, '×', longest, (run) => run.totalMs / 25_000, null, 2),
      figure(`${million} texts that differ`, '', longest, (run) => run.differences, LOST),
    ]
  })
}

/**
 * The same answer as fast as a person's model writes it, and ten times as much as fast as a fast one does: two minutes each,
 * so they are measured once.
 */
export function benchSlow(): Promise<Figure[]> {
  return withServer(async (url) => {
    const runs = await repeat(url, { mode: 'markdown', size: 100_000, rate: 200, isTyping: true }, 1)
    const long = await repeat(url, { mode: 'markdown', size: 1_000_000, rate: 2000, isTyping: false }, 1)
    const at200 = '100 kB at 200 tokens/s:'
    const million = '1 MB at 2,000 tokens/s:'
    return [
      figure(`${at200} frame, p95`, 'ms', runs, (run) => run.frameP95Ms, FULL_RATE, 1),
      figure(`${at200} longest task`, 'ms', runs, (run) => run.longestTaskMs, NO_LONG_TASK),
      figure(`${at200} typing meanwhile, p95`, 'ms', runs, (run) => run.typingP95Ms ?? NaN, AT_ONCE),
      figure(`${million} frame, p95`, 'ms', long, (run) => run.frameP95Ms, HALF_RATE, 1),
      figure(`${million} frame in its last tenth, p95`, 'ms', long, (run) => run.lastFrameP95Ms, HALF_RATE, 1),
      figure(`${million} longest task`, 'ms', long, (run) => run.longestTaskMs, null),
    ]
  })
}

/** What an answer of 100 kB leaves in memory, all processes together. */
export function benchGrowth(): Promise<Figure[]> {
  return withServer(async (url) => {
    const kept: number[] = []
    const most: number[] = []
    const held: number[] = []
    for (let run = 0; run < RUNS; run += 1) {
      const growth = await measureGrowth(url)
      kept.push(growth.keptMb)
      most.push(growth.mostMb)
      held.push(growth.heldMb)
    }
    return [
      {
        name: '100 kB answer: own memory of all processes grows by',
        unit: 'MB',
        runs: kept,
        budget: { kind: 'at most', value: 60 },
      },
      { name: '100 kB answer: the same while it is written, at most', unit: 'MB', runs: most, budget: null },
      { name: '100 kB answer: the same without garbage', unit: 'MB', runs: held, budget: null },
    ]
  })
}

async function measureGrowth(serverUrl: string): Promise<{ keptMb: number; mostMb: number; heldMb: number }> {
  const app = await launchApp()
  try {
    const { window, pid } = app
    const memory = async (): Promise<number> => (await measureMemory(pid)).ownMb
    const begin = async (bytes: number): Promise<void> => {
      await connectTo(window, serverUrl, { provider: 'Lab', model: `markdown:bytes=${bytes},rate=2000` })
      await window.keyboard.press('Control+n')
      await shows(composer(window))
      await ask(window, 'Begin')
    }
    const end = async (): Promise<void> => {
      await isState(window, 'complete', 60_000)
      await isSettled(window, 60_000)
    }
    // A short answer first: it loads what reads markdown and colours code, which is no growth of the long one.
    await begin(3000)
    await end()
    await rest()
    const before = await memory()
    await begin(100_000)
    let mostMb = before
    const answer = { isWriting: true }
    const looks = (async () => {
      while (answer.isWriting) {
        mostMb = Math.max(mostMb, await memory())
        await rest(LOOK_MS)
      }
    })()
    await end()
    answer.isWriting = false
    await looks
    await rest()
    const keptMb = (await memory()) - before
    await collectGarbage(window)
    await rest(SETTLE_MS)
    return { keptMb, mostMb: mostMb - before, heldMb: (await memory()) - before }
  } finally {
    await app.close()
  }
}

function rest(ms = REST_MS): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
