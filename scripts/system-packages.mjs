/** What the app and its tests need from the operating system: found missing, installed on Debian as root, else named. */
import { run } from './children.mjs'
import { findProgram, lastLines, Refusal } from './process.mjs'

/** Debian's names of what Electron links against (Ubuntu 24.04 and Debian 13 call some of them …t64). */
const electronLibraries = [
  'libgtk-3-0',
  'libnss3',
  'libasound2',
  'libgbm1',
  'libxss1',
  'libxtst6',
  'libnotify4',
  'libsecret-1-0',
]

/** Program → Debian package. */
const screenPrograms = { Xvfb: 'xvfb', openbox: 'openbox', xdotool: 'xdotool', import: 'imagemagick' }
const testPrograms = {
  ...screenPrograms,
  xwininfo: 'x11-utils',
  'dbus-launch': 'dbus-x11',
  trayer: 'trayer',
  dunst: 'dunst',
}

/**
 * @param {string} lddOutput
 * @returns {string[]} the shared libraries that the loader cannot find
 */
export function missingLibraries(lddOutput) {
  return lddOutput
    .split('\n')
    .filter((line) => line.includes('not found'))
    .map((line) => line.trim().split(' ')[0] ?? '')
}

/**
 * The package names this release of the distribution knows.
 * @param {readonly string[]} wanted
 * @param {ReadonlySet<string>} known
 */
export function chooseNames(wanted, known) {
  return wanted.map((name) => (known.has(`${name}t64`) ? `${name}t64` : name))
}

/**
 * Sees to it that Electron can be loaded and that the programs a purpose needs are there. Only on Linux.
 * @param {object} need
 * @param {string} [need.executable] Electron, when its libraries are needed
 * @param {boolean} need.needsScreen a virtual screen is used
 * @param {boolean} need.needsTestTools tray host, notification daemon, session bus
 * @param {import('./process.mjs').Say} say
 */
export async function installSystemPackages({ executable, needsScreen, needsTestTools }, say) {
  if (process.platform !== 'linux') return
  const lacking = executable === undefined ? [] : await listMissingLibraries(executable)
  const programs = needsTestTools ? testPrograms : needsScreen ? screenPrograms : {}
  const packages = lacking.length > 0 ? [...electronLibraries] : []
  for (const [program, name] of Object.entries(programs)) {
    if ((await findProgram(program)) === undefined) {
      lacking.push(program)
      packages.push(name)
    }
  }
  if (packages.length === 0) return
  const hasApt = (await findProgram('apt-get')) !== undefined
  if (!hasApt) {
    throw new Refusal(`This system lacks ${lacking.join(', ')}: install the packages that provide them and try again.`)
  }
  if (process.getuid?.() !== 0) {
    const names = chooseNames(packages, await listKnownPackages())
    throw new Refusal(
      `This system lacks ${lacking.join(', ')}. Install what is missing and try again:\n` +
        `  sudo apt-get update && sudo apt-get install --no-install-recommends ${names.join(' ')}`,
    )
  }
  await aptInstall(packages, lacking, say)
}

/** @param {string} executable */
async function listMissingLibraries(executable) {
  const answer = await run('ldd', [executable], { isCaptured: true, env: { ...process.env, LC_ALL: 'C' } })
  return missingLibraries(answer.stdout)
}

/** @returns {Promise<Set<string>>} */
async function listKnownPackages() {
  const answer = await run('apt-cache', ['pkgnames', 'lib'], { isCaptured: true })
  return new Set(answer.stdout.split('\n'))
}

/**
 * @param {readonly string[]} packages
 * @param {readonly string[]} lacking
 * @param {import('./process.mjs').Say} say
 */
async function aptInstall(packages, lacking, say) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' }
  // Another apt may be at work on a fresh machine (unattended upgrades): wait for it instead of failing.
  const patience = ['-o', 'DPkg::Lock::Timeout=300']
  const updated = await run('apt-get', [...patience, 'update', '-qq'], { isCaptured: true, env })
  // A broken third-party source must not stop us: what we need may be known all the same.
  const names = chooseNames(packages, await listKnownPackages())
  say(`Installing system packages (apt-get): ${names.join(' ')}`)
  const installed = await run('apt-get', [...patience, 'install', '-y', '-qq', '--no-install-recommends', ...names], {
    isCaptured: true,
    env,
  })
  if (installed.status !== 0) {
    const reason = lastLines(`${updated.stderr}\n${installed.stdout}\n${installed.stderr}`)
    throw new Refusal(`This system lacks ${lacking.join(', ')}, and apt-get could not install it:\n${reason}`)
  }
}
