import { createHash, randomBytes } from 'node:crypto'
import dns from 'node:dns'
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { createHttpTransport } from '../../../src/main/backend/http'
import type { RequestBody, TransportRequest, TransportResponse } from '../../../src/main/backend/transport'
import { failure } from '../../../src/shared/errors'
import { startRawServer, type RawConnection, type RawServer } from '../../support/raw-server'
import { AT_ONCE_MS } from '../../support/pace'

const servers: RawServer[] = []
let folder = ''

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'parley-http-'))
})
afterAll(async () => {
  await rm(folder, { recursive: true, force: true, maxRetries: 5 })
})
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

async function serve(handle: (connection: RawConnection, index: number) => void | Promise<void>): Promise<RawServer> {
  const server = await startRawServer(handle)
  servers.push(server)
  return server
}

function post(url: string, options: Partial<TransportRequest> = {}): TransportRequest {
  return {
    method: 'POST',
    url: `${url}/backend-api/v2/conversation`,
    headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    body: { kind: 'text', text: '{"x":"é"}' },
    signal: new AbortController().signal,
    connectTimeoutMs: 8000,
    firstByteTimeoutMs: 8000,
    idleTimeoutMs: 8000,
    ...options,
  }
}

async function textOf(response: TransportResponse): Promise<string> {
  const pieces: Uint8Array[] = []
  for await (const piece of response.body) pieces.push(piece)
  return Buffer.concat(pieces).toString()
}

/** Which error a request ends with, and what of the body had arrived until then. */
async function outcome(request: Promise<TransportResponse>): Promise<{ error: unknown; text: string }> {
  let text = ''
  try {
    for await (const piece of (await request).body) text += Buffer.from(piece).toString()
    return { error: null, text }
  } catch (thrown) {
    return { error: thrown instanceof Error && 'error' in thrown ? thrown.error : thrown, text }
  }
}

describe('a request', () => {
  test('is sent as it is given, on a connection of its own, and answered piece by piece', async () => {
    const server = await serve(async (connection) => {
      const request = await connection.request()
      expect(request.method).toBe('POST')
      expect(request.path).toBe('/backend-api/v2/conversation')
      expect(request.headers.get('content-length')).toBe('10')
      expect(request.headers.get('connection')).toBe('close')
      expect(request.headers.get('x-own')).toBe('1')
      expect(request.headers.has('transfer-encoding')).toBe(false)
      expect(request.body.toString()).toBe('{"x":"é"}')
      connection.beginStream('X-Twice: a\r\nX-Twice: b\r\n')
      connection.chunk('one ')
      connection.chunk('two')
      connection.endStream()
    })
    let connectedCount = 0
    const headers = { 'content-type': 'application/json', 'x-own': '1' }
    const onConnected = (): void => void (connectedCount += 1)
    const response = await createHttpTransport().request(post(server.url, { headers, onConnected }))
    expect(response.status).toBe(200)
    expect(response.headers).toMatchObject({ 'content-type': 'text/event-stream; charset=utf-8', 'x-twice': 'a, b' })
    expect(await textOf(response)).toBe('one two')
    expect(connectedCount).toBe(1)
    await server.connections[0]?.closed()
  })

  test('GET has no body and keeps its query', async () => {
    const server = await serve(async (connection) => {
      const request = await connection.request()
      expect(`${request.method} ${request.path}`).toBe('GET /v?cache=true')
      expect(request.headers.has('content-length')).toBe(false)
      connection.answer('200 OK', { 'Content-Type': 'application/json' }, '{}')
    })
    const request = { ...post(server.url), method: 'GET' as const, url: `${server.url}/v?cache=true`, body: null }
    expect(await textOf(await createHttpTransport().request(request))).toBe('{}')
  })

  test('R25 eight at once do not mix', async () => {
    const server = await serve(async (connection) => {
      const { body } = await connection.request()
      connection.beginStream()
      for (let count = 0; count < 50; count++) connection.chunk(`${body.toString()};`)
      connection.endStream()
    })
    const transport = createHttpTransport()
    const ask = async (text: string): Promise<string> =>
      textOf(await transport.request(post(server.url, { body: { kind: 'text', text } })))
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
    expect(await Promise.all(names.map(ask))).toEqual(names.map((name) => `${name};`.repeat(50)))
    expect(server.connections).toHaveLength(8)
  })
})

