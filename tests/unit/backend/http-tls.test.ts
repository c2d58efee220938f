import { connect, type Socket } from 'node:net'
import tls, { type TLSSocket } from 'node:tls'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { readCertificate } from '../../../src/main/backend/certificate'
import type { AppError } from '../../../src/shared/errors'
import type { CertificateInfo } from '../../../src/shared/settings'
import { ask, CANARY } from '../../support/ask'
import { startHttpProxy, startSocksProxy, type TestProxy } from '../../support/proxies'
import { startRawServer, type RawServer } from '../../support/raw-server'
import {
  ca,
  derOf,
  pem,
  startTlsServer,
  type CertificateName,
  type TlsServer,
  type TlsServerOptions,
} from '../../support/tls-servers'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()))
})

async function keep<T extends RawServer | TlsServer | TestProxy>(starting: Promise<T>): Promise<T> {
  const server = await starting
  closers.push(() => server.close())
  return server
}

const serve = (certificate: CertificateName, options: Omit<TlsServerOptions, 'certificate'> = {}): Promise<TlsServer> =>
  keep(startTlsServer({ certificate, ...options }))

const infoOf = (certificate: CertificateName): CertificateInfo => readCertificate(derOf(certificate))

function refusal(reason: string, certificate?: CertificateName, host = '127.0.0.1'): unknown {
  return { code: 'certificate', reason, host, ...(certificate === undefined ? {} : { shown: infoOf(certificate) }) }
}

