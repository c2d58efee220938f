/**
 * `resources/default_app.asar` for a runtime that lacks it: what makes `electron FOLDER` load that folder.
 *
 * The module awaits the app at top level, as Electron's own does. With a CommonJS loader and a floating import() the app
 * could become `ready` before the app's main module has registered its privileged schemes.
 */
const main = `import { app } from 'electron'
import { readFileSync } from 'node:fs'
import Module from 'node:module'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

const preloads = []
let target
for (let index = 1; index < process.argv.length; index += 1) {
  const argument = process.argv[index]
  if (argument === '-r' || argument === '--require') preloads.push(process.argv[(index += 1)])
  else if (argument === '-v' || argument === '--version') {
    console.log('v' + process.versions.electron)
    process.exit(0)
  } else if (!argument.startsWith('-')) {
    target = argument
    break
  }
}
if (target === undefined) {
  console.error('Name the folder of the app to run.')
  process.exit(1)
}
Object.defineProperty(process, 'defaultApp', { configurable: false, enumerable: true, value: true })
if (preloads.length > 0) Module._preloadModules(preloads)
const folder = path.resolve(target)
try {
  const manifest = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'))
  if (manifest.version) app.setVersion(manifest.version)
  const name = manifest.productName ?? manifest.name
  if (name) app.setName(name)
  app.setDesktopName(manifest.desktopName ?? app.getName() + '.desktop')
  app.setAppPath(folder)
} catch (error) {
  if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error
}
let entry
try {
  entry = Module._resolveFilename(folder, null, true)
  if (app.getAppPath() !== folder) app.setAppPath(path.dirname(entry))
} catch (error) {
  console.error('Unable to find an Electron app at ' + folder + ': ' + error.message)
  process.exit(1)
}
await import(pathToFileURL(entry).href)
`

/** The files of the archive. */
export const defaultAppFiles = {
  'package.json': JSON.stringify({ name: 'electron', productName: 'Electron', main: 'main.mjs', type: 'module' }),
  'main.mjs': main,
}
