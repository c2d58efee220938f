import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ChunkDecoder, SKIPPED_TYPES } from '../../../src/main/backend/stream'
import { FrameReader, type Frame } from '../../../src/main/wire/frames'
import { MAX_TAPE_BYTES, Tape } from '../../../src/main/wire/tape'

function framesOf(pieces: readonly Uint8Array[], isClean = true): Frame[] {
  const reader = new FrameReader()
  const frames = pieces.flatMap((bytes, index) => reader.push({ atMs: index, bytes, leftOutBytes: 0 }))
  return [...frames, ...reader.end(isClean, pieces.length)]
}

const whole = (text: string, isClean = true): Pick<Frame, 'kind' | 'name' | 'data'>[] =>
  framesOf([Buffer.from(text)], isClean).map(({ kind, name, data }) => ({ kind, name, data }))

const withoutTimes = (frames: readonly Frame[]) => frames.map(({ atMs: _, ...rest }) => rest)

/** Lines as servers, proxies and attackers write them. */
const eventLine = fc.constantFrom('content', 'request', 'log', 'response', '', 'x y').map((type) => `event: ${type}`)
const dataLine = fc.oneof(
  fc
    .tuple(fc.constantFrom('content', 'request', 'headers', 'error', 'wörld 😀'), fc.string())
    .map(([type, text]) => `data: ${JSON.stringify({ type, [type]: text })}`),
  fc.constantFrom('data', 'data:', 'data: {', 'data: [1]', 'data:{"type": 7}'),
)
const oldLine = fc.oneof(
  fc.constantFrom('content', 'request').map((type) => JSON.stringify({ type, [type]: 'x' })),
  fc.constantFrom('{"no": 1}', '{'),
)
const oddLine = fc.constantFrom(': ping', ':', 'id: 4', 'retry: 10', 'nonsense', 'event', '\ufeff', '<p>')
const line = fc.oneof(eventLine, dataLine, dataLine, oldLine, oddLine, fc.constant(''), fc.constant(''))
const lineEnd = fc.constantFrom('\n', '\n', '\n', '\r\n', '\r')
const stream = fc
  .tuple(fc.boolean(), fc.array(fc.tuple(line, lineEnd), { maxLength: 40 }))
  .map(([hasMark, lines]) => Buffer.from((hasMark ? '\ufeff' : '') + lines.map((each) => each.join('')).join('')))

/** The same lines in the order in which an event has them. */
const blocks = fc
  .array(
    fc.oneof(
      fc.tuple(
        fc.option(eventLine),
        fc.array(dataLine, { minLength: 1, maxLength: 3 }),
        fc.option(oddLine),
        fc.constant(''),
      ),
      fc.tuple(oddLine),
      fc.tuple(oldLine),
    ),
    { maxLength: 20 },
  )
  .map((all) =>
    Buffer.from(
      `${all
        .flat(2)
        .filter((each) => each !== null)
        .join('\n')}\n`,
    ),
  )

function split(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const sorted = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b)
  return [0, ...sorted].map((from, index) => bytes.subarray(from, sorted[index] ?? bytes.length))
}

describe('frames of a body', () => {
  it('are events, old lines, comments, and lines that mean nothing', () => {
    const text =
      ': ping\n\nevent: content\nid: 3\ndata: {"type":"content",\ndata: "content":"a"}\n\n{"type":"finish"}\nwhat?\ndata\n\n'
    expect(whole(text)).toEqual([
      { kind: 'comment', name: null, data: ' ping' },
      { kind: 'event', name: 'content', data: '{"type":"content",\n"content":"a"}' },
      { kind: 'line', name: null, data: '{"type":"finish"}' },
      { kind: 'stray', name: null, data: 'what?' },
      { kind: 'event', name: null, data: '' },
    ])
  })

  it('a last event without its end counts when the body ended cleanly, and is what broke off when not', () => {
    const text = 'event: content\ndata: {"type":"content","content":"a"}\n\ndata: {"type":"fin'
    expect(whole(text).at(-1)).toEqual({ kind: 'event', name: null, data: '{"type":"fin' })
    expect(whole(text, false).at(-1)).toEqual({ kind: 'rest', name: null, data: 'data: {"type":"fin' })
    expect(whole('event: content\ndata: {}\n\n', false)).toHaveLength(1)
  })

  it('R19: are the same however the bytes are split', () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat(), { maxLength: 12 }), fc.boolean(), (bytes, places, isClean) => {
        const expected = withoutTimes(framesOf([bytes], isClean))
        expect(withoutTimes(framesOf(split(bytes, places), isClean))).toEqual(expected)
        expect(
          withoutTimes(
            framesOf(
              [...bytes].map((byte) => Uint8Array.of(byte)),
              isClean,
            ),
          ),
        ).toEqual(expected)
      }),
      { numRuns: 400 },
    )
  })

  it('are the events that the session sees, in their order', () => {
    fc.assert(
      fc.property(blocks, (bytes) => {
        const decoder = new ChunkDecoder()
        const seen = [...decoder.push(bytes), ...decoder.end()].map((chunk) =>
          chunk.kind === 'event' ? chunk.event.type : chunk.kind,
        )
        const told = framesOf([bytes])
          .filter(({ kind }) => kind === 'event' || kind === 'line')
          // Events without data keep a connection alive; of an echo the session does not look at the data.
          .filter(({ name, data }) => data !== '' || SKIPPED_TYPES.has(name ?? ''))
          .map(typeOf)
        expect(told).toEqual(seen)
      }),
      { numRuns: 1000 },
    )
  })
})

