import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { bytesOf, concat, send, type Answer, type Step } from './answer'
import * as wire from './events'
import { markdownProse, numbered, tokensOf } from './prose'

/** What a scenario may look at. */
export interface ScenarioRequest {
  /** The body; an empty object when it is no JSON object. */
  json: Record<string, unknown>
  headers: Record<string, string | string[] | undefined>
  /** Address of the server itself, for links to it. */
  origin: string
  /** Address of another origin that nobody may ever be sent to. */
  elsewhere: string
  /** How many questions for the same model this server was asked before. */
  earlier: number
}

/** Values after the mode's name in a model such as `flood:events=5000,rate=0`. */
type Options = Record<string, number>

interface Mode {
  group: 'Speed' | 'Content' | 'Failures' | 'Lies'
  about: string
  /** What `name:key=value` may change, and what holds otherwise. */
  options?: Options
  answer(request: ScenarioRequest, options: Options): Answer
}

export const PROVIDER = 'Lab'

/** Status 200 and the Content-Type of every Backend API server. */
export function stream(steps: Iterable<Step>, rest: Partial<Answer> = {}): Answer {
  return {
    status: 200,
    headers: { server: 'parley-lab', 'content-type': 'text/event-stream; charset=utf-8', connection: 'close' },
    framing: 'chunked',
    steps,
    ...rest,
  }
}

/** An answer that is no stream, such as an error in JSON or a page of HTML. */
export function page(status: number, contentType: string, body: string, headers: Record<string, string> = {}): Answer {
  const bytes = bytesOf(body)
  return {
    status,
    headers: { server: 'parley-lab', 'content-type': contentType, connection: 'close', ...headers },
    framing: { length: bytes.length },
    steps: [{ do: 'send', bytes }],
  }
}

/** What comes before the first word: who answers, and the noise that servers add. */
export function opening(model = 'lab-1', name = PROVIDER): Step[] {
  return wire.steps([
    wire.provider(name, model),
    { type: 'parameters', parameters: { provider: name, model, stream: true, timeout: 120, prompt: null } },
    { type: 'request', request: { messages: [{ role: 'user', content: '…' }], model, stream: true } },
    { type: 'headers', headers: { 'x-request-id': 'lab-1' } },
  ])
}

/** Words of an answer, one event each. */
export function say(...pieces: string[]): Step[] {
  return pieces.map((piece) => send(wire.eventText(wire.content(piece))))
}

/** What comes after the last word. */
export function closing(words: number, model = 'lab-1', name = PROVIDER): Step[] {
  return wire.steps([wire.finish(), wire.usage(12, words, name, model)])
}

/** A whole, ordinary answer. */
export function whole(...pieces: string[]): Answer {
  return stream([...opening(), ...say(...pieces), ...closing(pieces.length)])
}

/** Waits for release(). */
export const hold: Step = { do: 'hold' }

const html = (title: string, text: string) =>
  `<!doctype html>\n<html lang=en>\n<title>${title}</title>\n<h1>${title}</h1>\n<p>${text}</p>\n`

const jsonError = (status: number, message: string, headers: Record<string, string> = {}) =>
  page(status, 'application/json', JSON.stringify({ error: { message } }), headers)

const some = ['Some ', 'words ', 'had ', 'arrived ', 'before ', 'this. ']

