/** Builds the app when its sources changed since the last build. */
import { createHash } from 'node:crypto'
import { access, mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { cacheRoot, readIfThere, withLock } from './cache.mjs'
import { findCommand } from './packages.mjs'
import { run } from './children.mjs'
import { projectRoot, Refusal, say as sayOnStdout } from './process.mjs'

const sources = [
  'src',
  'resources',
  'electron.vite.config.ts',
  'scripts/packaging/libsql.mjs',
  'package.json',
  'package-lock.json',
  'tsconfig.base.json',
]

/**
 * A fingerprint of the sources by name, size and time of change: cheap enough for every start, and unlike "newest file"
 * it also notices files that were removed or put back with an old date.
 * @param {string} root
 * @param {readonly string[]} [places] files and folders below the root
 */
export async function fingerprintSources(root, places = sources) {
  const hash = createHash('sha256')
  for (const place of places) {
    const found = await stat(path.join(root, place)).catch(() => undefined)
    if (found === undefined) continue
    const files = found.isDirectory()
      ? (await readdir(path.join(root, place), { recursive: true, withFileTypes: true }))
          .filter((entry) => entry.isFile())
          // parentPath came with Node 20.12 and replaced path in 24.
          .map((entry) => path.join(entry.parentPath, entry.name))
          .sort()
      : [path.join(root, place)]
    for (const file of files) {
      const { size, mtimeMs } = await stat(file)
      hash.update(`${path.relative(root, file)}\0${size}\0${mtimeMs}\n`)
    }
  }
  return hash.digest('hex')
}

const stampFile = path.join(projectRoot, 'out', '.sources')

/** Makes the next start build again; live reload leaves its own, slower output in the same place. */
export async function forgetBuild() {
  await rm(stampFile, { force: true })
}

/**
 * @param {object} [options]
 * @param {boolean} [options.isForced] build even when nothing changed
 * @param {boolean} [options.isShown] show what electron-vite prints
 * @param {import('./process.mjs').Say} [options.say]
 */
export async function buildApp({ isForced = false, isShown = false, say = sayOnStdout } = {}) {
  const entry = path.join(projectRoot, 'out', 'main', 'index.js')
  const checkout = createHash('sha256').update(projectRoot).digest('hex').slice(0, 16)
  await withLock(
    path.join(cacheRoot(), `build-${checkout}.lock`),
    async () => {
      // Taken before the build: a file saved while it runs makes the next start build again.
      const fingerprint = await fingerprintSources(projectRoot)
      const isBuilt = await access(entry).then(
        () => true,
        () => false,
      )
      if (!isForced && isBuilt && (await readIfThere(stampFile)) === fingerprint) return
      say('Building the app (electron-vite build).')
      const env = { ...process.env, NODE_ENV: 'production' }
      const built = await run(process.execPath, [await findCommand('electron-vite'), 'build'], {
        env,
        isCaptured: !isShown,
      })
      if (built.status !== 0) {
        throw new Refusal(
          `${built.stdout}${built.stderr}\nThe build failed: run \`npx electron-vite build\` to see it alone.`,
        )
      }
      await mkdir(path.dirname(stampFile), { recursive: true })
      await writeFile(stampFile, fingerprint)
    },
    { onWait: () => say('Another build is running; waiting for it.') },
  )
}
