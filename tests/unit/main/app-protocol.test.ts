import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Protocol } from 'electron'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  CONTENT_SECURITY_POLICY,
  developmentPolicy,
  DIAGRAM_POLICY,
  parseRange,
  resolveAppUrl,
  serveApp,
} from '../../../src/main/app-protocol'
import type { AttachmentFile } from '../../../src/main/attachments'

const ID = 'ab'.repeat(32)
const SCREEN = 'cd'.repeat(32)

describe('addresses under app://local (S21)', () => {
  it.each([
    ['app://local/index.html', ['index.html'], 'text/html; charset=utf-8'],
    ['app://local/quick-ask.html?x=1#y', ['quick-ask.html'], 'text/html; charset=utf-8'],
    ['app://local/assets/index-Dg2B_R0F.js', ['assets', 'index-Dg2B_R0F.js'], 'text/javascript; charset=utf-8'],
    ['app://local/assets/inter.woff2', ['assets', 'inter.woff2'], 'font/woff2'],
    ['app://local/assets/-a.css', ['assets', '-a.css'], 'text/css; charset=utf-8'],
  ])('S21 knows %s', (url, segments, mime) => {
    expect(resolveAppUrl(url)).toEqual({ kind: 'page-file', segments, mime })
  })

  it('S21 knows an image by its id', () => {
    expect(resolveAppUrl(`app://local/attachment/${ID}`)).toEqual({ kind: 'attachment', id: ID })
  })

  it.each([
    'app://local',
    'app://local/',
    'app://local//index.html',
    'app://local/./index.html',
    'app://local/../main/index.js',
    'app://local/assets/../../main/index.js',
    'app://local/%2e%2e/main/index.js',
    'app://local/%2E%2E%2Fmain%2Findex.js',
    'app://local/..%2fmain/index.js',
    'app://local/..%5cmain%5cindex.js',
    'app://local/..\\main\\index.js',
    'app://local/assets%2findex.js',
    'app://local/%252e%252e/index.js',
    'app://local/index.html%00.js',
    'app://local/index.html\0',
    'app://local/C:/Windows/win.ini',
    'app://local/C:index.html',
    'app://local/c%3a/index.html',
    'app://local//etc/passwd',
    'app://local///host/share/a.js',
    'app://local/.hidden.js',
    'app://local/assets/.env',
    'app://local/index.html/',
    'app://local/index.html ',
    'app://local/in dex.html',
    'app://local/\u202Eindex.html',
    'app://local/índex.html',
    'app://local/index',
    'app://local/index.exe',
    'app://local/index.html::$DATA',
    'app://local/CON',
    'app://local.evil/index.html',
    'app://LOCAL/index.html',
    'app://user@local/index.html',
    'app://local:80/index.html',
    'APP://local/index.html',
    'file:///index.html',
    'https://local/index.html',
    'app://local/attachment',
    'app://local/attachment/',
    'app://local/attachment/..',
    `app://local/attachment/${ID}/x`,
    `app://local/attachment/${ID.toUpperCase()}`,
    `app://local/attachment/${ID.slice(1)}`,
    `app://local/attachment/${ID}.png`,
    'app://local/attachment/index.html',
  ])('S21 refuses %j', (url) => {
    expect(resolveAppUrl(url)).toBeNull()
  })

  it('S21 never gives a segment that leads upwards', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('.', '/', '\\', '%', '2', 'e', 'a', ':', '\0', '-') }), (path) => {
        const resource = resolveAppUrl(`app://local/${path}.js`)
        const segments = resource?.kind === 'page-file' ? resource.segments : []
        expect(segments.every((segment) => !/[\\/%:\0]|^\./u.test(segment))).toBe(true)
      }),
    )
  })
})

describe('the policy of every page', () => {
  it('S03 is the golden string', () => {
    expect(CONTENT_SECURITY_POLICY).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob: media:; " +
        "font-src 'self'; media-src 'self' blob: media:; connect-src 'self'; worker-src 'self'; frame-src 'self'; " +
        "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
        "require-trusted-types-for 'script'; trusted-types 'none'",
    )
  })
})

describe('the policy of the frame that draws diagrams', () => {
  it('S03 is the golden string: no origin, our own scripts, and nothing that could be fetched', () => {
    expect(DIAGRAM_POLICY).toBe(
      "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; " +
        "frame-ancestors 'self'; sandbox allow-scripts",
    )
  })
})

