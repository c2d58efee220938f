import { randomUUID } from 'node:crypto'
import { cp, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Attachments } from '../../../src/main/attachments'
import { BackendApi, type BackendApiOptions } from '../../../src/main/backend/api'
import { createHttpTransport } from '../../../src/main/backend/http'
import { openSession } from '../../../src/main/backend/session'
import { systemClock } from '../../../src/main/clock'
import { Generations } from '../../../src/main/generations'
import type { Library } from '../../../src/main/library/library'
import { silentLogger } from '../../../src/main/logger'
import { MediaStore, type MediaStoreOptions } from '../../../src/main/media'
import { fold, emptyAnswer, type AssistantMessage, type MediaFile, type Part } from '../../../src/shared/conversation'
import { toAppError } from '../../../src/shared/errors'
import { conversationOf, newAnswer, startOf } from '../../support/conversation-samples'
import { eventually } from '../../support/eventually'
import { startFileServer, type FileServer } from '../../support/file-server'
import { png, webp } from '../../support/images'
import { memoryLibrary } from '../../support/memory-library'
import { readRecording, replay } from '../../support/recordings'
import { mp3, mp4, wav } from '../../support/sounds'
import { filesUnder, libraryOn, temporaryFolder } from '../../support/temporary-library'
import { AT_ONCE_MS } from '../../support/pace'

const complete: Part = { type: 'finish', state: 'complete', error: null }
const picture = (...sources: string[]): Part => ({ type: 'media', kind: 'image', sources, alt: 'a square' })
const say = (text: string): Part => ({ type: 'text-delta', text })
const dataUri = (mime: string, bytes: Uint8Array): string =>
  `data:${mime};base64,${Buffer.from(bytes).toString('base64')}`
const never = new AbortController().signal

async function* from(...parts: Part[]): AsyncGenerator<Part> {
  for (const part of parts) {
    await Promise.resolve()
    yield part
  }
}

type Serve = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>

async function setUp(
  serve: Serve = (_request, response) => void response.end(png()),
  options: Partial<MediaStoreOptions & BackendApiOptions> & { load?: 'never' } = {},
) {
  const root = await mkdtemp(join(tmpdir(), 'parley-media-'))
  onTestFinished(() => rm(root, { recursive: true, force: true, maxRetries: 5 }))
  const folder = join(root, 'attachments')
  const server = await startFileServer(serve)
  const attachments = new Attachments(folder, silentLogger)
  const library = memoryLibrary()
  const { headers, elsewhere, findAddresses, isBlocked, finishWaitMs = 5000 } = options
  const api = new BackendApi({
    url: server.url,
    ...(headers === undefined ? {} : { headers }),
    ...(elsewhere === undefined ? {} : { elsewhere }),
    ...(findAddresses === undefined ? {} : { findAddresses }),
    ...(isBlocked === undefined ? {} : { isBlocked }),
  })
  const media = new MediaStore({
    attachments,
    library,
    openLive: (id) => library.open(id),
    api: () => Promise.resolve(api),
    pictureApi: () => Promise.resolve(api),
    mayLoadPictures: () => options.load !== 'never',
    logger: silentLogger,
    finishWaitMs,
  })
  const keep = (
    parts: AsyncIterable<Part>,
    signal: AbortSignal = never,
    answerId: string = randomUUID(),
    conversationId: string = randomUUID(),
  ) => media.keep(parts, api, signal, { answerId, conversationId })
  return { folder, server, attachments, library, api, media, keep }
}

async function collect(parts: AsyncIterable<Part>): Promise<Part[]> {
  const all: Part[] = []
  for await (const part of parts) all.push(part)
  return all
}

const filesOf = (parts: readonly Part[]): Record<string, MediaFile> =>
  Object.fromEntries(parts.flatMap((part) => (part.type === 'media-file' ? [[part.source, part.file]] : [])))

const errorOf = (promise: Promise<unknown>) => promise.then(() => null, toAppError)

/** An answer in a conversation, as it lies in the library. */
async function keepAnswer(
  library: Library,
  change: Partial<AssistantMessage>,
  isTemporary = false,
): Promise<{ conversationId: string; messageId: string }> {
  const message: AssistantMessage = { ...newAnswer(), state: 'complete', ...change }
  const conversation = {
    ...conversationOf(randomUUID(), []),
    headId: message.id,
    messages: [message],
    ...(isTemporary && { isTemporary }),
  }
  await library.create(conversation)
  return { conversationId: conversation.id, messageId: message.id }
}

