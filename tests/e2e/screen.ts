/** The screen around the app: keys and clicks as the X server delivers them, and a panel that shows tray icons. */
import { execFile, spawn } from 'node:child_process'
import { promisify } from 'node:util'
import { expect } from 'vitest'

const run = promisify(execFile)

/** Presses a key on the screen, whichever window has the focus: `ctrl+shift+space`. */
export async function pressKey(key: string): Promise<void> {
  await run('xdotool', ['key', '--clearmodifiers', key])
}

export async function click(x: number, y: number, mouseButton: 'left' | 'right' = 'left'): Promise<void> {
  await run('xdotool', ['mousemove', String(x), String(y), 'click', mouseButton === 'left' ? '1' : '3'])
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
  const exited = new Promise<void>((resolve) => host.once('exit', () => resolve()))
  await new Promise((resolve, reject) => {
    host.once('spawn', resolve)
    host.once('error', reject)
  })
  // It owns the tray once its window is there; an app that starts before finds no host.
  await expect.poll(() => windowsOf('trayer'), { message: 'the panel' }).not.toEqual([])
  return {
    iconPosition: async () => {
      await expect.poll(() => iconOf('trayer'), { message: 'an icon in the panel' }).not.toBeNull()
      return (await iconOf('trayer'))!
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

/** The icon is the smallest child of the panel's window: at least 8 and at most 24 pixels wide and high. */
async function iconOf(className: string): Promise<{ x: number; y: number } | null> {
  const [panel] = await windowsOf(className)
  if (panel === undefined) return null
  const { stdout } = await run('xwininfo', ['-tree', '-id', panel])
  for (const line of stdout.split('\n')) {
    const [, width, height, x, y] = /\s(\d+)x(\d+)\+-?\d+\+-?\d+\s+\+(-?\d+)\+(-?\d+)$/.exec(line) ?? []
    const size = [Number(width), Number(height)]
    if (line.includes('0x') && size.every((each) => each >= 8 && each <= 24)) {
      return { x: Number(x) + (size[0] ?? 0) / 2, y: Number(y) + (size[1] ?? 0) / 2 }
    }
  }
  return null
}
