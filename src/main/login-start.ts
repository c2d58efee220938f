import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Settings } from '../shared/settings'

/**
 * Starting at login on Linux: one file in the folder of autostart entries (Desktop Application Autostart Specification).
 * Elsewhere Electron asks the system.
 */

const FILE_NAME = 'parley.desktop'

/** Where entries lie. */
export function autostartFolder(env: NodeJS.ProcessEnv, home: string): string {
  const { XDG_CONFIG_HOME } = env
  // The specification takes absolute paths only.
  const config = XDG_CONFIG_HOME?.startsWith('/') === true ? XDG_CONFIG_HOME : join(home, '.config')
  return join(config, 'autostart')
}

/** The entry of a command. Every argument is quoted as the Desktop Entry Specification wants it. */
export function autostartEntry(command: readonly string[]): string {
  // Once for the Exec key, and once more for a string value of the file.
  const quote = (arg: string): string =>
    `"${arg.replaceAll('%', '%%').replace(/["`$\\]/gu, '\\$&')}"`.replaceAll('\\', '\\\\')
  return `[Desktop Entry]\nType=Application\nName=Parley\nExec=${command.map(quote).join(' ')}\nIcon=parley\nTerminal=false\nX-GNOME-Autostart-enabled=true\n`
}

/**
 * Makes the entry what is wanted; by rename, so that a login never finds half of it. Throws what the disk says.
 *
 * @param command the program and its arguments, without those of this module
 */
export function setAutostart(folder: string, wanted: Settings['startsAtLogin'], command: readonly string[]): void {
  const file = join(folder, FILE_NAME)
  if (wanted === 'never') {
    rmSync(file, { force: true })
    return
  }
  // A line break would end the line and begin another key of the entry.
  if (command.some((arg) => /\p{Cc}/u.test(arg)))
    throw new Error('a path with control characters cannot be started at login')
  const entry = autostartEntry(wanted === 'hidden' ? [...command, '--hidden'] : command)
  if (readOrNull(file) === entry) return
  mkdirSync(folder, { recursive: true })
  const draft = `${file}.new`
  rmSync(draft, { force: true })
  writeFileSync(draft, entry, { flag: 'wx', mode: 0o644 })
  renameSync(draft, file)
}

function readOrNull(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}
