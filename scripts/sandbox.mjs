/** Whether Chromium can put its processes into a sandbox here, and what to do where it cannot. */
import { stat } from 'node:fs/promises'
import path from 'node:path'
import { run } from './children.mjs'
import { findProgram, Refusal } from './process.mjs'

/**
 * @param {object} machine
 * @param {boolean} machine.canMakeNamespaces programs without privileges may make user namespaces
 * @param {{uid: number, mode: number} | undefined} machine.helper the file chrome-sandbox, the older way
 * @param {string} file its path
 * @returns {string | undefined} a sentence and a command when neither way is open
 */
export function complainAboutSandbox({ canMakeNamespaces, helper }, file) {
  const isHelperAllowed = helper?.uid === 0 && (helper.mode & 0o4000) !== 0
  if (canMakeNamespaces || isHelperAllowed) return undefined
  return (
    'Chromium cannot start its sandbox: this system lets no ordinary program make user namespaces. ' +
    `Allow its helper and try again:\n  sudo chown root:root '${file}' && sudo chmod 4755 '${file}'`
  )
}

/**
 * Refuses before Electron would abort with a dump. Root runs without the sandbox anyway.
 * @param {string} runtimeFolder
 */
export async function requireSandbox(runtimeFolder) {
  if (process.platform !== 'linux' || process.getuid?.() === 0) return
  const unshare = await findProgram('unshare')
  if (unshare === undefined) return
  // Ubuntu 24.04 lets a namespace be made and then be of no use: only mapping a user inside it tells.
  const probe = await run(unshare, ['--user', '--map-root-user', 'true'], { isCaptured: true })
  const file = path.join(runtimeFolder, 'chrome-sandbox')
  const helper = await stat(file).catch(() => undefined)
  const complaint = complainAboutSandbox({ canMakeNamespaces: probe.status === 0, helper }, file)
  if (complaint !== undefined) throw new Refusal(complaint)
}
