import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { BackendApi, type BackendApiOptions } from '../../../src/main/backend/api'
import { isFilePath, type DownloadOptions } from '../../../src/main/backend/download'
import { createHttpTransport } from '../../../src/main/backend/http'
import type { Transport, TransportRequest } from '../../../src/main/backend/transport'
import { toAppError } from '../../../src/shared/errors'
import { startFileServer, type FileServer } from '../../support/file-server'
import { png } from '../../support/images'
import { startRawServer } from '../../support/raw-server'

const MiB = 1024 * 1024
const PUBLIC = '93.184.216.34'
const SECRETS = { authorization: 'Bearer canary-key-0123', cookie: 'canary=1', 'x-team': 'canary-team' }

/** Sockets that take the checked address for the one of a server of the test, and note what they were asked. */
function elsewhere(): Transport & { asked: TransportRequest[] } {
  const sockets = createHttpTransport()
  const asked: TransportRequest[] = []
  return {
    asked,
    request: (request) => {
      asked.push(request)
      return sockets.request({ ...request, ...(request.address === PUBLIC ? { address: '127.0.0.1' } : {}) })
    },
  }
}

function apiOf(server: FileServer, options: Partial<BackendApiOptions> = {}): BackendApi {
  return new BackendApi({
    url: `${server.url}/some/path`,
    headers: SECRETS,
    findAddresses: () => Promise.resolve([PUBLIC]),
    elsewhere: elsewhere(),
    ...options,
  })
}

async function fetchAll(api: BackendApi, source: string, options: Partial<DownloadOptions> = {}): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  const { body } = await api.download(source, { maxBytes: 20 * MiB, ...options })
  for await (const piece of body) pieces.push(piece)
  return Buffer.concat(pieces)
}

const reasonOf = async (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'fetched',
    (thrown: unknown) => {
      const error = toAppError(thrown)
      return error.code === 'media' ? error.reason : error.code
    },
  )

const servePicture = () =>
  startFileServer((_request, response) => void response.writeHead(200, { 'content-type': 'image/png' }).end(png()))

