import { connect, createServer, type AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { createHttpTransport, type FindProxy, type HttpOptions } from '../../../src/main/backend/http'
import { readCertificate } from '../../../src/main/backend/certificate'
import { failure } from '../../../src/shared/errors'
import { ask, CANARY } from '../../support/ask'
import { startHttpProxy, startSocksProxy, type ProxyFault, type TestProxy } from '../../support/proxies'
import { startRawServer, type RawConnection, type RawServer } from '../../support/raw-server'
import { ca, derOf, startTlsServer, type TlsServer } from '../../support/tls-servers'
import { AT_ONCE_MS } from '../../support/pace'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()))
})

async function keep<T extends RawServer | TlsServer | TestProxy>(starting: Promise<T>): Promise<T> {
  const server = await starting
  closers.push(() => server.close())
  return server
}

async function serve(handle: (connection: RawConnection) => void | Promise<void> = answerOk): Promise<RawServer> {
  return keep(startRawServer(handle))
}

async function answerOk(connection: RawConnection): Promise<void> {
  await connection.request()
  connection.answer('200 OK', {}, 'ok')
}

/** A name that only the proxy knows: it leads to the loopback. */
const far = (server: { port: number }, scheme = 'http'): string => `${scheme}://chat.example:${String(server.port)}`

const withLogin = (url: string, user: string, password: string): string =>
  url.replace('://', `://${encodeURIComponent(user)}:${encodeURIComponent(password)}@`)

/** A password with everything that has a meaning somewhere on the way. */
const PASSWORD = 'p@ss:w/ö%41 😀'
const login = { user: 'me', password: PASSWORD }

const kinds = {
  http: (options: { login?: typeof login; fault?: ProxyFault } = {}) => startHttpProxy(options),
  https: (options: { login?: typeof login; fault?: ProxyFault } = {}) =>
    startHttpProxy({ certificate: 'good', ...options }),
  socks4: (options: { login?: typeof login; fault?: ProxyFault } = {}) => startSocksProxy(4, options),
  socks5: (options: { login?: typeof login; fault?: ProxyFault } = {}) => startSocksProxy(5, options),
}
type Kind = keyof typeof kinds
const all = Object.keys(kinds) as Kind[]
const tunnelOf = (kind: Kind): string => (kind === 'http' || kind === 'https' ? 'connect' : kind)

