/** The licences of all that is in the app, for its page "About". */
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { projectRoot } from '../process.mjs'

const NAME = 'virtual:licences'
const RESOLVED = `\0${NAME}`
/** Not bundled, but shipped as the runtime. */
const RUNTIME = 'electron'

/**
 * A plugin for the bundle of the pages: `virtual:licences` has every package of production of the lock file, and Electron.
 * @returns {import('vite').Plugin}
 */
export function shipLicences() {
  return {
    name: 'ship-licences',
    resolveId: (source) => (source === NAME ? RESOLVED : null),
    async load(id) {
      if (id !== RESOLVED) return null
      const [licences, own] = await Promise.all([
        readLicences(projectRoot),
        readFile(path.join(projectRoot, 'LICENSE'), 'utf8'),
      ])
      return `export const own = ${JSON.stringify(own)}\nexport const licences = ${JSON.stringify(licences)}\n`
    },
  }
}

/**
 * @param {string} root the folder with package-lock.json and node_modules
 * @returns {Promise<{name: string, version: string, licence: string, text: string}[]>} by name; an empty text where the package has none
 */
export async function readLicences(root) {
  const lock = JSON.parse(await readFile(path.join(root, 'package-lock.json'), 'utf8'))
  const places = Object.entries(lock.packages)
    .filter(([place, entry]) => place === `node_modules/${RUNTIME}` || (place !== '' && isShipped(entry)))
    .map(([place]) => path.join(root, place))
  const found = new Map()
  for (const each of await Promise.all(places.map(readPackage))) {
    if (each !== null) found.set(`${each.name} ${each.version}`, each)
  }
  return [...found.values()].sort((a, b) => a.name.localeCompare(b.name, 'en'))
}

/** @param {{dev?: boolean, devOptional?: boolean, optional?: boolean}} entry */
function isShipped({ dev, devOptional, optional }) {
  return dev !== true && devOptional !== true && optional !== true
}

/** @param {string} folder */
async function readPackage(folder) {
  const json = await readFile(path.join(folder, 'package.json'), 'utf8').catch(() => null)
  // Of another platform: it is not installed here, and not in this app.
  if (json === null) return null
  const { name, version, license } = JSON.parse(json)
  const file = (await readdir(folder)).find((each) => /^(?:licen[cs]e|copying)(?:[.-]|$)/iu.test(each))
  const text = file === undefined ? '' : await readFile(path.join(folder, file), 'utf8').catch(() => '')
  return { name, version, licence: typeof license === 'string' ? license : '', text: text.trim() }
}
