import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import {
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { BrowserWindow } from 'electron'
import type { JSHandle, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CONTENT_SECURITY_POLICY } from '../../src/main/app-protocol'
import { contract } from '../../src/shared/contract'
import { eventually } from '../support/eventually'
import { png } from '../support/images'
import { launchApp, processesOf, readLog, removeProfile, sandboxSwitches, type RunningApp } from './app'
import { ask, composer, isSettled, lastAnswer, shows } from './chat'

const MAIN = 'app://local/index.html'
const QUICK_ASK = 'app://local/quick-ask.html'
const CAPTURE = 'app://local/capture.html'

describe('the windows of the app', () => {
  let app: RunningApp
  const pages = async (): Promise<Page[]> => [app.window, await app.quickAsk()]
  const windowCount = () => app.electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length)
  const contentsCount = () => app.electron.evaluate(({ webContents }) => webContents.getAllWebContents().length)

  beforeAll(async () => {
    app = await launchApp()
    await app.window.waitForLoadState()
    await app.quickAsk()
  })
  afterAll(() => app.close())

  it('S04: an ordinary conversation breaks no rule of the policy', async () => {
    for (const page of await pages()) {
      await page.evaluate(() => {
        document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sourceFile }) => {
          const broken = (document.documentElement.dataset.broken ??= '')
          document.documentElement.dataset.broken = `${broken}${violatedDirective} ${blockedURI} ${sourceFile};`
        })
      })
    }
    await app.window.getByRole('button', { name: /guide/iu }).first().click()
    await shows(composer(app.window))
    await ask(app.window, 'Which keys are there? Show me a table and code.')
    await shows(lastAnswer(app.window))
    await isSettled(app.window, 20_000)
    await app.window.keyboard.press('Control+,')
    await app.window.keyboard.press('Escape')
    for (const page of await pages()) {
      expect(await page.evaluate(() => document.documentElement.dataset.broken ?? '')).toBe('')
    }
  })

  it('S01: every window has the closed preferences, written out', async () => {
    const preferences = await app.electron.evaluate(({ BrowserWindow }) =>
      BrowserWindow.getAllWindows().map((window) => {
        const contents = window.webContents as unknown as { getLastWebPreferences: () => Record<string, unknown> }
        return contents.getLastWebPreferences()
      }),
    )
    expect(preferences).toHaveLength(2)
    for (const each of preferences) {
      expect(each).toMatchObject({
        sandbox: true,
        contextIsolation: true,
        nodeIntegration: false,
        nodeIntegrationInSubFrames: false,
        webSecurity: true,
        allowRunningInsecureContent: false,
        webviewTag: false,
      })
      // Electron does not tell the others; the unit test of src/main/windows/window.ts holds them.
      expect(each.nodeIntegrationInWorker ?? false).toBe(false)
      expect(each.navigateOnDragDrop ?? false).toBe(false)
    }
  })

  it('S02: a page has nothing of Node, and its door has functions and plain values only', async () => {
    for (const page of await pages()) {
      const seen = await page.evaluate(() => {
        const kinds = new Set<string>()
        const walk = (value: unknown): void => {
          if (typeof value !== 'object' || value === null) {
            kinds.add(typeof value)
            return
          }
          const prototype: unknown = Object.getPrototypeOf(value)
          kinds.add(prototype === Object.prototype || prototype === null ? 'plain' : 'other')
          for (const each of Object.values(value)) walk(each)
        }
        walk(window.parley)
        const names = ['require', 'process', 'Buffer', 'module', 'exports', 'global', 'electron', '__dirname']
        return { kinds: [...kinds].sort(), node: names.filter((name) => name in window) }
      })
      expect(seen).toEqual({ kinds: ['function', 'plain', 'string'], node: [] })
    }
  })

  it('S17: the door is the contract and nothing else, and cannot be changed', async () => {
    const names = (kind: string) =>
      Object.entries(contract)
        .filter(([, channel]) => channel.kind === kind)
        .map(([name]) => name)
        .sort()
    for (const page of await pages()) {
      const door = await page.evaluate(() => {
        const attempts = [
          () => ((window as { parley: unknown }).parley = null),
          () => ((window.parley.request as Record<string, unknown>)['settings.get'] = null),
          () => ((window.parley as unknown as Record<string, unknown>).extra = 1),
          () => delete (window.parley.on as Record<string, unknown>)['settings.changed'],
        ]
        for (const attempt of attempts) {
          try {
            attempt()
          } catch {
            // Strict mode says so; what counts is that nothing has changed.
          }
        }
        return {
          keys: Object.keys(window.parley).sort(),
          request: Object.keys(window.parley.request).sort(),
          on: Object.keys(window.parley.on).sort(),
          isWhole: typeof window.parley.request['settings.get'] === 'function',
        }
      })
      expect(door).toEqual({
        keys: ['attach', 'on', 'platform', 'request', 'role'],
        request: names('request'),
        on: names('event'),
        isWhole: true,
      })
    }
  })

  it('S03: every page carries the policy as a header', async () => {
    for (const address of [MAIN, QUICK_ASK, CAPTURE]) {
      const headers = await app.window.evaluate(async (url) => {
        const response = await fetch(url)
        return [
          response.status,
          response.headers.get('content-security-policy'),
          response.headers.get('x-content-type-options'),
        ]
      }, address)
      expect(headers).toEqual([200, CONTENT_SECURITY_POLICY, 'nosniff'])
    }
  })

  it('S21: no address under app:// leads out of the bundle', async () => {
    const statuses = await app.window.evaluate(async () => {
      const addresses = [
        '../main/index.js',
        '%2e%2e/main/index.js',
        '..%2fmain%2findex.js',
        '..%5cmain',
        'assets/../../main/index.js',
        '',
        'package.json',
      ]
      return Promise.all(addresses.map(async (address) => (await fetch(`app://local/${address}`)).status))
    })
    expect(new Set(statuses)).toEqual(new Set([404]))
    app.tolerate(/404/u)
  })

  it('S11: nothing leads a page elsewhere', async () => {
    app.tolerate(/Refused to|violates|Content Security Policy|Not allowed to|request of a page refused/iu)
    const attempts: [string, (page: Page) => Promise<unknown>][] = [
      ['an address', (page) => page.evaluate(() => void (location.href = 'https://example.org/'))],
      ['another page of ours', (page) => page.evaluate(() => location.assign('app://local/quick-ask.html?x'))],
      ['a replaced address', (page) => page.evaluate(() => location.replace('data:text/html,x'))],
      ['a file', (page) => page.evaluate(() => void (location.href = 'file:///etc/passwd'))],
      ['a script address', (page) => page.evaluate(() => void (location.href = 'javascript:document.title="x"'))],
      [
        'a link',
        (page) =>
          page.evaluate(() => {
            const link = Object.assign(document.createElement('a'), { href: 'https://example.org/', textContent: 'x' })
            document.body.append(link)
            link.click()
            link.remove()
          }),
      ],
      [
        'a form',
        (page) =>
          page.evaluate(() => {
            const form = Object.assign(document.createElement('form'), {
              action: 'https://example.org/',
              method: 'post',
            })
            document.body.append(form)
            form.submit()
            form.remove()
          }),
      ],
      [
        'a meta refresh',
        (page) =>
          page.evaluate(() => {
            const meta = Object.assign(document.createElement('meta'), {
              httpEquiv: 'refresh',
              content: '0;url=https://example.org/',
            })
            document.head.append(meta)
          }),
      ],
      [
        'a frame',
        (page) =>
          page.evaluate(() => {
            const frame = Object.assign(document.createElement('iframe'), { src: 'https://example.org/' })
            document.body.append(frame)
          }),
      ],
      [
        'a dropped address',
        (page) => drop(page, { items: [{ mimeType: 'text/uri-list', data: 'https://example.org/' }], files: [] }),
      ],
      ['a dropped page', (page) => drop(page, { items: [], files: [path.resolve('src/renderer/index.html')] })],
    ]
    const refusals = async () =>
      (await readLog(app.userDataDir)).match(/page refused what="(?:frame )?navigation"/gu)?.length ?? 0
    // Chromium itself stops the others before main is asked.
    const reachMain = ['an address', 'another page of ours', 'a link', 'a meta refresh']
    const before = app.window.url()
    for (const [name, attempt] of attempts) {
      const refusedBefore = await refusals()
      await attempt(app.window)
      if (reachMain.includes(name)) await expect.poll(refusals, { message: name }).toBeGreaterThan(refusedBefore)
      // Whatever was begun has been decided when main has answered a later request of the same page.
      await app.window.evaluate(() => window.parley.request['settings.get']())
      expect(app.window.url(), name).toBe(before)
    }
    expect(app.window.frames().map((frame) => frame.url())).not.toContain('https://example.org/')
  })

  it('S12: nothing opens a window', async () => {
    const before = await windowCount()
    const address = app.window.url()
    const opened = await app.window.evaluate(() => {
      const results = ['https://example.org/', 'app://local/index.html', 'about:blank', ''].map((url) =>
        window.open(url),
      )
      const link = Object.assign(document.createElement('a'), {
        href: 'https://example.org/',
        target: '_blank',
        textContent: 'x',
      })
      document.body.append(link)
      link.click()
      for (const init of [{ button: 1 }, { ctrlKey: true }, { shiftKey: true }, { metaKey: true }]) {
        link.dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true, ...init }))
      }
      link.remove()
      return results
    })
    expect(opened).toEqual([null, null, null, null])
    await app.window.evaluate(() => {
      const made = Object.assign(document.createElement('a'), {
        href: 'https://example.org/',
        id: 'link',
        textContent: 'a link',
      })
      made.style.cssText = 'position:fixed;inset:100px 400px auto;z-index:999'
      document.body.append(made)
    })
    await app.window.mouse.click(405, 108, { button: 'middle' })
    await app.window.keyboard.down('Control')
    await app.window.mouse.click(405, 108)
    await app.window.keyboard.up('Control')
    await app.window.evaluate(() => document.querySelector('#link')?.remove())
    await app.window.evaluate(() => window.parley.request['settings.get']())
    expect(await windowCount()).toBe(before)
    expect(app.window.url()).toBe(address)
    const refused = async () => (await readLog(app.userDataDir)).match(/page refused what="new window"/gu)?.length ?? 0
    await expect.poll(refused).toBeGreaterThanOrEqual(6)
  })

  it('S13: a page may write to the clipboard, and nothing else', async () => {
    const states = await app.window.evaluate(async () => {
      const names = [
        'geolocation',
        'camera',
        'microphone',
        'notifications',
        'midi',
        'clipboard-read',
        'persistent-storage',
        'background-sync',
        'screen-wake-lock',
        'storage-access',
        'display-capture',
        'local-fonts',
        'window-management',
        'accelerometer',
        'idle-detection',
      ]
      const entries = names.map(async (name) => {
        const state = await navigator.permissions.query({ name: name as PermissionName }).then(
          (status) => status.state,
          () => 'unknown',
        )
        return [name, state] as const
      })
      return (await Promise.all(entries)).filter(([, state]) => state !== 'denied' && state !== 'unknown')
    })
    expect(states).toEqual([])
    const asked = await app.window.evaluate(async () => {
      const refusal = async (task: () => Promise<unknown>) =>
        task().then(
          (value) => `granted ${String(value)}`,
          (thrown: unknown) => (thrown instanceof Error ? thrown.name : 'refused'),
        )
      const locate = () =>
        new Promise((resolve, reject) => {
          navigator.geolocation.getCurrentPosition(resolve, () => reject(new Error('refused')))
        })
      type Devices = Record<
        'hid' | 'serial' | 'usb',
        { requestDevice?: (o: object) => Promise<unknown>; requestPort?: () => Promise<unknown> }
      >
      const devices = navigator as unknown as Partial<Devices>
      return {
        position: await refusal(locate),
        camera: await refusal(() => navigator.mediaDevices.getUserMedia({ video: true })),
        screen: await refusal(() => navigator.mediaDevices.getDisplayMedia()),
        midi: await refusal(() => navigator.requestMIDIAccess()),
        notifications: await Notification.requestPermission(),
        read: await refusal(() => navigator.clipboard.readText()),
        usb: await refusal(async () => devices.usb?.requestDevice?.({ filters: [] }) ?? Promise.reject(new Error())),
        serial: await refusal(async () => devices.serial?.requestPort?.() ?? Promise.reject(new Error())),
      }
    })
    const granted = Object.entries(asked).filter(([, result]) => result.startsWith('granted'))
    expect(granted).toEqual([])
    await app.window.bringToFront()
    expect(await app.window.evaluate(() => navigator.clipboard.writeText('copied').then(() => 'written'))).toBe(
      'written',
    )
    expect(await app.electron.evaluate(({ clipboard }) => clipboard.readText())).toBe('copied')
  })

  it('S14: a webview is an unknown element', async () => {
    const before = await contentsCount()
    const isInert = await app.window.evaluate(() => {
      const element = document.createElement('webview')
      element.setAttribute('src', 'https://example.org/')
      document.body.append(element)
      return !('loadURL' in element) && !('getWebContentsId' in element)
    })
    expect(isInert).toBe(true)
    expect(await contentsCount()).toBe(before)
  })

  it('S15: nobody else passes the gate', async () => {
    app.tolerate(/request refused|forbidden|page error/iu)
    const call = (page: Page) =>
      page.evaluate(() =>
        window.parley.request['settings.get']().then(
          (result) => `answered ${String(result.ok)}`,
          (thrown: unknown) => String(thrown),
        ),
      )
    expect(await call(app.window)).toBe('answered true')

    // A frame inside our page has no door at all.
    const inFrame = await app.window.evaluate(() => {
      const frame = document.createElement('iframe')
      document.body.append(frame)
      const kind = typeof (frame.contentWindow as unknown as { parley?: unknown }).parley
      frame.remove()
      return kind
    })
    expect(inFrame).toBe('undefined')

    // A window with our preload and our page, but not one of ours.
    const preload = path.resolve('out/preload/index.cjs')
    const [stranger] = await Promise.all([
      app.electron.waitForEvent('window'),
      app.electron.evaluate(
        async ({ BrowserWindow }, { address, script }) => {
          const window = new BrowserWindow({ show: false, webPreferences: { preload: script, sandbox: true } })
          await window.loadURL(address)
        },
        { address: MAIN, script: preload },
      ),
    ])
    expect(await call(stranger)).toContain('forbidden')
    await stranger.close()

    // Our own window, once it shows something else.
    const mainWindow = (await app.electron.browserWindow(app.window)) as JSHandle<BrowserWindow>
    await mainWindow.evaluate((window) => window.loadURL('data:text/html,<title>elsewhere</title>'))
    await expect.poll(() => app.window.title()).toBe('elsewhere')
    expect(await call(app.window)).toContain('forbidden')
    await mainWindow.evaluate((window, address) => window.loadURL(address), MAIN)
    expect(await call(app.window)).toBe('answered true')
  })

  it('S15: what is not in the contract has no channel', async () => {
    const channels = await app.electron.evaluate(({ ipcMain }) => ipcMain.eventNames().map(String))
    // Electron's own listener for errors of the emitter itself.
    expect(channels.filter((name) => name !== 'error')).toEqual([])
  })
})