describe('R40 files are streamed as base64', () => {
  test('three files, bit-exact between their texts, with the length announced', async () => {
    const sizes = [1, 192 * 1024, 5_000_001]
    const files = await Promise.all(
      sizes.map(async (bytes, index) => {
        const content = randomBytes(bytes)
        const file = path.join(folder, `image-${String(index)}`)
        await writeFile(file, content)
        // The last one lies in memory, as those of temporary chats do.
        return index === 2
          ? { kind: 'memory' as const, bytes, content }
          : { kind: 'file' as const, path: file, bytes, content }
      }),
    )
    const body: RequestBody = {
      kind: 'pieces',
      pieces: [
        { kind: 'text', text: '["é' },
        ...files.flatMap((file) => [file, { kind: 'text' as const, text: '","' }]),
        { kind: 'text', text: '"]' },
      ],
    }
    const server = await serve(async (connection) => {
      await connection.request()
      connection.answer('200 OK', {})
    })
    const transport = createHttpTransport()
    // Twice, because the body is made anew each time.
    for (const index of [0, 1]) {
      await textOf(await transport.request(post(server.url, { body })))
      const { headers, body: sent } = (await server.connections[index]?.request()) ?? { headers: null, body: null }
      expect(headers?.get('content-length')).toBe(String(sent?.length))
      const [prefix, ...encoded] = JSON.parse(sent?.toString() ?? '') as string[]
      expect(prefix?.startsWith('é')).toBe(true)
      const received = [prefix?.slice(1) ?? '', ...encoded].slice(0, 3).map((each) => Buffer.from(each, 'base64'))
      expect(received.map(sha256)).toEqual(files.map(({ content }) => sha256(content)))
    }
  })

  test('a file that is gone, has changed or is none costs no connection', async () => {
    const server = await serve((connection) => {
      connection.answer('200 OK', {})
    })
    const file = path.join(folder, 'changed')
    await writeFile(file, 'four')
    for (const piece of [
      { kind: 'file' as const, path: path.join(folder, 'gone'), bytes: 4 },
      { kind: 'file' as const, path: file, bytes: 5 },
      { kind: 'file' as const, path: folder, bytes: 4096 },
    ]) {
      const body: RequestBody = { kind: 'pieces', pieces: [piece] }
      const { error } = await outcome(createHttpTransport().request(post(server.url, { body })))
      expect(error).toEqual({ code: 'not-found', what: 'attachment' })
    }
    expect(server.connections).toHaveLength(0)
  })

  test('a file that is cut while it is sent ends the request, and never as a whole one', async () => {
    const file = path.join(folder, 'shrinking')
    await writeFile(file, randomBytes(30_000_000))
    const server = await serve(async (connection) => {
      await connection.head()
      connection.socket.pause()
      await truncate(file, 1000)
      connection.socket.resume()
    })
    const body: RequestBody = { kind: 'pieces', pieces: [{ kind: 'file', path: file, bytes: 30_000_000 }] }
    const { error } = await outcome(createHttpTransport().request(post(server.url, { body })))
    expect(error).toEqual({ code: 'not-found', what: 'attachment' })
    const connection = server.connections[0]
    await connection?.closed()
    expect(connection?.receivedBytes).toBeLessThan(40_000_000)
  })

  test('an answer that comes before the upload has ended is read', async () => {
    const file = path.join(folder, 'too-much')
    await writeFile(file, randomBytes(30_000_000))
    const server = await serve(async (connection) => {
      await connection.head()
      connection.socket.pause()
      connection.answer(
        '413 REQUEST ENTITY TOO LARGE',
        { 'Content-Type': 'text/html', Connection: 'close' },
        'too much',
      )
    })
    const body: RequestBody = { kind: 'pieces', pieces: [{ kind: 'file', path: file, bytes: 30_000_000 }] }
    const response = await createHttpTransport().request(post(server.url, { body }))
    expect(response.status).toBe(413)
    expect(await textOf(response)).toBe('too much')
  })
})