describe('S37 certificates are verified', () => {
  test('one of an authority that this backend trusts is good, by number and by name', async () => {
    const server = await serve('good')
    expect(await ask(server.url, { tls: { ca } })).toBe('ok')
    expect(await ask(server.url.replace('127.0.0.1', 'localhost'), { tls: { ca } })).toBe('ok')
    expect(server.received()).toContain(CANARY)
  })

  test('so is one whose authority stands in the middle of the chain, with the root or the middle in the file', async () => {
    const server = await serve('chain')
    expect(await ask(server.url, { tls: { ca } })).toBe('ok')
    expect(await ask(server.url, { tls: { ca: pem('middle') } })).toBe('ok')
    expect(await ask(server.url)).toEqual(refusal('unknown-issuer', 'chain'))
  })

  test('a file may hold the server’s own certificate, and several others', async () => {
    const server = await serve('self-signed')
    expect(await ask(server.url, { tls: { ca: ca + pem('self-signed') } })).toBe('ok')
  })

  test.each<[CertificateName, string | undefined, string]>([
    ['self-signed', undefined, 'self-signed'],
    ['self-signed', ca, 'self-signed'],
    ['self-signed', pem('self-signed-2'), 'self-signed'],
    ['good', undefined, 'unknown-issuer'],
    ['good', 'no certificate', 'unknown-issuer'],
    ['good', pem('middle'), 'unknown-issuer'],
    ['good', pem('renewed'), 'unknown-issuer'],
    ['expired', ca, 'expired'],
    ['early', ca, 'other'],
    ['wrong-host', ca, 'wrong-host'],
    ['nameless', ca, 'self-signed'],
    ['talkative', undefined, 'self-signed'],
    ['all-wrong', undefined, 'expired'],
  ])('%s is refused and shown, and nothing was sent', async (certificate, file, reason) => {
    const server = await serve(certificate)
    const error = await ask(server.url, file === undefined ? {} : { tls: { ca: file } })
    // Which of several faults is named differs between the libraries; the certificate itself says all of them.
    const expected = certificate === 'all-wrong' ? (error as { reason: string }).reason : reason
    expect(error).toEqual(refusal(expected, certificate))
    expect(['self-signed', 'expired', reason]).toContain(expected)
    await server.idle()
    expect(server.received()).toBe('')
  })

  test('the name that was typed counts, not the one behind it', async () => {
    const server = await serve('wrong-host')
    const url = server.url.replace('127.0.0.1', 'localhost')
    expect(await ask(url, { tls: { ca } })).toEqual(refusal('wrong-host', 'wrong-host', 'localhost'))
  })

  test.each(['TLSv1.2', 'TLSv1'] as const)('TLS 1.1 is too old, also for a runtime that takes %s', async (version) => {
    const before = tls.DEFAULT_MIN_VERSION
    tls.DEFAULT_MIN_VERSION = version
    try {
      const server = await serve('good', { tls: { minVersion: 'TLSv1', maxVersion: 'TLSv1.1' } })
      // A file that was not read yet: what is read is kept.
      expect(await ask(server.url, { tls: { ca: `# ${version}\n${ca}` } })).toEqual(refusal('old-protocol'))
      await server.idle()
      expect(server.received()).toBe('')
    } finally {
      tls.DEFAULT_MIN_VERSION = before
    }
  })

  test('TLS 1.2 is not', async () => {
    const server = await serve('good', { tls: { maxVersion: 'TLSv1.2' } })
    expect(await ask(server.url, { tls: { ca } })).toBe('ok')
    const stranger = await serve('self-signed', { tls: { maxVersion: 'TLSv1.2' } })
    expect(await ask(stranger.url, { tls: { ca } })).toEqual(refusal('self-signed', 'self-signed'))
    await stranger.idle()
    expect(stranger.received()).toBe('')
  })

  test('the environment cannot switch it off', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
    const server = await serve('self-signed')
    expect(await ask(server.url)).toEqual(refusal('self-signed', 'self-signed'))
    await server.idle()
    expect(server.received()).toBe('')
  })

  test('every request is checked anew: no session is resumed', async () => {
    const server = await serve('good', { tls: { maxVersion: 'TLSv1.2' } })
    expect(await ask(server.url, { tls: { ca } })).toBe('ok')
    server.present('self-signed')
    expect(await ask(server.url, { tls: { ca } })).toEqual(refusal('self-signed', 'self-signed'))
    server.present('wrong-host')
    expect(await ask(server.url, { tls: { ca } })).toEqual(refusal('wrong-host', 'wrong-host'))
    server.present('good')
    expect(await ask(server.url, { tls: { ca } })).toBe('ok')
  })

  test('a server that wants a second handshake on the same connection gets none', async () => {
    let outcome: Error | null | undefined
    const server = await serve('good', {
      tls: { maxVersion: 'TLSv1.2' },
      handle: async (connection) => {
        await connection.request()
        connection.beginStream()
        connection.chunk('one ')
        const socket = connection.socket as TLSSocket
        socket.renegotiate({}, (error) => {
          outcome = error
        })
        await connection.closed()
      },
    })
    expect(await ask(server.url, { tls: { ca } }, { idleTimeoutMs: 500 })).toMatchObject({
      code: expect.stringMatching(/^(?:connection-lost|timeout)$/u) as string,
    })
    expect(outcome).not.toBeNull()
  })
})