async function drop(page: Page, data: { items: { mimeType: string; data: string }[]; files: string[] }): Promise<void> {
  const protocol = await page.context().newCDPSession(page)
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
    await protocol.send('Input.dispatchDragEvent', { type, x: 600, y: 300, data: { ...data, dragOperationsMask: 1 } })
  }
  await protocol.detach()
}

describe('files', () => {
  let app: RunningApp
  let folder: string
  beforeAll(async () => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'parley-files-'))
    app = await launchApp()
  })
  afterAll(async () => {
    await app.close()
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  })

  it('S19: a page cannot name a path', async () => {
    const probes = await app.window.evaluate(async () => {
      const attempt = async (file: unknown) =>
        window.parley.attach([file as File], null).then(
          (result) =>
            result.ok ? result.value.map((each) => (each.ok ? 'taken' : each.error.code)).join() : result.error.code,
          () => 'rejected',
        )
      const made = new File([new Uint8Array([1, 0, 2, 0])], '/etc/passwd', { type: 'image/png' })
      return {
        made: await attempt(made),
        text: await attempt('/etc/passwd'),
        spoofed: await attempt({ name: 'a.png', path: '/etc/passwd', size: 1 }),
        path: String((made as File & { path?: string }).path),
      }
    })
    expect(probes).toEqual({ made: 'attachment', text: 'rejected', spoofed: 'rejected', path: 'undefined' })
  })

  it('S19: only regular files are read, and each of the others is refused for itself', async () => {
    const image = path.join(folder, 'image.png')
    writeFileSync(image, png())
    symlinkSync(image, path.join(folder, 'link.png'))
    execFileSync('mkfifo', [path.join(folder, 'pipe.png')])
    const files = [
      image,
      path.join(folder, 'link.png'),
      folder,
      path.join(folder, 'pipe.png'),
      '/dev/zero',
      '/proc/self/environ',
    ]
    await app.window.evaluate(() => {
      const input = Object.assign(document.createElement('input'), { type: 'file', multiple: true, id: 'probe' })
      document.body.append(input)
    })
    const protocol = await app.window.context().newCDPSession(app.window)
    const { root } = await protocol.send('DOM.getDocument')
    const { nodeId } = await protocol.send('DOM.querySelector', { nodeId: root.nodeId, selector: '#probe' })
    await protocol.send('DOM.setFileInputFiles', { nodeId, files })
    await protocol.detach()
    const results = await app.window.evaluate(async () => {
      const input = document.querySelector<HTMLInputElement>('#probe')
      const result = await window.parley.attach([...(input?.files ?? [])], null)
      if (!result.ok) return result.error.code
      const said = (each: (typeof result.value)[number]): string => {
        if (!each.ok) return each.error.code === 'attachment' ? each.error.reason : each.error.code
        return 'folder' in each ? `folder of ${each.inside.map(said).join()}` : 'taken'
      }
      return result.value.map(said)
    })
    // Of a folder only the regular files are looked at: a pipe in it would wait for ever.
    expect(results).toEqual(['taken', 'unreadable', 'folder of taken', 'unreadable', 'unreadable', 'empty'])
  })
})

