import { afterAll, afterEach } from 'vitest'
import { runningApps } from './app'

// Every test answers for what its apps did: an error that nobody looks at is an error that stays.
afterEach(async ({ task }) => {
  const hasFailed = task.result?.state === 'fail'
  const problems: string[] = []
  for (const app of runningApps) {
    if (hasFailed) await app.saveEvidence(task.name)
    problems.push(...(await app.takeProblems()))
  }
  if (problems.length > 0) throw new Error(`The app reported problems during the test:\n${problems.join('\n')}`)
})

afterAll(async () => {
  for (const app of [...runningApps]) await app.close()
})
