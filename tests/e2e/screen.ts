/** The screen around the app: keys and clicks as the X server delivers them, and a panel that shows tray icons. */
import { execFile, spawn } from 'node:child_process'
import { promisify } from 'node:util'
import { eventually } from '../support/eventually'

const run = promisify(execFile)

/** Presses a key on the screen, whichever window has the focus: `ctrl+shift+space`. */
export async function pressKey(key: string): Promise<void> {
  await run('xdotool', ['key', '--clearmodifiers', key])
}

export async function click(x: number, y: number, mouseButton: 'left' | 'right' = 'left'): Promise<void> {
  await run('xdotool', ['mousemove', String(x), String(y), 'click', mouseButton === 'left' ? '1' : '3'])
}

/** Presses the mouse at one place of the screen, moves it, and lets go at another. */
export async function drag(from: { x: number; y: number }, to: { x: number; y: number }): Promise<void> {
  const middle = { x: Math.round((from.x + to.x) / 2), y: Math.round((from.y + to.y) / 2) }
  const steps = [middle, to].flatMap(({ x, y }) => ['mousemove', String(x), String(y)])
  await run('xdotool', ['mousemove', String(from.x), String(from.y), 'mousedown', '1', ...steps, 'mouseup', '1'])
}

export interface TrayHost {
  /** Middle of the only icon, once there is one. */
  iconPosition(): Promise<{ x: number; y: number }>
  close(): Promise<void>
}

/** Starts a panel with a system tray (XEmbed). */
export async function startTrayHost(): Promise<TrayHost> {
  const args = ['--edge', 'bottom', '--align', 'right', '--widthtype', 'request', '--height', '24', '--padding', '0']
  const host = spawn('trayer', args, { stdio: 'ignore' })
  // A test that dies must not leave a panel behind that looks like the next one's.
  process.once('exit', () => host.kill('SIGKILL'))
  const exited = new Promise<void>((resolve) => host.once('exit', () => resolve()))
  await new Promise((resolve, reject) => {
    host.once('spawn', resolve)
    host.once('error', reject)
  })
  // It owns the tray once its window is there; an app that starts before finds no host.
  await eventually(
    () => windowsOf('trayer'),
    (windows) => windows.length > 0,
    'a panel',
  )
  return {
    iconPosition: async () => {
      const icon = await eventually(
        () => findIcon('trayer'),
        (found) => found !== null,
        'an icon in the panel',
      )
      return icon ?? { x: 0, y: 0 }
    },
    close: async () => {
      host.kill('SIGTERM')
      await exited
    },
  }
}

async function windowsOf(className: string): Promise<string[]> {
  const { stdout } = await run('xdotool', ['search', '--onlyvisible', '--class', className]).catch(() => ({
    stdout: '',
  }))
  return stdout.split('\n').filter((line) => line !== '')
}

/** The icon is the only window of ours inside a panel. */
async function findIcon(className: string): Promise<{ x: number; y: number } | null> {
  for (const panel of await windowsOf(className)) {
    const { stdout } = await run('xwininfo', ['-tree', '-id', panel])
    const [, icon] = /^\s+(0x[0-9a-f]+) .*"electron"/im.exec(stdout) ?? []
    if (icon === undefined) continue
    const { stdout: geometry } = await run('xwininfo', ['-id', icon])
    const read = (label: string) => Number(new RegExp(`${label}:\\s+(-?\\d+)`).exec(geometry)?.[1] ?? 0)
    return {
      x: read('Absolute upper-left X') + Math.floor(read('Width') / 2),
      y: read('Absolute upper-left Y') + Math.floor(read('Height') / 2),
    }
  }
  return null
}