describe('S37 one certificate is trusted for one backend', () => {
  const pinned = (certificate: CertificateName): { tls: { pinned: CertificateInfo } } => ({
    tls: { pinned: infoOf(certificate) },
  })
  const changed = (to: CertificateName, from: CertificateName, host = '127.0.0.1'): unknown => ({
    code: 'certificate',
    reason: 'changed',
    host,
    shown: infoOf(to),
    trusted: infoOf(from),
  })

  test.each<CertificateName>([
    'self-signed',
    'expired',
    'early',
    'wrong-host',
    'all-wrong',
    'good',
    'nameless',
    'talkative',
  ])('%s is taken, whoever signed it, for whatever name and time', async (certificate) => {
    const server = await serve(certificate)
    expect(await ask(server.url, pinned(certificate))).toBe('ok')
  })

  test.each<[CertificateName, CertificateName]>([
    ['self-signed-2', 'self-signed'],
    ['good', 'self-signed'],
    ['renewed', 'good'],
    ['chain', 'good'],
  ])('%s in place of %s stops hard, also when an authority vouches for it', async (to, from) => {
    const server = await serve(to)
    expect(await ask(server.url, { tls: { ca, ...pinned(from).tls } })).toEqual(changed(to, from))
    await server.idle()
    expect(server.received()).toBe('')
  })

  test('swapped between two requests', async () => {
    const server = await serve('self-signed')
    expect(await ask(server.url, pinned('self-signed'))).toBe('ok')
    server.present('self-signed-2')
    expect(await ask(server.url, pinned('self-signed'))).toEqual(changed('self-signed-2', 'self-signed'))
    server.present('self-signed')
    expect(await ask(server.url, pinned('self-signed'))).toBe('ok')
    await server.idle()
    expect(trusted(server)).toBe(2)
  })

  test('a damaged pin trusts nobody', async () => {
    const server = await serve('good')
    for (const sha256 of ['', infoOf('good').sha256.slice(1), infoOf('good').sha256.toUpperCase()]) {
      const error = await ask(server.url, { tls: { ca, pinned: { ...infoOf('good'), sha256 } } })
      expect(error).toMatchObject({ code: 'certificate', reason: 'changed' })
    }
    await server.idle()
    expect(server.received()).toBe('')
  })

  test('to have its certificate is not enough: the server must have its key', async () => {
    const server = await serve('good', { tls: { cert: pem('ca'), key: pem('key') } }).catch((thrown: unknown) => thrown)
    // A server cannot even be started with a key that does not belong to the certificate.
    expect(server).toBeInstanceOf(Error)
  })

  test.each([
    ['an http proxy', (): Promise<TestProxy> => startHttpProxy()],
    ['an https proxy', (): Promise<TestProxy> => startHttpProxy({ certificate: 'good' })],
    ['SOCKS 4', (): Promise<TestProxy> => startSocksProxy(4)],
    ['SOCKS 5', (): Promise<TestProxy> => startSocksProxy(5)],
  ])('behind %s as well', async (_, start) => {
    const proxy = await keep(start())
    const server = await serve('wrong-host')
    const url = `https://chat.example:${String(server.port)}`
    const trust = pinned('wrong-host').tls
    expect(await ask(url, { proxy: proxy.url, tls: { ca, ...trust } })).toBe('ok')
    expect(await ask(url, { proxy: proxy.url, tls: { ca } })).toEqual(
      refusal('wrong-host', 'wrong-host', 'chat.example'),
    )
    server.present('good')
    expect(await ask(url, { proxy: proxy.url, tls: { ca, ...trust } })).toEqual(
      changed('good', 'wrong-host', 'chat.example'),
    )
    expect(await ask(url, { proxy: proxy.url, tls: { ca } })).toBe('ok')
    await proxy.idle()
    await server.idle()
    expect(trusted(server)).toBe(2)
  })
})