describe('R09 an abort ends everything at once', () => {
  const reason = new Error('stopped')

  async function abortWhen(
    server: RawServer,
    isReady: (connection: RawConnection | undefined) => boolean,
    options: Partial<TransportRequest> = {},
  ): Promise<{ error: unknown; text: string; afterMs: number; closedAfterMs: number | null }> {
    const controller = new AbortController()
    const ended = outcome(createHttpTransport().request(post(server.url, { signal: controller.signal, ...options })))
    await expect.poll(() => isReady(server.connections[0]), { interval: 2 }).toBe(true)
    const abortedMs = performance.now()
    controller.abort(reason)
    const { error, text } = await ended
    const afterMs = performance.now() - abortedMs
    await server.connections[0]?.closed()
    const closedMs = server.connections[0]?.closedAtMs
    return {
      error,
      text,
      afterMs,
      closedAfterMs: closedMs === undefined || closedMs === null ? null : closedMs - abortedMs,
    }
  }

  test('before it has begun: no connection is made', async () => {
    const server = await serve(() => undefined)
    const signal = AbortSignal.abort(reason)
    expect((await outcome(createHttpTransport().request(post(server.url, { signal })))).error).toBe(reason)
    expect(server.connections).toHaveLength(0)
  })

  test('in the same turn as the request', async () => {
    const server = await serve(() => undefined)
    const controller = new AbortController()
    const ended = outcome(createHttpTransport().request(post(server.url, { signal: controller.signal })))
    controller.abort(reason)
    expect((await ended).error).toBe(reason)
  })

  test('while TLS is being negotiated', async () => {
    const server = await serve(() => undefined)
    const url = server.url.replace('http:', 'https:')
    const result = await abortWhen(server, (connection) => (connection?.receivedBytes ?? 0) > 0, {
      url: `${url}/x`,
    })
    expect(result.error).toBe(reason)
    expect(result.afterMs).toBeLessThan(AT_ONCE_MS)
    expect(result.closedAfterMs).toBeLessThan(AT_ONCE_MS)
  })

  test('during the upload', async () => {
    const file = path.join(folder, 'upload')
    await writeFile(file, randomBytes(30_000_000))
    const server = await serve((connection) => {
      connection.socket.once('data', () => {
        connection.socket.pause()
      })
    })
    const body: RequestBody = { kind: 'pieces', pieces: [{ kind: 'file', path: file, bytes: 30_000_000 }] }
    const controller = new AbortController()
    const ended = outcome(createHttpTransport().request(post(server.url, { body, signal: controller.signal })))
    await expect.poll(() => server.connections[0]?.receivedBytes ?? 0).toBeGreaterThan(0)
    const abortedMs = performance.now()
    controller.abort(reason)
    expect((await ended).error).toBe(reason)
    expect(performance.now() - abortedMs).toBeLessThan(AT_ONCE_MS)
    const connection = server.connections[0]
    connection?.socket.resume()
    await connection?.closed()
    expect(connection?.receivedBytes).toBeLessThan(40_000_000)
  })

  test('before the head of the answer', async () => {
    const server = await serve(() => undefined)
    const result = await abortWhen(server, (connection) => connection?.received.includes('é') === true)
    expect(result.error).toBe(reason)
    expect(result.afterMs).toBeLessThan(AT_ONCE_MS)
    expect(result.closedAfterMs).toBeLessThan(AT_ONCE_MS)
  })

  test('in the middle of the body', async () => {
    let isRead = false
    const server = await serve(async (connection) => {
      await connection.request()
      connection.beginStream()
      connection.chunk('one ')
    })
    const controller = new AbortController()
    const response = await createHttpTransport().request(post(server.url, { signal: controller.signal }))
    const ended = outcome(
      Promise.resolve({
        ...response,
        body: (async function* watch() {
          for await (const piece of response.body) {
            isRead = true
            yield piece
          }
        })(),
      }),
    )
    await expect.poll(() => isRead, { interval: 2 }).toBe(true)
    const abortedMs = performance.now()
    controller.abort(reason)
    expect(await ended).toEqual({ error: reason, text: 'one ' })
    expect(performance.now() - abortedMs).toBeLessThan(AT_ONCE_MS)
    await server.connections[0]?.closed()
    expect((server.connections[0]?.closedAtMs ?? 0) - abortedMs).toBeLessThan(AT_ONCE_MS)
  })

  test('between the head and the reading of the body', async () => {
    const server = await serve(async (connection) => {
      await connection.request()
      connection.beginStream()
      connection.chunk('one ')
    })
    const controller = new AbortController()
    const response = await createHttpTransport().request(post(server.url, { signal: controller.signal }))
    controller.abort(reason)
    expect((await outcome(Promise.resolve(response))).error).toBe(reason)
    await server.connections[0]?.closed()
  })

  test('leaving the loop over the body closes the connection too, also before its first piece', async () => {
    const server = await serve(async (connection) => {
      await connection.request()
      connection.beginStream()
      connection.chunk('one ')
    })
    const transport = createHttpTransport()
    for await (const piece of (await transport.request(post(server.url))).body) {
      expect(Buffer.from(piece).toString()).toBe('one ')
      break
    }
    await server.connections[0]?.closed()
    await (await transport.request(post(server.url))).body[Symbol.asyncIterator]().return?.()
    await server.connections[1]?.closed()
  })

  test('50 aborts at random moments leave no connection and no other error', async () => {
    const server = await serve(async (connection) => {
      await connection.request()
      connection.beginStream()
      for (let count = 0; count < 20 && !connection.isClosed; count++) {
        connection.chunk('x'.repeat(1000))
        await new Promise((resolve) => setImmediate(resolve))
      }
      connection.endStream()
    })
    const transport = createHttpTransport()
    let seed = 9
    for (let count = 0; count < 50; count++) {
      const controller = new AbortController()
      seed = (seed * 16_807) % 2_147_483_647
      const turns = seed % 40
      const ended = outcome(transport.request(post(server.url, { signal: controller.signal })))
      for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve))
      controller.abort(reason)
      expect([reason, null]).toContain((await ended).error)
    }
    await Promise.all(server.connections.map((connection) => connection.closed()))
  })
})

