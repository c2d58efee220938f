import { execFile, spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually'
import { askMain, launchApp, processesOf, readLog, removeProfile, sandboxSwitches, type RunningApp } from './app'
import { startTrayHost, type TrayHost } from './screen'

interface PlainApp {
  pid: number
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
}

/** Starts the app as a desktop does, without anything that drives it. */
function start(userDataDir: string, ...args: string[]): PlainApp {
  const child = spawn(
    process.env.ELECTRON_EXEC_PATH ?? '',
    ['.', ...sandboxSwitches(), `--user-data-dir=${userDataDir}`, ...args],
    { stdio: 'ignore' },
  )
  return {
    pid: child.pid ?? -1,
    ended: new Promise((resolve) => {
      child.once('exit', (code, signal) => resolve({ code, signal }))
    }),
  }
}

const hasStarted = (userDataDir: string) =>
  eventually(
    () => readLog(userDataDir),
    (log) => log.includes('start version'),
    'a started app',
    15_000,
  )

describe('the desktop around the app', () => {
  const folders: string[] = []
  const apps: RunningApp[] = []
  const plain: PlainApp[] = []
  let tray: TrayHost | null = null

  const profile = async (files: Record<string, string> = {}): Promise<string> => {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'parley-desktop-'))
    folders.push(folder)
    for (const [name, content] of Object.entries(files)) await writeFile(path.join(folder, name), content)
    return folder
  }
  const launch = async (...args: string[]): Promise<RunningApp> => {
    const app = await launchApp({ args })
    apps.push(app)
    await hasStarted(app.userDataDir)
    return app
  }
  const startPlain = (userDataDir: string, ...args: string[]): PlainApp => {
    const app = start(userDataDir, ...args)
    plain.push(app)
    return app
  }
  const isMainVisible = (app: RunningApp) =>
    app.electron.evaluate(({ BrowserWindow }) =>
      BrowserWindow.getAllWindows().some(
        (window) => window.webContents.getURL().includes('index.html') && window.isVisible(),
      ),
    )

  afterEach(async () => {
    for (const app of apps.splice(0)) await app.close()
    for (const app of plain.splice(0)) {
      try {
        process.kill(app.pid, 'SIGKILL')
      } catch {
        // It has ended by itself, as it should.
      }
      await app.ended
    }
    await tray?.close()
    tray = null
    for (const folder of folders.splice(0)) await removeProfile(folder)
  })

  it('without a tray host closing the window quits: nothing could bring it back', async () => {
    const app = await launch()
    const ended = new Promise((resolve) => app.electron.process().once('exit', resolve))
    await app.electron.evaluate(({ BrowserWindow }) => {
      // Later, so that this call is answered before the process ends.
      setImmediate(() => {
        for (const window of BrowserWindow.getAllWindows()) {
          if (window.webContents.getURL().includes('index.html')) window.close()
        }
      })
    })
    expect(await ended).toBe(0)
  })

  it('--hidden hides the window where a tray icon can bring it back, and only there', async () => {
    const alone = await launch('--hidden')
    await expect.poll(() => isMainVisible(alone)).toBe(true)
    await alone.close()
    tray = await startTrayHost()
    const bounds = { x: 40, y: 40, width: 900, height: 600 }
    const userDataDir = await profile({ 'window.json': JSON.stringify({ bounds, isMaximized: true }) })
    const hidden = await launchApp({ args: ['--hidden'], userDataDir })
    apps.push(hidden)
    await hasStarted(userDataDir)
    expect(await isMainVisible(hidden)).toBe(false)
    expect(await startPlain(hidden.userDataDir).ended).toEqual({ code: 0, signal: null })
    await expect.poll(() => isMainVisible(hidden)).toBe(true)
    // As it was when it was last seen.
    const isMaximized = () =>
      hidden.electron.evaluate(({ BrowserWindow }) =>
        BrowserWindow.getAllWindows().some(
          (window) => window.webContents.getURL().includes('index.html') && window.isMaximized(),
        ),
      )
    await expect.poll(isMaximized).toBe(true)
  })

  it('closing for the first time asks once, and the answer is kept', async () => {
    tray = await startTrayHost()
    const app = await launch()
    const close = async () => {
      await app.electron.evaluate(({ BrowserWindow, dialog }) => {
        const asked: string[] = []
        Object.assign(globalThis, { asked })
        dialog.showMessageBox = async (...args: unknown[]) => {
          asked.push((args.at(-1) as { message: string }).message)
          return { response: 0, checkboxChecked: false }
        }
        for (const window of BrowserWindow.getAllWindows()) {
          if (window.webContents.getURL().includes('index.html')) window.close()
        }
      })
      await expect.poll(() => isMainVisible(app)).toBe(false)
      return askMain(app, () => (globalThis as unknown as { asked: string[] }).asked)()
    }
    // It may have been started so quickly that its window is not there yet, and then nothing has to go.
    await expect.poll(() => isMainVisible(app)).toBe(true)
    expect(await close()).toEqual(['Keep Parley running when its window is closed?'])
    await startPlain(app.userDataDir).ended
    await expect.poll(() => isMainVisible(app)).toBe(true)
    expect(await close()).toEqual([])
  })

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('R35: %s ends it cleanly within 2 s', async (signal) => {
    const folder = await profile()
    const app = startPlain(folder)
    await hasStarted(folder)
    const sentMs = performance.now()
    process.kill(app.pid, signal)
    expect(await app.ended).toEqual({ code: 0, signal: null })
    expect(performance.now() - sentMs).toBeLessThan(2000)
  })

  it('R32: of ten launches at once one stays, and a lock that a killed one left does not block', async () => {
    const folder = await profile()
    const killed = startPlain(folder)
    await hasStarted(folder)
    process.kill(killed.pid, 'SIGKILL')
    await killed.ended
    await eventually(
      () => processesOf(folder),
      (pids) => pids.length === 0,
      'no process left',
    )
    const launched = Array.from({ length: 10 }, () => startPlain(folder))
    const stillThere = new Set(launched)
    for (const app of launched) void app.ended.then(() => stillThere.delete(app))
    await eventually(
      () => stillThere.size,
      (count) => count === 1,
      'one left',
      // Ten whole Electrons on two cores.
      25_000,
    )
    const [survivor] = stillThere
    const others = await Promise.all(launched.filter((app) => app !== survivor).map(({ ended }) => ended))
    expect(others).toEqual(Array.from({ length: 9 }, () => ({ code: 0, signal: null })))
  })

  it('what starts at login does start, without its window', async () => {
    tray = await startTrayHost()
    const home = await profile()
    const env = { XDG_CONFIG_HOME: home }
    const app = await launchApp({ env })
    apps.push(app)
    await app.window.evaluate(() => window.parley.request['settings.set']({ startsAtLogin: 'hidden' }))
    const entry = () => readFile(path.join(home, 'autostart', 'parley.desktop'), 'utf8').catch(() => '')
    const text = await eventually(entry, (written) => written.includes('Exec='), 'an entry')
    await app.close()
    const command = /^Exec=(.*)$/mu.exec(text)?.[1] ?? ''
    const words = [...command.matchAll(/"([^"]*)"/gu)].map(([, word]) => word ?? '')
    expect(words.at(-1)).toBe('--hidden')
    const [program = '', ...args] = words
    const started = spawn(program, [...args, ...sandboxSwitches()], {
      stdio: 'ignore',
      env: { ...process.env, ...env },
    })
    const ended = new Promise<void>((resolve) => started.once('exit', () => resolve()))
    await tray.iconPosition()
    const windows = await new Promise<string>((resolve) =>
      execFile('xdotool', ['search', '--onlyvisible', '--name', '^Parley$'], (_error, stdout) =>
        resolve(stdout.trim()),
      ),
    )
    expect(windows).toBe('')
    started.kill('SIGTERM')
    await ended
  })

  it('R27: three crashes of the process that draws, and the next start does without the graphics chip', async () => {
    const first = await launchApp({ isProfileKept: true })
    apps.push(first)
    folders.push(first.userDataDir)
    first.tolerate(/process died|GPU/u)
    const drawers = async () => {
      const found: number[] = []
      for (const pid of await processesOf(first.userDataDir)) {
        const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
        if (line.includes('--type=gpu-process')) found.push(pid)
      }
      return found
    }
    const killed = new Set<number>()
    for (let crash = 0; crash < 3; crash += 1) {
      const [pid] = await eventually(
        drawers,
        (found) => found.some((each) => !killed.has(each)),
        'a process that draws',
      ).then((found) => found.filter((each) => !killed.has(each)))
      if (pid === undefined) throw new Error('There is no process that draws')
      killed.add(pid)
      process.kill(pid, 'SIGKILL')
      await eventually(
        () => readLog(first.userDataDir),
        (log) => log.split('process died').length > killed.size,
        'a line of the log',
      )
    }
    const stored = () => readFile(path.join(first.userDataDir, 'window.json'), 'utf8').catch(() => '')
    await eventually(stored, (text) => text.includes('"gpuOffFor":"'), 'a note for the next start')
    await first.close()

    const second = await launchApp({ userDataDir: first.userDataDir, isProfileKept: true })
    apps.push(second)
    const isOff = await second.window.evaluate(() => window.parley.request['app.isGraphicsOff']())
    expect(isOff).toEqual({ ok: true, value: true })
    await eventually(stored, (text) => text.includes('"isGpuOffTold":true'), 'a notice')
    await second.close()
  })

  it('R05: damaged settings are put aside, and the backup is in use', async () => {
    const backup = JSON.stringify({ theme: 'dark', activeBackendId: 'guide' })
    const folder = await profile({ 'settings.json': '{"theme":', 'settings.json.backup': backup })
    const app = await launchApp({ userDataDir: folder, isProfileKept: true })
    apps.push(app)
    const settings = await app.window.evaluate(() => window.parley.request['settings.get']())
    expect(settings).toMatchObject({ ok: true, value: { theme: 'dark', activeBackendId: 'guide' } })
    const names = (await readdir(folder)).filter((name) => name.startsWith('settings'))
    expect(names.filter((name) => name.includes('corrupt'))).toHaveLength(1)
    expect(await readFile(path.join(folder, 'settings.json.backup'), 'utf8')).toBe(backup)
  })

  it('comes back where it was', async () => {
    const first = await launch()
    const place = { x: 60, y: 50, width: 900, height: 640 }
    await first.electron.evaluate(({ BrowserWindow }, bounds) => {
      const main = BrowserWindow.getAllWindows().find((window) => window.webContents.getURL().includes('index.html'))
      main?.setBounds(bounds)
    }, place)
    const stored = () => readFile(path.join(first.userDataDir, 'window.json'), 'utf8').catch(() => '')
    const isWhole = (text: string) =>
      ['"x":60', '"y":50', '"width":900', '"height":640'].every((is) => text.includes(is))
    const folder = await profile({ 'window.json': await eventually(stored, isWhole, 'a stored place') })
    const second = await launchApp({ userDataDir: folder, isProfileKept: true })
    apps.push(second)
    const bounds = () =>
      second.electron.evaluate(({ BrowserWindow }) =>
        BrowserWindow.getAllWindows()
          .find((window) => window.webContents.getURL().includes('index.html'))
          ?.getBounds(),
      )
    // The window manager has a word in it, a moment later.
    await expect.poll(bounds).toEqual(place)
  })
})