/** The mode is chosen by the model's name, so a person finds it in the app's model picker. */
export const modes = {
  plain: {
    group: 'Content',
    about: 'a short answer, word by word',
    answer: () =>
      whole(...tokensOf('This is an ordinary answer of the scenario server, complete to its last word.', 6)),
  },
  echo: {
    group: 'Content',
    about: 'says what it received: the question, and each image by type, bytes and SHA-256',
    answer: (request) => whole(...tokensOf(describeRequest(request), 12)),
  },
  markdown: {
    group: 'Content',
    about: 'long markdown at the speed of a model',
    options: { bytes: 6000, rate: 200 },
    answer: (_, options) => paced(tokensOf(markdownProse(options.bytes ?? 0)), options.rate ?? 0),
  },
  reasoning: {
    group: 'Content',
    about: 'thinks before it writes',
    options: { ms: 40 },
    answer: (_, { ms = 0 }) =>
      stream([
        ...opening(),
        ...wire.steps([wire.progress('Reading the question')]),
        ...spaced(
          tokensOf('The question is short. I look for what is behind it, then answer in one sentence.', 6).map(
            (token) => send(wire.eventText(wire.thought(token))),
          ),
          ms,
        ),
        ...wire.steps([wire.thoughtEnd]),
        ...spaced(say('The ', 'answer ', 'is ', '**42**.'), ms),
        ...closing(4),
      ]),
  },
  fallback: {
    group: 'Content',
    about: 'two providers fail, the second after some words, the third answers',
    options: { ms: 150 },
    answer: (_, { ms = 0 }) =>
      stream(
        spaced(
          [
            ...wire.steps([
              wire.provider('AnyProvider', 'lab-1'),
              wire.provider('Blackbox', 'lab-1'),
              { type: 'message', message: 'RateLimitError: rate limit', error: 'RateLimitError' },
              wire.provider('DeepInfra', 'lab-1'),
            ]),
            ...say('This half sentence was '),
            ...wire.steps([
              { type: 'message', message: 'ResponseError: overloaded', error: 'ResponseError' },
              wire.provider('Together', 'lab-1'),
            ]),
            ...say('Here ', 'is ', 'the ', 'whole ', 'answer.'),
            ...closing(5, 'lab-1', 'Together'),
          ],
          ms,
        ),
      ),
  },
  media: {
    group: 'Content',
    about: 'a preview, then two pictures and a sound served by this server, and the text to be read aloud',
    answer: () =>
      stream([
        ...opening(),
        ...wire.steps([
          { type: 'preview', preview: 'A first sketch' },
          wire.picture(['/media/one.png', '/media/two.png'], 'two squares'),
        ]),
        ...wire.steps([
          { type: 'content', content: '<audio controls src="/media/tone.wav"></audio>', data: '/media/tone.wav' },
        ]),
        ...say('Two squares, as asked.'),
        ...wire.steps([
          { type: 'synthesize', synthesize: { provider: 'Lab', data: { text: 'Two squares, as asked.' } } },
        ]),
        ...closing(4),
      ]),
  },
  extras: {
    group: 'Content',
    about: 'title, suggestions, tool call, note, session, usage, unknown events',
    answer: () =>
      stream([
        ...opening(),
        ...wire.steps([
          {
            type: 'tool_calls',
            tool_calls: [{ index: 0, id: 'c1', type: 'function', function: { name: 'weather', arguments: '{"ci' } }],
          },
          { type: 'tool_calls', tool_calls: [{ index: 0, function: { arguments: 'ty":"Oslo"}' } }] },
          { type: 'message', message: 'SearchError: the search was skipped', error: 'SearchError' },
          { type: 'weather_report', weather_report: { degrees: 4 } },
        ]),
        ...say('It ', 'is ', 'cold ', 'in ', 'Oslo.'),
        ...wire.steps([
          { type: 'title', title: 'Weather in Oslo' },
          { type: 'suggestions', suggestions: ['And tomorrow?', 'What to wear?'] },
          { type: 'conversation', conversation: { [PROVIDER]: { conversation_id: 'c-1', turn: 1 } } },
        ]),
        ...closing(5),
        ...wire.steps([{ type: 'log', log: 'a line of the log of another request' }]),
      ]),
  },
  ndjson: {
    group: 'Content',
    about: 'one JSON object per line, as servers up to 6.7.4',
    answer: () =>
      stream(
        [
          wire.provider(PROVIDER, 'lab-1'),
          wire.content('Old '),
          wire.content('framing '),
          wire.content('works.'),
          wire.finish(),
        ].map((event) => send(wire.lineText(event))),
      ),
  },
  comments: {
    group: 'Content',
    about: 'byte order mark, CRLF, comments and several data lines, as proxies make them',
    answer: () =>
      stream([
        send('\ufeff: ping\r\n\r\n'),
        send('event: content\r\ndata: {"type": "content",\r\ndata: "content": "Proxies "}\r\n\r\n'),
        send(': ping\r\n'),
        send(
          'data: {"type": "content", "content": "may do this."}\r\rdata: {"type": "finish", "finish": {"reason": "stop"}}\n\n',
        ),
      ]),
  },
  drip: {
    group: 'Speed',
    about: 'one word at a time, slowly',
    options: { count: 40, ms: 250 },
    answer: (_, { count = 0, ms = 0 }) =>
      stream([...opening(), ...spaced(say(...numbered(count)), ms), ...closing(count)]),
  },
  flood: {
    group: 'Speed',
    about: 'numbered words as fast as they are read, or `rate` a second; `copies=1` adds a response event to each',
    options: { events: 20_000, rate: 0, batch: 1, copies: 0 },
    answer: (_, { events = 0, rate = 0, batch = 1, copies = 0 }) => paced(numbered(events), rate, batch, copies === 1),
  },
  bursts: {
    group: 'Speed',
    about: 'nothing, then fifty words at once, again and again',
    options: { count: 400, ms: 800 },
    answer: (_, { count = 0, ms = 0 }) =>
      stream([...opening(), ...inBursts([...numbered(count)], 50, ms), ...closing(count)]),
  },
  buffer: {
    group: 'Speed',
    about: 'the whole answer in one piece, after a while',
    options: { ms: 3000 },
    answer: (_, { ms = 0 }) =>
      stream([
        { do: 'wait', ms },
        { do: 'send', bytes: joined([...opening(), ...say(...numbered(200)), ...closing(200)]) },
      ]),
  },
  stall: {
    group: 'Speed',
    about: 'some words, then silence on an open connection',
    answer: () => stream([...opening(), ...say(...some), hold, ...say('And it went on.'), ...closing(7)]),
  },
  silent: {
    group: 'Speed',
    about: 'takes the question and never answers a byte',
    answer: () => stream([hold, ...say('It answered after all.')]),
  },
  'slow-headers': {
    group: 'Speed',
    about: 'headers only with the first event, which takes its time',
    options: { ms: 6000 },
    answer: (_, { ms = 0 }) => stream([{ do: 'wait', ms }, ...opening(), ...say('Sorry for the wait.'), ...closing(4)]),
  },
  'slow-start': {
    group: 'Speed',
    about: 'headers at once, the first event much later',
    options: { ms: 6000 },
    answer: (_, { ms = 0 }) =>
      stream([{ do: 'wait', ms }, ...opening(), ...say('Sorry for the wait.'), ...closing(4)], { headDelayMs: 0 }),
  },
  cut: {
    group: 'Failures',
    about: 'the connection ends in the middle of a chunk',
    answer: () =>
      stream([
        ...opening(),
        ...say(...some),
        { do: 'send-unframed', bytes: bytesOf('400\r\nevent: content\nda') },
        { do: 'cut' },
      ]),
  },
  reset: {
    group: 'Failures',
    about: 'the connection is torn down (RST)',
    answer: () => stream([...opening(), ...say(...some), { do: 'wait', ms: 50 }, { do: 'reset' }]),
  },
  'end-early': {
    group: 'Failures',
    about: 'a clean end without finish',
    answer: () => stream([...opening(), ...say(...some)]),
  },
  empty: { group: 'Failures', about: '200 and no byte', answer: () => stream([]) },
  'no-content': {
    group: 'Failures',
    about: '204',
    answer: () => ({ status: 204, headers: { connection: 'close' }, framing: 'close', steps: [] }),
  },
  'broken-json': {
    group: 'Failures',
    about: 'events that cannot be read, between good ones',
    answer: () =>
      stream([
        ...opening(),
        ...say('Before. '),
        ...[
          '{"type": "content", "content": ',
          'null',
          '[]',
          '"text"',
          '{"content": "no type"}',
          '{"type": 7}',
          '{]',
        ].map((data) => send(`event: content\ndata: ${data}\n\n`)),
        ...say('After.'),
        ...closing(2),
      ]),
  },
  nonsense: {
    group: 'Failures',
    about: 'a few words, then only events that cannot be read',
    options: { events: 400 },
    answer: (_, { events = 0 }) =>
      stream([...opening(), ...say(...some), ...Array.from({ length: events }, () => send('data: {"type": \n\n'))]),
  },
  'huge-line': {
    group: 'Failures',
    about: 'one event above 32 MiB',
    options: { mebibytes: 33 },
    answer: (_, { mebibytes = 0 }) =>
      stream([...opening(), ...say(...some), ...hugeEvent('content', mebibytes), ...closing(7)]),
  },
  'huge-echo': {
    group: 'Content',
    about: 'a `request` event above 32 MiB, which a client skips',
    options: { mebibytes: 33 },
    answer: (_, { mebibytes = 0 }) =>
      stream([...opening(), ...hugeEvent('request', mebibytes), ...say('The echo was skipped.'), ...closing(4)]),
  },
  error: {
    group: 'Failures',
    about: 'some words, then a fatal error event',
    answer: () =>
      stream([
        ...opening(),
        ...say(...some),
        ...wire.steps([wire.fatal('ResponseError', 'Error 500: the model broke')]),
      ]),
  },
  'rate-limit': {
    group: 'Failures',
    about: 'the provider is at its limit: 200, then an error event',
    answer: () => stream([...opening(), ...wire.steps([wire.fatal('RateLimitError', 'Error 429: too many requests')])]),
  },
  auth: {
    group: 'Failures',
    about: 'the provider needs a key: 200, then an auth event',
    answer: () =>
      stream([
        ...opening(),
        ...wire.steps([{ type: 'auth', auth: 'MissingAuthError', message: 'MissingAuthError: add an "api_key"' }]),
      ]),
  },
  unauthorized: {
    group: 'Failures',
    about: 'the server needs a key: 401',
    answer: () => jsonError(401, 'Not authenticated', { 'www-authenticate': 'Basic' }),
  },
  'too-many': {
    group: 'Failures',
    about: '429 with Retry-After',
    options: { seconds: 30 },
    answer: (_, { seconds = 0 }) => jsonError(429, 'Too many requests', { 'retry-after': String(seconds) }),
  },
  'retry-after': {
    group: 'Failures',
    about: '429 with Retry-After; whoever comes again is answered',
    options: { seconds: 5 },
    answer: ({ earlier }, { seconds = 0 }) =>
      earlier % 2 === 0
        ? jsonError(429, 'Too many requests', { 'retry-after': String(seconds) })
        : whole('Thank ', 'you ', 'for ', 'waiting.'),
  },
  restart: {
    group: 'Failures',
    about: 'some words, then the server is gone, and back after a while',
    options: { ms: 3000 },
    answer: (_, { ms = 0 }) => ({
      ...stream([...opening(), ...say(...some), { do: 'wait', ms: 50 }, { do: 'reset' }]),
      thenDownMs: ms,
    }),
  },
  'bad-gateway': {
    group: 'Failures',
    about: '503 and a page of HTML',
    answer: () => page(503, 'text/html', html('503 Service Unavailable', 'No server is available.')),
  },
  html: {
    group: 'Lies',
    about: 'a page of HTML with status 200',
    answer: () => page(200, 'text/html; charset=utf-8', html('Welcome', 'This is a router, not a backend.')),
  },
  redirect: {
    group: 'Lies',
    about: '307 to another origin',
    answer: ({ elsewhere }) => page(307, 'text/plain', '', { location: `${elsewhere}/backend-api/v2/conversation` }),
  },
  lie: {
    group: 'Lies',
    about: 'a page of HTML that calls itself a stream and promises more than comes',
    answer: () => {
      const body = bytesOf(html('Welcome', 'This is a router, not a backend.'))
      return stream([{ do: 'send', bytes: body }], { framing: { length: body.length + 1000 } })
    },
  },
  gzip: {
    group: 'Lies',
    about: 'a compressed stream, though identity was asked for',
    answer: () => {
      const bytes = gzipSync(joined([...opening(), ...say(...some), ...closing(6)]))
      const answer = stream([{ do: 'send', bytes }])
      return { ...answer, headers: { ...answer.headers, 'content-encoding': 'gzip' } }
    },
  },
  'long-length': {
    group: 'Lies',
    about: 'a Content-Length larger than what comes',
    answer: () => {
      const body = joined([...opening(), ...say(...some)])
      return stream([{ do: 'send', bytes: body }], { framing: { length: body.length + 1000 } })
    },
  },
  'short-length': {
    group: 'Lies',
    about: 'a Content-Length that ends in the middle of an event',
    answer: () => {
      const body = joined([...opening(), ...say(...some), ...closing(6)])
      return stream([{ do: 'send', bytes: body }], {
        framing: { length: joined([...opening(), ...say(...some)]).length + 20 },
      })
    },
  },
  'wrong-type': {
    group: 'Lies',
    about: 'a good stream that calls itself application/json',
    answer: () => {
      const answer = whole('The ', 'type ', 'was ', 'wrong.')
      return { ...answer, headers: { ...answer.headers, 'content-type': 'application/json' } }
    },
  },
  hostile: {
    group: 'Lies',
    about: 'markup and links that must stay text',
    answer: () =>
      whole(
        '<script>window.pwn = 1</script>\n\n',
        '<img src=x onerror="window.pwn = 1">\n\n',
        '[press](javascript:window.pwn=1) ![picture](https://example.invalid/track.png)\n\n',
        '<iframe srcdoc="<script>parent.pwn=1</script>"></iframe>\n\nThe end.',
      ),
  },
} as const satisfies Record<string, Mode>

