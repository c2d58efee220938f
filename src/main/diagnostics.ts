import { open } from 'node:fs/promises'
import { join } from 'node:path'
import type { Diagnostics, StorageState } from '../shared/contract'
import type { Translate } from '../shared/i18n'
import type { Locale } from '../shared/settings'
import type { KeychainState } from './secrets'

/** What Parley knows of itself and of where it runs. Nothing in it is of the person: no name, no path, no address. */
export interface Facts {
  version: string
  electron: string
  chromium: string
  node: string
  platform: string
  /** Of the system, as it says itself. */
  release: string
  arch: string
  /** `x11`, `wayland`; null where there is only one kind. */
  sessionType: string | null
  /** Such as `GNOME`; null where there is only one. */
  desktop: string | null
  locale: Locale
  systemLocale: Locale
  backends: number
  conversations: number
  storage: StorageState
  keychain: KeychainState
  /** How much of the drawing the graphics hardware does; null when it cannot be asked. */
  graphics: string | null
}

const MAX_LINES = 50
const MAX_TAIL_BYTES = 128 * 1024

/** What "Copy diagnostics" copies. Never rejects: what cannot be read is left out. */
export async function readDiagnostics(facts: Facts, logFolder: string, t: Translate): Promise<Diagnostics> {
  return { rows: rowsOf(facts, t), logLines: await lastLines(logFolder) }
}

function rowsOf(facts: Facts, t: Translate): Diagnostics['rows'] {
  const unknown = t('desktop:diagnostics.unknown')
  const row = (name: string, value: string) => ({ name: t(`desktop:diagnostics.${name}`), value })
  const { locale, systemLocale } = facts
  const session = [facts.desktop, facts.sessionType].filter((word) => word !== null)
  return [
    row(
      'runtime',
      `Parley ${facts.version}, Electron ${facts.electron}, Chromium ${facts.chromium}, Node ${facts.node}`,
    ),
    row('system', [`${systemName(facts.platform)} ${facts.release}`, facts.arch, ...session].join(', ')),
    row(
      'language',
      locale === systemLocale ? locale : t('desktop:diagnostics.languageOfSystem', { locale, systemLocale }),
    ),
    row('backends', String(facts.backends)),
    row('chats', String(facts.conversations)),
    row('storage', t(`desktop:diagnostics.storageStates.${facts.storage.isSafe ? 'safe' : facts.storage.reason}`)),
    row('keychain', t(`desktop:diagnostics.keychainStates.${facts.keychain}`)),
    row('graphics', facts.graphics ?? unknown),
  ]
}

function systemName(platform: string): string {
  switch (platform) {
    case 'darwin':
      return 'macOS'
    case 'win32':
      return 'Windows'
    case 'linux':
      return 'Linux'
    default:
      return platform
  }
}

/** The last lines of the log, oldest first; of the file before it, too, when the present one has just begun. */
async function lastLines(folder: string): Promise<string[]> {
  const present = await tailOf(join(folder, 'main.log'))
  const lines = present.length < MAX_LINES ? [...(await tailOf(join(folder, 'main.old.log'))), ...present] : present
  return lines.slice(-MAX_LINES)
}

async function tailOf(path: string): Promise<string[]> {
  try {
    const file = await open(path, 'r')
    try {
      const { size } = await file.stat()
      const from = Math.max(0, size - MAX_TAIL_BYTES)
      const buffer = Buffer.alloc(size - from)
      const { bytesRead } = await file.read(buffer, 0, buffer.length, from)
      const lines = buffer.toString('utf8', 0, bytesRead).split('\n')
      // Of a file that is read from its middle the first line may be half a line.
      return (from === 0 ? lines : lines.slice(1)).filter((line) => line !== '')
    } finally {
      await file.close()
    }
  } catch {
    return []
  }
}
