/** `npm run bench`: measures the built app on a virtual screen (tests/bench). Arguments after `--` go to the bench. */
import path from 'node:path'
import { buildApp } from './build.mjs'
import { openDisplay } from './display.mjs'
import { declaredVersion, describeRuntime } from './electron-runtime.mjs'
import { run } from './children.mjs'
import { projectRoot, runScript, say } from './process.mjs'
import { setUp } from './setup.mjs'

await runScript(async () => {
  const runtime = await setUp('tests')
  await buildApp()
  say(describeRuntime(runtime, await declaredVersion()))
  const display = await openDisplay({ isAlwaysVirtual: true, isOpenToLocalUsers: true })
  const bench = path.join(projectRoot, 'tests', 'bench', 'index.ts')
  const runner = path.join(projectRoot, 'scripts', 'run-ts.mjs')
  const env = { ...display.env, ELECTRON_EXEC_PATH: runtime.executable }
  const { status } = await run(process.execPath, [runner, bench, ...process.argv.slice(2)], { env })
  await display.close()
  return status
})