describe('what is no TLS, or ends in the middle of it', () => {
  const httpsOf = (server: RawServer): string => server.url.replace('http:', 'https:')

  test('https to a server that speaks http', async () => {
    const server = await keep(
      startRawServer((connection) => {
        connection.answer('400 Bad Request', {}, 'plain http')
      }),
    )
    expect(await ask(httpsOf(server))).toEqual(refusal('other'))
  })

  test.each([
    ['before its first word', 0],
    ['in the middle of its first word', 20],
    ['behind it', 200],
  ])('R12 a server that hangs up in the handshake, %s, was never sent anything', async (_, bytes) => {
    const real = await serve('good')
    for (const hasReset of [false, true]) {
      const server = await keep(
        startRawServer(async (connection) => {
          await connection.until(() => connection.receivedBytes > 0)
          const hello = await firstBytesOf(real.port, connection.received, bytes)
          if (hello.length > 0) await new Promise((resolve) => connection.socket.write(hello, resolve))
          if (hasReset) connection.reset()
          else connection.end()
        }),
      )
      expect(await ask(httpsOf(server), { tls: { ca } })).toEqual({
        code: 'unreachable',
        reason: 'network',
        host: '127.0.0.1',
        port: server.port,
      })
      expect(server.connections).toHaveLength(1)
    }
  })

  test('noise in the middle of the handshake', async () => {
    const real = await serve('good')
    const server = await keep(
      startRawServer(async (connection) => {
        await connection.until(() => connection.receivedBytes > 0)
        connection.write(await firstBytesOf(real.port, connection.received, 90))
        connection.write(Buffer.alloc(4000, 'x'))
      }),
    )
    expect(await ask(httpsOf(server), { tls: { ca } })).toEqual(refusal('other'))
  })

  test('R16 TLS that ends without its goodbye is a lost connection', async () => {
    const server = await serve('good', {
      handle: async (connection) => {
        await connection.request()
        connection.beginStream()
        connection.chunk('one ')
        connection.socket.destroy()
      },
    })
    expect(await ask(server.url, { tls: { ca } })).toEqual({ code: 'connection-lost' })
  })

  test.each(['directly', 'through a proxy'])(
    'a reset while the answer is read slowly, %s, ends nothing else',
    async (way) => {
      const server = await serve('good', {
        handle: async (connection) => {
          await connection.request()
          connection.beginStream()
          for (let count = 0; count < 64; count++) connection.chunk(Buffer.alloc(256 * 1024, 'x'))
        },
      })
      const { createHttpTransport } = await import('../../../src/main/backend/http')
      const proxy = await keep(startHttpProxy())
      const isDirect = way === 'directly'
      const host = isDirect ? '127.0.0.1' : 'chat.example'
      const response = await createHttpTransport({ tls: { ca }, ...(isDirect ? {} : { proxy: proxy.url }) }).request({
        method: 'GET',
        url: `https://${host}:${String(server.port)}/x`,
        headers: {},
        body: null,
        signal: new AbortController().signal,
        connectTimeoutMs: 8000,
        firstByteTimeoutMs: 8000,
        idleTimeoutMs: 8000,
      })
      const iterator = response.body[Symbol.asyncIterator]()
      await iterator.next()
      const socket = server.connections[0]?.socket
      await expect.poll(() => socket?.writableNeedDrain, { interval: 2 }).toBe(true)
      if (isDirect) resetUnder(socket as TLSSocket)
      else await proxy.close()
      const readOn = async (): Promise<void> => {
        while ((await iterator.next()).done !== true);
      }
      await expect(readOn()).rejects.toMatchObject({ error: { code: 'connection-lost' } })
    },
  )
})

test('S37 no error of a certificate holds anything that was to be sent', async () => {
  const server = await serve('talkative')
  const error = (await ask(server.url)) as AppError
  expect(JSON.stringify(error)).not.toContain(CANARY)
  expect(JSON.stringify(error).length).toBeLessThan(6000)
})

/** How many requests arrived: each holds the canary in its head and in its body. */
function trusted(server: TlsServer): number {
  return (server.received().split(CANARY).length - 1) / 2
}

/** The TCP connection under TLS, reset. */
function resetUnder(socket: TLSSocket): void {
  const { _parent: parent } = socket as unknown as { _parent: Socket }
  parent.resetAndDestroy()
}

/** What a server answers to a ClientHello, cut off. */
async function firstBytesOf(port: number, hello: Buffer, length: number): Promise<Buffer> {
  if (length === 0) return Buffer.alloc(0)
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = []
    const socket = connect(port, '127.0.0.1', () => socket.write(hello))
    socket.on('error', reject)
    socket.on('data', (bytes: Buffer) => {
      pieces.push(bytes)
      const all = Buffer.concat(pieces)
      if (all.length < length) return
      socket.destroy()
      resolve(all.subarray(0, length))
    })
  })
}
