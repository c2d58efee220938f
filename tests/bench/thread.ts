import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import type { Page } from 'playwright-core'
import { writeConversation } from '../../src/main/library/schema'
import { defaultSettings } from '../../src/shared/settings'
import { launchApp } from '../e2e/app'
import { composer, shows } from '../e2e/chat'
import { generatedConversation, generatedId } from '../support/generated-library'
import { collectGarbage, measureMemory } from './memory'
import { quantile, type Figure } from './report'

const LONG = [2, 4, 6, 8, 10] as const
const SHORT = [1, 3] as const
const RUNS = 3
/** Before memory is looked at. V8 gives back what a process no longer needs only after eight seconds without much to do. */
const REST_MS = 25_000

/** Clicks the row of a chat. @returns the milliseconds until its thread is drawn */
function open(page: Page, number: number): Promise<number> {
  return page.evaluate(async (id) => {
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve))
    const turns = () =>
      [...document.querySelectorAll<HTMLElement>('main [data-turn]')].map(({ dataset }) => dataset.turn)
    const seen = new Set(turns())
    const startMs = performance.now()
    document.querySelector<HTMLElement>(`nav [data-conversation="${id}"]`)?.click()
    while (!turns().some((turn) => !seen.has(turn))) {
      if (performance.now() - startMs > 20_000) throw new Error('The thread did not come')
      await frame()
    }
    await frame()
    return performance.now() - startMs
  }, generatedId(number))
}

/** Scrolls the thread by wheel-like steps, up from its end. @returns the milliseconds of each frame */
function scroll(page: Page, frames: number): Promise<number[]> {
  return page.evaluate(async (count) => {
    const frame = () => new Promise<number>((resolve) => requestAnimationFrame(resolve))
    const thread = document.querySelector('main [role=log]')
    const times: number[] = []
    let beforeMs = await frame()
    for (let step = 0; step < count; step += 1) {
      if (thread !== null) thread.scrollTop -= 100
      const nowMs = await frame()
      times.push(nowMs - beforeMs)
      beforeMs = nowMs
    }
    return times
  }, frames)
}

/** Conversations of 2,000 messages: opened, scrolled through, and left again. */
export async function benchThread(): Promise<Figure[]> {
  const opened: number[] = []
  const again: number[] = []
  const frames: number[] = []
  const left: number[] = []
  for (let run = 0; run < RUNS; run += 1) {
    const measured = await measureThread()
    opened.push(...measured.opened)
    again.push(...measured.again)
    frames.push(quantile(measured.frames, 0.95))
    left.push(measured.left)
  }
  return [
    { name: '2,000 messages: opened', unit: 'ms', runs: opened, budget: { kind: 'at most', value: 200 } },
    { name: '2,000 messages: opened, p95', unit: 'ms', runs: [quantile(opened, 0.95)], budget: null },
    { name: '2,000 messages: opened again', unit: 'ms', runs: again, budget: null },
    {
      name: '2,000 messages: scrolling, frame p95',
      unit: 'ms',
      runs: frames,
      budget: { kind: 'at most', value: 17 },
      digits: 1,
    },
    {
      name: '2,000 messages: own memory of all processes after leaving, before is 1',
      unit: '×',
      runs: left,
      budget: { kind: 'at most', value: 1.1 },
      digits: 2,
    },
  ]
}

async function measureThread(): Promise<{ opened: number[]; again: number[]; frames: number[]; left: number }> {
  const userDataDir = await mkdtemp(path.join(os.tmpdir(), 'parley-bench-thread-'))
  const folder = path.join(userDataDir, 'library', 'conversations')
  await mkdir(folder, { recursive: true })
  for (const [numbers, messages] of [
    [LONG, 2000],
    [SHORT, 4],
  ] as const) {
    for (const number of numbers) {
      const conversation = generatedConversation(number, messages)
      await writeFile(path.join(folder, `${conversation.id}.json`), writeConversation(conversation))
    }
  }
  const settings = { ...defaultSettings(process.platform), activeBackendId: 'guide' }
  await writeFile(path.join(userDataDir, 'settings.json'), JSON.stringify(settings))
  const app = await launchApp({ userDataDir, isProfileKept: true })
  try {
    const { window, pid } = app
    await shows(composer(window))
    await shows(window.locator(`nav [data-conversation="${generatedId(1)}"]`))
    // Loads what reads markdown, so that the first long one has only its own costs.
    for (const number of SHORT) await open(window, number)
    await collectGarbage(window)
    await rest()
    const before = (await measureMemory(pid)).ownMb
    const [first, ...others] = LONG
    const opened = [await open(window, first)]
    const frames = await scroll(window, 300)
    await open(window, 1)
    await collectGarbage(window)
    await rest()
    const left = (await measureMemory(pid)).ownMb / before
    for (const number of others) {
      opened.push(await open(window, number))
      await rest(500)
    }
    const again: number[] = []
    for (const number of LONG) {
      again.push(await open(window, number))
      await rest(200)
    }
    return { opened, again, frames, left }
  } finally {
    await app.close()
    await rm(userDataDir, { recursive: true, force: true, maxRetries: 5 })
  }
}

function rest(ms = REST_MS): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
