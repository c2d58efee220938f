import {
  createServer as createHttpServer,
  request as forward,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { keyPair, type CertificateName } from './tls-servers'

/** What a proxy does instead of its work. Each answers no tunnel and forwards nothing. */
export type ProxyFault =
  /** Says that it will not, as many do for unusual ports. */
  | 'refuse'
  /** Accepts the connection and says nothing. */
  | 'silent'
  /** Speaks another protocol. */
  | 'garbage'
  /** Hangs up when it is asked. */
  | 'close'
  /** Answers without end. */
  | 'flood'

export interface Login {
  user: string
  password: string
}

/** What a proxy was asked for. */
export interface ProxyRequest {
  /** `forward` is a plain http request that it sends on itself. */
  kind: 'connect' | 'forward' | 'socks4' | 'socks5'
  /** As the client gave it: a name that the proxy has to resolve, or an address. */
  host: string
  port: number
  login: string | null
}

export interface TestProxy {
  /** Without a login. */
  url: string
  port: number
  requests: ProxyRequest[]
  connections: { opened: number; open: number }
  /** Resolves when no connection is open, on either side. */
  idle(): Promise<void>
  close(): Promise<void>
}

export interface HttpProxyOptions {
  /** Speaks TLS to its clients and shows this. */
  certificate?: CertificateName
  login?: Login
  fault?: ProxyFault
}

const FLOOD = Buffer.from('X-Flood: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n'.repeat(4000))

/**
 * A forward proxy for http and https. Every name it is asked for leads to the loopback, and only there: that stands for the
 * network behind it.
 */
export async function startHttpProxy(options: HttpProxyOptions = {}): Promise<TestProxy> {
  const requests: ProxyRequest[] = []
  const book = new SocketBook()
  const isWelcome = (request: IncomingMessage): boolean => {
    const { login } = options
    if (login === undefined) return true
    const expected = Buffer.from(`${login.user}:${login.password}`).toString('base64')
    return request.headers['proxy-authorization'] === `Basic ${expected}`
  }
  const noted = (kind: 'connect' | 'forward', url: URL, request: IncomingMessage): void => {
    const login = request.headers['proxy-authorization'] ?? null
    requests.push({ kind, host: url.hostname, port: Number(url.port || 80), login })
  }

  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    const { url: address = '' } = request
    if (!address.startsWith('http://')) {
      response.writeHead(400).end('this is a proxy')
      return
    }
    const url = new URL(address)
    noted('forward', url, request)
    if (options.fault !== undefined) {
      misbehave(options.fault, request.socket)
      return
    }
    if (!isWelcome(request)) {
      response.writeHead(407, { 'proxy-authenticate': 'Basic realm="proxy"' }).end()
      return
    }
    const headers = Object.entries(request.headers).filter(([name]) => !name.startsWith('proxy-'))
    const onward = forward(
      {
        host: '127.0.0.1',
        port: url.port || 80,
        method: request.method ?? 'GET',
        path: url.pathname + url.search,
        headers: { ...Object.fromEntries(headers), host: url.host, via: '1.1 test' },
        agent: false,
      },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers)
        response.flushHeaders()
        answer.pipe(response)
        answer.on('error', () => request.socket.destroy())
      },
    )
    onward.on('socket', (socket) => {
      book.add(socket)
    })
    onward.on('error', () => {
      if (response.headersSent) request.socket.destroy()
      else response.writeHead(502).end('no way there')
    })
    response.on('close', () => onward.destroy())
    request.pipe(onward)
  }
  const onConnect = (request: IncomingMessage, client: Socket): void => {
    client.on('error', () => undefined)
    const url = new URL(`http://${request.url ?? ''}`)
    noted('connect', url, request)
    if (options.fault !== undefined) {
      misbehave(options.fault, client)
      return
    }
    if (!isWelcome(request)) {
      client.end('HTTP/1.1 407 Login\r\nProxy-Authenticate: Basic realm="proxy"\r\nContent-Length: 0\r\n\r\n')
      return
    }
    const target = connect(Number(url.port || 80), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\nVia: 1.1 test\r\n\r\n')
      join(client, target)
    })
    book.add(target)
    target.on('error', () => client.end('HTTP/1.1 502 No way\r\nContent-Length: 0\r\n\r\n'))
  }

  const { certificate } = options
  const server =
    certificate === undefined
      ? createHttpServer(onRequest)
      : createHttpsServer(keyPair(certificate), onRequest).on('tlsClientError', () => undefined)
  server.on('connect', onConnect)
  return listen(server, certificate === undefined ? 'http' : 'https', requests, book)
}

export interface SocksProxyOptions {
  /** Asked for in version 5; in version 4, which knows no password, the user must be this one. */
  login?: Login
  fault?: ProxyFault
}

/** A SOCKS proxy for the versions 4, 4a and 5. Every name and address it is asked for leads to the loopback. */
export async function startSocksProxy(version: 4 | 5, options: SocksProxyOptions = {}): Promise<TestProxy> {
  const requests: ProxyRequest[] = []
  const book = new SocketBook()
  const server = createServer((client) => {
    client.on('error', () => undefined)
    const play = version === 5 ? playSocks5 : playSocks4
    play(new Reader(client), client, options, requests, book).catch(() => client.destroy())
  })
  return listen(server, version === 5 ? 'socks5' : 'socks4', requests, book)
}

