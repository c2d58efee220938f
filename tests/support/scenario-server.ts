import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import { type AddressInfo, type Socket } from 'node:net'
import { gradient } from './images'
import { play, type Answer, type PlayClock, type Sink } from './player/answer'
import { LOCKED_PROVIDER, modelsOf, providers, version, type CatalogueKind } from './player/catalogue'
import { Buckets, FILES } from './buckets'
import { answerFor, page, type ScenarioRequest } from './player/scenarios'
import { wav } from './sounds'

export interface ScenarioServerOptions {
  /** 0, the default, takes a free one. */
  port?: number
  host?: string
  /** With it the server answers 401 to every request of the API that does not bring it (protocol.md section 4). */
  apiKey?: string
  /** Keeps connections open after an answer, as `g4f api` does; the default is to close, as `g4f gui` does. */
  isKeepAlive?: boolean
  catalogue?: CatalogueKind
  /** Takes files into buckets (protocol.md section 6), the default; without them it knows no such address. */
  hasBuckets?: boolean
}

/** Times are milliseconds of `performance.now()`. */
export interface RecordedRequest {
  method: string
  /** Without the query. */
  path: string
  query: URLSearchParams
  headers: IncomingHttpHeaders
  /** The body as it came. */
  body: string
  /** The body as JSON; an empty object when it is none. */
  json: Record<string, unknown>
  /** When the head of the request was there. */
  atMs: number
  /** When the whole body was there; null until then. */
  receivedMs: number | null
  /** When the first byte of the answer left; null until then. */
  firstByteMs: number | null
  /** When the connection was over; null while it is open. */
  closedMs: number | null
  /** Whether it was the client who ended the connection, before the answer was complete. */
  isAborted: boolean
  /** Bytes of the answer that were handed to the network so far. */
  sentBytes: number
  /** It came to the other origin, where nobody may ever be sent to. */
  isElsewhere: boolean
}

export type Scenario = Answer | ((request: ScenarioRequest) => Answer)

export interface ScenarioServer {
  /** Base address without a path, such as `http://127.0.0.1:41234`. */
  url: string
  port: number
  /** Every request in the order of arrival. */
  requests: RecordedRequest[]
  /** Those to the conversation endpoint only. */
  conversations(): RecordedRequest[]
  connections: { opened: number; open: number }
  /** Uses these for the next conversation requests, one each; after that the mode is chosen by the model's name. */
  next(...scenarios: Scenario[]): void
  /** Lets every answer that holds go on. */
  release(): void
  /** Forgets all buckets. */
  emptyBuckets(): void
  /** Tears down every connection, listens to nobody for so long, then again at the same address. */
  restart(downMs: number): Promise<void>
  /** Resolves when `isTrue` holds, checked at each request, piece and end of a connection. */
  until(isTrue: () => boolean, what: string, timeoutMs?: number): Promise<void>
  /** Stops listening and tears down what is open. */
  close(): Promise<void>
}

const CONVERSATION = '/backend-api/v2/conversation'

