import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import path from 'node:path'
import type { TlsOptions } from 'node:tls'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { createHttpTransport, type HttpOptions } from '../../../src/main/backend/http'
import type { TransportRequest } from '../../../src/main/backend/transport'
import { startRawServer, type RawConnection, type RawServer } from '../../support/raw-server'

const pem = (name: string): string =>
  readFileSync(path.resolve(import.meta.dirname, '../../fixtures/tls', `${name}.pem`), 'utf8')
const ca = pem('ca')
const key = pem('key')

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()))
})

async function serveTls(
  cert: string,
  handle: (connection: RawConnection) => void | Promise<void> = answerOk,
  options: TlsOptions = {},
): Promise<RawServer> {
  const server = await startRawServer(handle, { tls: { cert: pem(cert), key, ...options } })
  closers.push(() => server.close())
  return server
}

async function answerOk(connection: RawConnection): Promise<void> {
  await connection.request()
  connection.answer('200 OK', {}, 'ok')
}

async function ask(url: string, options: HttpOptions = {}, request: Partial<TransportRequest> = {}): Promise<unknown> {
  let text = ''
  try {
    const response = await createHttpTransport(options).request({
      method: 'POST',
      url: `${url}/x`,
      headers: { authorization: 'Bearer canary' },
      body: { kind: 'text', text: 'canary' },
      signal: new AbortController().signal,
      connectTimeoutMs: 8000,
      firstByteTimeoutMs: 8000,
      idleTimeoutMs: 8000,
      ...request,
    })
    for await (const piece of response.body) text += Buffer.from(piece).toString()
    return text
  } catch (thrown) {
    return thrown instanceof Error && 'error' in thrown ? thrown.error : thrown
  }
}

function seenBy(server: RawServer): string {
  return server.connections.map((connection) => connection.received.toString()).join('')
}

describe('S37 certificates are verified', () => {
  test('one of an authority that this backend trusts is good, by number and by name', async () => {
    const server = await serveTls('good')
    expect(await ask(server.url, { tls: { ca } })).toBe('ok')
    expect(await ask(server.url.replace('127.0.0.1', 'localhost'), { tls: { ca } })).toBe('ok')
  })

  test.each([
    ['self-signed', {}, 'self-signed'],
    ['self-signed', { tls: { ca } }, 'self-signed'],
    ['good', {}, 'unknown-issuer'],
    ['expired', { tls: { ca } }, 'expired'],
    ['wrong-host', { tls: { ca } }, 'wrong-host'],
  ] as const)('%s with %j is refused, and nothing was sent', async (cert, options, reason) => {
    const server = await serveTls(cert)
    expect(await ask(server.url, options)).toEqual({ code: 'certificate', reason, host: '127.0.0.1' })
    expect(seenBy(server)).toBe('')
  })

  test('TLS 1.1 is too old', async () => {
    const old: TlsOptions = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }
    const server = await serveTls('good', answerOk, old)
    expect(await ask(server.url, { tls: { ca } })).toEqual({
      code: 'certificate',
      reason: 'old-protocol',
      host: '127.0.0.1',
    })
  })

  test('the environment cannot switch it off', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
    const server = await serveTls('self-signed')
    expect(await ask(server.url)).toMatchObject({ code: 'certificate', reason: 'self-signed' })
    expect(seenBy(server)).toBe('')
  })

  test('https to a server that speaks http', async () => {
    const server = await startRawServer((connection) => {
      connection.answer('400 Bad Request', {}, 'plain http')
    })
    closers.push(() => server.close())
    const url = server.url.replace('http:', 'https:')
    expect(await ask(url)).toEqual({ code: 'certificate', reason: 'other', host: '127.0.0.1' })
  })

  test('a server that hangs up in the handshake was never sent anything', async () => {
    const server = await startRawServer(async (connection) => {
      await connection.until(() => connection.receivedBytes > 0)
      connection.reset()
    })
    closers.push(() => server.close())
    expect(await ask(server.url.replace('http:', 'https:'))).toMatchObject({ code: 'unreachable', reason: 'network' })
  })

  test('R16 TLS that ends without its goodbye is a lost connection', async () => {
    const server = await serveTls('good', async (connection) => {
      await connection.request()
      connection.beginStream()
      connection.chunk('one ')
      connection.socket.destroy()
    })
    expect(await ask(server.url, { tls: { ca } })).toEqual({ code: 'connection-lost' })
  })
})

