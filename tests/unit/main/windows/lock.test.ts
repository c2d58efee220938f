import { EventEmitter } from 'node:events'
import type { Session, WebContents } from 'electron'
import { describe, expect, it } from 'vitest'
import { silentLogger } from '../../../../src/main/logger'
import { lockContents, lockSession } from '../../../../src/main/windows/lock'

type BeforeRequest = (details: { url: string; resourceType: string }, answer: (a: { cancel: boolean }) => void) => void

function session(origins = ['app://local']) {
  const set = new Map<string, unknown>()
  const fake = Object.assign(new EventEmitter(), {
    setPermissionCheckHandler: (handler: unknown) => set.set('check', handler),
    setPermissionRequestHandler: (handler: unknown) => set.set('request', handler),
    setDevicePermissionHandler: (handler: unknown) => set.set('device', handler),
    setSpellCheckerEnabled: (isOn: boolean) => set.set('spelling', isOn),
    webRequest: {
      onBeforeRequest: (_filter: unknown, handler: unknown) => set.set('before', handler),
      onHeadersReceived: (handler: unknown) => set.set('headers', handler),
    },
  })
  lockSession(fake as unknown as Session, origins, silentLogger)
  return { fake, get: (name: string) => set.get(name) }
}

describe('a session of ours', () => {
  it('S13 lets our pages write to the clipboard, and nobody anything else', () => {
    const { get } = session()
    const check = get('check') as (contents: null, permission: string, origin: string) => boolean
    const request = get('request') as (contents: null, permission: string, answer: (isOn: boolean) => void) => void
    expect(check(null, 'clipboard-sanitized-write', 'app://local/')).toBe(true)
    expect(check(null, 'clipboard-sanitized-write', 'https://example.org/')).toBe(false)
    for (const permission of [
      'clipboard-read',
      'geolocation',
      'media',
      'notifications',
      'openExternal',
      'fileSystem',
      'hid',
    ]) {
      expect(check(null, permission, 'app://local/')).toBe(false)
      request(null, permission, (isGranted) => expect(isGranted).toBe(false))
    }
    expect((get('device') as () => boolean)()).toBe(false)
  })

  it('S50 checks no spelling with Chromium, which would fetch dictionaries', () => {
    expect(session().get('spelling')).toBe(false)
  })

  it('S07 lets no page reach a network or the disk', () => {
    const before = session().get('before') as BeforeRequest
    for (const url of [
      'https://example.org/a.png',
      'http://127.0.0.1:1337/',
      'ws://localhost/',
      'file:///etc/passwd',
    ]) {
      before({ url, resourceType: 'image' }, ({ cancel }) => expect(cancel).toBe(true))
    }
  })

  it('lets pages of the development server reach that server only', () => {
    const before = session(['http://localhost:5173']).get('before') as BeforeRequest
    const isStopped = (url: string) => {
      let stopped: boolean | null = null
      before({ url, resourceType: 'script' }, ({ cancel }) => (stopped = cancel))
      return stopped
    }
    expect(isStopped('http://localhost:5173/main.tsx')).toBe(false)
    expect(isStopped('ws://localhost:5173/?token=1')).toBe(false)
    expect(isStopped('http://localhost:51730/main.tsx')).toBe(true)
    expect(isStopped('http://localhost:5173.example.org/')).toBe(true)
  })

  it('gives pages of the development server a policy too, and ours no second one', () => {
    interface Headers {
      responseHeaders: Record<string, string[]>
    }
    const received = session(['http://localhost:5173']).get('headers') as (
      given: Headers,
      answer: (a: Headers) => void,
    ) => void
    received({ responseHeaders: { etag: ['x'] } }, ({ responseHeaders }) => {
      expect(responseHeaders.etag).toEqual(['x'])
      expect(responseHeaders['content-security-policy']?.[0]).toContain(
        "default-src 'none'; script-src 'self' 'unsafe-inline'",
      )
    })
    expect(session().get('headers')).toBeUndefined()
  })

  it('stops downloads', () => {
    const { fake } = session()
    const stopped: string[] = []
    fake.emit('will-download', { preventDefault: () => stopped.push('download') })
    expect(stopped).toEqual(['download'])
  })
})

describe('a page', () => {
  it.each(['will-navigate', 'will-frame-navigate', 'will-redirect', 'will-attach-webview'])(
    'S11, S14 is stopped at %s',
    (name) => {
      const contents = Object.assign(new EventEmitter(), {
        setWindowOpenHandler: () => undefined,
        getURL: () => 'app://local/index.html',
      })
      lockContents(contents as unknown as WebContents, silentLogger)
      const stopped: string[] = []
      contents.emit(name, { preventDefault: () => stopped.push(name) })
      expect(stopped).toEqual([name])
    },
  )

  it.each([
    ['app://local/diagram/frame.html', false, 0],
    ['app://local/diagram/frame.html', true, 1],
    ['app://local/diagram/frame.html?x', false, 1],
    ['app://local/index.html', false, 1],
    ['https://example.com/diagram/frame.html', false, 1],
    ['about:blank', false, 1],
  ])('S11 of frames only the one that draws diagrams loads: %s, main frame %s', (url, isMainFrame, refusals) => {
    const contents = Object.assign(new EventEmitter(), {
      setWindowOpenHandler: () => undefined,
      getURL: () => 'app://local/index.html',
    })
    lockContents(contents as unknown as WebContents, silentLogger)
    let stopped = 0
    contents.emit('will-frame-navigate', { url, isMainFrame, preventDefault: () => (stopped += 1) })
    expect(stopped).toBe(refusals)
  })

  it('S12 opens no window', () => {
    let handler: (() => unknown) | null = null
    const contents = Object.assign(new EventEmitter(), {
      setWindowOpenHandler: (given: () => unknown) => (handler = given),
    })
    lockContents(contents as unknown as WebContents, silentLogger)
    expect((handler as (() => unknown) | null)?.()).toEqual({ action: 'deny' })
  })
})