describe('results in a temporary conversation', () => {
  it('lie in memory only, are there to be shown, and go with it', async () => {
    const { keep, folder, library, attachments, server } = await setUp()
    const { conversationId } = await keepAnswer(library, {}, true)
    const source = `${server.url}/images/a.png`
    const parts = await collect(
      keep(
        from(picture(dataUri('image/webp', webp())), picture(source), complete),
        never,
        randomUUID(),
        conversationId,
      ),
    )
    const file = filesOf(parts)[source]
    expect(file).toMatchObject({ mime: 'image/png', bytes: png().length, width: 6, height: 4 })
    expect(await readdir(folder).catch(() => [])).toEqual([])
    const held = await attachments.open(file!.id)
    expect(held !== null && 'content' in held && Buffer.from(held.content).equals(png())).toBe(true)
    expect(await attachments.isWhole(file!)).toBe(true)
    attachments.release(conversationId, new Set())
    expect(await attachments.open(file!.id)).toBeNull()
  })

  it('are written when it is kept, those too that come in that moment', async () => {
    let arrived: () => void = () => undefined
    let answer: () => void = () => undefined
    const mayAnswer = new Promise<void>((resolve) => (answer = resolve))
    const asked = new Promise<void>((resolve) => (arrived = resolve))
    const { keep, folder, library, attachments, server } = await setUp(async (_request, response) => {
      arrived()
      await mayAnswer
      response.end(png())
    })
    const { conversationId } = await keepAnswer(library, {}, true)
    const parts = collect(
      keep(
        from(picture(dataUri('image/webp', webp())), picture(`${server.url}/images/a.png`), complete),
        never,
        randomUUID(),
        conversationId,
      ),
    )
    await asked
    await library.keep(conversationId)
    await attachments.persistOf(conversationId)
    expect((await readdir(folder)).map((name) => name.slice(64))).toEqual(['.webp'])
    answer()
    await parts
    expect((await readdir(folder)).map((name) => name.slice(64)).sort()).toEqual(['.png', '.webp'])
  })

  it('are held to what they are, and to the room there is', async () => {
    const { keep, folder, library } = await setUp()
    const { conversationId } = await keepAnswer(library, {}, true)
    const ask = async (uri: string) => {
      const [part] = await collect(keep(from(picture(uri), complete), never, randomUUID(), conversationId))
      return part?.type === 'media' ? part.sources : []
    }
    expect(await ask(dataUri('image/png', png().subarray(0, 60)))).toEqual(['refused:failed'])
    expect(await ask(dataUri('image/png', Buffer.from('<!doctype html>')))).toEqual(['refused:format'])
    const large = Buffer.concat([png(), Buffer.alloc(21 * 1024 * 1024)])
    expect(await ask(dataUri('image/png', large))).toEqual(['refused:too-large'])
    expect(await readdir(folder).catch(() => [])).toEqual([])
  })
})

describe('data URIs in an answer', () => {
  it('are stored before their part goes on, under their hash and for this user only', async () => {
    const { keep, folder } = await setUp()
    const [part, end] = await collect(
      keep(from(picture(dataUri('image/png', png()), dataUri('image/webp', webp())), complete)),
    )
    expect(end).toEqual(complete)
    const names = (await readdir(folder)).sort()
    expect(names.map((name) => name.slice(64)).sort()).toEqual(['.png', '.webp'])
    for (const name of names) expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600)
    expect(part).toMatchObject({ type: 'media', kind: 'image', alt: 'a square' })
    if (part?.type !== 'media') return
    expect(part.sources).toEqual(
      ['.png', '.webp'].map((ending) => `attachment:${names.find((name) => name.endsWith(ending))?.slice(0, 64)}`),
    )
    expect(part.files?.[part.sources[0] ?? '']).toEqual({
      id: part.sources[0]?.slice('attachment:'.length),
      mime: 'image/png',
      bytes: png().length,
      width: 6,
      height: 4,
    })
    expect(JSON.stringify(part)).not.toContain('data:')
  })

  it.each([
    ['an SVG', 'data:image/svg+xml;base64,PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciLz4=', 'format'],
    ['an SVG as text', 'data:image/svg+xml,%3Csvg%20xmlns="http://www.w3.org/2000/svg"/%3E', 'format'],
    [
      'HTML that calls itself a picture',
      dataUri('image/png', Buffer.from('<!doctype html><script>1</script>')),
      'format',
    ],
    ['nothing', 'data:image/png;base64,', 'format'],
    ['no base64', 'data:image/png;base64,%%%', 'format'],
    ['half a picture', dataUri('image/png', png().subarray(0, 60)), 'failed'],
    ['a bomb', dataUri('image/png', png({ claimed: { width: 65_535, height: 65_535 } })), 'too-large'],
    ['a picture of 21 MiB', dataUri('image/png', Buffer.concat([png(), Buffer.alloc(21 * 1024 * 1024)])), 'too-large'],
  ])('S22, S24 %s leaves a word in its place, and no file', async (_what, uri, reason) => {
    const { keep, folder } = await setUp()
    const parts = await collect(keep(from(say('Here: '), picture(uri), say('!'), complete)))
    expect(parts).toEqual([
      say('Here: '),
      { type: 'media', kind: 'image', sources: [`refused:${reason}`], alt: 'a square' },
      say('!'),
      complete,
    ])
    expect(await readdir(folder)).toEqual([])
  })

  it('what is there by content counts, not what it is called', async () => {
    const { keep } = await setUp()
    const [part] = await collect(keep(from(picture(dataUri('image/png', mp4())), complete)))
    expect(part?.type === 'media' ? Object.values(part.files ?? {}).map(({ mime }) => mime) : []).toEqual(['video/mp4'])
  })
})