/** A Backend API server on a real socket, which does what a test, or the name of the model, tells it to do. */
export async function startScenarioServer(options: ScenarioServerOptions = {}): Promise<ScenarioServer> {
  const { port = 0, host = '127.0.0.1', apiKey, isKeepAlive = false, catalogue = 'usual', hasBuckets = true } = options
  const buckets = new Buckets()
  const requests: RecordedRequest[] = []
  const queue: Scenario[] = []
  const holders = new Set<() => void>()
  const watchers = new Set<() => void>()
  const sockets = new Set<Socket>()
  const connections = { opened: 0, open: 0 }
  const changed = () => {
    for (const watcher of [...watchers]) watcher()
  }
  const asked = new Map<unknown, number>()
  let isClosed = false

  const server = open(false)
  // Another origin, and not only another name of this one: who follows a redirect is seen there.
  const elsewhere = open(true)

  function open(isElsewhere: boolean): Server {
    const opened = createServer((incoming, response) => {
      void receive(incoming, changed, requests, isElsewhere).then((request) => {
        if (request !== null) answer(request, incoming, response)
      })
    })
    // Streams may be silent for as long as a test likes.
    opened.requestTimeout = 0
    opened.timeout = 0
    opened.keepAliveTimeout = 60_000
    opened.on('connection', (socket) => {
      sockets.add(socket)
      connections.opened += 1
      connections.open += 1
      socket.setNoDelay(true)
      // A kept connection carries any number of requests, and each of them watches for its end.
      socket.setMaxListeners(0)
      socket.on('error', () => undefined)
      socket.once('close', () => {
        sockets.delete(socket)
        connections.open -= 1
        changed()
      })
    })
    return opened
  }

  function answer(request: RecordedRequest, incoming: IncomingMessage, response: ServerResponse): void {
    const { socket } = incoming
    const isApi = request.path.startsWith('/backend-api/')
    if (isApi && apiKey !== undefined && !hasKey(request.headers, apiKey)) {
      sendJson(response, 401, { error: { message: 'Not authenticated' } }, { 'www-authenticate': 'Basic' })
      return
    }
    if (hasBuckets && request.path.startsWith(FILES)) {
      buckets.answer(request, response)
      return
    }
    if (request.path !== CONVERSATION) {
      answerOrdinary(request, response, catalogue)
      return
    }
    if (request.method !== 'POST') {
      sendPage(response, 405, 'Method Not Allowed')
      return
    }
    const { model } = request.json
    const earlier = asked.get(model) ?? 0
    asked.set(model, earlier + 1)
    const question: ScenarioRequest = {
      // As the models behind a server see it.
      json: buckets.render(request.json),
      headers: request.headers,
      origin,
      elsewhere: elsewhereOrigin,
      earlier,
    }
    const scenario = queue.shift()
    const chosen =
      scenario === undefined ? choose(question) : typeof scenario === 'function' ? scenario(question) : scenario
    const sink = new SocketSink(socket, request, isKeepAlive && chosen.framing === 'chunked', holders, changed)
    void play(withConnection(chosen, isKeepAlive), sink, sink.clock).then(() => {
      if (chosen.thenDownMs !== undefined) void restart(chosen.thenDownMs)
    })
  }

  async function restart(downMs: number): Promise<void> {
    await stop(server)
    await new Promise((resolve) => setTimeout(resolve, downMs).unref())
    if (!isClosed) await listen(server, boundPort, host)
  }

  /** Connections are torn down, also those of the other origin: this is the end of a process, as its clients see it. */
  function stop(listening: Server): Promise<void> {
    const closed = new Promise<void>((resolve) => listening.close(() => resolve()))
    for (const socket of sockets) socket.destroy()
    return closed
  }

  function choose(question: ScenarioRequest): Answer {
    const { provider } = question.json
    if (typeof provider === 'string' && modelsOf(provider, catalogue) === null) {
      return page(
        404,
        'application/json',
        JSON.stringify({ error: { message: `Provider with label '${provider}' not found` } }),
      )
    }
    return answerFor(question)
  }

  const boundPort = await listen(server, port, host)
  const origin = originOf(host, boundPort)
  const elsewhereOrigin = originOf(host, await listen(elsewhere, 0, host))
  return {
    url: origin,
    port: boundPort,
    requests,
    conversations: () => requests.filter((request) => request.path === CONVERSATION),
    restart,
    emptyBuckets: () => buckets.clear(),
    connections,
    next: (...scenarios) => void queue.push(...scenarios),
    release: () => {
      for (const letGo of [...holders]) letGo()
    },
    until: (isTrue, what, timeoutMs = 10_000) =>
      new Promise((resolve, reject) => {
        if (isTrue()) {
          resolve()
          return
        }
        const timer = setTimeout(() => {
          watchers.delete(watcher)
          reject(new Error(`The scenario server waited ${timeoutMs} ms in vain until ${what}`))
        }, timeoutMs)
        const watcher = () => {
          if (!isTrue()) return
          clearTimeout(timer)
          watchers.delete(watcher)
          resolve()
        }
        watchers.add(watcher)
      }),
    close: async () => {
      isClosed = true
      await Promise.all([stop(server), stop(elsewhere)])
    },
  }
}

function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve((server.address() as AddressInfo).port)
    })
  })
}

function originOf(host: string, port: number): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** Reads a request whole; null when the client went before it was. */
function receive(
  incoming: IncomingMessage,
  changed: () => void,
  requests: RecordedRequest[],
  isElsewhere: boolean,
): Promise<RecordedRequest | null> {
  const { socket } = incoming
  const url = new URL(incoming.url ?? '/', 'http://server')
  const request: RecordedRequest = {
    method: incoming.method ?? 'GET',
    path: url.pathname,
    query: url.searchParams,
    headers: incoming.headers,
    body: '',
    json: {},
    atMs: performance.now(),
    receivedMs: null,
    firstByteMs: null,
    closedMs: null,
    isAborted: false,
    sentBytes: 0,
    isElsewhere,
  }
  requests.push(request)
  changed()
  const closed = () => {
    if (request.closedMs !== null) return
    request.closedMs = performance.now()
    changed()
  }
  // A FIN of the client is the end for us as well, and comes before `close`.
  socket.once('end', closed)
  socket.once('close', closed)
  return new Promise((resolve) => {
    const pieces: Buffer[] = []
    incoming.on('data', (piece: Buffer) => pieces.push(piece))
    incoming.once('end', () => {
      request.body = Buffer.concat(pieces).toString('utf8')
      request.json = parseObject(request.body)
      request.receivedMs = performance.now()
      changed()
      resolve(request)
    })
    incoming.once('error', () => {
      request.isAborted = true
      resolve(null)
    })
  })
}