export type ModeName = keyof typeof modes

/** Names, groups and explanations of the modes, for listings and for the catalogue. */
export function listModes(): { name: string; group: string; about: string; options: Options }[] {
  return Object.entries<Mode>(modes).map(([name, { group, about, options }]) => ({
    name,
    group,
    about,
    options: options ?? {},
  }))
}

/** The answer for a model such as `drip` or `flood:events=500,rate=100`; anything unknown is answered in mode `plain`. */
export function answerFor(request: ScenarioRequest): Answer {
  const model = typeof request.json.model === 'string' ? request.json.model : ''
  const [name = '', values = ''] = model.split(':')
  const mode: Mode = isMode(name) ? modes[name] : modes.plain
  const options: Options = { ...mode.options }
  for (const pair of values.split(',')) {
    const [key = '', value = ''] = pair.split('=')
    if (Object.hasOwn(options, key) && Number.isFinite(Number(value))) options[key] = Number(value)
  }
  return mode.answer(request, options)
}

/** One mode as a scenario, with its options as they are. */
export function scenario(name: ModeName): (request: ScenarioRequest) => Answer {
  const mode: Mode = modes[name]
  return (request) => mode.answer(request, { ...mode.options })
}

function isMode(name: string): name is ModeName {
  return Object.hasOwn(modes, name)
}

