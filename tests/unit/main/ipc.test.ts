import type { BrowserWindow, IpcMainInvokeEvent, WebContents } from 'electron'
import { describe, expect, it } from 'vitest'
import { broadcaster, eventNames, openGate, requestNames, type Caller, type Handlers } from '../../../src/main/ipc'
import type { Logger } from '../../../src/main/logger'
import { contract, type RequestName, type Role } from '../../../src/shared/contract'
import { failure } from '../../../src/shared/errors'
import { eventually } from '../../support/eventually'

const SECRET = 'CANARY-secret'

interface FakeFrame {
  url: string
}

/** A page as the gate sees it: contents with a main frame, and what was sent to it. */
function fakePage(url = 'app://local/index.html', isCrashed = false) {
  const mainFrame: FakeFrame = { url }
  const sent: unknown[][] = []
  const contents = { mainFrame, isCrashed: () => isCrashed, send: (...args: unknown[]) => sent.push(args) }
  const window = { webContents: contents, isDestroyed: () => false }
  return { contents: contents as unknown as WebContents, window: window as unknown as BrowserWindow, mainFrame, sent }
}

type Invoke = (event: IpcMainInvokeEvent, raw: unknown) => Promise<unknown>

function open(
  options: { handle?: (input: unknown, caller: Caller) => unknown; parse?: (raw: unknown) => unknown } = {},
) {
  const handled: unknown[] = []
  const log: { level: string; message: string; fields: unknown }[] = []
  const note = (level: string) => (message: string, fields?: unknown) => log.push({ level, message, fields })
  const logger: Logger = { error: note('error'), warn: note('warn'), info: note('info'), debug: note('debug') }
  const handler = {
    parse: options.parse ?? ((raw: unknown) => raw),
    handle: (house: { name: string }, input: unknown, caller: Caller) => {
      handled.push({ house, input, role: caller.role })
      return options.handle?.(input, caller) ?? 'done'
    },
  }
  const handlers = Object.fromEntries(requestNames.map((name) => [name, handler])) as unknown as Handlers<{
    name: string
  }>
  const main = fakePage()
  const quickAsk = fakePage('app://local/quick-ask.html')
  const overlay = fakePage('app://local/capture.html')
  const callers: Caller[] = [
    { role: 'main', window: main.window },
    { role: 'quick-ask', window: quickAsk.window },
    { role: 'capture', window: overlay.window },
  ]
  const channels = new Map<string, Invoke>()
  const gate = openGate({
    ipcMain: { handle: (name: string, invoke: Invoke) => void channels.set(name, invoke) },
    windows: {
      find: (contents) => callers.find(({ window }) => window.webContents === contents) ?? null,
      all: () => callers,
    },
    origins: ['app://local'],
    handlers,
    house: async () => ({ name: 'house' }),
    logger,
  })
  const invoke = async (
    name: string,
    page: ReturnType<typeof fakePage>,
    raw?: unknown,
    frame: FakeFrame | null = page.mainFrame,
  ) => {
    const event = { sender: page.contents, senderFrame: frame } as unknown as IpcMainInvokeEvent
    const channel = channels.get(name)
    if (channel === undefined) throw new Error(`no channel ${name}`)
    return channel(event, raw)
  }
  return { invoke, handled, log, channels, main, quickAsk, overlay, gate }
}

