/** Fetches one pinned npm package as a plain folder, without installing it and without trusting the registry. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, readdir } from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { run, runNpm } from '../children.mjs'
import { lastLines, npmReason, Refusal } from '../process.mjs'

/**
 * @typedef {object} PinnedPackage
 * @property {string} name
 * @property {string} version exact
 * @property {string} integrity `sha512-…` of the tarball, as in a package-lock
 */

/**
 * Downloads the package, checks its hash and unpacks it.
 * @param {PinnedPackage} wanted
 * @param {string} folder an empty folder that the caller throws away
 * @returns {Promise<string>} the folder with the package's files
 */
export async function fetchPackage({ name, version, integrity }, folder) {
  const packed = path.join(folder, 'packed')
  const unpacked = path.join(folder, 'unpacked')
  await mkdir(packed)
  await mkdir(unpacked)
  const spec = `${name}@${version}`
  // A cache folder of its own: npm would keep a second copy of a 196 MB tarball for ever.
  const cache = path.join(folder, 'npm-cache')
  const fetched = await runNpm(
    ['pack', spec, '--cache', cache, '--pack-destination', packed, '--loglevel=error', '--prefer-online'],
    { isCaptured: true },
  )
  if (fetched.status !== 0) throw new Refusal(`npm could not fetch ${spec}:\n${npmReason(fetched.stderr)}`)
  const tarball = (await readdir(packed))[0]
  if (tarball === undefined) throw new Refusal(`npm fetched nothing for ${spec}.`)
  const file = path.join(packed, tarball)
  const found = await hashFile(file)
  if (found !== integrity) {
    throw new Refusal(`${spec} does not have the expected content (${found}), so it is not used.`)
  }
  const untarred = await run('tar', ['-xzf', file, '--strip-components=1', '-C', unpacked], { isCaptured: true })
  if (untarred.status !== 0) throw new Refusal(`tar could not unpack ${spec}:\n${lastLines(untarred.stderr)}`)
  return unpacked
}

/**
 * @param {string} file
 * @returns {Promise<string>} `sha512-` and base64
 */
export async function hashFile(file) {
  const hash = createHash('sha512')
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash)
  return `sha512-${hash.digest('base64')}`
}
