import { readFileSync } from 'node:fs'
import type { CatalogueStore } from './backend/catalogue'
import { diskFileSystem, writeAtomically } from './library/files'
import type { Logger } from './logger'

/** The last good catalogue of each backend, as one file. Losing it costs no more than asking the servers again. */
export function openCatalogueFile(path: string, logger: Logger): CatalogueStore {
  let known: Map<string, unknown> | null = null
  let written = Promise.resolve()
  // Read when it is first needed: a server with many models fills megabytes.
  const read = (): Map<string, unknown> => (known ??= readCatalogues(path))
  const save = async (): Promise<void> => {
    try {
      await writeAtomically(diskFileSystem, path, JSON.stringify(Object.fromEntries(read())))
    } catch {
      logger.warn('catalogues not saved')
    }
  }
  return {
    get: (backendId) => read().get(backendId),
    set(backendId, providers) {
      if (providers === null) read().delete(backendId)
      else read().set(backendId, providers)
      written = written.then(save)
    },
  }
}

function readCatalogues(path: string): Map<string, unknown> {
  try {
    const data: unknown = JSON.parse(readFileSync(path, 'utf8'))
    return new Map(typeof data === 'object' && data !== null ? Object.entries(data) : [])
  } catch {
    return new Map()
  }
}
