import type { Page } from 'playwright-core'
import type {} from '../../src/renderer/parley'
import { launchApp, type RunningApp } from '../e2e/app'
import { ask, composer, connectTo, isSettled, isState, lastAnswer, shows, storedText } from '../e2e/chat'
import { expectedText } from '../support/player/scenarios'
import { quantile } from './report'

/** What one streamed answer cost. Times in milliseconds. */
export interface StreamRun {
  /** Words of the answer that are lost, doubled or out of order: 0, or 1 when the texts differ. */
  differences: number
  /** From Enter to the last word on the screen, with nothing left to draw. */
  totalMs: number
  frameP95Ms: number
  /** Of all frames while the answer was written. */
  framesUnder33: number
  /** Of the last tenth of the frames, when the answer is longest. */
  lastFrameP95Ms: number
  /** The longest task of the page's main thread; 0 when none took 50 ms. */
  longestTaskMs: number
  /** 99th percentile of how long the main process did not come back to its event loop; includes the 10 ms between looks. */
  mainDelayP99Ms: number
  typingP95Ms: number | null
}

export interface Stream {
  mode: 'flood' | 'markdown'
  /** Events of a flood, bytes of a markdown answer. */
  size: number
  /** Events a second; 0 is as fast as they are read. */
  rate: number
  isTyping: boolean
}

/** Asks the app for one answer with a profile of its own and watches frames, event loop and typing meanwhile. */
export async function measureStream(serverUrl: string, stream: Stream): Promise<StreamRun> {
  const options =
    stream.mode === 'flood' ? `events=${stream.size},batch=${stream.rate === 0 ? 16 : 1}` : `bytes=${stream.size}`
  const app = await launchApp()
  try {
    const { window } = app
    await connectTo(window, serverUrl, { provider: 'Lab', model: `${stream.mode}:${options},rate=${stream.rate}` })
    await window.keyboard.press('Control+n')
    await shows(composer(window))
    const readMainDelay = await watchMain(app)
    const readFrames = await watchFrames(window)
    const readLongestTask = await watchTasks(window)
    const startMs = performance.now()
    await ask(window, 'Begin')
    await shows(lastAnswer(window))
    const typing = stream.isTyping ? await typeWhileWriting(window) : null
    await isState(window, 'complete', 180_000)
    await isSettled(window, 60_000)
    const totalMs = performance.now() - startMs
    const frames = await readFrames()
    return {
      differences: (await storedText(window)) === expectedText(stream.mode, stream.size) ? 0 : 1,
      totalMs,
      frameP95Ms: quantile(frames, 0.95),
      framesUnder33: frames.filter((frame) => frame < 33.4).length / frames.length,
      lastFrameP95Ms: quantile(frames.slice(-Math.ceil(frames.length / 10)), 0.95),
      longestTaskMs: await readLongestTask(),
      mainDelayP99Ms: await readMainDelay(),
      typingP95Ms: typing === null ? null : quantile(typing, 0.95),
    }
  } finally {
    await app.close()
  }
}

/** Starts Node's own monitor in the main process, from outside: the app has no code for it. */
async function watchMain(app: RunningApp): Promise<() => Promise<number>> {
  const monitor = await app.electron.evaluateHandle(() => {
    const { monitorEventLoopDelay } = process.getBuiltinModule('node:perf_hooks')
    const histogram = monitorEventLoopDelay({ resolution: 10 })
    histogram.enable()
    return histogram
  })
  // The monitor gives the time between two looks; an idle loop shows its interval of 10 ms, which is no delay.
  return () => monitor.evaluate((histogram) => Math.max(0, histogram.percentile(99) / 1e6 - 10))
}

/** Collects the time between frames while an answer is being written. */
async function watchFrames(page: Page): Promise<() => Promise<number[]>> {
  const handle = await page.evaluateHandle(() => {
    const frames: number[] = []
    let beforeMs = 0
    const look = (nowMs: number) => {
      const isWriting = document.querySelector('[aria-busy=true]') !== null
      if (isWriting && beforeMs > 0) frames.push(nowMs - beforeMs)
      beforeMs = isWriting ? nowMs : 0
      requestAnimationFrame(look)
    }
    requestAnimationFrame(look)
    return frames
  })
  return () => handle.jsonValue()
}

/** Follows the tasks of the page that take 50 ms or more, as Chromium counts them. */
export async function watchTasks(page: Page): Promise<() => Promise<number>> {
  const handle = await page.evaluateHandle(() => {
    const longest = { ms: 0 }
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) longest.ms = Math.max(longest.ms, duration)
    }).observe({ type: 'longtask' })
    return longest
  })
  return () => handle.evaluate(({ ms }) => ms)
}

/** Types while the answer runs; each value is the time from a key to the frame that shows its letter. */
async function typeWhileWriting(page: Page): Promise<number[]> {
  const handle = await page.evaluateHandle(() => {
    const latencies: number[] = []
    let pressedMs = 0
    document.addEventListener('keydown', (event) => (pressedMs = event.timeStamp), true)
    document.addEventListener(
      'input',
      () => {
        const fromMs = pressedMs
        requestAnimationFrame(() => {
          // A message comes after the frame has been handed over for drawing.
          const { port1, port2 } = new MessageChannel()
          port1.onmessage = () => void latencies.push(performance.now() - fromMs)
          port2.postMessage(null)
        })
      },
      true,
    )
    return latencies
  })
  await composer(page).focus()
  while ((await page.locator('[aria-busy=true]').count()) > 0) {
    await page.keyboard.press('x')
    await new Promise((resolve) => setTimeout(resolve, 120))
  }
  return handle.jsonValue()
}