/** The whole text of a mode's answer, when nothing of it is lost: what a client must show. */
export function expectedText(mode: 'flood' | 'markdown', size: number): string {
  return mode === 'flood' ? [...numbered(size)].join('') : markdownProse(size)
}

function paced(pieces: Iterable<string>, rate: number, batch = 1, hasCopies = false): Answer {
  function* timed(): Iterable<Step> {
    yield* opening()
    let waiting = ''
    let count = 0
    for (const piece of pieces) {
      if (hasCopies) waiting += wire.eventText(wire.upstreamCopy(piece, 'lab-1'))
      waiting += wire.eventText(wire.content(piece))
      count += 1
      if (count % batch !== 0) continue
      if (rate > 0) yield { do: 'wait-until', ms: (count * 1000) / rate }
      yield send(waiting)
      waiting = ''
    }
    yield send(waiting + wire.eventText(wire.finish()) + wire.eventText(wire.usage(12, count, PROVIDER, 'lab-1')))
  }
  return stream(timed())
}

function* spaced(all: Iterable<Step>, ms: number): Iterable<Step> {
  for (const step of all) {
    yield { do: 'wait', ms }
    yield step
  }
}

function* inBursts(pieces: readonly string[], size: number, ms: number): Iterable<Step> {
  for (let at = 0; at < pieces.length; at += size) {
    yield { do: 'wait', ms }
    yield { do: 'send', bytes: joined(say(...pieces.slice(at, at + size))) }
  }
}