async function playSocks4(
  reader: Reader,
  client: Socket,
  { login, fault }: SocksProxyOptions,
  requests: ProxyRequest[],
  book: SocketBook,
): Promise<void> {
  const head = await reader.read(8)
  if (head[0] !== 4 || head[1] !== 1) throw new Error('not SOCKS 4')
  const user = (await reader.readToZero()).toString()
  const address = [...head.subarray(4, 8)]
  const isNamed = address.slice(0, 3).every((byte) => byte === 0) && address[3] !== 0
  const host = isNamed ? (await reader.readToZero()).toString() : address.join('.')
  const port = head.readUInt16BE(2)
  requests.push({ kind: 'socks4', host, port, login: user === '' ? null : user })
  if (fault === 'refuse') client.end(Buffer.from([0, 91, 0, 0, 0, 0, 0, 0]))
  else if (fault !== undefined) misbehave(fault, client)
  else if (login !== undefined && login.user !== user) client.end(Buffer.from([0, 93, 0, 0, 0, 0, 0, 0]))
  else tunnel(client, port, book, Buffer.from([0, 90, 0, 0, 0, 0, 0, 0]), Buffer.from([0, 91, 0, 0, 0, 0, 0, 0]))
}

async function playSocks5(
  reader: Reader,
  client: Socket,
  { login, fault }: SocksProxyOptions,
  requests: ProxyRequest[],
  book: SocketBook,
): Promise<void> {
  const [version, count = 0] = await reader.read(2)
  if (version !== 5) throw new Error('not SOCKS 5')
  const methods = [...(await reader.read(count))]
  const method = login === undefined ? 0 : 2
  let given: string | null = null
  client.write(Buffer.from([5, methods.includes(method) ? method : 0xff]))
  if (!methods.includes(method)) {
    client.end()
    return
  }
  if (login !== undefined) {
    const [, userBytes = 0] = await reader.read(2)
    const user = (await reader.read(userBytes)).toString()
    const [passwordBytes = 0] = await reader.read(1)
    const password = (await reader.read(passwordBytes)).toString()
    given = `${user}:${password}`
    const isWelcome = user === login.user && password === login.password
    client.write(Buffer.from([1, isWelcome ? 0 : 1]))
    if (!isWelcome) {
      client.end()
      return
    }
  }
  const [, , , kind] = await reader.read(4)
  let host: string
  if (kind === 1) host = [...(await reader.read(4))].join('.')
  else if (kind === 4) host = (await reader.read(16)).toString('hex')
  else host = (await reader.read((await reader.read(1))[0] ?? 0)).toString()
  const port = (await reader.read(2)).readUInt16BE(0)
  requests.push({ kind: 'socks5', host, port, login: given })
  // With a name as its own address, the longest form there is.
  const answer = (reply: number): Buffer =>
    Buffer.concat([Buffer.from([5, reply, 0, 3, 5]), Buffer.from('proxy'), Buffer.from([0, 0])])
  if (fault === 'refuse') client.end(answer(2))
  else if (fault !== undefined) misbehave(fault, client)
  else tunnel(client, port, book, answer(0), answer(5))
}

function tunnel(client: Socket, port: number, book: SocketBook, welcome: Buffer, refusal: Buffer): void {
  const target = connect(port, '127.0.0.1', () => {
    client.write(welcome)
    join(client, target)
  })
  book.add(target)
  target.on('error', () => client.end(refusal))
}

function join(client: Socket, target: Socket): void {
  client.on('close', () => target.destroy())
  target.on('close', () => client.destroy())
  client.pipe(target).pipe(client)
}

function misbehave(fault: ProxyFault, client: Socket): void {
  switch (fault) {
    case 'refuse':
      client.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n')
      return
    case 'silent':
      // Read on, or its end would not be seen; sockets of an http server stay half open.
      client.once('end', () => client.destroy())
      client.resume()
      return
    case 'garbage':
      client.end('SSH-2.0-OpenSSH_9.2\r\n\r\n')
      return
    case 'close':
      client.destroy()
      return
    case 'flood': {
      client.write('HTTP/1.1 200 Connection established\r\n')
      const pour = (): void => {
        while (!client.destroyed && client.write(FLOOD));
      }
      client.on('drain', pour)
      pour()
    }
  }
}

/** Reads a socket by number of bytes, and lets go of it afterwards. */
class Reader {
  constructor(private readonly socket: Socket) {}

  async read(length: number): Promise<Buffer> {
    while (true) {
      if (length === 0) return Buffer.alloc(0)
      const bytes = this.socket.read(length) as Buffer | null
      if (bytes?.length === length) return bytes
      await new Promise<void>((resolve, reject) => {
        if (this.socket.destroyed || this.socket.readableEnded) reject(new Error('closed'))
        this.socket.once('readable', resolve)
        this.socket.once('close', () => {
          reject(new Error('closed'))
        })
      })
    }
  }

  async readToZero(): Promise<Buffer> {
    const bytes: number[] = []
    for (;;) {
      const [byte = 0] = await this.read(1)
      if (byte === 0) return Buffer.from(bytes)
      bytes.push(byte)
    }
  }
}

class SocketBook {
  readonly sockets = new Set<Socket>()
  #wake: (() => void) | null = null

  add(socket: Socket): void {
    this.sockets.add(socket)
    socket.on('error', () => undefined)
    socket.once('close', () => {
      this.sockets.delete(socket)
      this.#wake?.()
    })
  }

  async idle(): Promise<void> {
    while (this.sockets.size > 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }
}

async function listen(server: Server, scheme: string, requests: ProxyRequest[], book: SocketBook): Promise<TestProxy> {
  const connections = { opened: 0, open: 0 }
  server.on('connection', (socket: Socket) => {
    connections.opened += 1
    connections.open += 1
    socket.once('close', () => (connections.open -= 1))
    book.add(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `${scheme}://127.0.0.1:${String(port)}`,
    port,
    requests,
    connections,
    idle: () => book.idle(),
    close: () =>
      new Promise((resolve) => {
        for (const socket of book.sockets) socket.destroy()
        server.close(() => {
          resolve()
        })
      }),
  }
}
