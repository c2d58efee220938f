/**
 * Makes a checkout ready: Node's version, the npm packages, an Electron, system libraries and programs. Says each thing
 * it does in one line and nothing when there is nothing to do. Imports no package, since there may be none yet.
 *
 * `node scripts/setup.mjs [start | picture | tests | tools]`
 */
import path from 'node:path'
import { cacheRoot, withLock } from './cache.mjs'
import { hasDisplay } from './display.mjs'
import { obtainElectron } from './electron-runtime.mjs'
import { installPackages } from './packages.mjs'
import { isEntry, Refusal, runScript, say as sayOnStdout } from './process.mjs'
import { requireSandbox } from './sandbox.mjs'
import { installSystemPackages } from './system-packages.mjs'

/**
 * What the checkout is made ready for.
 * - `tools`: programs that run under plain Node (lint, types, unit tests, build)
 * - `start`: the app on the session's screen, or on a virtual one where there is none
 * - `picture`: the app on a virtual screen, to be photographed
 * - `tests`: the app on a virtual screen, with a tray host, notifications and keys
 * @typedef {'tools' | 'start' | 'picture' | 'tests'} Purpose
 */

/**
 * @param {string} version `process.versions.node`
 * @returns {string | undefined} a sentence when this Node is too old
 */
export function complainAboutNode(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  // The ranges of vite and electron-vite.
  if ((major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major > 22) return undefined
  return `Parley needs Node 20.19, 22.12 or newer and this is ${version}: install a current Node from https://nodejs.org, or run \`nvm install\` here.`
}

/**
 * @template {Purpose} P
 * @param {P} purpose
 * @param {import('./process.mjs').Say} [say]
 * @returns {Promise<P extends 'tools' ? undefined : import('./electron-runtime.mjs').ElectronRuntime>}
 */
export async function setUp(purpose, say = sayOnStdout) {
  const complaint = complainAboutNode(process.versions.node)
  if (complaint !== undefined) throw new Refusal(complaint)
  const runtime = await withLock(
    path.join(cacheRoot(), 'setup.lock'),
    async () => {
      await installPackages(say)
      if (purpose === 'tools') return undefined
      const electron = await obtainElectron({ say })
      const needsTestTools = purpose === 'tests'
      const needsScreen = purpose === 'picture' || needsTestTools || !hasDisplay()
      const need = { executable: electron.executable, needsScreen, needsTestTools }
      await installSystemPackages(need, say)
      await requireSandbox(electron.folder)
      return electron
    },
    { onWait: () => say('Another setup is running; waiting for it.') },
  )
  return /** @type {P extends 'tools' ? undefined : import('./electron-runtime.mjs').ElectronRuntime} */ (runtime)
}

if (isEntry(import.meta.url)) {
  await runScript(async () => {
    const purpose = process.argv[2] ?? 'start'
    if (purpose !== 'start' && purpose !== 'picture' && purpose !== 'tests' && purpose !== 'tools') {
      throw new Refusal('Usage: node scripts/setup.mjs [start | picture | tests | tools]')
    }
    await setUp(purpose)
  })
}
