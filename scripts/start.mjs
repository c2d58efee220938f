/**
 * `npm start`: installs what is missing, builds if the sources changed, opens the app. `npm start -- ARGS…` passes
 * arguments on to the app.
 *
 * Without a display the app runs on a virtual screen, and a picture of its window is written. `--screenshot-and-exit`
 * does so with a display as well and ends the app after that, as do a set CI and no terminal.
 */
import { mkdir } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { buildApp } from './build.mjs'
import { hasDisplay, openDisplay } from './display.mjs'
import { declaredVersion, describeRuntime } from './electron-runtime.mjs'
import { spawnTied, stopChild } from './children.mjs'
import { isEntry, projectRoot, Refusal, runScript, say as sayOnStdout } from './process.mjs'
import { setUp } from './setup.mjs'
import { photographWindow } from './window-photo.mjs'

const photoFlag = '--screenshot-and-exit'

/**
 * Whether the app answers in the terminal, without a window: then standard output is the answer's alone.
 * @param {readonly string[]} args
 */
export function isForTerminal(args) {
  return args.some((argument) => ['--ask', '--help', '--version'].includes(argument) || argument.startsWith('--ask='))
}

/**
 * The switches Electron needs on this machine, before the app's own arguments.
 * @param {object} machine
 * @param {boolean} machine.isRoot
 * @param {boolean} machine.isVirtualScreen
 * @param {boolean} [machine.hasNoScreen] and gets none
 * @param {NodeJS.ProcessEnv} machine.env
 * @returns {string[]}
 */
export function chooseSwitches({ isRoot, isVirtualScreen, hasNoScreen = false, env }) {
  const switches = []
  if (hasNoScreen)
    return [...(isRoot ? ['--no-sandbox'] : []), '--ozone-platform=headless', '--disable-gpu', '--log-level=3']
  // Chromium refuses to start as root with its sandbox on.
  if (isRoot) switches.push('--no-sandbox')
  // No bus and no GPU behind a virtual screen: Chromium reports both at length as errors, and neither matters.
  if (isVirtualScreen) switches.push('--log-level=3')
  // Electron before 38 does not look for Wayland by itself.
  if (!isVirtualScreen && !env.DISPLAY && env.WAYLAND_DISPLAY) switches.push('--ozone-platform=wayland')
  return switches
}

/** @param {readonly string[]} args of the command line */
async function start(args) {
  const isPhotoWanted = args.includes(photoFlag)
  if (isForTerminal(args)) return answerInTerminal(args)
  const say = sayOnStdout
  if (isPhotoWanted && process.platform !== 'linux') throw new Refusal(`${photoFlag} works on Linux only.`)
  const endsAfterPhoto = isPhotoWanted || (!hasDisplay() && Boolean(process.env.CI) && !process.stdout.isTTY)
  const appArgs = args.filter((argument) => argument !== photoFlag)
  const runtime = await setUp(isPhotoWanted ? 'picture' : 'start')
  await buildApp()
  const display = await openDisplay({ isAlwaysVirtual: isPhotoWanted })
  say(describeRuntime(runtime, await declaredVersion()))
  const isVirtualScreen = display.isVirtual
  if (isVirtualScreen) {
    say(`${hasDisplay() ? 'The' : 'There is no display here, so the'} app opens on a virtual screen (Xvfb).`)
  }
  const isRoot = process.platform !== 'win32' && process.getuid?.() === 0
  const switches = chooseSwitches({ isRoot, isVirtualScreen, env: process.env })
  const env = { ...display.env }
  // Set by editors built on Electron for their terminals; it would turn the app into a plain Node.
  delete env.ELECTRON_RUN_AS_NODE
  const app = spawnTied(runtime.executable, [projectRoot, ...switches, ...appArgs], {
    cwd: process.cwd(),
    env,
    stdio: 'inherit',
  })
  /** @type {Promise<number>} */
  const ended = new Promise((resolve, reject) => {
    app.once('error', (error) => reject(new Refusal(`Electron could not be started: ${error.message}`)))
    app.once('exit', (code) => resolve(code ?? 1))
  })
  if (isVirtualScreen) {
    const file = path.join(projectRoot, 'screenshots', 'parley.png')
    await mkdir(path.dirname(file), { recursive: true })
    const photo = await photographWindow({ pid: app.pid ?? -1, file, env, ended })
    say(`A picture of the window (${photo.width} × ${photo.height}): ${file}`)
    if (endsAfterPhoto) {
      await stopChild(app)
      await display.close()
      return 0
    }
    say('Parley keeps running; Ctrl+C stops it.')
  }
  const code = await ended
  await display.close()
  if (code !== 0) throw new Refusal(`Parley ended with exit code ${code}.`)
  return 0
}

/** @param {readonly string[]} args of the command line */
async function answerInTerminal(args) {
  /** @param {string} line */
  const say = (line) => void process.stderr.write(`${line}\n`)
  const { executable } = await setUp('start', say)
  await buildApp({ say })
  const isRoot = process.platform !== 'win32' && process.getuid?.() === 0
  const hasNoScreen = process.platform === 'linux' && !hasDisplay()
  const switches = chooseSwitches({ isRoot, isVirtualScreen: false, hasNoScreen, env: process.env })
  const env = { ...process.env }
  delete env.ELECTRON_RUN_AS_NODE
  const app = spawnTied(executable, [projectRoot, ...switches, ...args], { cwd: userFolder(), env, stdio: 'inherit' })
  return new Promise((resolve, reject) => {
    app.once('error', (error) => reject(new Refusal(`Electron could not be started: ${error.message}`)))
    app.once('exit', (code, signal) => resolve(code ?? 128 + (signal === null ? 1 : os.constants.signals[signal])))
  })
}

/** Where the command was given: npm goes to the checkout first. */
function userFolder() {
  return process.env.INIT_CWD ?? process.cwd()
}

if (isEntry(import.meta.url)) await runScript(() => start(process.argv.slice(2)))