describe('the gate', () => {
  it('registers every request of the contract, and no event', () => {
    const { channels } = open()
    expect([...channels.keys()].sort()).toEqual([...requestNames].sort())
    expect(requestNames.length + eventNames.length).toBe(Object.keys(contract).length)
    expect(eventNames.filter((name) => channels.has(name))).toEqual([])
  })

  it('S15 lets our own window in and wraps what the handler returns', async () => {
    const { invoke, main, handled, log } = open()
    expect(await invoke('settings.set', main, { theme: 'dark' })).toEqual({ ok: true, value: 'done' })
    expect(handled).toEqual([{ house: { name: 'house' }, input: { theme: 'dark' }, role: 'main' }])
    expect(log).toEqual([])
  })

  it('M1 admits nothing once it is closed, and waits for what was admitted before, but for who closes it', async () => {
    const ends = new Map<unknown, (value: unknown) => void>()
    const { invoke, main, handled, gate } = open({
      handle: (input) => new Promise((resolve) => ends.set(input, resolve)),
    })
    const before = invoke('draft.set', main, 'draft')
    const own = invoke('app.deleteEverything', main, 'own')
    await eventually(
      () => Promise.resolve(ends.size),
      (size) => size === 2,
      'both requests',
    )
    let isClosed = false
    const closed = gate.close('app.deleteEverything').then(() => (isClosed = true))
    expect(await invoke('draft.set', main, 'late')).toEqual({ ok: false, error: { code: 'busy' } })
    expect(handled).toHaveLength(2)
    expect(isClosed).toBe(false)
    ends.get('draft')?.('done')
    await closed
    expect(await before).toEqual({ ok: true, value: 'done' })
    ends.get('own')?.('done')
    expect(await own).toEqual({ ok: true, value: 'done' })
  })

  const strangers: [
    string,
    (page: ReturnType<typeof open>['main']) => [ReturnType<typeof fakePage>, FakeFrame | null],
  ][] = [
    ['a window that we did not make', () => [fakePage(), { url: 'app://local/index.html' }]],
    ['a frame inside our page', (page) => [page, { url: 'app://local/index.html' }]],
    ['a frame that has gone', (page) => [page, null]],
  ]

  it.each(strangers)('S15 refuses %s loudly', async (_name, senderOf) => {
    const { invoke, main, handled, log } = open()
    const [page, frame] = senderOf(main)
    await expect(invoke('settings.get', page, undefined, frame)).rejects.toThrow('forbidden')
    expect(handled).toEqual([])
    expect(log).toMatchObject([{ level: 'error', message: 'request refused', fields: { channel: 'settings.get' } }])
  })

  it.each([
    'https://example.org/',
    'app://local.example.org/',
    'app://localhost/',
    'app://LOCAL.evil/',
    'app://user@local/',
    'app://local:80/',
    'app2://local/',
    'file:///index.html',
    'data:text/html,x',
    'about:blank',
    'http://app//local/',
    '',
    'null',
  ])('S15 refuses our window after it went to %s', async (url) => {
    const { invoke, main, handled } = open()
    main.mainFrame.url = url
    await expect(invoke('settings.get', main)).rejects.toThrow('forbidden')
    expect(handled).toEqual([])
  })

  const foreign = requestNames.flatMap((name) => {
    const roles: readonly Role[] = contract[name].roles
    return (['main', 'quick-ask', 'capture'] as const)
      .filter((role) => !roles.includes(role))
      .map((role) => [name, role] as const)
  })

  it.each(foreign)('S15 refuses %s to the role %s', async (name, role) => {
    const gate = open()
    const page = { main: gate.main, 'quick-ask': gate.quickAsk, capture: gate.overlay }[role]
    await expect(gate.invoke(name, page)).rejects.toThrow('forbidden')
    expect(gate.handled).toEqual([])
  })

  it('S15 keeps all but its own four channels from the overlay of a screen region, and no event reaches it', () => {
    const foreignToOverlay = foreign.filter(([, role]) => role === 'capture').map(([name]) => name)
    const open = requestNames.filter((name) => !foreignToOverlay.includes(name))
    expect(open.sort()).toEqual(['capture.end', 'capture.next', 'capture.open', 'capture.show'])
    const events = Object.values(contract).filter(({ kind }) => kind === 'event')
    expect(events.filter(({ roles }) => roles.some((role: Role) => role === 'capture'))).toEqual([])
  })

  it('S15 keeps keys and settings from the quick-ask', () => {
    const closed = foreign.filter(([, role]) => role === 'quick-ask').map(([name]) => name)
    const expected: RequestName[] = [
      'settings.set',
      'backend.save',
      'backend.remove',
      'backend.setSecret',
      'backend.clearSecret',
      'conversation.list',
      'conversation.trash',
    ]
    expect(closed).toEqual(expect.arrayContaining(expected))
  })

  it('S16 answers a payload that does not parse with a typed error, and does not call the handler', async () => {
    const { invoke, main, handled, log } = open({
      parse: () => {
        throw new TypeError(SECRET)
      },
    })
    expect(await invoke('link.open', main, 1)).toEqual({
      ok: false,
      error: { code: 'bad-request', channel: 'link.open' },
    })
    expect(handled).toEqual([])
    expect(JSON.stringify(log)).not.toContain(SECRET)
  })

  it('passes an error of the app on as it is', async () => {
    const { invoke, main } = open({
      handle: () => {
        throw failure({ code: 'busy' })
      },
    })
    expect(await invoke('settings.get', main)).toEqual({ ok: false, error: { code: 'busy' } })
  })

  it('S18 lets no word of an unforeseen error through, and notes its kind', async () => {
    const { invoke, main, log } = open({
      handle: async () => Promise.reject(Object.assign(new Error(`/home/me/${SECRET} "${SECRET}"`), { stack: SECRET })),
    })
    const answer = await invoke('settings.get', main)
    expect(answer).toEqual({ ok: false, error: { code: 'internal' } })
    expect(log).toMatchObject([{ level: 'error', message: 'request failed', fields: { name: 'Error' } }])
  })
})

describe('events', () => {
  it('reach the windows whose role may have them, and no page that has crashed', () => {
    const main = fakePage()
    const crashed = fakePage('app://local/index.html', true)
    const all = [main, crashed].map(({ window }): Caller => ({ role: 'main', window }))
    const broadcast = broadcaster({ find: () => null, all: () => all })
    broadcast('storage.state', { isSafe: true })
    expect(main.sent).toEqual([['storage.state', { isSafe: true }]])
    expect(crashed.sent).toEqual([])
  })
})
