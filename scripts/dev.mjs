/** `npm run dev`: the app with live reload (electron-vite dev). Arguments after `--` go to the app. */
import { forgetBuild } from './build.mjs'
import { openDisplay } from './display.mjs'
import { declaredVersion, describeRuntime } from './electron-runtime.mjs'
import { findCommand } from './packages.mjs'
import { run } from './children.mjs'
import { runScript, say } from './process.mjs'
import { setUp } from './setup.mjs'

await runScript(async () => {
  const runtime = await setUp('start')
  await forgetBuild()
  const display = await openDisplay()
  say(describeRuntime(runtime, await declaredVersion()))
  if (display.isVirtual)
    say(`There is no display here, so the app opens on a virtual screen (Xvfb, DISPLAY=${display.env.DISPLAY}).`)
  /** @type {NodeJS.ProcessEnv} */
  const env = { ...display.env, ELECTRON_EXEC_PATH: runtime.executable }
  // Chromium refuses to start as root with its sandbox on.
  if (process.getuid?.() === 0) env.NO_SANDBOX = '1'
  const args = process.argv.slice(2)
  const { status } = await run(process.execPath, [await findCommand('electron-vite'), 'dev', '--', ...args], { env })
  await display.close()
  return status
})
