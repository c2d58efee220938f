import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { failure } from '../../shared/errors'

/** What Parley keeps in its data folder; a name ends in `*` for all that begin so. */
const OURS = [
  'library',
  'attachments',
  'backups',
  'authorities',
  'logs',
  'drafts*',
  'settings*',
  'secrets*',
  'catalogues*',
  'search*',
  'window.json*',
]

/** What the browser under Parley keeps there. It holds nothing of a person: pages keep nothing, sessions have no cookies. */
const CHROMIUM = [
  'Cache',
  'Code Cache',
  'GPUCache',
  'Dawn*',
  'ShaderCache',
  'GrShaderCache',
  'Local Storage',
  'Session Storage',
  'WebStorage',
  'IndexedDB',
  'Service Worker',
  'Network*',
  'Cookies*',
  'Trust Tokens*',
  'Shared Dictionary',
  'SharedStorage*',
  'DIPS*',
  'blob_storage',
  'Dictionaries',
  'Crashpad',
  'Partitions',
  'Preferences',
  'TransportSecurity',
  'QuotaManager*',
]

/**
 * Deletes all that a person has ever written, kept or set, by name: with `--user-data-dir` the folder may be one in which
 * other things lie. What Chromium has there goes as far as the system allows it; it holds some files open until the
 * process ends. The folder itself stays.
 *
 * @throws AppFailure `storage` when something of the person is still there
 */
export async function deleteData(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    if (!isOneOf(name, OURS) && !isOneOf(name, CHROMIUM)) continue
    await rm(join(folder, name), { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined)
  }
  const left = await readdir(folder).catch(() => [])
  if (left.some((name) => isOneOf(name, OURS))) throw failure({ code: 'storage', reason: 'failed' })
}

function isOneOf(name: string, names: readonly string[]): boolean {
  return names.some((each) => (each.endsWith('*') ? name.startsWith(each.slice(0, -1)) : name === each))
}
