import { createParser } from 'eventsource-parser'
import { StringDecoder } from 'node:string_decoder'
import { BackendApi } from '../../src/main/backend/api'
import { PartReader } from '../../src/main/backend/parts'
import { openSession } from '../../src/main/backend/session'
import { ChunkDecoder } from '../../src/main/backend/stream'
import { silentLogger } from '../../src/main/logger'
import { emptyAnswer, fold, type AssistantMessage } from '../../src/shared/conversation'

/** What a server sends: every delta twice, once as the copy of its provider's answer. */
function makeStream(
  deltas: number,
  deltaCharacters: number,
  sentence = 'The quick brown fox jumps over the lazy dog. ',
): { pieces: Uint8Array[]; bytes: number; events: number } {
  const text = sentence.repeat(Math.ceil(deltaCharacters / sentence.length)).slice(0, deltaCharacters)
  const copy = {
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1,
    choices: [{ index: 0, delta: { content: text } }],
  }
  const pair =
    `event: response\ndata: ${asServersWrite({ type: 'response', response: copy })}\n\n` +
    `event: content\ndata: ${asServersWrite({ type: 'content', content: text })}\n\n`
  const all = Buffer.from(pair.repeat(deltas))
  const pieces: Uint8Array[] = []
  // As a socket brings it.
  for (let at = 0; at < all.length; at += 65_536) pieces.push(all.subarray(at, at + 65_536))
  return { pieces, bytes: all.length, events: 2 * deltas }
}

/** With a space behind every colon and comma that separates; there are none in the texts. */
function asServersWrite(event: unknown): string {
  return JSON.stringify(event).replace(/[:,]/gu, '$& ')
}

type Stream = ReturnType<typeof makeStream>

/** The limit. The message keeps the text of an answer, and collecting garbage around it costs as well. */
function parserAlone({ pieces }: Stream, use: 'counted' | 'kept' | 'parsed'): void {
  const utf8 = new StringDecoder('utf8')
  const kept: string[] = []
  let events = 0
  const parser = createParser({
    onEvent: ({ event, data }) => {
      if (use === 'parsed') JSON.parse(data)
      if (use === 'kept' && event === 'content') kept.push(data)
      events += 1
    },
  })
  for (const piece of pieces) parser.feed(utf8.write(Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength)))
  if (events === 0) throw new Error('nothing was read')
}

function decoded({ pieces }: Stream): void {
  const decoder = new ChunkDecoder()
  let chunks = 0
  for (const piece of pieces) chunks += decoder.push(piece).length
  if (chunks === 0) throw new Error('nothing was read')
}

function folded({ pieces }: Stream): void {
  const decoder = new ChunkDecoder({ isJoined: true })
  const reader = new PartReader()
  let message = empty()
  for (const piece of pieces) {
    for (const chunk of decoder.push(piece)) {
      for (const part of reader.read(chunk)) message = fold(message, { atMs: 0, part })
    }
  }
  if (message.content.length !== 1) throw new Error('nothing was folded')
}

async function throughSession({ pieces }: Stream): Promise<void> {
  const headers = { 'content-type': 'text/event-stream' }
  const transport = { request: () => Promise.resolve({ status: 200, headers, body: each(pieces) }) }
  const deps = {
    api: new BackendApi({ url: 'http://bench.invalid', transport }),
    findAttachment: () => Promise.resolve(null),
    clock: { monotonicMs: () => performance.now() },
    random: () => 0,
    pause: () => Promise.resolve(),
    logger: silentLogger,
  }
  const request = {
    messages: [],
    provider: null,
    model: null,
    apiKey: null,
    parameters: {},
    isContinuation: false,
    sessions: null,
  }
  let message = empty()
  for await (const part of openSession(deps, request, new AbortController().signal))
    message = fold(message, { atMs: 0, part })
  if (message.state !== 'complete-unconfirmed') throw new Error(`ended as ${message.state}`)
}

async function* each(pieces: Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) {
    await Promise.resolve()
    yield piece
  }
}

function empty(): AssistantMessage {
  const start = {
    id: 'a',
    parentId: null,
    createdAt: 0,
    generationId: 'g',
    backendId: 'b',
    provider: null,
    model: null,
  }
  return emptyAnswer(start)
}

const ROUNDS = 9
const RUNS = 8
/** Of each row; they pay for the garbage of the work before, and for the compiler. */
const RUNS_TO_WARM = 3

/**
 * Seconds of each, as medians. Each has its turn in every round, so that what else the machine does meets all of them.
 */
async function secondsOf(works: Record<string, () => void | Promise<void>>): Promise<Record<string, number[]>> {
  const seconds: Record<string, number[]> = {}
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [name, work] of Object.entries(works)) {
      const runs: number[] = []
      for (let run = 0; run < RUNS; run += 1) {
        const startMs = performance.now()
        await work()
        runs.push((performance.now() - startMs) / 1000)
      }
      ;(seconds[name] ??= []).push(median(runs.slice(RUNS_TO_WARM)))
    }
  }
  return seconds
}

function median(figures: readonly number[]): number {
  return [...figures].sort((a, b) => a - b)[figures.length >> 1] ?? Number.NaN
}

const ALONE = 'eventsource-parser alone'

/**
 * Throughput of the way from bytes to the message, for answers of 2,000 deltas of 1 KiB and of 20,000 words, each delta
 * with its `response` copy. Shares are of eventsource-parser alone on the same bytes, decoded to text: it cuts lines, reads
 * no JSON and keeps nothing.
 */
export async function run(): Promise<Record<string, number | string>> {
  const results: Record<string, number | string> = {}
  for (const [name, stream] of [
    ['1 KiB deltas', makeStream(2000, 1024)],
    // Every one has to be read as JSON.
    ['1 KiB deltas with line ends', makeStream(2000, 1024, 'The quick brown fox jumps over the lazy dog.\n')],
    ['word deltas', makeStream(20_000, 6)],
  ] as const) {
    const seconds = await secondsOf({
      [ALONE]: () => {
        parserAlone(stream, 'counted')
      },
      'eventsource-parser, its data kept': () => {
        parserAlone(stream, 'kept')
      },
      'eventsource-parser and JSON.parse': () => {
        parserAlone(stream, 'parsed')
      },
      chunks: () => {
        decoded(stream)
      },
      'chunks, parts and fold, one by one': () => {
        folded(stream)
      },
      'whole session and fold': () => throughSession(stream),
    })
    const limits = seconds[ALONE] ?? []
    for (const [what, rounds] of Object.entries(seconds)) {
      const share = median(rounds.map((each, round) => (limits[round] ?? Number.NaN) / each))
      results[`${name}, ${what}, MB/s`] = Math.round(stream.bytes / 1e6 / median(rounds))
      results[`${name}, ${what}, events/s`] = Math.round(stream.events / median(rounds))
      results[`${name}, ${what}, share`] = `${String(Math.round(share * 100))} %`
    }
  }
  return results
}