describe('R10 silence ends a request in its own words', () => {
  test('no connection', async () => {
    // Accepted by the system, but TLS is never answered: connecting includes it.
    const server = await serve(() => undefined)
    const url = `${server.url.replace('http:', 'https:')}/x`
    const { error } = await outcome(createHttpTransport().request(post(server.url, { url, connectTimeoutMs: 150 })))
    expect(error).toEqual({ code: 'timeout', phase: 'connect', seconds: 0 })
    await server.connections[0]?.closed()
  })

  test('no answer', async () => {
    const server = await serve(() => undefined)
    const { error } = await outcome(createHttpTransport().request(post(server.url, { firstByteTimeoutMs: 1000 })))
    expect(error).toEqual({ code: 'timeout', phase: 'headers', seconds: 1 })
    await server.connections[0]?.closed()
  })

  test('the wait for the answer begins when the request has left', async () => {
    const file = path.join(folder, 'slow-upload')
    await writeFile(file, randomBytes(20_000_000))
    const server = await serve(async (connection) => {
      // Read in steps that take longer than the time to the first byte, all in all.
      const { socket } = connection
      await connection.head()
      for (let pauses = 0; pauses < 6; pauses++) {
        socket.pause()
        await new Promise((resolve) => setTimeout(resolve, 100))
        const before = connection.receivedBytes
        socket.resume()
        await connection.until(() => connection.receivedBytes > before + 1_000_000)
      }
      await connection.request()
      connection.answer('200 OK', {}, 'done')
    })
    const body: RequestBody = { kind: 'pieces', pieces: [{ kind: 'file', path: file, bytes: 20_000_000 }] }
    const response = await createHttpTransport().request(post(server.url, { body, firstByteTimeoutMs: 400 }))
    expect(await textOf(response)).toBe('done')
  })

  test('no more bytes: what came is kept', async () => {
    const server = await serve(async (connection) => {
      await connection.request()
      connection.beginStream()
      connection.chunk('one ')
    })
    const { error, text } = await outcome(createHttpTransport().request(post(server.url, { idleTimeoutMs: 200 })))
    expect(error).toEqual({ code: 'timeout', phase: 'idle', seconds: 0 })
    expect(text).toBe('one ')
    await server.connections[0]?.closed()
  })

  test('a slow reader is not the server’s silence', async () => {
    const server = await serve(async (connection) => {
      await connection.request()
      connection.beginStream()
      connection.chunk('one ')
      connection.chunk('two')
      connection.endStream()
    })
    let text = ''
    for await (const piece of (await createHttpTransport().request(post(server.url, { idleTimeoutMs: 100 }))).body) {
      text += Buffer.from(piece).toString()
      await new Promise((resolve) => setTimeout(resolve, 250))
    }
    expect(text).toBe('one two')
  })

  test('a reader who is so slow that the server must wait is not the server’s silence either', async () => {
    const bytes = 24 * 1024 * 1024
    const server = await serve(async (connection) => {
      await connection.request()
      connection.beginStream()
      connection.chunk(Buffer.alloc(bytes, 'x'))
      connection.endStream()
    })
    let received = 0
    for await (const piece of (await createHttpTransport().request(post(server.url, { idleTimeoutMs: 300 }))).body) {
      // Once, when what is read ahead has long been full.
      if (received === 0) await new Promise((resolve) => setTimeout(resolve, 700))
      received += piece.length
    }
    expect(received).toBe(bytes)
  })

  test('bytes that trickle keep it alive', async () => {
    const server = await serve(async (connection) => {
      await connection.request()
      connection.beginStream()
      for (let count = 0; count < 8; count++) {
        connection.chunk('.')
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
      connection.endStream()
    })
    const response = await createHttpTransport().request(post(server.url, { idleTimeoutMs: 400 }))
    expect(await textOf(response)).toBe('........')
  })
})

describe('a connection that ends while its bytes are read slowly', () => {
  async function readOnePieceOf(
    server: RawServer,
    signal = new AbortController().signal,
  ): Promise<AsyncIterator<Uint8Array>> {
    const response = await createHttpTransport().request(post(server.url, { signal }))
    const iterator = response.body[Symbol.asyncIterator]()
    await iterator.next()
    // More than fits between us: the server waits, and so does the parser.
    await expect.poll(() => server.connections[0]?.socket.writableNeedDrain, { interval: 2 }).toBe(true)
    return iterator
  }

  async function flood(connection: RawConnection): Promise<void> {
    await connection.request()
    connection.beginStream('Connection: close\r\n')
    const piece = Buffer.alloc(256 * 1024, 'x')
    for (let count = 0; count < 64; count++) connection.chunk(piece)
  }

  test('by a reset', async () => {
    const server = await serve(flood)
    const iterator = await readOnePieceOf(server)
    server.connections[0]?.reset()
    const readOn = async (): Promise<void> => {
      while ((await iterator.next()).done !== true);
    }
    await expect(readOn()).rejects.toMatchObject({ error: { code: 'connection-lost' } })
  })

  // Just more than is read ahead: the parser has paused while the socket itself is still being read.
  const sizes = [63, 64, 65, 66, 68, 72, 80]

  async function readLate(kilobytes: number, end: (connection: RawConnection) => void): ReturnType<typeof outcome> {
    const server = await serve(async (connection) => {
      await connection.request()
      connection.beginStream('Connection: close\r\n')
      for (let count = 0; count < kilobytes; count++) connection.chunk(Buffer.alloc(1024, 'x'))
    })
    const response = await createHttpTransport().request(post(server.url))
    const connection = server.connections[0]
    await expect.poll(() => connection?.socket.writableLength, { interval: 2 }).toBe(0)
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
    if (connection !== undefined) end(connection)
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))
    return outcome(Promise.resolve(response))
  }

  test.each(sizes)('by a reset that is seen while the parser pauses, after %i KiB', async (kilobytes) => {
    const { error } = await readLate(kilobytes, (connection) => {
      connection.reset()
    })
    expect(error).toEqual({ code: 'connection-lost' })
  })

  test.each(sizes)('by a FIN in the middle, after %i KiB', async (kilobytes) => {
    const { error, text } = await readLate(kilobytes, (connection) => {
      connection.end()
    })
    expect(error).toEqual({ code: 'connection-lost' })
    expect(text).toHaveLength(kilobytes * 1024)
  })

  test.each(sizes)('whole, after %i KiB', async (kilobytes) => {
    const { error, text } = await readLate(kilobytes, (connection) => {
      connection.endStream()
      connection.end()
    })
    expect(error).toBeNull()
    expect(text).toHaveLength(kilobytes * 1024)
  })

  test('by the reader, who leaves', async () => {
    const server = await serve(flood)
    const iterator = await readOnePieceOf(server)
    await iterator.return?.()
    await server.connections[0]?.closed()
  })

  test('by an abort', async () => {
    const server = await serve(flood)
    const controller = new AbortController()
    const iterator = await readOnePieceOf(server, controller.signal)
    controller.abort(new Error('stopped'))
    await expect(iterator.next()).rejects.toThrow('stopped')
    await server.connections[0]?.closed()
  })
})

