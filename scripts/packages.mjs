/** Whether node_modules is what package-lock.json says, and `npm ci` when it is not. */
import path from 'node:path'
import { readIfThere } from './cache.mjs'
import { runNpm } from './children.mjs'
import { npmReason, projectRoot, Refusal } from './process.mjs'

/**
 * @typedef {{version?: string, integrity?: string, optional?: boolean, link?: boolean}} LockedPackage
 * @typedef {{packages?: Record<string, LockedPackage>}} Lockfile
 */

/**
 * Compares the lock with the copy of it that npm writes into node_modules as the last step of every install. That copy
 * is the stamp: it is missing after an aborted install and right after a plain `npm install NAME`.
 * @param {Lockfile} locked package-lock.json
 * @param {Lockfile} installed node_modules/.package-lock.json
 * @returns {string | undefined} the first package that differs
 */
export function findDifference(locked, installed) {
  const wanted = locked.packages ?? {}
  const present = installed.packages ?? {}
  for (const [place, entry] of Object.entries(wanted)) {
    if (place === '' || entry.link === true) continue
    const found = present[place]
    // Optional packages are those of other platforms.
    if (found === undefined) {
      if (entry.optional === true) continue
      return place
    }
    if (found.version !== entry.version || found.integrity !== entry.integrity) return place
  }
  return Object.keys(present).find((place) => wanted[place] === undefined)
}

/**
 * @param {import('./process.mjs').Say} say
 * @param {string} [root]
 */
export async function installPackages(say, root = projectRoot) {
  const locked = await readIfThere(path.join(root, 'package-lock.json'))
  if (locked === undefined)
    throw new Refusal('package-lock.json is missing: get it back with `git checkout package-lock.json`.')
  const installed = await readIfThere(path.join(root, 'node_modules', '.package-lock.json'))
  if (installed !== undefined && findDifference(JSON.parse(locked), JSON.parse(installed)) === undefined) return
  say(
    `Installing the packages of package-lock.json (npm ci)${installed === undefined ? '' : ': node_modules is out of step'}.`,
  )
  const done = await runNpm(['ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: root, isCaptured: true })
  if (done.status !== 0) throw new Refusal(`npm ci failed:\n${npmReason(done.stderr)}`)
}

/**
 * The script behind a package's command, to be run with this Node: no shell, no .cmd files, no download by npx.
 * @param {string} packageName
 * @param {string} [command] the package's own name unless told
 * @returns {Promise<string>} absolute path
 */
export async function findCommand(packageName, command = packageName) {
  const folder = path.join(projectRoot, 'node_modules', packageName)
  const manifest = JSON.parse((await readIfThere(path.join(folder, 'package.json'))) ?? '{}')
  const bin = typeof manifest.bin === 'string' ? manifest.bin : manifest.bin?.[command]
  if (typeof bin !== 'string') throw new Refusal(`${packageName} is not installed: run \`npm ci\`.`)
  return path.join(folder, bin)
}