/** One event of so many mebibytes, made in pieces: no side ever has to hold it whole. */
function* hugeEvent(type: 'content' | 'request', mebibytes: number): Iterable<Step> {
  yield send(`event: ${type}\ndata: {"type": "${type}", "${type}": "`)
  const piece = bytesOf('x'.repeat(65_536))
  for (let at = 0; at < mebibytes * 16; at += 1) yield { do: 'send', bytes: piece }
  yield send('"}\n\n')
}

function joined(steps: readonly Step[]): Uint8Array {
  return concat(steps.map((step) => (step.do === 'send' ? step.bytes : new Uint8Array())))
}

/** What is longer would be more events than can be made at once. */
const MAX_ECHO = 20_000

function describeRequest({ json }: ScenarioRequest): string {
  const messages: unknown[] = Array.isArray(json.messages) ? json.messages : []
  const last = messages.at(-1)
  const question = typeof last === 'object' && last !== null && 'content' in last ? last.content : null
  const whole = typeof question === 'string' ? question : JSON.stringify(question)
  const text = whole.length > MAX_ECHO ? `${whole.slice(0, MAX_ECHO)}…` : whole
  const images = receivedMedia(json).map(
    ({ name, mime, bytes, sha256 }) => `- ${name ?? 'no name'}: ${mime}, ${bytes} bytes, sha256 \`${sha256}\``,
  )
  return [`I received ${messages.length} messages. The last one is:\n\n> ${text}\n`, ...images].join('\n')
}

export interface ReceivedMedia {
  name: string | null
  mime: string
  bytes: number
  sha256: string
}

/** What stands in `media` of a request: each data URI decoded and hashed; other addresses as they are, with no bytes. */
export function receivedMedia(json: Record<string, unknown>): ReceivedMedia[] {
  const media: unknown[] = Array.isArray(json.media) ? json.media : []
  return media.map((item) => {
    const [uri, name] = Array.isArray(item) ? (item as unknown[]) : []
    const [, mime = '', data = ''] = /^data:([^;,]*);base64,(.*)$/s.exec(typeof uri === 'string' ? uri : '') ?? []
    const bytes = Buffer.from(data, 'base64')
    return {
      name: typeof name === 'string' ? name : null,
      mime,
      bytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    }
  })
}