describe('R12 what cannot be reached has not seen the request', () => {
  test('refused', async () => {
    const server = await startRawServer(() => undefined)
    await server.close()
    const { error } = await outcome(createHttpTransport().request(post(server.url)))
    expect(error).toEqual({ code: 'unreachable', reason: 'refused', host: '127.0.0.1', port: server.port })
    const byName = await outcome(createHttpTransport().request(post(`http://localhost:${String(server.port)}`)))
    expect(byName.error).toEqual({ code: 'unreachable', reason: 'refused', host: 'localhost', port: server.port })
  })

  test('a name that nobody knows', async () => {
    const { error } = await outcome(createHttpTransport().request(post('http://no-such-host.invalid:1337')))
    expect(error).toEqual({ code: 'unreachable', reason: 'unknown-host', host: 'no-such-host.invalid', port: 1337 })
  })

  test('a name with several addresses: the next one is tried, and the most telling refusal is told', async () => {
    const server = await serve(async (connection) => {
      await connection.request()
      connection.answer('200 OK', {}, 'ok')
    })
    // As `localhost` where IPv6 comes first, while the server listens at 127.0.0.1 only.
    const addresses = [
      { address: '::1', family: 6 },
      { address: '127.0.0.1', family: 4 },
    ]
    const lookup = vi.spyOn(dns, 'lookup').mockImplementation(((_name: string, _options: unknown, done: unknown) => {
      ;(done as (error: null, found: typeof addresses) => void)(null, addresses)
    }) as typeof dns.lookup)
    const url = `http://localhost:${String(server.port)}`
    expect(await textOf(await createHttpTransport().request(post(url)))).toBe('ok')
    await server.close()
    // A broadcast address, which no connection can have.
    addresses[0] = { address: '255.255.255.255', family: 4 }
    const { error } = await outcome(createHttpTransport().request(post(url)))
    expect(error).toEqual({ code: 'unreachable', reason: 'refused', host: 'localhost', port: server.port })
    expect(lookup).toHaveBeenCalledTimes(2)
  })

  test('an address without a way to it', async () => {
    // A multicast address takes no connections.
    const { error } = await outcome(
      createHttpTransport().request(post('http://224.0.0.1:1337', { connectTimeoutMs: 500 })),
    )
    expect(error).toMatchObject({ code: expect.stringMatching(/^(?:unreachable|timeout)$/u) as string })
  })
})

