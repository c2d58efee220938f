import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Settings } from '../shared/settings'

/**
 * Starting at login. On Linux it is one file in the folder of autostart entries (Desktop Application Autostart
 * Specification); elsewhere Electron asks the system.
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

/** Of Electron's `app`, what is needed here. */
export interface LoginApp {
  setLoginItemSettings(settings: { openAtLogin: boolean; args: string[] }): void
}

export interface LoginOptions {
  platform: NodeJS.Platform
  app: LoginApp
  env: NodeJS.ProcessEnv
  home: string
  /** The program, and behind it what it needs to find itself. */
  command: readonly string[]
}

/** Makes the system start Parley at login, or not, in its own way. Throws what it refuses. */
export function setLoginStart(wanted: Settings['startsAtLogin'], options: LoginOptions): void {
  const { platform, app, env, home, command } = options
  if (platform === 'linux') setAutostart(autostartFolder(env, home), wanted, command)
  // macOS starts login items without arguments, and ignores these.
  else app.setLoginItemSettings({ openAtLogin: wanted !== 'never', args: wanted === 'hidden' ? ['--hidden'] : [] })
}

function readOrNull(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}