describe('S38 a proxy', () => {
  test.each(all)(
    '%s carries http and https; it resolves the name, and sees nothing of what goes by https',
    async (kind) => {
      const plain = await serve()
      const secure = await keep(startTlsServer({ certificate: 'good' }))
      const proxy = await keep(kinds[kind]())
      const options: HttpOptions = { proxy: proxy.url, tls: { ca } }
      expect(await ask(far(plain), options)).toBe('ok')
      expect(await ask(far(secure, 'https'), options)).toBe('ok')
      const plainWay = kind.startsWith('http') ? 'forward' : kind
      expect(proxy.requests).toEqual([
        { kind: plainWay, host: 'chat.example', port: plain.port, login: null },
        { kind: tunnelOf(kind), host: 'chat.example', port: secure.port, login: null },
      ])
      expect(secure.received()).toContain(CANARY)
      await proxy.idle()
    },
  )

  test.each(all)('%s with a login', async (kind) => {
    const plain = await serve()
    const secure = await keep(startTlsServer({ certificate: 'good' }))
    const proxy = await keep(kinds[kind]({ login }))
    const options: HttpOptions = { proxy: withLogin(proxy.url, login.user, PASSWORD), tls: { ca } }
    expect(await ask(far(plain), options)).toBe('ok')
    expect(await ask(far(secure, 'https'), options)).toBe('ok')
    const basic = `Basic ${Buffer.from(`me:${PASSWORD}`).toString('base64')}`
    const given = kind === 'socks4' ? 'me' : kind === 'socks5' ? `me:${PASSWORD}` : basic
    expect(proxy.requests.map((request) => request.login)).toEqual([given, given])
    // The login is the proxy's and nobody else's.
    const seen = plain.connections.map(({ received }) => received.toString()).join('') + secure.received()
    expect(seen).not.toMatch(/proxy-auth/iu)
    expect(seen).not.toContain(basic)
    expect(seen).not.toContain(PASSWORD)
  })

  test.each(all.flatMap((kind) => [[kind, 'wrong'] as const, [kind, null] as const]))(
    '%s that does not accept the login %j says so, and the server has seen nothing',
    async (kind, password) => {
      const plain = await serve()
      const secure = await keep(startTlsServer({ certificate: 'good' }))
      const proxy = await keep(kinds[kind]({ login }))
      const url = password === null ? proxy.url : withLogin(proxy.url, 'somebody', password)
      const options: HttpOptions = { proxy: url, tls: { ca } }
      const error = { code: 'proxy', reason: 'login', host: '127.0.0.1', port: proxy.port }
      expect(await ask(far(plain), options)).toEqual(error)
      expect(await ask(far(secure, 'https'), options)).toEqual(error)
      await proxy.idle()
      expect(plain.connections).toHaveLength(0)
      expect(secure.received()).toBe('')
    },
  )

  test.each(all)('%s that is gone, unknown or unreachable is named as what is', async (kind) => {
    const gone = await startRawServer(() => undefined)
    await gone.close()
    const { port } = gone
    const at = (host: string): HttpOptions => ({ proxy: `${kind}://${host}:${String(port)}` })
    const error = { code: 'proxy', reason: 'refused', host: '127.0.0.1', port }
    expect(await ask('http://chat.example', at('127.0.0.1'))).toEqual(error)
    expect(await ask('https://chat.example', at('localhost'))).toEqual({ ...error, host: 'localhost' })
    const unknown = { ...error, reason: 'unknown-host', host: 'no-such-proxy.invalid' }
    expect(await ask('http://chat.example', at('no-such-proxy.invalid'))).toEqual(unknown)
  })

  test.each(all.flatMap((kind) => (['garbage', 'close', 'flood'] as const).map((fault) => [kind, fault] as const)))(
    '%s that answers with %s is no proxy',
    async (kind, fault) => {
      const secure = await keep(startTlsServer({ certificate: 'good' }))
      const proxy = await keep(kinds[kind]({ fault }))
      expect(await ask(far(secure, 'https'), { proxy: proxy.url, tls: { ca } })).toEqual({
        code: 'proxy',
        reason: 'network',
        host: '127.0.0.1',
        port: proxy.port,
      })
      await proxy.idle()
      expect(proxy.requests).toHaveLength(1)
      expect(secure.received()).toBe('')
    },
  )

  test.each(all)('%s that refuses the way, or finds none, has failed', async (kind) => {
    const secure = await keep(startTlsServer({ certificate: 'good' }))
    const strict = await keep(kinds[kind]({ fault: 'refuse' }))
    const failed = { code: 'proxy', reason: 'failed', host: '127.0.0.1' }
    const refused = await ask(far(secure, 'https'), { proxy: strict.url, tls: { ca } })
    expect(refused).toEqual({ ...failed, port: strict.port })
    const lost = await keep(kinds[kind]())
    await secure.close()
    const unreached = await ask(far(secure, 'https'), { proxy: lost.url, tls: { ca } })
    expect(unreached).toEqual({ ...failed, port: lost.port })
  })

  test.each(all)('R10 %s that says nothing is no connection, after the time to connect', async (kind) => {
    const proxy = await keep(kinds[kind]({ fault: 'silent' }))
    const url = 'https://chat.example'
    expect(await ask(url, { proxy: proxy.url, tls: { ca } }, { connectTimeoutMs: 300 })).toEqual({
      code: 'timeout',
      phase: 'connect',
      seconds: 0,
    })
    await proxy.idle()
  })

  test('a proxy that does not speak TLS where it should, and the other way around', async () => {
    const plain = await keep(startHttpProxy())
    const secure = await keep(startHttpProxy({ certificate: 'good' }))
    const server = await keep(startTlsServer({ certificate: 'good' }))
    const error = { code: 'proxy', reason: 'network', host: '127.0.0.1' }
    const toPlain = await ask(far(server, 'https'), { proxy: plain.url.replace('http:', 'https:') })
    expect(toPlain).toEqual({ ...error, port: plain.port })
    const toSecure = await ask(far(server, 'https'), { proxy: secure.url.replace('https:', 'http:') })
    expect(toSecure).toEqual({ ...error, port: secure.port })
  })

  test('S37 the certificate of the proxy is verified as well, and no pin is for it', async () => {
    const server = await keep(startTlsServer({ certificate: 'self-signed' }))
    const proxy = await keep(startHttpProxy({ certificate: 'self-signed', login }))
    const pinned = readCertificate(derOf('self-signed'))
    const options: HttpOptions = { proxy: withLogin(proxy.url, 'me', PASSWORD), tls: { pinned } }
    // Not shown: it would be trusted as the server's.
    expect(await ask(far(server, 'https'), options)).toEqual({
      code: 'certificate',
      reason: 'self-signed',
      host: '127.0.0.1',
    })
    expect(proxy.requests).toEqual([])
  })

  test.each([
    ['HTTP/1.1 401 Unauthorized\r\n', 'login'],
    ['HTTP/1.0 407\r\n', 'login'],
    ['HTTP/1.1 403 Forbidden\r\n', 'failed'],
    ['HTTP/1.1 302 Found\r\nLocation: http://evil.example/\r\n', 'failed'],
    ['HTTP/1.1 100 Continue\r\n', 'failed'],
    ['HTTP/1.1 2000 OK\r\n', 'network'],
    ['HTTP/2 200 OK\r\n', 'network'],
    ['\r\n', 'network'],
  ])('one that answers %j to the wish for a tunnel: %s', async (head, reason) => {
    const proxy = await serve(async (connection) => {
      await connection.head()
      connection.write(`${head}\r\n`)
    })
    const error = await ask('https://chat.example', { proxy: proxy.url })
    expect(error).toEqual({ code: 'proxy', reason, host: '127.0.0.1', port: proxy.port })
    await proxy.connections[0]?.closed()
    expect(proxy.connections).toHaveLength(1)
  })

  test('any word of success opens it, also without a reason and with a body that was not asked for', async () => {
    const server = await keep(startTlsServer({ certificate: 'good' }))
    for (const head of ['HTTP/1.0 200 \r\n', 'HTTP/1.1 200\r\nContent-Length: 5\r\n', 'HTTP/1.1 204 Fine\r\n']) {
      const proxy = await serve(async (connection) => {
        await connection.head()
        const sent = connection.receivedBytes
        connection.write(`${head}\r\n`)
        const target = connect(server.port, '127.0.0.1')
        await connection.until(() => connection.receivedBytes > sent)
        target.write(connection.received.subarray(sent))
        connection.socket.pipe(target).pipe(connection.socket)
        target.on('error', () => undefined)
      })
      expect(await ask(far(server, 'https'), { proxy: proxy.url, tls: { ca } })).toBe('ok')
    }
  })

  test('an answer of 407 by the server itself is the server’s', async () => {
    const server = await keep(
      startTlsServer({
        certificate: 'good',
        handle: async (connection) => {
          await connection.request()
          connection.answer('407 Proxy Authentication Required', {}, 'ha')
        },
      }),
    )
    const proxy = await keep(startHttpProxy())
    expect(await ask(far(server, 'https'), { proxy: proxy.url, tls: { ca } })).toBe('ha')
  })

  test('S33 a redirect behind it is refused, too', async () => {
    const server = await serve(async (connection) => {
      await connection.request()
      connection.answer('307 Elsewhere', { Location: 'http://evil.example/' })
    })
    const proxy = await keep(startHttpProxy())
    const error = { code: 'redirect', status: 307, host: 'evil.example' }
    expect(await ask(far(server), { proxy: proxy.url })).toEqual(error)
    expect(proxy.requests).toHaveLength(1)
  })

  test.each(all)('%s gives bytes on as they come, the first of the server with its own', async (kind) => {
    const server = await keep(
      startTlsServer({
        certificate: 'good',
        handle: async (connection) => {
          await connection.request()
          connection.beginStream()
          for (let count = 0; count < 3; count++) connection.chunk(Buffer.alloc(300_000, String(count)))
          connection.endStream()
        },
      }),
    )
    const proxy = await keep(kinds[kind]())
    const text = await ask(far(server, 'https'), { proxy: proxy.url, tls: { ca } })
    expect(text).toBe(['0', '1', '2'].map((digit) => digit.repeat(300_000)).join(''))
  })

  test('who speaks before it is asked speaks no HTTP, and is not connected to again', async () => {
    const greeting = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nearly'
    let connections = 0
    const proxy = createServer((socket) => {
      connections += 1
      socket.on('error', () => undefined)
      socket.once('data', () => {
        socket.write(Buffer.from([5, 0]))
        // In one piece with the answer of the proxy.
        socket.once('data', () => {
          socket.write(Buffer.concat([Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]), Buffer.from(greeting)]))
        })
      })
    })
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
    const { port } = proxy.address() as AddressInfo
    expect(await ask('http://chat.example', { proxy: `socks5://127.0.0.1:${String(port)}` })).toMatchObject({
      code: 'not-a-stream',
      contentType: 'non-HTTP data',
    })
    await new Promise((resolve) => proxy.close(resolve))
    expect(connections).toBe(1)
  })

  test.each(all)('%s is told an IP address as such', async (kind) => {
    const server = await keep(startTlsServer({ certificate: 'good' }))
    const proxy = await keep(kinds[kind]())
    const options: HttpOptions = { proxy: proxy.url, tls: { ca, pinned: readCertificate(derOf('good')) } }
    expect(await ask(`https://192.0.2.1:${String(server.port)}`, options)).toBe('ok')
    expect(proxy.requests[0]).toMatchObject({ kind: tunnelOf(kind), host: '192.0.2.1' })
    const six = await ask(`https://[2001:db8::ffff:192.0.2.1]:${String(server.port)}`, options)
    if (kind === 'socks4') {
      expect(six).toEqual({ code: 'proxy', reason: 'failed', host: '127.0.0.1', port: proxy.port })
      expect(proxy.requests).toHaveLength(1)
    } else {
      expect(six).toBe('ok')
      expect(proxy.requests[1]?.host).toBe(
        kind === 'socks5' ? '20010db8000000000000ffffc0000201' : '[2001:db8::ffff:c000:201]',
      )
    }
  })

  test.each(['socks5://x:1080:1', 'ftp://x', 'http://', 'http://a%zz@x', 'http://x/y'])(
    '%s is refused at once',
    (proxy) => {
      expect(() => createHttpTransport({ proxy })).toThrow('bad-proxy')
    },
  )

  test('a login that is too long for SOCKS 5, or has a zero for SOCKS 4, is none', async () => {
    const five = await keep(startSocksProxy(5, { login }))
    const long = await ask('http://chat.example', { proxy: withLogin(five.url, 'me', 'x'.repeat(256)) })
    expect(long).toEqual({ code: 'proxy', reason: 'login', host: '127.0.0.1', port: five.port })
    const four = await keep(startSocksProxy(4, { login }))
    const zero = await ask('http://chat.example', { proxy: withLogin(four.url, 'me\0evil.example', '') })
    expect(zero).toEqual({ code: 'proxy', reason: 'login', host: '127.0.0.1', port: four.port })
    expect([...five.requests, ...four.requests]).toEqual([])
  })
})

