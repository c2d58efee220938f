import { setTimeout as sleep } from 'node:timers/promises'
import type { CatalogueStore } from './backend/catalogue'
import { inTurns } from './backend/lists'
import { diskFileSystem, readRegularSync, writeAtomically } from './library/files'
import type { Logger } from './logger'

/** In UTF-16 units. One server with ten thousand providers takes some four million; a usual one sixty thousand. */
const MAX_FILE_CHARACTERS = 8_000_000
/** In bytes: what was written under the limit above is never larger. */
const MAX_FILE_BYTES = 3 * MAX_FILE_CHARACTERS
/** One look at a server brings several changes. */
const GATHER_MS = 200

/**
 * The last good catalogue of each backend, as one file. Losing it costs no more than asking the servers again. When all
 * of them are too much for the file, those that were changed longest ago are left out.
 */
export function openCatalogueFile(path: string, logger: Logger): CatalogueStore {
  let known: Map<string, unknown> | null = null
  let written = Promise.resolve()
  let isWaiting = false
  // Read when it is first needed: a server with many models fills megabytes.
  const read = (): Map<string, unknown> => (known ??= readCatalogues(path))
  const save = async (): Promise<void> => {
    await sleep(GATHER_MS, undefined, { ref: false })
    isWaiting = false
    try {
      await writeAtomically(diskFileSystem, path, await packCatalogues(read()))
    } catch {
      logger.warn('catalogues not saved')
    }
  }
  return {
    get: (backendId) => read().get(backendId),
    set(backendId, providers) {
      const all = read()
      // The last changed is the last in the file.
      all.delete(backendId)
      if (providers !== null) all.set(backendId, providers)
      // The write that has not begun yet takes this change along.
      if (isWaiting) return
      isWaiting = true
      written = written.then(save)
    },
  }
}

async function packCatalogues(catalogues: ReadonlyMap<string, unknown>): Promise<string> {
  const packed: string[] = []
  let left = MAX_FILE_CHARACTERS
  for (const [backendId, providers] of [...catalogues].reverse()) {
    if (!Array.isArray(providers)) continue
    const texts: string[] = []
    await inTurns(providers as unknown[], (provider) => texts.push(JSON.stringify(provider)))
    const text = `${JSON.stringify(backendId)}:[${texts.join(',')}]`
    left -= text.length + 1
    if (left < 0) break
    packed.unshift(text)
  }
  return `{${packed.join(',')}}`
}

function readCatalogues(path: string): Map<string, unknown> {
  try {
    const data: unknown = JSON.parse(readRegularSync(path, MAX_FILE_BYTES))
    return new Map(typeof data === 'object' && data !== null ? Object.entries(data) : [])
  } catch {
    return new Map()
  }
}