function typeOf({ name, data }: Frame): string {
  if (name !== null && SKIPPED_TYPES.has(name)) return name
  try {
    const value: unknown = JSON.parse(data)
    const type = typeof value === 'object' && value !== null && 'type' in value ? value.type : null
    return typeof type === 'string' ? type : 'malformed'
  } catch {
    return 'malformed'
  }
}

describe('the tape', () => {
  const contentOf = (tape: Tape): string =>
    tape
      .take()
      .map(({ bytes }) => Buffer.from(bytes).toString('latin1'))
      .join('')

  it('gives back what came, each piece with its time, small and large ones mixed', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom(0, 1, 100, 5000, 16_384, 70_000), fc.boolean()), { maxLength: 40 }),
        (sizes) => {
          const tape = new Tape()
          let expected = ''
          const given: { atMs: number; length: number }[] = []
          const taken: { atMs: number; length: number }[] = []
          let text = ''
          const take = (): void => {
            for (const { atMs, bytes } of tape.take()) {
              taken.push({ atMs, length: bytes.length })
              text += Buffer.from(bytes).toString('latin1')
            }
          }
          for (const [index, [length, isTaken]] of sizes.entries()) {
            const piece = Buffer.alloc(length, index % 2 === 0 ? 'a\n' : 'b\n')
            expected += piece.toString('latin1')
            if (length > 0) given.push({ atMs: index, length })
            tape.push(piece, index)
            piece.fill('z', 0, length < 16_384 ? length : 0)
            if (isTaken) take()
          }
          take()
          expect(text).toBe(expected)
          expect(taken).toEqual(given)
          expect(tape.isCut).toBe(false)
          expect(tape.bytes).toBe(expected.length)
        },
      ),
      { numRuns: 200 },
    )
  })

  it('keeps the first 16 MiB whole and counts the rest', () => {
    const tape = new Tape()
    const piece = Buffer.alloc(65_536, 'x\n')
    for (let index = 0; index < 300; index += 1) tape.push(piece, index)
    expect(tape.isCut).toBe(true)
    expect(tape.bytes).toBe(300 * 65_536)
    expect(tape.memoryBytes).toBeLessThanOrEqual(MAX_TAPE_BYTES)
    expect(contentOf(tape).length).toBeGreaterThan(MAX_TAPE_BYTES - 2 * 65_536)
  })

  it('costs what it says also for pieces of one byte, and does not hold the memory around a piece', () => {
    const tape = new Tape(1024 * 1024)
    for (let index = 0; index < 100_000; index += 1) tape.push(Uint8Array.of(10), index)
    expect(tape.isCut).toBe(true)
    expect(tape.take().length).toBeLessThan((1024 * 1024) / 24)

    const large = new Tape()
    const around = new ArrayBuffer(8 * 1024 * 1024)
    large.push(new Uint8Array(around, 0, 20_000), 0)
    expect(large.take()[0]?.bytes.buffer.byteLength).toBe(20_000)
  })

  it('looking all the time costs nothing more', () => {
    const tape = new Tape()
    for (let index = 0; index < 1000; index += 1) {
      tape.push(Buffer.from('event: content\n'), index)
      tape.take()
    }
    expect(tape.memoryBytes).toBeLessThan(200_000)
  })

  it.each([
    ['in the stream', 'event: request\ndata: {"type": "request", "request": "', '"}\n\n'],
    ['in lines of JSON', '{"type": "request", "request": "', '"}\n'],
    ['with CR alone', 'event: response\rdata: {"type": "response", "response": "', '"}\r\r'],
  ])('leaves out the most of a long echo, and knows how much (%s)', (_, head, tail) => {
    for (const isWatched of [false, true]) {
      const tape = new Tape()
      const reader = new FrameReader()
      const frames: Frame[] = []
      const look = (): void => {
        for (const bytes of tape.take()) frames.push(...reader.push(bytes))
      }
      const filling = Buffer.alloc(60_000, 'A')
      tape.push(Buffer.from(`event: provider\ndata: {"type": "provider"}\n\n${head}`), 0)
      if (isWatched) look()
      for (let index = 0; index < 100; index += 1) {
        tape.push(filling, index)
        if (isWatched) look()
      }
      tape.push(Buffer.from(`${tail}event: content\ndata: {"type": "content", "content": "after"}\n\n`), 101)
      look()
      frames.push(...reader.end(true, 102))
      const [, echo, content] = frames
      expect(frames).toHaveLength(3)
      expect(tape.memoryBytes).toBeLessThan(400_000)
      const headBytes = head.slice(head.indexOf('{')).length
      expect((echo?.data.length ?? 0) + (echo?.leftOutBytes ?? 0)).toBe(headBytes + 6_000_000 + tail.trim().length)
      expect(echo?.leftOutBytes).toBeGreaterThan(5_800_000)
      expect(content?.data).toContain('after')
      expect(content?.leftOutBytes).toBe(0)
    }
  })

  it('never leaves out anything of an answer', () => {
    const tape = new Tape()
    const image = Buffer.alloc(60_000, 'A')
    const head = 'event: content\ndata: {"type": "content", "urls": ["data:image/png;base64,'
    tape.push(Buffer.from(head), 0)
    for (let index = 0; index < 20; index += 1) tape.push(image, index)
    tape.push(Buffer.from('"]}\n\n'), 21)
    expect(contentOf(tape)).toHaveLength(head.length + 1_200_000 + 5)
  })
})