describe('S38 a proxy', () => {
  interface TestProxy {
    url: string
    /** The targets it was asked for, with what came as login. */
    requests: string[]
  }

  async function startProxy(answer: 'connect' | 407 | 502 | 'hang-up' | 'noise' = 'connect'): Promise<TestProxy> {
    const requests: string[] = []
    const sockets = new Set<Socket>()
    const server: Server = createServer((_request, response) => {
      requests.push('not a tunnel')
      response.end()
    })
    server.on('connection', (socket: Socket) => sockets.add(socket))
    server.on('connect', (request, client: Socket) => {
      requests.push(`${request.url ?? ''} ${request.headers['proxy-authorization'] ?? '-'}`)
      client.on('error', () => undefined)
      if (answer === 'hang-up') client.destroy()
      else if (answer === 'noise') client.end('SSH-2.0-OpenSSH\r\n\r\n')
      else if (answer === 'connect') {
        // What stands for the network behind the proxy: every name leads here.
        const target = connect(Number((request.url ?? '').split(':').at(-1)), '127.0.0.1', () => {
          client.write('HTTP/1.1 200 Connection established\r\nX: y\r\n\r\n')
          client.pipe(target).pipe(client)
        })
        target.on('error', () => client.destroy())
        sockets.add(target)
      } else client.end(`HTTP/1.1 ${String(answer)} No\r\nContent-Length: 0\r\n\r\n`)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    closers.push(
      () =>
        new Promise((resolve) => {
          for (const socket of sockets) socket.destroy()
          server.close(() => {
            resolve()
          })
        }),
    )
    return { url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`, requests }
  }

  test('carries http and https, with its login, and never sees what is sent by https', async () => {
    const plain = await startRawServer(answerOk)
    const secure = await serveTls('wrong-host')
    closers.push(() => plain.close())
    const proxy = await startProxy()
    const withLogin = proxy.url.replace('://', '://me:s%40crt@')
    expect(await ask(`http://chat.example:${String(plain.port)}`, { proxy: withLogin })).toBe('ok')
    expect(await ask(`https://other.example:${String(secure.port)}`, { proxy: proxy.url, tls: { ca } })).toBe('ok')
    const login = `Basic ${Buffer.from('me:s@crt').toString('base64')}`
    expect(proxy.requests).toEqual([
      `chat.example:${String(plain.port)} ${login}`,
      `other.example:${String(secure.port)} -`,
    ])
    expect(seenBy(plain)).not.toContain('roxy')
  })

  test('S37 the certificate is verified behind it', async () => {
    const server = await serveTls('self-signed')
    const proxy = await startProxy()
    const error = await ask(`https://chat.example:${String(server.port)}`, { proxy: proxy.url })
    expect(error).toEqual({ code: 'certificate', reason: 'self-signed', host: 'chat.example' })
    expect(seenBy(server)).toBe('')
  })

  test('loopback goes past it', async () => {
    const server = await startRawServer(answerOk)
    closers.push(() => server.close())
    const proxy = await startProxy()
    for (const host of ['127.0.0.1', 'localhost', 'LOCALHOST', '127.1']) {
      expect(await ask(`http://${host}:${String(server.port)}`, { proxy: proxy.url })).toBe('ok')
    }
    expect(proxy.requests).toEqual([])
  })

  test.each([
    [407, { code: 'http', status: 407, message: null }],
    [502, { code: 'http', status: 502, message: null }],
    ['hang-up', { code: 'http', status: 502, message: null }],
    ['noise', { code: 'http', status: 502, message: null }],
  ] as const)('that answers %s', async (answer, error) => {
    const proxy = await startProxy(answer)
    expect(await ask('http://chat.example:1337', { proxy: proxy.url })).toEqual(error)
    expect(proxy.requests).toHaveLength(1)
  })

  test('that is not there is named as what cannot be reached', async () => {
    const gone = await startRawServer(() => undefined)
    await gone.close()
    expect(await ask('http://chat.example:1337', { proxy: gone.url })).toEqual({
      code: 'unreachable',
      reason: 'refused',
      host: '127.0.0.1',
      port: gone.port,
    })
  })

  test('R09 an abort while it connects closes the connection to it', async () => {
    const silent = await startRawServer(() => undefined)
    closers.push(() => silent.close())
    const controller = new AbortController()
    const asked = ask('http://chat.example:1337', { proxy: silent.url }, { signal: controller.signal })
    await expect.poll(() => silent.connections[0]?.received.toString() ?? '').toContain('CONNECT chat.example:1337')
    controller.abort(new Error('stopped'))
    expect(await asked).toMatchObject({ message: 'stopped' })
    await silent.connections[0]?.closed()
  })

  test.each(['socks5://127.0.0.1:1080', 'ftp://x', 'nonsense', 'http://a%zz@x'])('%s is refused at once', (proxy) => {
    expect(() => createHttpTransport({ proxy })).toThrow('bad-address')
  })
})