describe('files of the server', () => {
  it('are fetched beside the answer, and told of before its end', async () => {
    const { keep, server, folder } = await setUp((request, response) => {
      response.end(request.url?.endsWith('.mp3') === true ? mp3() : png())
    })
    const parts = await collect(
      keep(
        from(
          say('a'),
          picture('/media/1.png', `${server.url}/media/2.png`),
          { type: 'media', kind: 'audio', sources: ['/media/a b.mp3'], alt: '' },
          say('b'),
          complete,
        ),
      ),
    )
    expect(parts.at(-1)).toEqual(complete)
    expect(parts.filter(({ type }) => type !== 'media-file')).toEqual([
      say('a'),
      picture('/media/1.png', `${server.url}/media/2.png`),
      { type: 'media', kind: 'audio', sources: ['/media/a b.mp3'], alt: '' },
      say('b'),
      complete,
    ])
    const files = filesOf(parts)
    expect(Object.keys(files).sort()).toEqual(['/media/1.png', '/media/a b.mp3', `${server.url}/media/2.png`])
    expect(files['/media/a b.mp3']?.mime).toBe('audio/mpeg')
    expect(await readdir(folder)).toHaveLength(2)
  })

  it('S07 nothing is asked of another host', async () => {
    const canary = await startFileServer((_request, response) => void response.end(png()))
    const { keep, server } = await setUp()
    const parts = await collect(
      keep(from(picture(`${canary.url}/1.png`, '//127.0.0.1:1/a.png', 'https://pictures.example/a.png'), complete)),
    )
    expect(parts.map(({ type }) => type)).toEqual(['media', 'finish'])
    expect([canary.requests, server.requests]).toEqual([[], []])
  })

  it.each<[string, Serve]>([
    [
      'HTML under the name and type of a picture',
      (_request, response) =>
        void response.writeHead(200, { 'content-type': 'image/png' }).end('<!doctype html><h1>Hello</h1>'),
    ],
    [
      'an SVG',
      (_request, response) =>
        void response
          .writeHead(200, { 'content-type': 'image/svg+xml' })
          .end('<svg xmlns="http://www.w3.org/2000/svg"/>'),
    ],
    ['nothing', (_request, response) => void response.end()],
    ['a 404', (_request, response) => void response.writeHead(404).end(png())],
    [
      'a reset',
      (_request, response) =>
        void response.writeHead(200, { 'content-length': '1000' }).write(png(), () => response.destroy()),
    ],
    ['half a picture', (_request, response) => void response.end(png().subarray(0, 60))],
    [
      'a picture of 21 MiB',
      (_request, response) => void response.end(Buffer.concat([png(), Buffer.alloc(21 * 1024 * 1024)])),
    ],
  ])('S08, S22 %s changes nothing, and leaves no file', async (_what, serve) => {
    const { keep, folder } = await setUp(serve)
    expect(await collect(keep(from(picture('/media/1.png'), complete)))).toEqual([picture('/media/1.png'), complete])
    expect(await readdir(folder).catch(() => [])).toEqual([])
  })

  it('a lying type and a name in the headers mean nothing', async () => {
    const { keep, folder } = await setUp((_request, response) => {
      response
        .writeHead(200, {
          'content-type': 'text/html',
          'content-disposition': 'attachment; filename="../../evil.html"',
        })
        .end(png())
    })
    const files = filesOf(await collect(keep(from(picture('/media/1.html'), complete))))
    expect(files['/media/1.html']?.mime).toBe('image/png')
    expect(await readdir(folder)).toEqual([`${files['/media/1.html']?.id}.png`])
  })

  it('each is asked for once, four at a time, and a hundred in all', async () => {
    let open = 0
    let most = 0
    const { keep, server } = await setUp(async (_request, response) => {
      open += 1
      most = Math.max(most, open)
      await new Promise((resolve) => setTimeout(resolve, 5))
      open -= 1
      response.end(png())
    })
    const sources = Array.from({ length: 120 }, (_none, index) => `/media/${index}.png`)
    const parts = await collect(keep(from(picture(...sources), picture('/media/0.png'), complete)))
    expect(most).toBe(4)
    expect(server.requests).toHaveLength(100)
    expect(Object.keys(filesOf(parts))).toHaveLength(100)
    expect(parts.at(-1)).toEqual(complete)
  })

  it('a result that is known already carries its file', async () => {
    const { keep, server } = await setUp()
    const kept: Part[] = []
    async function* parts(): AsyncGenerator<Part> {
      yield picture('/media/1.png')
      await eventually(
        () => kept.length,
        (count) => count === 2,
        'the file',
      )
      yield say('again')
      yield picture('/media/1.png')
      yield complete
    }
    for await (const part of keep(parts())) kept.push(part)
    expect(kept.map(({ type }) => type)).toEqual(['media', 'media-file', 'text-delta', 'media', 'finish'])
    const [file] = Object.values(filesOf(kept))
    expect(kept[3]).toEqual({ ...picture('/media/1.png'), files: { '/media/1.png': file } })
    expect(server.requests).toHaveLength(1)
  })

  it('the end waits for them, but not for ever', async () => {
    const { keep, server } = await setUp(() => undefined, { finishWaitMs: 80 })
    const startMs = performance.now()
    const parts = await collect(keep(from(picture('/media/1.png'), complete)))
    expect(parts).toEqual([picture('/media/1.png'), complete])
    expect(performance.now() - startMs).toBeGreaterThan(70)
    await expect.poll(() => server.requests[0]?.isClosed).toBe(true)
  })

  it('R09 a stop ends the wait at once, and the fetches with it', async () => {
    const { keep, server } = await setUp(() => undefined, { finishWaitMs: 60_000 })
    const stop = new AbortController()
    const parts = collect(keep(from(picture('/media/1.png'), complete), stop.signal))
    await eventually(
      () => server.requests.length,
      (count) => count === 1,
      'a request',
    )
    const startMs = performance.now()
    stop.abort()
    expect(await parts).toEqual([picture('/media/1.png'), complete])
    expect(performance.now() - startMs).toBeLessThan(AT_ONCE_MS)
    await expect.poll(() => server.requests[0]?.isClosed).toBe(true)
  })

  it('leaving the answer in the middle ends the session and the fetches', async () => {
    const { keep, server } = await setUp(() => undefined)
    let isClosed = false
    async function* parts(): AsyncGenerator<Part> {
      try {
        yield picture('/media/1.png')
        await eventually(
          () => server.requests.length,
          (count) => count === 1,
          'a request',
        )
        yield say('a')
        yield say('b')
      } finally {
        isClosed = true
      }
    }
    for await (const part of keep(parts())) if (part.type === 'text-delta') break
    expect(isClosed).toBe(true)
    await expect.poll(() => server.requests[0]?.isClosed).toBe(true)
  })

  it('what the session throws goes through', async () => {
    const { keep } = await setUp()
    async function* parts(): AsyncGenerator<Part> {
      yield picture('/media/1.png')
      await Promise.resolve()
      throw new Error('broken')
    }
    await expect(collect(keep(parts()))).rejects.toThrow('broken')
  })

  it('S40 a source may be called like a property of every object', async () => {
    const { keep } = await setUp()
    const parts = await collect(keep(from(picture('__proto__', 'constructor'), complete)))
    expect(Object.keys(filesOf(parts)).sort()).toEqual(['__proto__', 'constructor'])
    const message = parts.reduce((folded, part) => fold(folded, { atMs: 0, part }), newAnswer())
    const [media] = message.content
    expect(media?.type === 'media' ? Object.keys(media.files ?? {}).sort() : []).toEqual(['__proto__', 'constructor'])
    expect(({} as Record<string, unknown>).mime).toBeUndefined()
  })

  it('thousands of parts beside an open fetch are cheap', async () => {
    const { keep } = await setUp(() => undefined, { finishWaitMs: 0 })
    const texts = Array.from({ length: 20_000 }, () => say('x'))
    const startMs = performance.now()
    const parts = await collect(keep(from(picture('/media/1.png'), ...texts, complete)))
    expect(parts).toHaveLength(20_002)
    expect(performance.now() - startMs).toBeLessThan(AT_ONCE_MS)
  })
})

