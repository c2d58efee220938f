/** How the native part of libsql gets into the built app. */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)
const NATIVE_FILE = 'libsql.node'

/** From the choice of a package by platform to the end of the function that loads it. */
const CHOICE = /^const \{ load, currentTarget \}[\s\S]*?\n\}\n(?=\nconst \{\s*databaseOpen,)/mu

/**
 * A plugin for the bundle of main. libsql looks for its native part among the packages, which the app does not have: the
 * one that libsql chooses on this computer is put beside the code, and loaded from there.
 * @returns {import('vite').Plugin}
 */
export function shipLibsql() {
  return {
    name: 'ship-libsql',
    resolveId: (source) => (source === `./${NATIVE_FILE}` ? { id: source, external: true } : null),
    transform(code, id) {
      if (!/[\\/]libsql[\\/]index\.js$/u.test(id)) return null
      if (!CHOICE.test(code))
        throw new Error('libsql loads its native part in another way now: see scripts/packaging/libsql.mjs')
      return code.replace(CHOICE, `const requireNative = () => require('./${NATIVE_FILE}')\n`)
    },
    async generateBundle() {
      const file = findNative()
      // Where there is none, the app starts without it and searches titles.
      if (file === undefined)
        this.warn('libsql has no native part for this platform: there will be no full-text search')
      else this.emitFile({ type: 'asset', fileName: NATIVE_FILE, source: await readFile(file) })
    },
  }
}

/** @returns {string | undefined} */
function findNative() {
  try {
    require('libsql')
  } catch {
    return undefined
  }
  return Object.keys(require.cache).find((file) => /[\\/]@libsql[\\/].*\.node$/u.test(file))
}
