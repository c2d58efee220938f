/** `npm run dev:backend`: a server with scripted answers to try the app against. Arguments after `--` go to it. */
import path from 'node:path'
import { run } from './children.mjs'
import { projectRoot, runScript } from './process.mjs'
import { setUp } from './setup.mjs'

await runScript(async () => {
  await setUp('tools')
  const backend = path.join(projectRoot, 'tests', 'support', 'backend-cli.ts')
  const runner = path.join(projectRoot, 'scripts', 'run-ts.mjs')
  const { status } = await run(process.execPath, [runner, backend, ...process.argv.slice(2)])
  return status
})