describe('recordings of real servers', () => {
  const serve: Serve = (request, response) => {
    const name = request.url ?? ''
    response.end(name.includes('.mp3') ? mp3() : name.includes('.mp4') ? mp4() : png())
  }

  it.each([
    ['imagegen-two', 2, []],
    ['audio', 1, []],
    ['imagegen-nodownload', 1, []],
    ['lab-all', 3, ['https://example.invalid/remote.png']],
  ] as const)('%s: %i results are kept, nothing is left as base64', async (name, count, foreign) => {
    const { keep, folder } = await setUp(serve)
    const session = openSession(
      {
        api: new BackendApi({ url: 'http://127.0.0.1:1', transport: replay(readRecording(name), [700]) }),
        findAttachment: () => Promise.resolve(null),
        clock: systemClock,
        random: () => 0,
        pause: () => Promise.resolve(),
        logger: silentLogger,
      },
      {
        messages: [],
        provider: null,
        model: null,
        apiKey: null,
        isContinuation: false,
        sessions: null,
        parameters: {},
      },
      never,
    )
    const parts = await collect(keep(session))
    expect(parts.filter(({ type }) => type === 'finish')).toHaveLength(1)
    const start = {
      id: 'm',
      parentId: null,
      createdAt: 0,
      generationId: 'g',
      backendId: 'b',
      provider: null,
      model: null,
    }
    const message = parts.reduce((folded, part) => fold(folded, { atMs: 0, part }), emptyAnswer(start))
    expect(JSON.stringify(message)).not.toContain('data:')
    const media = message.content.filter((item) => item.type === 'media')
    const kept = media.flatMap(({ sources, files }) => sources.filter((source) => files?.[source] !== undefined))
    const open = media.flatMap(({ sources, files }) => sources.filter((source) => files?.[source] === undefined))
    expect([kept.length, open]).toEqual([count, foreign])
    expect((await readdir(folder)).length).toBeGreaterThan(0)
  })
})