describe('S38 loopback is never proxied', () => {
  test('nor is anybody asked for a proxy to it', async () => {
    const server = await serve()
    const proxies = await Promise.all(all.map((kind) => keep(kinds[kind]())))
    const asked: string[] = []
    const findProxy: FindProxy = (url) => {
      asked.push(url.hostname)
      return Promise.resolve('http://127.0.0.1:1')
    }
    for (const proxy of [...proxies.map(({ url }) => url), findProxy]) {
      for (const host of [
        '127.0.0.1',
        '127.1',
        '2130706433',
        'localhost',
        'LOCALHOST',
        '127.0.0.53',
        '127.255.255.254',
      ]) {
        expect(await ask(`http://${host}:${String(server.port)}`, { proxy })).toSatisfy(isOwnAnswer)
      }
      for (const host of ['chat.localhost', '[::1]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]']) {
        expect(await ask(`http://${host}:${String(server.port)}`, { proxy })).toSatisfy(isOwnAnswer)
      }
    }
    expect(proxies.flatMap(({ requests }) => requests)).toEqual([])
    expect(proxies.map(({ connections }) => connections.opened)).toEqual([0, 0, 0, 0])
    expect(asked).toEqual([])
  })

  /** It listens at 127.0.0.1 only: any other address of this computer refuses, or is not known, and that is an answer as well. */
  function isOwnAnswer(outcome: unknown): boolean {
    return outcome === 'ok' || (outcome as { code?: string }).code === 'unreachable'
  }
})