class SocketSink implements Sink {
  readonly clock: PlayClock
  private isOver = false
  private readonly gone: Promise<void>

  constructor(
    private readonly socket: Socket,
    private readonly request: RecordedRequest,
    private readonly isKeptAlive: boolean,
    private readonly holders: Set<() => void>,
    private readonly changed: () => void,
  ) {
    this.gone = new Promise((resolve) => {
      const left = () => {
        if (!this.isOver) request.isAborted = true
        this.isOver = true
        resolve()
      }
      socket.once('end', left)
      socket.once('close', left)
    })
    this.clock = {
      now: () => performance.now(),
      sleep: (ms) => this.orGone(new Promise((resolve) => setTimeout(resolve, ms))),
    }
  }

  async write(bytes: Uint8Array): Promise<boolean> {
    if (this.isOver || this.socket.destroyed) return false
    this.request.firstByteMs ??= performance.now()
    this.request.sentBytes += bytes.length
    if (!this.socket.write(bytes))
      await this.orGone(new Promise<void>((resolve) => this.socket.once('drain', () => resolve())))
    this.changed()
    return !this.isOver
  }

  end(): void {
    this.isOver = true
    if (!this.isKeptAlive) this.socket.end()
  }

  cut(): void {
    this.isOver = true
    this.socket.end()
  }

  reset(): void {
    this.isOver = true
    this.socket.resetAndDestroy()
  }

  released(): Promise<void> {
    return this.orGone(
      new Promise<void>((resolve) => {
        const letGo = () => {
          this.holders.delete(letGo)
          resolve()
        }
        this.holders.add(letGo)
      }),
    )
  }

  private orGone(wait: Promise<unknown>): Promise<void> {
    return Promise.race([wait, this.gone]).then(() => undefined)
  }
}

function withConnection(answer: Answer, isKeepAlive: boolean): Answer {
  if (!isKeepAlive || answer.framing !== 'chunked') return answer
  return { ...answer, headers: { ...answer.headers, connection: 'keep-alive' } }
}

function hasKey(headers: IncomingHttpHeaders, key: string): boolean {
  return headers.authorization === `Bearer ${key}` || headers['g4f-api-key'] === key
}

function answerOrdinary(request: RecordedRequest, response: ServerResponse, catalogue: CatalogueKind): void {
  const { path } = request
  const [, models] = /^\/backend-api\/v2\/models\/([^/]+)$/.exec(path) ?? []
  if (path === '/backend-api/v2/version') sendJson(response, 200, version)
  else if (path === '/backend-api/v2/providers') sendJson(response, 200, providers(catalogue))
  else if (path === '/backend-api/v2/models') {
    sendJson(response, 200, Object.fromEntries(providers(catalogue).map(({ name }) => [name, ['plain']])))
  } else if (models !== undefined) {
    const provider = decodeURIComponent(models)
    if (provider === LOCKED_PROVIDER && request.headers['x-api-key'] === undefined) {
      sendJson(response, 401, { error: { message: 'MissingAuthError: add an "api_key"' } })
    } else sendJson(response, 200, modelsOf(provider, catalogue) ?? [])
  } else if (/^\/(media|thumbnail)\/[^/]+\.png$/.test(path)) {
    response.writeHead(200, { 'content-type': 'image/png' }).end(gradient(640, 400))
  } else if (/^\/media\/[^/]+\.wav$/.test(path) || path.startsWith('/backend-api/v2/synthesize/')) {
    response.writeHead(200, { 'content-type': 'audio/wav' }).end(wav())
  } else sendPage(response, 404, 'Not Found')
}

function sendJson(
  response: ServerResponse,
  status: number,
  value: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value))
}

function sendPage(response: ServerResponse, status: number, title: string): void {
  response
    .writeHead(status, { 'content-type': 'text/html; charset=utf-8' })
    .end(`<!doctype html>\n<html lang=en>\n<title>${status} ${title}</title>\n<h1>${title}</h1>\n`)
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : {}
  } catch {
    return {}
  }
}
