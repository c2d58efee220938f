import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'

/** A request as its bytes came in. */
export interface RawRequest {
  method: string
  path: string
  /** Names in lower case. */
  headers: Map<string, string>
  body: Buffer
}

/** One connection of a RawServer, which a test plays by hand. */
export class RawConnection {
  readonly #waiters: (() => void)[] = []
  #pieces: Buffer[] = []
  receivedBytes = 0
  isClosed = false
  /** Milliseconds of performance.now() at which the other side closed; null while it is open. */
  closedAtMs: number | null = null

  constructor(readonly socket: Socket) {
    socket.on('data', (bytes: Buffer) => {
      this.#pieces.push(bytes)
      this.receivedBytes += bytes.length
      this.#wake()
    })
    // Resets are what many of these tests are about.
    socket.on('error', () => undefined)
    for (const event of ['end', 'close']) {
      socket.once(event, () => {
        this.isClosed = true
        this.closedAtMs ??= performance.now()
        this.#wake()
      })
    }
  }

  /** Everything that has come in. Joined when it is looked at, so that large uploads cost what they weigh. */
  get received(): Buffer {
    const [first = Buffer.alloc(0), ...more] = this.#pieces
    if (more.length > 0) this.#pieces = [Buffer.concat([first, ...more])]
    return this.#pieces[0] ?? first
  }

  /** The head of the next request, as soon as it is there. */
  async head(): Promise<RawRequest> {
    await this.until(() => this.received.includes('\r\n\r\n'))
    const end = this.received.indexOf('\r\n\r\n')
    const [first = '', ...lines] = this.received.toString('latin1', 0, end).split('\r\n')
    const [method = '', path = ''] = first.split(' ')
    const headers = new Map(
      lines.map((line) => {
        const colon = line.indexOf(':')
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
      }),
    )
    return { method, path, headers, body: this.received.subarray(end + 4) }
  }

  /** The whole request, by its content-length. */
  async request(): Promise<RawRequest> {
    const { headers, body } = await this.head()
    const length = Number(headers.get('content-length') ?? 0)
    const headBytes = this.received.length - body.length
    await this.until(() => this.receivedBytes >= headBytes + length)
    return this.head()
  }

  write(bytes: string | Uint8Array): void {
    if (!this.socket.destroyed) this.socket.write(bytes)
  }

  /** A whole answer with a length. */
  answer(status: string, headers: Record<string, string>, body: string | Uint8Array = ''): void {
    const bytes = Buffer.from(body)
    const lines = Object.entries({ ...headers, 'Content-Length': String(bytes.length) })
    this.write(`HTTP/1.1 ${status}\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`)
    this.write(bytes)
  }

  /** The head of a chunked event stream. */
  beginStream(headers = ''): void {
    this.write(
      `HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n${headers}\r\n`,
    )
  }

  chunk(text: string | Uint8Array): void {
    const bytes = Buffer.from(text)
    this.write(Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]))
  }

  event(event: { type: string } & Record<string, unknown>): void {
    this.chunk(sse(event))
  }

  endStream(): void {
    this.write('0\r\n\r\n')
  }

  /** FIN. */
  end(): void {
    this.socket.end()
  }

  /** RST. */
  reset(): void {
    this.socket.resetAndDestroy()
  }

  async closed(): Promise<void> {
    await this.until(() => this.isClosed)
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        this.#waiters.push(resolve)
      })
    }
  }

  #wake(): void {
    for (const waiter of this.#waiters.splice(0)) waiter()
  }
}

export interface RawServer {
  url: string
  port: number
  connections: RawConnection[]
  close(): Promise<void>
}

/**
 * A server on a free loopback port whose every byte is written by the test.
 *
 * @param handle plays one connection; what it throws once the connection is gone is of no interest
 */
export async function startRawServer(
  handle: (connection: RawConnection, index: number) => void | Promise<void>,
  options: { tls?: TlsOptions; port?: number } = {},
): Promise<RawServer> {
  const connections: RawConnection[] = []
  const accept = (socket: Socket): void => {
    const connection = new RawConnection(socket)
    connections.push(connection)
    void Promise.resolve(handle(connection, connections.length - 1)).catch(() => {
      connection.socket.destroy()
    })
  }
  const server: Server =
    options.tls === undefined ? createServer({ allowHalfOpen: false }, accept) : createTlsServer(options.tls, accept)
  server.on('tlsClientError', () => undefined)
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
  })
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `${options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${String(port)}`,
    port,
    connections,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy()
        server.close(() => {
          resolve()
        })
      }),
  }
}

/** An event as servers write it. */
export function sse(event: { type: string } & Record<string, unknown>): string {
  return `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`
}