describe('a result that a person asks for', () => {
  const PUBLIC = '93.184.216.34'
  const foreign = (server: FileServer): string => `http://pictures.example:${server.port}/a.png`
  const reachable = (): Partial<BackendApiOptions> => {
    const sockets = createHttpTransport()
    return {
      elsewhere: { request: (request) => sockets.request({ ...request, address: '127.0.0.1' }) },
      findAddresses: () => Promise.resolve([PUBLIC]),
    }
  }

  it('is fetched, and kept with its message on the disk', async () => {
    const canary = await startFileServer((_request, response) => void response.end(png()))
    const { media, server } = await setUp(undefined, reachable())
    const root = await temporaryFolder()
    const library = libraryOn(root)
    const store = new MediaStore({
      attachments: new Attachments(join(root, 'attachments'), silentLogger),
      library,
      openLive: (id) => library.open(id),
      api: () => Promise.resolve(new BackendApi({ url: server.url, ...reachable() })),
      pictureApi: () => Promise.resolve(new BackendApi({ url: server.url, ...reachable() })),
      mayLoadPictures: () => true,
      logger: silentLogger,
    })
    expect(media).toBeInstanceOf(MediaStore)
    const ids = await keepAnswer(library, {
      content: [{ type: 'media', kind: 'image', sources: ['/gone.png', foreign(canary)], alt: '' }],
      attempts: [
        {
          provider: { name: 'A', label: null, model: null, url: null },
          reason: null,
          durationMs: 1,
          reasoning: null,
          content: [{ type: 'media', kind: 'image', sources: ['/first.png'], alt: '' }],
        },
      ],
    })
    const file = await store.load({ ...ids, source: foreign(canary) })
    expect(file).toMatchObject({ mime: 'image/png', width: 6, height: 4 })
    const ofAttempt = await store.load({ ...ids, source: '/first.png' })
    await library.flush()
    const opened = await libraryOn(root).open(ids.conversationId)
    expect(opened.messages[0]).toMatchObject({
      content: [{ sources: ['/gone.png', foreign(canary)], files: { [foreign(canary)]: file } }],
      attempts: [{ content: [{ files: { '/first.png': ofAttempt } }] }],
    })
    // Known now: the second time nobody is asked.
    expect(await store.load({ ...ids, source: foreign(canary) })).toEqual(file)
    expect(canary.requests).toHaveLength(1)
  })

  it('of a temporary chat is fetched over a way that writes down no host (privacy)', async () => {
    const canary = await startFileServer((_request, response) => void response.end(png()))
    const { library, attachments, api } = await setUp(undefined, reachable())
    const asked: [way: string, isTemporary: boolean][] = []
    const store = new MediaStore({
      attachments,
      library,
      openLive: (id) => library.open(id),
      api: (_backendId, isTemporary) => {
        asked.push(['result', isTemporary])
        return Promise.resolve(api)
      },
      pictureApi: (_backendId, isTemporary) => {
        asked.push(['picture', isTemporary])
        return Promise.resolve(api)
      },
      mayLoadPictures: () => true,
      logger: silentLogger,
    })
    for (const isTemporary of [true, false]) {
      const ids = await keepAnswer(library, {
        content: [
          { type: 'media', kind: 'image', sources: [foreign(canary)], alt: '' },
          { type: 'text', text: `![a](${foreign(canary)}?2)` },
        ],
        synthesize: { provider: 'LabAll', data: null },
      })
      await library.update(ids.conversationId, (conversation) => ({ ...conversation, isTemporary }))
      await store.load({ ...ids, source: foreign(canary) })
      await store.load({ ...ids, source: `${foreign(canary)}?2` })
      // What comes is no sound; by then it was asked for.
      await store.speak(ids).catch(() => null)
    }
    expect(asked).toEqual([
      ['result', true],
      ['picture', true],
      ['result', true],
      ['result', false],
      ['picture', false],
      ['result', false],
    ])
  })

  it('S15 only what is a source of that message can be asked for', async () => {
    const { media, library, server } = await setUp()
    const ids = await keepAnswer(library, {
      content: [
        { type: 'text', text: '![a](/in-text.png)' },
        {
          type: 'media',
          kind: 'image',
          sources: ['/media/1.png', 'attachment:ab', 'refused:format', 'data:image/png;base64,AA=='],
          alt: '',
        },
      ],
    })
    const bad = { code: 'bad-request', channel: 'media.load' }
    for (const source of [
      '/in-text.png',
      '/media/2.png',
      '/backend-api/v2/version',
      '',
      'attachment:ab',
      'refused:format',
      'data:image/png;base64,AA==',
    ]) {
      expect(await errorOf(media.load({ ...ids, source }))).toEqual(bad)
    }
    expect(await errorOf(media.load({ ...ids, messageId: randomUUID(), source: '/media/1.png' }))).toEqual({
      code: 'not-found',
      what: 'message',
    })
    expect(await errorOf(media.load({ ...ids, conversationId: randomUUID(), source: '/media/1.png' }))).toEqual({
      code: 'not-found',
      what: 'conversation',
    })
    expect(server.requests).toEqual([])
  })

  it('S08 a picture in a text is fetched without anything of the backend, kept with its answer, and asked for once', async () => {
    const canary = await startFileServer((_request, response) => void response.end(png()))
    const { media, library, server } = await setUp(undefined, {
      headers: { authorization: 'Bearer CANARY', 'x-api-key': 'CANARY' },
      ...reachable(),
    })
    const source = foreign(canary)
    const ids = await keepAnswer(library, {
      content: [{ type: 'text', text: `Look: ![a square](${source})\n\n[link](${source}?other)` }],
    })
    const file = await media.load({ ...ids, source })
    expect(file).toMatchObject({ mime: 'image/png', width: 6, height: 4 })
    expect((await library.open(ids.conversationId)).messages[0]).toMatchObject({ pictures: { [source]: file } })
    expect(await media.load({ ...ids, source })).toEqual(file)
    expect(canary.requests).toHaveLength(1)
    expect(JSON.stringify(canary.requests)).not.toMatch(/CANARY|cookie|referer/iu)
    expect(await errorOf(media.load({ ...ids, source: `${source}?other` }))).toMatchObject({ code: 'bad-request' })
    expect(server.requests).toEqual([])
  })

  it('S08 S09 a picture in a text: no API of the server, no private network, no page, not when none is wanted', async () => {
    const page = await startFileServer((_request, response) => void response.end('<!doctype html><p>no picture'))
    const { media, library, server } = await setUp(undefined, {
      ...reachable(),
      isBlocked: (host) => host.startsWith('blocked.'),
      findAddresses: (host) => Promise.resolve([host.startsWith('inside.') ? '10.0.0.1' : PUBLIC]),
    })
    const sources = {
      refused: `${server.url}/backend-api/v2/version`,
      private: `http://inside.example:${page.port}/a.png`,
      blocked: `http://blocked.example:${page.port}/a.png`,
      format: foreign(page),
    }
    const text = Object.values(sources)
      .map((source) => `![a](${source})`)
      .join('\n\n')
    const ids = await keepAnswer(library, { content: [{ type: 'text', text }] })
    for (const [reason, source] of Object.entries(sources)) {
      expect(await errorOf(media.load({ ...ids, source }))).toMatchObject({ code: 'media', reason })
    }
    expect(server.requests).toEqual([])
    expect(page.requests).toHaveLength(1)
    const none = await setUp(undefined, { ...reachable(), load: 'never' })
    const there = await keepAnswer(none.library, { content: [{ type: 'text', text }] })
    expect(await errorOf(none.media.load({ ...there, source: sources.format }))).toMatchObject({ reason: 'blocked' })
    expect(page.requests).toHaveLength(1)
  })

  it('S08 a picture of the server that nobody named is asked for where servers keep files, and nowhere else', async () => {
    const { media, library, server } = await setUp((request, response) => {
      if (request.url === '/media/away.png') response.writeHead(302, { location: '/admin/restart' }).end()
      else response.end(png())
    })
    const files = [
      '/media/1.png',
      '/thumbnail/1.png',
      '/images/1.png',
      '/files/b1/media/1.png',
      '/files/b1/thumbnail/1.png',
    ]
    const others = [
      '/',
      '/admin/restart',
      '/v1/models',
      '/search/x',
      '/media/',
      '/media/a/b.png',
      '/media/1.png?url=http://x/',
    ]
    const traps = [
      '/media/..%2fadmin',
      '/media/%252e%252e%5cadmin',
      '/media/x%2fy',
      '/media/..;/x',
      '/files/b1/delete/1',
    ]
    const paths = [...files, ...others, ...traps, '/media/away.png']
    const text = paths.map((path) => `![a](${server.url}${path})`).join('\n\n')
    const ids = await keepAnswer(library, { content: [{ type: 'text', text }] })
    const reasonOf = async (path: string, isAutomatic: boolean) => {
      const error = await errorOf(media.load({ ...ids, source: new URL(path, server.url).href, isAutomatic }))
      return error === null ? 'here' : error.code === 'media' ? error.reason : error.code
    }
    for (const path of files) expect([path, await reasonOf(path, true)]).toEqual([path, 'here'])
    const before = server.requests.length
    for (const path of others) expect([path, await reasonOf(path, true)]).toEqual([path, 'unasked'])
    for (const path of traps)
      expect([path, await reasonOf(path, true)]).toEqual([path, expect.not.stringContaining('here')])
    expect(server.requests).toHaveLength(before)
    // Not by a redirect either.
    expect(await reasonOf('/media/away.png', true)).toBe('refused')
    expect(server.requests).toHaveLength(before + 1)
    // A person can name it.
    expect(await reasonOf('/v1/models', false)).toBe('here')
  })

  it('S08 S24 of an answer full of pictures that fail, 100 are tried, four at a time; by hand also the others', async () => {
    const host = await startFileServer((_request, response) => void response.writeHead(404).end())
    const { media, library, api } = await setUp(undefined, reachable())
    let open = 0
    let most = 0
    const ask = api.picture.bind(api)
    api.picture = (source, options) => {
      open += 1
      most = Math.max(most, open)
      return ask(source, options).finally(() => {
        open -= 1
      })
    }
    const sources = Array.from({ length: 103 }, (_, index) => `${foreign(host)}?${index}`)
    const text = sources.map((source) => `![a](${source})`).join('\n\n')
    const ids = await keepAnswer(library, { content: [{ type: 'text', text }] })
    const errors = await Promise.all(
      sources.map((source) => errorOf(media.load({ ...ids, source, isAutomatic: true }))),
    )
    expect(errors.map((error) => (error?.code === 'media' ? error.reason : error))).toEqual([
      ...Array.from({ length: 100 }, () => 'gone'),
      ...Array.from({ length: 3 }, () => 'unasked'),
    ])
    expect([host.requests.length, most]).toEqual([100, 4])
    expect(await errorOf(media.load({ ...ids, source: sources[102] ?? '' }))).toMatchObject({ reason: 'gone' })
    expect(host.requests).toHaveLength(101)
  })

  it('says why it could not be kept, and can be asked for again', async () => {
    let isThere = false
    const { media, library, server } = await setUp((_request, response) => {
      if (isThere) response.end(png())
      else response.writeHead(404).end()
    })
    const ids = await keepAnswer(library, {
      content: [{ type: 'media', kind: 'image', sources: ['/media/1.png'], alt: '' }],
    })
    expect(await errorOf(media.load({ ...ids, source: '/media/1.png' }))).toEqual({
      code: 'media',
      reason: 'gone',
      host: server.url.slice('http://'.length),
      limitBytes: null,
    })
    isThere = true
    expect(await media.load({ ...ids, source: '/media/1.png' })).toMatchObject({ mime: 'image/png' })
  })

  it('two clicks are one fetch; a stored copy that is gone or damaged is fetched again', async () => {
    const { media, library, server, folder } = await setUp()
    const ids = await keepAnswer(library, {
      content: [{ type: 'media', kind: 'image', sources: ['/media/1.png'], alt: '' }],
    })
    const input = { ...ids, source: '/media/1.png' }
    const [first, second] = await Promise.all([media.load(input), media.load(input)])
    expect(first).toEqual(second)
    expect(server.requests).toHaveLength(1)
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
    expect(await media.load(input)).toEqual(first)
    const [name = ''] = await readdir(folder)
    await writeFile(join(folder, name), Buffer.alloc(png().length))
    expect(await media.load(input)).toEqual(first)
    expect((await readFile(join(folder, name))).equals(png())).toBe(true)
    expect(await media.load(input)).toEqual(first)
    expect(server.requests).toHaveLength(3)
  })

  it('while the answer runs it becomes a part of it', async () => {
    const canary = await startFileServer((_request, response) => void response.end(png()))
    const { media, library, keep } = await setUp(undefined, reachable())
    const ids = await keepAnswer(library, { state: 'running', content: [] })
    let goOn: () => void = () => undefined
    async function* parts(): AsyncGenerator<Part> {
      yield picture(foreign(canary))
      await new Promise<void>((resolve) => {
        goOn = resolve
      })
      yield complete
    }
    const told: Part[] = []
    const ended = (async () => {
      for await (const part of keep(parts(), never, ids.messageId)) told.push(part)
    })()
    const file = await eventually(
      () => media.load({ ...ids, source: foreign(canary) }).catch(() => null),
      (found) => found !== null,
      'the part',
    )
    // At once, and not with the next word, which may be minutes away.
    await eventually(
      () => told.length,
      (count) => count === 2,
      'the file',
    )
    goOn()
    await ended
    expect(told).toEqual([picture(foreign(canary)), { type: 'media-file', source: foreign(canary), file }, complete])
  })

  it('when the answer ends meanwhile it is put where the answer lies', async () => {
    let send: () => void = () => undefined
    const canary = await startFileServer((_request, response) => {
      send = () => void response.end(png())
    })
    const { media, library, keep } = await setUp(undefined, reachable())
    const ids = await keepAnswer(library, { state: 'running', content: [] })
    const parts = keep(from(picture(foreign(canary)), complete), never, ids.messageId)
    await parts.next()
    const loading = media.load({ ...ids, source: foreign(canary) })
    await eventually(
      () => canary.requests.length,
      (count) => count === 1,
      'a request',
    )
    expect(await collect(parts)).toEqual([complete])
    send()
    await eventually(
      () => canary.requests[0]?.isClosed,
      (isClosed) => isClosed === true,
      'the end of the answer',
    )
    // As generations puts it there, a moment after its end.
    await library.update(ids.conversationId, (conversation) => ({
      ...conversation,
      messages: conversation.messages.map((message) => {
        if (message.role !== 'assistant') return message
        const media = { type: 'media' as const, kind: 'image' as const, sources: [foreign(canary)], alt: '' }
        return { ...message, state: 'complete' as const, content: [media] }
      }),
    }))
    const file = await loading
    expect((await library.open(ids.conversationId)).messages[0]).toMatchObject({
      content: [{ files: { [foreign(canary)]: file } }],
    })
  })
})