describe('S38 a proxy that has to be found', () => {
  test('is asked for with each request', async () => {
    const server = await serve()
    const proxy = await keep(startHttpProxy())
    const asked: string[] = []
    const findProxy: FindProxy = (url) => {
      asked.push(url.href)
      return Promise.resolve(url.hostname === 'chat.example' ? proxy.url : null)
    }
    expect(await ask(far(server), { proxy: findProxy })).toBe('ok')
    expect(await ask('http://no-such-host.invalid:1', { proxy: findProxy })).toMatchObject({ code: 'unreachable' })
    expect(asked).toEqual([`${far(server)}/x?y=1`, 'http://no-such-host.invalid:1/x?y=1'])
    expect(proxy.requests).toHaveLength(1)
  })

  test.each<[string, FindProxy, unknown]>([
    ['is none', () => Promise.resolve('ftp://x'), { code: 'bad-proxy', reason: 'scheme' }],
    ['fails', () => Promise.reject(new Error('secret')), { code: 'internal' }],
    ['fails in known words', () => Promise.reject(failure({ code: 'busy' })), { code: 'busy' }],
    [
      'throws at once',
      () => {
        throw new Error('secret')
      },
      { code: 'internal' },
    ],
  ])('what is found %s: nothing goes around it', async (_, findProxy, error) => {
    const server = await serve()
    const outcome = await ask(far(server), { proxy: findProxy })
    expect(outcome).toEqual(error)
    expect(server.connections).toHaveLength(0)
  })

  test('R10 it is part of the time to connect', async () => {
    const found = await ask('http://chat.example', { proxy: never }, { connectTimeoutMs: 100 })
    expect(found).toEqual({ code: 'timeout', phase: 'connect', seconds: 0 })
  })
})

