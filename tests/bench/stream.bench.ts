import { createParser } from 'eventsource-parser'
import { StringDecoder } from 'node:string_decoder'
import { BackendApi } from '../../src/main/backend/api'
import { PartReader } from '../../src/main/backend/parts'
import { openSession } from '../../src/main/backend/session'
import { ChunkDecoder } from '../../src/main/backend/stream'
import { silentLogger } from '../../src/main/logger'
import { emptyAnswer, fold, type AssistantMessage } from '../../src/shared/conversation'

/** What a server sends: every delta twice, once as the copy of its provider's answer. */
function makeStream(deltas: number, deltaCharacters: number): { pieces: Uint8Array[]; bytes: number; events: number } {
  const text = 'The quick brown fox jumps over the lazy dog. '
    .repeat(Math.ceil(deltaCharacters / 45))
    .slice(0, deltaCharacters)
  const copy = {
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1,
    choices: [{ index: 0, delta: { content: text } }],
  }
  const pair =
    `event: response\ndata: ${JSON.stringify({ type: 'response', response: copy })}\n\n` +
    `event: content\ndata: ${JSON.stringify({ type: 'content', content: text })}\n\n`
  const all = Buffer.from(pair.repeat(deltas))
  const pieces: Uint8Array[] = []
  // As a socket brings it.
  for (let at = 0; at < all.length; at += 65_536) pieces.push(all.subarray(at, at + 65_536))
  return { pieces, bytes: all.length, events: 2 * deltas }
}

type Stream = ReturnType<typeof makeStream>

/** The limit: eventsource-parser alone; by itself it only cuts lines, so it is measured with and without reading them. */
function parserAlone({ pieces }: Stream, isRead: boolean): void {
  const utf8 = new StringDecoder('utf8')
  let events = 0
  const parser = createParser({
    onEvent: ({ data }) => {
      if (isRead) JSON.parse(data)
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
  const decoder = new ChunkDecoder()
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
    sleep: () => Promise.resolve(),
    logger: silentLogger,
  }
  const request = { messages: [], provider: null, model: null, apiKey: null, isContinuation: false, sessions: null }
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

/** Seconds of the best of five runs. */
async function secondsOf(work: () => void | Promise<void>): Promise<number> {
  let best = Number.POSITIVE_INFINITY
  for (let run = 0; run < 5; run += 1) {
    const startMs = performance.now()
    await work()
    best = Math.min(best, (performance.now() - startMs) / 1000)
  }
  return best
}

/**
 * Throughput of the way from bytes to the message, for deltas of 1 KiB and of a word, each with its `response` copy.
 * Shares are of eventsource-parser and
 * JSON.parse alone on the same bytes.
 */
export async function run(): Promise<Record<string, number | string>> {
  const results: Record<string, number | string> = {}
  for (const [name, stream] of [
    ['1 KiB deltas', makeStream(20_000, 1024)],
    ['word deltas', makeStream(100_000, 6)],
  ] as const) {
    const limit = await secondsOf(() => {
      parserAlone(stream, true)
    })
    const report = (what: string, seconds: number): void => {
      results[`${name}, ${what}, MB/s`] = Math.round(stream.bytes / 1e6 / seconds)
      results[`${name}, ${what}, events/s`] = Math.round(stream.events / seconds)
      results[`${name}, ${what}, share`] = `${String(Math.round((limit / seconds) * 100))} %`
    }
    report(
      'eventsource-parser, lines only',
      await secondsOf(() => {
        parserAlone(stream, false)
      }),
    )
    report('eventsource-parser and JSON.parse', limit)
    report(
      'chunks',
      await secondsOf(() => {
        decoded(stream)
      }),
    )
    report(
      'chunks, parts and fold',
      await secondsOf(() => {
        folded(stream)
      }),
    )
    report('whole session and fold', await secondsOf(() => throughSession(stream)))
  }
  return results
}