describe('read aloud', () => {
  const speaks = (data: unknown) => ({
    synthesize: { provider: 'LabAll', data },
    content: [{ type: 'text' as const, text: 'The answer.' }],
  })

  it.each([
    [
      { text: 'say this', lang: 'en', rate: 2, isSlow: false, voice: { name: 'x' }, none: null },
      { text: 'say this', lang: 'en', rate: '2', isSlow: 'false' },
    ],
    [{ lang: 'de' }, { text: 'The answer.', lang: 'de' }],
    [null, { text: 'The answer.' }],
    ['just this', { text: 'just this' }],
    [['a'], { text: 'The answer.' }],
  ])('asks for %j', async (data, query) => {
    const { media, library, server } = await setUp((_request, response) => void response.end(wav()))
    const ids = await keepAnswer(library, speaks(data))
    expect(await media.speak(ids)).toMatchObject({ mime: 'audio/wav', bytes: wav().length })
    const asked = new URL(server.requests[0]?.path ?? '', server.url)
    expect(asked.pathname).toBe('/backend-api/v2/synthesize/LabAll')
    expect(Object.fromEntries(asked.searchParams)).toEqual(query)
  })

  it('is asked once for each answer', async () => {
    const { media, library, server, folder } = await setUp((_request, response) => void response.end(wav()))
    const ids = await keepAnswer(library, speaks(null))
    const file = await media.speak(ids)
    expect(await media.speak(ids)).toEqual(file)
    expect(server.requests).toHaveLength(1)
    expect((await readFile(join(folder, `${file.id}.wav`))).equals(wav())).toBe(true)
  })

  it('a text that is too long for the way is cut behind a word', async () => {
    const { media, library, server } = await setUp((request, response) => {
      if ((request.url?.length ?? 0) > 8000) response.writeHead(414).end()
      else response.end(wav())
    })
    const text = 'Слово и дело. '.repeat(3000)
    const ids = await keepAnswer(library, { ...speaks({ lang: 'ru' }), content: [{ type: 'text', text }] })
    await media.speak(ids)
    expect(server.requests.map(({ path }) => path.length > 8000)).toEqual([true, false])
    expect(Math.max(...server.requests.map(({ path }) => path.length))).toBeLessThan(24_100)
    const asked = new URL(server.requests[1]?.path ?? '', server.url).searchParams
    expect(asked.get('lang')).toBe('ru')
    expect(text.startsWith(asked.get('text') ?? 'none')).toBe(true)
    expect(asked.get('text')).toMatch(/(?:Слово|и|дело\.)$/u)
  })

  it.each<[string, Serve, string]>([
    [
      'HTML',
      (_request, response) => void response.writeHead(200, { 'content-type': 'audio/mpeg' }).end('<!doctype html>'),
      'format',
    ],
    ['a picture', (_request, response) => void response.end(png()), 'format'],
    ['an error', (_request, response) => void response.writeHead(500).end(), 'failed'],
    ['a 414 for everything', (_request, response) => void response.writeHead(414).end(), 'refused'],
  ])('%s is no sound', async (_what, serve, reason) => {
    const { media, library } = await setUp(serve)
    const ids = await keepAnswer(library, speaks(null))
    expect(await errorOf(media.speak(ids))).toMatchObject({ code: 'media', reason })
  })

  it('an answer whose backend does not offer it cannot be spoken', async () => {
    const { media, library, server } = await setUp()
    const ids = await keepAnswer(library, { synthesize: null })
    expect(await errorOf(media.speak(ids))).toEqual({ code: 'bad-request', channel: 'media.speak' })
    expect(server.requests).toEqual([])
  })
})