describe('the process', () => {
  let child: ChildProcess
  let profile: string
  beforeAll(async () => {
    profile = mkdtempSync(path.join(os.tmpdir(), 'parley-plain-'))
    // Without Playwright, which opens a port to drive the app, and with the most careless umask there is.
    const command = 'umask 000; exec "$0" "$@"'
    const args = [
      '-c',
      command,
      process.env.ELECTRON_EXEC_PATH ?? '',
      '.',
      ...sandboxSwitches(),
      `--user-data-dir=${profile}`,
    ]
    child = spawn('sh', args, { stdio: 'ignore' })
    await eventually(
      () => readLog(profile),
      (log) => log.includes('start version'),
      'a started app',
      20_000,
    )
  })
  afterAll(async () => {
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGTERM')
    await ended
    await removeProfile(profile)
  })

  it('S46: it listens nowhere, and is connected to nothing but this computer', async () => {
    const pids = await eventually(
      () => processesOf(profile),
      (found) => found.length > 2,
      'the processes of the app',
    )
    const inodes = new Set(pids.flatMap(socketsOf))
    const open = ['tcp', 'tcp6', 'udp', 'udp6'].flatMap((table) =>
      readFileSync(`/proc/net/${table}`, 'utf8')
        .split('\n')
        .slice(1)
        .map((line) => line.trim().split(/\s+/u))
        .filter((fields) => inodes.has(fields[9] ?? ''))
        // The first run looks for a server at the usual ports of this computer.
        .filter(([, , remote = '', state]) => state === LISTENING || !isLoopback(remote)),
    )
    expect(open).toEqual([])
  })

  it('S29: what it writes is for this user only, whatever the umask', async () => {
    const written = () =>
      readdirSync(profile, { recursive: true, withFileTypes: true }).filter((entry) =>
        /^(library|attachments|logs|settings|secrets|catalogues|window)/u.test(
          path.relative(profile, path.join(entry.parentPath, entry.name)),
        ),
      )
    const ours = await eventually(written, (entries) => entries.length > 2, 'files of ours')
    const open = ours.flatMap((entry) => {
      const where = path.join(entry.parentPath, entry.name)
      const mode = lstatSync(where).mode & 0o777
      return (mode & 0o077) === 0 ? [] : [`${path.relative(profile, where)} ${mode.toString(8)}`]
    })
    expect(open).toEqual([])
  })
})

const LISTENING = '0A'

/** An address as /proc writes it: hexadecimal, the bytes of each word turned around. */
function isLoopback(address: string): boolean {
  return address.startsWith('0100007F:') || address.startsWith('00000000000000000000000001000000:')
}

function socketsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((descriptor) => {
      try {
        return /^socket:\[(\d+)\]$/u.exec(readlinkSync(`/proc/${pid}/fd/${descriptor}`))?.[1] ?? []
      } catch {
        return []
      }
    })
  } catch {
    // It has ended meanwhile.
    return []
  }
}