function never(): Promise<never> {
  return new Promise(() => undefined)
}

describe('R09 an abort closes everything at once', () => {
  const reason = new Error('stopped')

  async function abortWhen(isReady: () => boolean, url: string, options: HttpOptions): Promise<void> {
    const controller = new AbortController()
    const asked = ask(url, options, { signal: controller.signal })
    await expect.poll(isReady, { interval: 2 }).toBe(true)
    const abortedMs = performance.now()
    controller.abort(reason)
    expect(await asked).toBe(reason)
    expect(performance.now() - abortedMs).toBeLessThan(AT_ONCE_MS)
  }

  test('while a proxy is looked for', async () => {
    let isAsked = false
    const findProxy: FindProxy = () => {
      isAsked = true
      return never()
    }
    await abortWhen(() => isAsked, 'http://chat.example', { proxy: findProxy })
  })

  test.each(all.flatMap((kind) => (['http', 'https'] as const).map((scheme) => [kind, scheme] as const)))(
    'while %s is asked for the way of %s',
    async (kind, scheme) => {
      const proxy = await keep(kinds[kind]({ fault: 'silent' }))
      await abortWhen(() => proxy.requests.length > 0, `${scheme}://chat.example`, { proxy: proxy.url, tls: { ca } })
      const sinceMs = performance.now()
      await proxy.idle()
      expect(performance.now() - sinceMs).toBeLessThan(AT_ONCE_MS)
    },
  )

  test.each(all)('while %s has not said a word', async (kind) => {
    const silent = await serve(() => undefined)
    const proxy = `${kind}://127.0.0.1:${String(silent.port)}`
    await abortWhen(() => (silent.connections[0]?.receivedBytes ?? 0) > 0, 'https://chat.example', { proxy })
    await silent.connections[0]?.closed()
  })

  test.each(all)('while TLS is negotiated behind %s', async (kind) => {
    const silent = await serve(() => undefined)
    const proxy = await keep(kinds[kind]())
    const isReady = (): boolean => (silent.connections[0]?.receivedBytes ?? 0) > 0
    await abortWhen(isReady, far(silent, 'https'), { proxy: proxy.url, tls: { ca } })
    await proxy.idle()
    await silent.connections[0]?.closed()
  })

  test.each(all.flatMap((kind) => (['http', 'https'] as const).map((scheme) => [kind, scheme] as const)))(
    'while %s gives on an answer by %s',
    async (kind, scheme) => {
      const stream = async (connection: RawConnection): Promise<void> => {
        await connection.request()
        connection.beginStream()
        connection.chunk('one ')
      }
      const server =
        scheme === 'http' ? await serve(stream) : await keep(startTlsServer({ certificate: 'good', handle: stream }))
      const proxy = await keep(kinds[kind]())
      const isReady = (): boolean => server.connections[0]?.received.includes(`\r\n\r\n${CANARY}`) === true
      await abortWhen(isReady, far(server, scheme), { proxy: proxy.url, tls: { ca } })
      const sinceMs = performance.now()
      await proxy.idle()
      await server.connections[0]?.closed()
      expect(performance.now() - sinceMs).toBeLessThan(AT_ONCE_MS)
    },
  )

  test.each(all)('%s: 40 aborts at random moments leave no connection and no other error', async (kind) => {
    const server = await keep(
      startTlsServer({
        certificate: 'good',
        handle: async (connection) => {
          await connection.request()
          connection.beginStream()
          connection.chunk('one ')
          connection.endStream()
        },
      }),
    )
    const proxy = await keep(kinds[kind]())
    let seed = 7
    for (let count = 0; count < 40; count++) {
      const controller = new AbortController()
      seed = (seed * 16_807) % 2_147_483_647
      const asked = ask(far(server, 'https'), { proxy: proxy.url, tls: { ca } }, { signal: controller.signal })
      for (let turn = seed % 60; turn > 0; turn--) await new Promise((resolve) => setImmediate(resolve))
      controller.abort(reason)
      expect([reason, 'one ']).toContain(await asked)
    }
    await proxy.idle()
    await server.idle()
  })
})