describe('a generation with results', () => {
  it('no base64 reaches its journal or its conversation, and what was kept is read back', async () => {
    const { keep } = await setUp()
    const root = await temporaryFolder()
    const library = libraryOn(root)
    let goOn: () => void = () => undefined
    async function* parts(): AsyncGenerator<Part> {
      yield picture(dataUri('image/png', png()))
      yield picture('/media/1.png')
      await new Promise<void>((resolve) => {
        goOn = resolve
      })
      yield complete
    }
    const generations = new Generations({
      library,
      openSession: (_context, signal) => keep(parts(), signal),
      findAttachments: () => Promise.resolve([]),
      clock: systemClock,
      logger: silentLogger,
      isOnShow: () => true,
    })
    const request = startOf(randomUUID())
    const seen: Part[] = []
    generations.onEvents((events) => seen.push(...events.map(({ part }) => part)))
    await generations.start(request)
    await eventually(
      () => seen.filter(({ type }) => type === 'media-file').length,
      (count) => count === 1,
      'the file',
    )
    await eventually(
      () => filesUnder(root),
      (files) => JSON.stringify(files).includes('media-file'),
      'the journal',
    )
    expect(JSON.stringify(await filesUnder(root))).not.toMatch(/data:|base64/u)

    // The process dies here: what the journal holds is all there is.
    const copy = await temporaryFolder()
    await cp(root, copy, { recursive: true })
    const recovered = libraryOn(copy)
    expect(await recovered.recover()).toHaveLength(1)
    const message = (await recovered.open(request.conversationId)).messages.find(({ id }) => id === request.answerId)
    const files = filesOf(seen)
    expect(message).toMatchObject({
      state: 'interrupted',
      content: [
        { type: 'media', sources: [expect.stringMatching(/^attachment:[0-9a-f]{64}$/u)] },
        { sources: ['/media/1.png'], files },
      ],
    })
    goOn()
    await eventually(
      () => library.open(request.conversationId).then(({ messages }) => messages.at(-1)),
      (last) => last?.role === 'assistant' && last.state === 'complete',
      'the end',
    )
    await library.flush()
    expect(JSON.stringify(await filesUnder(root))).not.toMatch(/data:|base64/u)
  })
})
