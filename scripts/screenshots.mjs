/**
 * `npm run screenshots`: photographs every state of the design in the built app, on a virtual screen, into screenshots/ with an
 * index.html. After `--`: `--design FOLDER` lays the pictures of a folder beside ours; `--axe` has axe read each
 * state as well; anything else is a part of a name.
 */
import path from 'node:path'
import { buildApp } from './build.mjs'
import { run } from './children.mjs'
import { openDisplay } from './display.mjs'
import { declaredVersion, describeRuntime } from './electron-runtime.mjs'
import { projectRoot, runScript, say } from './process.mjs'
import { setUp } from './setup.mjs'

await runScript(async () => {
  const runtime = await setUp('tests')
  await buildApp()
  say(describeRuntime(runtime, await declaredVersion()))
  const display = await openDisplay({ isAlwaysVirtual: true, isOpenToLocalUsers: true })
  const pictures = path.join(projectRoot, 'tests', 'screenshots', 'index.ts')
  const runner = path.join(projectRoot, 'scripts', 'run-ts.mjs')
  const env = { ...display.env, ELECTRON_EXEC_PATH: runtime.executable }
  const { status } = await run(process.execPath, [runner, pictures, ...process.argv.slice(2)], { env })
  await display.close()
  return status
})