describe('files of the server itself', () => {
  it.each([
    ['/media/a.png', '/media/a.png'],
    ['media/a.png', '/media/a.png'],
    ['/media/a b.mp3?url=https%3A%2F%2Fx#here', '/media/a%20b.mp3?url=https%3A%2F%2Fx'],
    ['SERVER/thumbnail/1.png', '/thumbnail/1.png'],
  ])('come from its origin, whatever path its address has: %s', async (source, asked) => {
    const server = await servePicture()
    const bytes = await fetchAll(apiOf(server), source.replace('SERVER', server.url))
    expect(bytes.equals(png())).toBe(true)
    expect(server.requests.map((request) => request.path)).toEqual([asked])
    expect(server.requests[0]?.headers).toMatchObject({ ...SECRETS, 'accept-encoding': 'identity' })
  })

  it('knows its own', async () => {
    const server = await servePicture()
    const api = apiOf(server)
    const others = [
      '//pictures.example/a.png',
      'https://pictures.example/a.png',
      server.url.replace('http:', 'https:'),
      `http://127.0.0.1:${server.port + 1}/a.png`,
      `http://user@127.0.0.1:${server.port}/a.png`,
      '\\\\pictures.example\\a.png',
      'http://[',
      'file:///etc/passwd',
      'data:image/png;base64,AA==',
      'javascript:alert(1)',
      // Calls of its API, however they are written.
      '/backend-api/v2/create?prompt=x',
      '/some/path/backend-api/v2/version',
      '/media/../backend-api/v2/version',
      '/media/%2e%2e/Backend-API/v2/version',
      '\\backend-api\\v2',
    ]
    expect(others.filter((source) => api.owns(source))).toEqual([])
    expect(['/a', 'a', '?a', `${server.url}/a`, ''].every((source) => api.owns(source))).toBe(true)
  })

  it.each([301, 302, 303, 307, 308])('follows a redirect (%i) that stays there, with its headers', async (status) => {
    const server = await startFileServer((request, response) => {
      if (request.url === '/media/a.png') response.writeHead(status, { location: '/elsewhere/b.png' }).end()
      else response.end(png())
    })
    expect((await fetchAll(apiOf(server), '/media/a.png')).equals(png())).toBe(true)
    expect(server.requests.map(({ path: asked, headers }) => [asked, headers.authorization])).toEqual([
      ['/media/a.png', SECRETS.authorization],
      ['/elsewhere/b.png', SECRETS.authorization],
    ])
  })

  it('follows three redirects and no more', async () => {
    const server = await startFileServer((request, response) => {
      const left = Number(request.url?.slice(1))
      if (left === 0) response.end(png())
      else response.writeHead(302, { location: `/${left - 1}` }).end()
    })
    expect(await reasonOf(fetchAll(apiOf(server), '/3'))).toBe('fetched')
    expect(await reasonOf(fetchAll(apiOf(server), '/4'))).toBe('refused')
  })

  it('S33 a redirect to another host is not followed when nobody asked for it', async () => {
    const canary = await servePicture()
    const server = await startFileServer((_request, response) => {
      response.writeHead(302, { location: `${canary.url}/a.png` }).end()
    })
    expect(await reasonOf(fetchAll(apiOf(server), '/media/a.png'))).toBe('refused')
    expect(canary.requests).toEqual([])
  })

  it('S08 a redirect to another host, of a file that was asked for, takes none of the headers along', async () => {
    const canary = await servePicture()
    const server = await startFileServer((_request, response) => {
      response.writeHead(302, { location: `http://pictures.example:${canary.port}/a.png` }).end()
    })
    await fetchAll(apiOf(server), '/media/a.png', { isAskedFor: true })
    expect(JSON.stringify(canary.requests[0]?.headers)).not.toMatch(/canary/u)
  })

  it.each([
    [404, 'gone'],
    [410, 'gone'],
    [401, 'refused'],
    [403, 'refused'],
    [204, 'refused'],
    [206, 'refused'],
    [500, 'failed'],
    [503, 'failed'],
    [304, 'refused'],
    [300, 'refused'],
  ])('an answer %i means %s', async (status, reason) => {
    const server = await startFileServer((_request, response) => void response.writeHead(status).end())
    expect(await reasonOf(fetchAll(apiOf(server), '/media/a.png'))).toBe(reason)
  })

  it('an encoding that was not asked for is not undone', async () => {
    const server = await startFileServer(
      (_request, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end(png()),
    )
    expect(await reasonOf(fetchAll(apiOf(server), '/media/a.png'))).toBe('format')
  })

  it('S08 what says that it is too large is not read, and what is so all the same is cut', async () => {
    const server = await startFileServer((request, response) => {
      if (request.url === '/said') response.writeHead(200, { 'content-length': String(21 * MiB) })
      const piece = Buffer.alloc(MiB)
      const write = (): void => {
        while (!response.destroyed) if (!response.write(piece)) return void response.once('drain', write)
      }
      write()
    })
    for (const source of ['/said', '/unsaid']) {
      const error = await fetchAll(apiOf(server), source).catch(toAppError)
      expect(error).toEqual({ code: 'media', reason: 'too-large', host: server.url.slice(7), limitBytes: 20 * MiB })
    }
    await expect.poll(() => server.requests.every(({ isClosed }) => isClosed)).toBe(true)
  })

  it('a reset in the middle, a server that is gone and one that never answers are a file that did not arrive', async () => {
    const server = await startRawServer(async (connection) => {
      const { path: asked } = await connection.head()
      if (asked === '/silent') return
      connection.write(`HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n${'x'.repeat(100)}`)
      await new Promise((resolve) => setImmediate(resolve))
      connection.reset()
    })
    onTestFinished(() => server.close())
    const api = new BackendApi({ url: server.url })
    expect(await reasonOf(fetchAll(api, '/reset'))).toBe('failed')
    expect(await reasonOf(fetchAll(api, '/silent', { firstByteTimeoutMs: 100 }))).toBe('failed')
    await server.close()
    expect(await reasonOf(fetchAll(api, '/gone'))).toBe('failed')
  })

  it('ends with the signal, in the middle too, and closes the connection', async () => {
    const server = await startFileServer((_request, response) => void response.write('x'.repeat(100)))
    const stop = new AbortController()
    const { body } = await apiOf(server).download('/media/a.png', { maxBytes: MiB, signal: stop.signal })
    const read = (async () => {
      for await (const piece of body) if (piece.length > 0) stop.abort(new Error('enough'))
    })()
    await expect(read).rejects.toThrow('enough')
    await expect.poll(() => server.requests[0]?.isClosed).toBe(true)
  })
})

describe('files of other hosts', () => {
  const source = (server: FileServer): string => `http://pictures.example:${server.port}/a.png`

  it('S07 are not asked for before a person wants them', async () => {
    const [server, canary] = [await servePicture(), await servePicture()]
    const way = elsewhere()
    expect(await reasonOf(fetchAll(apiOf(server, { elsewhere: way }), source(canary)))).toBe('refused')
    expect([canary.requests, way.asked]).toEqual([[], []])
  })

  it('S08 learn nothing of us but what a request needs', async () => {
    const [server, canary] = [await servePicture(), await servePicture()]
    const bytes = await fetchAll(apiOf(server), source(canary), { isAskedFor: true })
    expect(bytes.equals(png())).toBe(true)
    expect(canary.requests.map(({ headers }) => headers)).toEqual([
      {
        host: `pictures.example:${canary.port}`,
        connection: 'close',
        accept: 'image/*,audio/*,video/*',
        'accept-encoding': 'identity',
        'user-agent': 'Mozilla/5.0 (compatible; Parley)',
      },
    ])
    expect(server.requests).toEqual([])
  })

  it.each([
    'http://127.0.0.1:PORT/a.png',
    'http://127.1:PORT/a.png',
    'http://2130706433:PORT/a.png',
    'http://0x7f.1:PORT/a.png',
    'http://0177.0.0.1:PORT/a.png',
    'http://0.0.0.0:PORT/a.png',
    'http://0:PORT/a.png',
    'http://[::1]:PORT/a.png',
    'http://[::]:PORT/a.png',
    'http://[::ffff:127.0.0.1]:PORT/a.png',
    'http://[::ffff:7f00:1]:PORT/a.png',
    'http://[fe80::1]/a.png',
    'http://169.254.169.254/latest/meta-data/',
    'http://10.0.0.1/a.png',
    'http://172.16.0.1/a.png',
    'http://192.168.1.1/a.png',
    'http://100.64.0.1/a.png',
    'http://localhost:PORT/a.png',
    'http://LOCALHOST:PORT/a.png',
    '//127.0.0.1:PORT/a.png',
  ])('S09 are refused in a private network, and nothing is sent there: %s', async (address) => {
    const [server, canary] = [await servePicture(), await servePicture()]
    // The real look-up of this computer: addresses as numbers go through it as well.
    const way = elsewhere()
    const api = new BackendApi({ url: server.url, elsewhere: way })
    const url = address.replace('PORT', String(canary.port))
    expect(await reasonOf(fetchAll(api, url, { isAskedFor: true }))).toBe('private')
    expect(canary.requests).toEqual([])
    expect(way.asked).toEqual([])
  })

  it('S09 one private address among several is enough to refuse a name', async () => {
    const server = await servePicture()
    const api = apiOf(server, { findAddresses: () => Promise.resolve([PUBLIC, '10.0.0.8']) })
    expect(await reasonOf(fetchAll(api, source(server), { isAskedFor: true }))).toBe('private')
    expect(server.requests).toEqual([])
  })

  it('S09 the name is looked up once, and what was checked is what is connected to', async () => {
    const [server, canary] = [await servePicture(), await servePicture()]
    const answers = [[PUBLIC], ['127.0.0.1']]
    const way = elsewhere()
    const api = apiOf(server, {
      elsewhere: way,
      findAddresses: () => Promise.resolve(answers.shift() ?? []),
    })
    await fetchAll(api, source(canary), { isAskedFor: true })
    expect(answers).toHaveLength(1)
    expect(way.asked.map(({ address }) => address)).toEqual([PUBLIC])
  })

  it('S09 each of their redirects is judged anew', async () => {
    const server = await servePicture()
    const targets = [
      'http://127.0.0.1:PORT/secret',
      'http://2130706433:PORT/secret',
      'http://0.0.0.0:PORT/secret',
      'http://[::1]:PORT/secret',
      'http://169.254.169.254/secret',
      'http://inside.example:PORT/secret',
    ]
    const canary = await startFileServer((request, response) => {
      const target = targets[Number(request.url?.slice(1))]?.replace('PORT', String(server.port))
      response.writeHead(302, { location: target }).end()
    })
    for (const index of targets.keys()) {
      const api = apiOf(server, {
        findAddresses: (host) =>
          Promise.resolve([host === 'pictures.example' ? PUBLIC : host === 'inside.example' ? '10.1.1.1' : host]),
      })
      const url = `http://pictures.example:${canary.port}/${index}`
      expect([targets[index], await reasonOf(fetchAll(api, url, { isAskedFor: true }))]).toEqual([
        targets[index],
        'private',
      ])
    }
    // The server of the backend is among the targets: a stranger sends nobody there, least of all with its headers.
    expect(server.requests).toEqual([])
  })

  it('S09 a redirect to what is no web address is refused', async () => {
    const targets = [
      'file:///etc/passwd',
      'data:image/png;base64,AA==',
      'ftp://pictures.example/a',
      'http://u:p@pictures.example/',
    ]
    const canary = await startFileServer((request, response) => {
      response.writeHead(302, { location: targets[Number(request.url?.slice(1))] }).end()
    })
    for (const index of targets.keys()) {
      const url = `http://pictures.example:${canary.port}/${index}`
      expect(await reasonOf(fetchAll(apiOf(canary), url, { isAskedFor: true }))).toBe('refused')
    }
  })

  it('the next address of a host is tried when one cannot be reached', async () => {
    const [server, canary] = [await servePicture(), await servePicture()]
    const way = elsewhere()
    const api = apiOf(server, {
      elsewhere: {
        request: (request) =>
          way.request(
            request.address === '1.1.1.1' ? { ...request, address: '127.0.0.1', url: 'http://a.example:1/' } : request,
          ),
      },
      findAddresses: () => Promise.resolve(['1.1.1.1', PUBLIC]),
    })
    expect(await reasonOf(fetchAll(api, source(canary), { isAskedFor: true }))).toBe('fetched')
    expect(way.asked).toHaveLength(2)
  })

  it('a name that nobody knows is a file that did not arrive', async () => {
    const server = await servePicture()
    const api = apiOf(server, { findAddresses: () => Promise.reject(new Error('ENOTFOUND')) })
    const error = await fetchAll(api, 'http://nowhere.example/a.png', { isAskedFor: true }).catch(toAppError)
    expect(error).toEqual({ code: 'media', reason: 'failed', host: 'nowhere.example', limitBytes: null })
  })

  it('S09 through a proxy the checked address is asked for, and not the name', async () => {
    const proxy = await startRawServer(async (connection) => {
      await connection.head()
      connection.answer('403 Forbidden', {})
    })
    onTestFinished(() => proxy.close())
    for (const [address, authority] of [
      [PUBLIC, `${PUBLIC}:80`],
      ['2606:4700::1111', '[2606:4700::1111]:80'],
    ] as const) {
      const api = new BackendApi({
        url: 'http://127.0.0.1:1',
        proxy: proxy.url,
        findAddresses: () => Promise.resolve([address]),
      })
      expect(await reasonOf(fetchAll(api, 'http://pictures.example/a.png', { isAskedFor: true }))).toBe('failed')
      expect(proxy.connections.at(-1)?.received.toString()).toContain(`CONNECT ${authority} HTTP/1.1`)
    }
  })

  it('S37 the certificate must be that of the name, not that of the address', async () => {
    const pem = (name: string): string =>
      readFileSync(path.resolve(import.meta.dirname, '../../fixtures/tls', `${name}.pem`), 'utf8')
    const server = await startRawServer(
      async (connection) => {
        await connection.head()
        connection.answer('200 OK', {}, png())
      },
      { tls: { cert: pem('good'), key: pem('key') } },
    )
    onTestFinished(() => server.close())
    const way = createHttpTransport({ tls: { ca: pem('ca') } })
    const api = new BackendApi({
      url: 'http://127.0.0.1:1',
      elsewhere: { request: (request) => way.request({ ...request, address: '127.0.0.1' }) },
      findAddresses: () => Promise.resolve([PUBLIC]),
    })
    const ask = (host: string) => reasonOf(fetchAll(api, `https://${host}:${server.port}/a`, { isAskedFor: true }))
    expect(await ask('localhost')).toBe('fetched')
    expect(await ask('pictures.example')).toBe('failed')
  })
})

describe('spoken text', () => {
  it('is asked of the provider that offers it, below the path of the address, with the headers', async () => {
    const server = await startFileServer((_request, response) => void response.end('sound'))
    const { body } = await apiOf(server).speech('Lab/All', { text: 'say this & that', lang: 'en' }, { maxBytes: MiB })
    const pieces: Uint8Array[] = []
    for await (const piece of body) pieces.push(piece)
    expect(Buffer.concat(pieces).toString()).toBe('sound')
    expect(server.requests[0]).toMatchObject({
      path: '/some/path/backend-api/v2/synthesize/Lab%2FAll?text=say+this+%26+that&lang=en',
      headers: SECRETS,
    })
  })
})

describe('the path of a file, and not of the API, however a server may read it', () => {
  it.each([
    ['/media/a.png', true],
    ['/files/b1/media/%D0%BA%D0%BE%D1%82.png', true],
    ['/images/a%20b.webp?size=2', true],
    ['/backend-api/v2/version', false],
    ['/g4f/BACKEND-API/v2/version', false],
    ['/%62ackend-api/v2/version', false],
    ['/%2562ackend-api/v2/version', false],
    ['/backend%2Dapi/v2/version', false],
    ['/x/..%2fbackend%2dapi/v2', false],
    ['/media/%2e%2e%2fsecret', false],
    ['/media/..%5csecret', false],
    ['/backend-api;a=1/v2/version', false],
    ['/media/%E0%A4%A', false],
  ])('%s: %s', (address, isFile) => {
    expect(isFilePath(new URL(address, 'http://localhost:1337'))).toBe(isFile)
  })
})
