import { afterAll, afterEach, beforeEach } from 'vitest'
import { runningApps, type RunningApp } from './app'
import { displaysFor } from './displays'

// Two files at once never meet on one screen. Vitest numbers the places of its pool from 1, and gives a place to one file
// at a time.
const display = displaysFor(process.env)[Number(process.env.VITEST_POOL_ID ?? 1) - 1]
if (display !== undefined) process.env.DISPLAY = display

let before: ReadonlySet<RunningApp> = new Set()
beforeEach(() => {
  before = new Set(runningApps)
})

// Every test answers for what its apps did: an error that nobody looks at is an error that stays.
afterEach(async ({ task }) => {
  const hasFailed = task.result?.state === 'fail'
  const problems: string[] = []
  for (const app of [...runningApps]) {
    if (hasFailed) await app.saveEvidence(task.name)
    problems.push(...(await app.takeProblems()))
    // What a failed test has started and not closed would slow down and confuse the next one.
    if (hasFailed && !before.has(app)) await app.kill9()
  }
  if (problems.length > 0) throw new Error(`The app reported problems during the test:\n${problems.join('\n')}`)
})

afterAll(async () => {
  for (const app of [...runningApps]) await app.close()
})