describe('R16 a broken answer is a lost connection, and what came is kept', () => {
  const broken: [string, (connection: RawConnection) => void | Promise<void>, string][] = [
    [
      'FIN between two chunks',
      (connection) => {
        connection.chunk('one ')
        connection.end()
      },
      'one ',
    ],
    [
      'FIN inside a chunk',
      (connection) => {
        connection.write('a\r\none ')
        connection.end()
      },
      'one ',
    ],
    [
      'FIN before any chunk',
      (connection) => {
        connection.end()
      },
      '',
    ],
    [
      'nonsense instead of a chunk',
      (connection) => {
        connection.chunk('one ')
        connection.write('zz\r\nxx\r\n')
      },
      'one ',
    ],
  ]
  test.each(broken)('%s', async (_, play, kept) => {
    const server = await serve(async (connection) => {
      await connection.request()
      connection.beginStream()
      await play(connection)
    })
    expect(await outcome(createHttpTransport().request(post(server.url)))).toEqual({
      error: { code: 'connection-lost' },
      text: kept,
    })
  })

  test('RST', async () => {
    let isRead = false
    const server = await serve(async (connection) => {
      await connection.request()
      connection.beginStream()
      connection.chunk('one ')
      // Not before the bytes were read: a reset takes with it what is still on its way.
      await expect.poll(() => isRead, { interval: 2 }).toBe(true)
      connection.reset()
    })
    const response = await createHttpTransport().request(post(server.url))
    const iterator = response.body[Symbol.asyncIterator]()
    const first = await iterator.next()
    isRead = true
    expect(first.done === true ? '' : Buffer.from(first.value).toString()).toBe('one ')
    await expect(iterator.next()).rejects.toMatchObject({ error: { code: 'connection-lost' } })
  })

  test('less than was announced', async () => {
    const server = await serve(async (connection) => {
      await connection.request()
      connection.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\none ')
      connection.end()
    })
    const result = await outcome(createHttpTransport().request(post(server.url)))
    expect(result).toEqual({ error: { code: 'connection-lost' }, text: 'one ' })
  })

  test('a body that ends with its connection just ends', async () => {
    const server = await serve(async (connection) => {
      await connection.request()
      connection.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\none ')
      connection.end()
    })
    expect(await outcome(createHttpTransport().request(post(server.url)))).toEqual({ error: null, text: 'one ' })
  })

  test.each<[string, (connection: RawConnection) => void]>([
    [
      'FIN before the head',
      (connection) => {
        connection.end()
      },
    ],
    [
      'RST before the head',
      (connection) => {
        connection.reset()
      },
    ],
    [
      'FIN inside the head',
      (connection) => {
        connection.write('HTTP/1.1 200 OK\r\nContent-')
        connection.end()
      },
    ],
  ])('%s', async (_, play) => {
    const server = await serve(async (connection) => {
      await connection.request()
      play(connection)
    })
    const { error } = await outcome(createHttpTransport().request(post(server.url)))
    expect(error).toEqual({ code: 'connection-lost' })
    expect(server.connections).toHaveLength(1)
  })

  test.each<[string, (connection: RawConnection) => void]>([
    [
      'hangs up',
      (connection) => {
        connection.end()
      },
    ],
    [
      'resets',
      (connection) => {
        connection.reset()
      },
    ],
    [
      'greets as another protocol',
      (connection) => {
        connection.write('220 mail.example ESMTP\r\n')
      },
    ],
  ])('R12 R13 a server that %s at once is connected to once', async (_, play) => {
    const server = await serve(play)
    for (let count = 1; count <= 20; count++) {
      const { error } = await outcome(createHttpTransport().request(post(server.url)))
      expect(['connection-lost', 'not-a-stream', 'unreachable']).toContain((error as { code: string }).code)
      expect(server.connections).toHaveLength(count)
    }
  })

  test.each([
    ['another protocol', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['TLS where none was asked for', Buffer.from('15030100020228', 'hex')],
    ['a head without end', `HTTP/1.1 200 OK\r\n${'X-A: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n'.repeat(4000)}`],
  ])('%s is no HTTP', async (_, bytes) => {
    const server = await serve(async (connection) => {
      await connection.request()
      connection.write(bytes)
    })
    const { error } = await outcome(createHttpTransport().request(post(server.url)))
    expect(error).toMatchObject({ code: 'not-a-stream', contentType: 'non-HTTP data' })
  })
})

describe('a server that never comes to the point', () => {
  /** Writes `text` until the connection is gone, and says how much of it was taken. */
  async function pour(connection: RawConnection, text: string, atMostBytes: number): Promise<void> {
    const piece = Buffer.from(text.repeat(Math.ceil(65_536 / text.length)))
    for (let bytes = 0; bytes < atMostBytes && !connection.isClosed; bytes += piece.length) {
      if (!connection.socket.write(piece)) await connection.until(() => !connection.socket.writableNeedDrain)
    }
  }

  const head = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n'

  test.each<[string, string, string, string]>([
    ['a hundred thousand headers', head, 'X-A: b\r\n', 'not-a-stream'],
    ['a hundred thousand headers of one name', head, 'Set-Cookie: a=b\r\n', 'not-a-stream'],
    ['one header without end', `${head}X-A: `, 'aaaaaaaaaaaaaaaa', 'not-a-stream'],
    ['a hundred thousand trailers', `${head}\r\n4\r\none \r\n0\r\n`, 'X-A: b\r\n', 'connection-lost'],
  ])('%s: it is ended soon, and nothing is kept of them', async (_, start, more, code) => {
    const server = await serve(async (connection) => {
      await connection.request()
      connection.write(start)
      await pour(connection, more, 16 * 1024 * 1024)
    })
    const before = process.memoryUsage().arrayBuffers
    const { error } = await outcome(createHttpTransport().request(post(server.url, { idleTimeoutMs: 2000 })))
    expect(error).toMatchObject({ code })
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(32 * 1024 * 1024)
    await server.connections[0]?.closed()
    expect(server.connections[0]?.socket.bytesWritten).toBeLessThan(12 * 1024 * 1024)
  })

  test.each([
    ['a chunk size', '0000000000000000'],
    ['a chunk extension', '4;x=aaaaaaaaaaaa'],
  ])('R10 %s without end is silence, however much of it comes', async (_, more) => {
    const server = await serve(async (connection) => {
      await connection.request()
      connection.write(`${head}\r\n4\r\none \r\n`)
      await pour(connection, more, 64 * 1024 * 1024)
    })
    const before = process.memoryUsage().arrayBuffers
    const { error, text } = await outcome(createHttpTransport().request(post(server.url, { idleTimeoutMs: 500 })))
    expect(error).toEqual({ code: 'timeout', phase: 'idle', seconds: 1 })
    expect(text).toBe('one ')
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(32 * 1024 * 1024)
    await server.connections[0]?.closed()
  })

  test('R10 a hundred thousand interim answers are no answer', async () => {
    const server = await serve(async (connection) => {
      await connection.request()
      await pour(connection, 'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n', 4 * 1024 * 1024)
    })
    const { error } = await outcome(createHttpTransport().request(post(server.url, { firstByteTimeoutMs: 1000 })))
    expect(error).toEqual({ code: 'timeout', phase: 'headers', seconds: 1 })
    await server.connections[0]?.closed()
  })
})

test('R45 nothing is left behind by a request, however it ends', async () => {
  const server = await serve(async (connection, index) => {
    await connection.request()
    connection.beginStream()
    connection.chunk('one ')
    if (index % 3 === 0) connection.endStream()
    else if (index % 3 === 1) connection.reset()
  })
  const held = (): string[] =>
    process
      .getActiveResourcesInfo()
      .filter((kind) => kind === 'Timeout' || kind === 'TCPSocketWrap' || kind === 'TLSWrap')
  const transport = createHttpTransport()
  const controller = new AbortController()
  const added = vi.spyOn(controller.signal, 'addEventListener')
  const removed = vi.spyOn(controller.signal, 'removeEventListener')
  const before = held().length
  for (let count = 0; count < 30; count++) {
    const response = await transport.request(post(server.url, { signal: controller.signal }))
    // Every third is left in the middle.
    for await (const _ of outcomeOf(response)) if (count % 3 === 2) break
  }
  await Promise.all(server.connections.map((connection) => connection.closed()))
  await expect.poll(() => held().length).toBeLessThanOrEqual(before)
  expect(added).toHaveBeenCalledTimes(30)
  expect(removed).toHaveBeenCalledTimes(30)
})

async function* outcomeOf(response: TransportResponse): AsyncGenerator<Uint8Array> {
  try {
    yield* response.body
  } catch (thrown) {
    expect(thrown).toMatchObject({ error: { code: 'connection-lost' } })
  }
}

describe('S33 redirects are refused', () => {
  test.each([301, 302, 303, 307, 308])('%i to another server: it sees nothing', async (status) => {
    const other = await serve((connection) => {
      connection.answer('200 OK', {})
    })
    const server = await serve(async (connection) => {
      await connection.request()
      connection.answer(`${String(status)} Elsewhere`, { Location: `${other.url}/x` })
    })
    const { error } = await outcome(createHttpTransport().request(post(server.url)))
    expect(error).toEqual({ code: 'redirect', status, host: `127.0.0.1:${String(other.port)}` })
    await server.connections[0]?.closed()
    expect(other.connections).toHaveLength(0)
  })

  test.each([
    ['/elsewhere', { host: 'asked', sameHost: 'path' }],
    ['/backend-api/v2/conversation/', { host: 'asked', sameHost: 'path' }],
    ['//evil.example/x', { host: 'evil.example' }],
    ['https://127.0.0.1/x', { host: '127.0.0.1', sameHost: 'https' }],
    ['https://127.0.0.1:8443/x', { host: '127.0.0.1:8443', sameHost: 'https' }],
    ['https://localhost/', { host: 'localhost' }],
    ['http://127.0.0.1:1/x', { host: '127.0.0.1:1' }],
    ['javascript:alert(1)', { host: null }],
    ['http://[', { host: null }],
    [null, { host: null }],
  ])('to %j, and it is said where that is', async (location, where) => {
    const server = await serve(async (connection) => {
      await connection.request()
      connection.answer('302 Found', location === null ? {} : { Location: location })
    })
    const { error } = await outcome(createHttpTransport().request(post(server.url)))
    const host = where.host === 'asked' ? `127.0.0.1:${String(server.port)}` : where.host
    expect(error).toEqual({ code: 'redirect', status: 302, ...where, host })
    expect(server.connections).toHaveLength(1)
  })

  test('S09 unless whoever asks checks each of them: then it is an answer like others', async () => {
    const server = await serve(async (connection) => {
      await connection.request()
      connection.answer('302 Found', { Location: '/elsewhere' }, 'moved')
    })
    const response = await createHttpTransport().request(post(server.url, { givesRedirects: true }))
    expect([response.status, response.headers.location]).toEqual([302, '/elsewhere'])
    expect(await textOf(response)).toBe('moved')
    expect(server.connections).toHaveLength(1)
  })
})

describe('R42 a server that is restarted between two requests', () => {
  test('the next request goes through, and each arrives once', async () => {
    const answer = async (connection: RawConnection): Promise<void> => {
      await connection.request()
      // As a server that keeps its connections open; ours is closed nevertheless.
      connection.answer('200 OK', { Connection: 'keep-alive' }, 'ok')
    }
    const first = await startRawServer(answer)
    const transport = createHttpTransport()
    expect(await textOf(await transport.request(post(first.url)))).toBe('ok')
    await first.close()
    const second = await startRawServer(answer, { port: first.port })
    servers.push(second)
    for (let turn = 1; turn <= 3; turn++) {
      expect(await textOf(await transport.request(post(second.url)))).toBe('ok')
      expect(second.connections).toHaveLength(turn)
    }
  })

  test('R13 a POST whose connection dies before the answer is not sent again', async () => {
    const server = await serve(async (connection) => {
      await connection.request()
      connection.reset()
    })
    expect((await outcome(createHttpTransport().request(post(server.url)))).error).toEqual({ code: 'connection-lost' })
    expect(server.connections).toHaveLength(1)
  })
})

test('an error that a caller throws inside the loop is the caller’s', async () => {
  const server = await serve(async (connection) => {
    await connection.request()
    connection.beginStream()
    connection.chunk('one ')
  })
  const response = await createHttpTransport().request(post(server.url))
  const mine = failure({ code: 'busy' })
  await expect(
    (async () => {
      for await (const _ of response.body) throw mine
    })(),
  ).rejects.toBe(mine)
  await server.connections[0]?.closed()
})

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
