/**
 * `npm run package`: the app as it is installed. On Linux a folder and a .deb, on macOS a .dmg, on Windows an installer.
 * `-- --inspectable` leaves the inspector's fuse on, so that tests can drive the packaged app.
 */
import { readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import { buildApp } from './build.mjs'
import { declaredVersion, describeRuntime } from './electron-runtime.mjs'
import { findCommand } from './packages.mjs'
import { makeDeb } from './packaging/deb.mjs'
import { run } from './children.mjs'
import { findProgram, lastLines, projectRoot, Refusal, runScript, say } from './process.mjs'
import { setUp } from './setup.mjs'

const output = path.join(projectRoot, 'dist')

/**
 * @param {NodeJS.Platform} platform
 * @returns {readonly string[]} electron-builder's arguments
 */
function chooseTargets(platform) {
  if (platform === 'darwin') return ['--mac', 'dmg']
  if (platform === 'win32') return ['--win', 'nsis']
  return ['--linux', 'dir']
}

/** @param {readonly string[]} args */
async function packageApp(args) {
  const unknown = args.find((argument) => argument !== '--inspectable')
  if (unknown !== undefined) throw new Refusal(`Unknown argument ${unknown}. Usage: npm run package [-- --inspectable]`)
  const runtime = await setUp('start')
  await buildApp()
  say(describeRuntime(runtime, await declaredVersion()))
  await rm(output, { recursive: true, force: true })
  const targets = chooseTargets(process.platform)
  say(`Packing the app (electron-builder ${targets.join(' ')}).`)
  const settings = [`-c.electronDist=${runtime.folder}`, `-c.electronVersion=${runtime.version}`]
  if (args.includes('--inspectable')) settings.push('-c.electronFuses.enableNodeCliInspectArguments=true')
  const command = await findCommand('electron-builder')
  const built = await run(process.execPath, [command, ...targets, '--publish', 'never', ...settings], {
    isCaptured: true,
  })
  if (built.status !== 0) throw new Refusal(`electron-builder failed:\n${lastLines(built.stdout + built.stderr, 30)}`)
  if (process.platform !== 'linux') {
    say(`Done: ${output}`)
    return
  }
  const appFolder = path.join(output, process.arch === 'x64' ? 'linux-unpacked' : `linux-${process.arch}-unpacked`)
  say(`The app as a folder: ${path.join(appFolder, 'parley')}`)
  if ((await findProgram('dpkg-deb')) === undefined) {
    say('No .deb: dpkg-deb is not installed.')
    return
  }
  const manifest = JSON.parse(await readFile(path.join(projectRoot, 'package.json'), 'utf8'))
  const deb = await makeDeb({
    appFolder,
    iconFolder: path.join(projectRoot, 'resources', 'icons'),
    licenseFile: path.join(projectRoot, 'LICENSE'),
    outputFolder: output,
    version: manifest.version,
    description: manifest.description,
    author: manifest.author,
    arch: process.arch,
  })
  say(`The .deb: ${deb}`)
}

await runScript(() => packageApp(process.argv.slice(2)))