describe('R12 what a proxy has not passed on may be sent again', () => {
  test('the server is said to be connected only when the way to it stands', async () => {
    const secure = await keep(startTlsServer({ certificate: 'good' }))
    for (const kind of all) {
      let connectedCount = 0
      const onConnected = (): void => void (connectedCount += 1)
      const strict = await keep(kinds[kind]({ fault: 'refuse' }))
      await ask(far(secure, 'https'), { proxy: strict.url, tls: { ca } }, { onConnected })
      expect(connectedCount).toBe(0)
      const proxy = await keep(kinds[kind]())
      expect(await ask(far(secure, 'https'), { proxy: proxy.url, tls: { ca } }, { onConnected })).toBe('ok')
      expect(connectedCount).toBe(1)
    }
  })

  test('R13 what an http proxy was given to send on is not sent again when it breaks off', async () => {
    const server = await serve((connection) => {
      connection.reset()
    })
    const proxy = await keep(startHttpProxy())
    const passed = { code: 'proxy', host: '127.0.0.1', mayHavePassed: true }
    const failed = { ...passed, reason: 'failed', port: proxy.port }
    expect(await ask(far(server), { proxy: proxy.url })).toEqual(failed)
    for (const fault of ['close', 'garbage', 'flood'] as const) {
      const broken = await keep(startHttpProxy({ fault }))
      const error = { ...passed, reason: 'network', port: broken.port }
      expect(await ask(far(server), { proxy: broken.url }), fault).toEqual(error)
      expect(broken.requests).toHaveLength(1)
    }
  })

  test('an http proxy that says nothing to a GET is what does not answer; a question may take its time', async () => {
    const server = await serve()
    const silent = await keep(startHttpProxy({ fault: 'silent' }))
    const options = { proxy: silent.url }
    expect(await ask(far(server), options, { method: 'GET', body: null, firstByteTimeoutMs: 100 })).toMatchObject({
      code: 'proxy',
      reason: 'network',
      port: silent.port,
    })
    expect(await ask(far(server), options, { firstByteTimeoutMs: 100, method: 'POST' })).toMatchObject({
      code: 'timeout',
      phase: 'headers',
    })
  })

  test.each([
    ['403 Forbidden', { 'content-type': 'text/html' }, true],
    ['502 Bad Gateway', {}, true],
    ['400 Bad Request', { 'content-type': 'text/html', 'x-squid-error': 'ERR_INVALID_URL 0' }, true],
    ['400 Bad Request', { 'content-type': 'text/html', via: '1.1 proxy' }, false],
    ['403 Forbidden', { 'content-type': 'application/json' }, false],
    ['503 Service Unavailable', { 'content-type': 'application/json', 'proxy-status': 'p' }, false],
    ['200 OK', { 'content-type': 'text/event-stream', 'x-squid-error': 'x' }, false],
  ] as const)('%s with %j through an http proxy is its own: %s', async (status, headers, isProxys) => {
    const server = await serve(async (connection) => {
      await connection.request()
      connection.answer(status, { ...headers }, 'said')
    })
    const proxy = await keep(startHttpProxy())
    const failed = { code: 'proxy', reason: 'failed', host: '127.0.0.1', port: proxy.port, mayHavePassed: true }
    expect(await ask(far(server), { proxy: proxy.url })).toEqual(isProxys ? failed : 'said')
  })
})