describe('the policy in development', () => {
  it('S03 differs in what is inline, the web socket and Trusted Types only', () => {
    expect(developmentPolicy('http://localhost:5173')).toBe(
      "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob: media:; " +
        "font-src 'self'; media-src 'self' blob: media:; connect-src 'self' ws://localhost:5173; worker-src 'self'; " +
        "frame-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    )
  })
})

describe('ranges', () => {
  it.each([
    ['bytes=0-9', { start: 0, end: 9 }],
    ['bytes=90-', { start: 90, end: 99 }],
    ['bytes=-10', { start: 90, end: 99 }],
    ['bytes=-1000', { start: 0, end: 99 }],
    ['bytes=50-1000', { start: 50, end: 99 }],
    ['bytes=100-', 'unsatisfiable'],
    ['bytes=-0', 'unsatisfiable'],
    ['bytes=9-0', null],
    ['bytes=-', null],
    ['bytes=0-1,5-6', null],
    ['items=0-1', null],
    ['bytes=a-b', null],
  ])('reads %s of 100 bytes', (header, expected) => {
    expect(parseRange(header, 100)).toEqual(expected)
  })
})

describe('what is served', () => {
  let ask: (url: string, init?: RequestInit) => Promise<Response>
  let screen: Uint8Array<ArrayBuffer> | null = null

  beforeAll(() => {
    const folder = mkdtempSync(join(tmpdir(), 'parley-pages-'))
    const pages = join(folder, 'renderer')
    mkdirSync(join(pages, 'assets'), { recursive: true })
    writeFileSync(join(pages, 'index.html'), '<!doctype html>')
    writeFileSync(join(pages, 'assets', 'a-123.js'), 'export {}')
    writeFileSync(join(folder, 'secret.js'), 'secret')
    symlinkSync(join(folder, 'secret.js'), join(pages, 'assets', 'link.js'))
    mkdirSync(join(pages, 'assets', 'folder.js'))
    const image: AttachmentFile = { path: join(folder, 'image'), mime: 'image/png', bytes: 10 }
    writeFileSync(image.path, '0123456789')
    serveApp(
      {
        handle: (_scheme: string, handler: (request: Request) => Promise<Response>) => {
          ask = async (url, init) => handler(new Request(url, init))
        },
      } as unknown as Protocol,
      {
        pages,
        attachment: async (id) => (id === ID ? image : null),
        capture: (id) => (id === SCREEN ? screen : null),
      },
    )
  })

  it('S03 gives a page its policy as a header, and forbids guessing its type', async () => {
    const response = await ask('app://local/index.html')
    expect(response.status).toBe(200)
    expect(response.headers.get('content-security-policy')).toBe(CONTENT_SECURITY_POLICY)
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    expect(await response.text()).toBe('<!doctype html>')
  })

  it('serves a file with a hash in its name for ever', async () => {
    const response = await ask('app://local/assets/a-123.js')
    expect(response.headers.get('cache-control')).toContain('immutable')
    expect(await response.text()).toBe('export {}')
  })

  it.each([
    ['a link out of the bundle', 'app://local/assets/link.js'],
    ['a folder', 'app://local/assets/folder.js'],
    ['a file that is not there', 'app://local/assets/none.js'],
    ['an image that is not there', `app://local/attachment/${'0'.repeat(64)}`],
  ])('S21 answers 404 to %s', async (_name, url) => {
    expect((await ask(url)).status).toBe(404)
  })

  it('answers GET only', async () => {
    expect((await ask('app://local/index.html', { method: 'POST', body: 'x' })).status).toBe(404)
  })

  it('serves an image with its type, and nothing in it can run', async () => {
    const response = await ask(`app://local/attachment/${ID}`)
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('image/png')
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    expect(response.headers.get('content-security-policy')).toBe("default-src 'none'; sandbox")
    expect(await response.text()).toBe('0123456789')
  })

  it('serves the picture of a screen only while there is one, and lets nobody keep it', async () => {
    screen = new TextEncoder().encode('BM')
    const response = await ask(`app://local/capture/${SCREEN}`)
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'image/bmp'])
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(response.headers.get('content-security-policy')).toBe("default-src 'none'; sandbox")
    expect(await response.text()).toBe('BM')
    expect((await ask(`app://local/capture/${ID}`)).status).toBe(404)
    screen = null
    expect((await ask(`app://local/capture/${SCREEN}`)).status).toBe(404)
  })

  it('serves a part with 206', async () => {
    const response = await ask(`app://local/attachment/${ID}`, { headers: { range: 'bytes=2-4' } })
    expect(response.status).toBe(206)
    expect(response.headers.get('content-range')).toBe('bytes 2-4/10')
    expect(response.headers.get('content-length')).toBe('3')
    expect(await response.text()).toBe('234')
  })

  it('answers 416 to a part that is not there', async () => {
    const response = await ask(`app://local/attachment/${ID}`, { headers: { range: 'bytes=10-' } })
    expect(response.status).toBe(416)
    expect(response.headers.get('content-range')).toBe('bytes */10')
  })
})