describe('S09 a checked address is connected to, whatever its name leads to by now', () => {
  test.each([null, ...all])('directly or through a proxy (%s), with the name in Host and certificate', async (kind) => {
    const plain = await serve()
    const secure = await keep(startTlsServer({ certificate: 'good' }))
    const proxy = kind === null ? null : await keep(kinds[kind]())
    const options: HttpOptions = { tls: { ca }, ...(proxy === null ? {} : { proxy: proxy.url }) }
    for (const server of [plain, secure]) {
      const scheme = server === plain ? 'http' : 'https'
      expect(await ask(far(server, scheme), options, { address: '127.0.0.1' })).toBe('ok')
      const { headers } = (await server.connections[0]?.head()) ?? {}
      expect(headers?.get('host')).toBe(`chat.example:${String(server.port)}`)
    }
    expect(proxy?.requests.map(({ kind, host }) => [kind, host]) ?? []).toEqual(
      kind === null ? [] : [plain, secure].map(() => [tunnelOf(kind), '127.0.0.1']),
    )
  })
})

test.each([
  ['::ffff:192.0.2.1', '00000000000000000000ffffc0000201'],
  ['2001:db8::', '20010db8000000000000000000000000'],
  ['::', '00000000000000000000000000000000'],
  ['2001:DB8:1:2:3:4:5:6', '20010db8000100020003000400050006'],
])(
  'S09 an IPv6 address in any spelling, such as %s, reaches a SOCKS 5 proxy as its 16 bytes',
  async (address, bytes) => {
    const server = await serve()
    const proxy = await keep(startSocksProxy(5))
    expect(await ask(far(server), { proxy: proxy.url }, { address })).toBe('ok')
    expect(proxy.requests[0]?.host).toBe(bytes)
  },
)
