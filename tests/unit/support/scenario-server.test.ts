import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { bytesOf, chunk, concat, send, type Answer } from '../../support/player/answer'
import { asciiJson } from '../../support/player/events'
import { answerOf, bodyOf, parseRecording, playbackOf, replay } from '../../support/player/recording'
import {
  expectedText,
  hold,
  listModes,
  opening,
  receivedMedia,
  say,
  stream,
  whole,
} from '../../support/player/scenarios'
import { startScenarioServer, type ScenarioServer, type ScenarioServerOptions } from '../../support/scenario-server'
import { askThrough, createWire, eventOf, streamOf } from '../../support/wire-samples'

const transcripts = path.resolve('tests/fixtures/transcripts')
const servers: ScenarioServer[] = []
const start = async (options?: ScenarioServerOptions) => {
  const server = await startScenarioServer(options)
  servers.push(server)
  return server
}
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

const ask = (server: ScenarioServer, model: string, rest: Record<string, unknown> = {}, init: RequestInit = {}) =>
  fetch(`${server.url}/backend-api/v2/conversation`, {
    method: 'POST',
    redirect: 'manual',
    body: JSON.stringify({ model, messages: [{ role: 'user', content: 'hi' }], ...rest }),
    ...init,
  })

/** The response exactly as it lies on the wire, and how the connection ended. */
async function raw(
  server: ScenarioServer,
  model: string,
): Promise<{ bytes: Buffer; text: string; end: 'fin' | 'reset' }> {
  const body = JSON.stringify({ model, messages: [] })
  const socket = connect(server.port, '127.0.0.1')
  const pieces: Buffer[] = []
  socket.on('data', (piece: Buffer) => pieces.push(piece))
  socket.write(`POST /backend-api/v2/conversation HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n${body}`)
  const end = await new Promise<'fin' | 'reset'>((resolve, reject) => {
    socket.once('end', () => resolve('fin'))
    socket.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ECONNRESET' ? resolve('reset') : reject(error),
    )
  })
  socket.destroy()
  const bytes = Buffer.concat(pieces)
  return { bytes, text: bytes.toString('utf8'), end }
}

const contents = (text: string): string =>
  [...text.matchAll(/^data: (\{"type": "content".*\})$/gm)]
    .map(([, json = '']) => (JSON.parse(json) as { content: string }).content)
    .join('')

describe('scenario server', () => {
  it('answers as a Backend API server does: framing, headers, order of events', async () => {
    const server = await start()
    const { text, end } = await raw(server, 'plain')
    expect(end).toBe('fin')
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    expect(text).toContain('content-type: text/event-stream; charset=utf-8\r\n')
    expect(text).toMatch(/\r\n\r\n[0-9a-f]+\r\nevent: provider\ndata: \{"type": "provider", /)
    expect(text).toMatch(/\r\n0\r\n\r\n$/)
    const types = [...text.matchAll(/^event: (.*)$/gm)].map(([, type]) => type)
    expect(types.slice(0, 5)).toEqual(['provider', 'parameters', 'request', 'headers', 'content'])
    expect(types.slice(-2)).toEqual(['finish', 'usage'])
    expect(contents(text)).toBe('This is an ordinary answer of the scenario server, complete to its last word.')
  })

  it('plays what a test queued, one answer for each request, then goes by the model again', async () => {
    const server = await start()
    server.next(whole('first'), (request) => whole(String(request.json.model)))
    expect(contents(await (await ask(server, 'x')).text())).toBe('first')
    expect(contents(await (await ask(server, 'second')).text())).toBe('second')
    expect(contents(await (await ask(server, 'ndjson')).text())).toBe('')
    expect(server.conversations()).toHaveLength(3)
  })

  it('records what came: method, path, query, headers, body, times', async () => {
    const server = await start()
    await fetch(`${server.url}/backend-api/v2/version?cache=true`)
    await (await ask(server, 'plain', { media: [] }, { headers: { 'x-team': 'blue' } })).text()
    const [health, question] = server.requests
    expect(health).toMatchObject({ method: 'GET', path: '/backend-api/v2/version' })
    expect(health?.query.get('cache')).toBe('true')
    expect(question?.headers['x-team']).toBe('blue')
    expect(question?.json).toEqual({ model: 'plain', messages: [{ role: 'user', content: 'hi' }], media: [] })
    await server.until(() => question?.closedMs !== null, 'the connection is closed')
    expect(question?.isAborted).toBe(false)
    expect(question!.receivedMs!).toBeLessThanOrEqual(question!.firstByteMs!)
    expect(question!.firstByteMs!).toBeLessThanOrEqual(question!.closedMs!)
  })

  it('holds until release, and sees when the client goes', async () => {
    const server = await start()
    server.next(stream([...opening(), ...say('one '), hold, ...say('two')]))
    const response = await ask(server, '')
    const reader = response.body!.getReader()
    let text = ''
    const readUntil = async (word: string) => {
      while (!text.includes(word)) text += new TextDecoder().decode((await reader.read()).value)
    }
    await readUntil('one ')
    expect(text).not.toContain('two')
    server.release()
    await readUntil('two')

    server.next(stream([...say('x'), hold, ...say('never')]))
    const leaving = new AbortController()
    const second = await ask(server, '', {}, { signal: leaving.signal })
    await second.body!.getReader().read()
    const beforeMs = performance.now()
    leaving.abort()
    const request = server.conversations()[1]!
    await server.until(() => request.closedMs !== null, 'the client is gone')
    expect(request.isAborted).toBe(true)
    expect(request.closedMs!).toBeGreaterThanOrEqual(beforeMs)
  })

  it('until gives up with the name of what it waited for', async () => {
    const server = await start()
    await expect(server.until(() => false, 'pigs fly', 20)).rejects.toThrow('until pigs fly')
  })

  it.each([
    ['cut', 'fin', /400\r\nevent: content\nda$/],
    ['reset', 'reset', /before "\}/],
    ['long-length', 'fin', /content-length: \d+/],
    ['end-early', 'fin', /\r\n0\r\n\r\n$/],
    ['empty', 'fin', /\r\n\r\n0\r\n\r\n$/],
    ['no-content', 'fin', /^HTTP\/1\.1 204 No Content\r\nconnection: close\r\n\r\n$/],
    ['html', 'fin', /text\/html[\s\S]*<!doctype html>/],
    ['unauthorized', 'fin', /^HTTP\/1\.1 401 [\s\S]*www-authenticate: Basic/],
    ['too-many', 'fin', /^HTTP\/1\.1 429 [\s\S]*retry-after: 30/],
    ['bad-gateway', 'fin', /^HTTP\/1\.1 503 /],
    ['ndjson', 'fin', /\r\n\{"type": "content", "content": "Old "\}\n/],
    ['comments', 'fin', /\ufeff: ping\r\n/],
    ['auth', 'fin', /event: auth\n/],
    ['lie', 'fin', /text\/event-stream[\s\S]*content-length: 1\d{3}[\s\S]*<!doctype html>/],
    ['error', 'fin', /event: content\n[\s\S]*event: error\ndata: .*"ResponseError: /],
  ])('mode %s ends with %s', async (model, expectedEnd, shape) => {
    const server = await start()
    const { text, end } = await raw(server, model)
    expect(end).toBe(expectedEnd)
    expect(text).toMatch(shape)
  })

  it('lies about the length, in both directions', async () => {
    const server = await start()
    for (const [model, sign] of [
      ['long-length', 1],
      ['short-length', -1],
    ] as const) {
      const { text } = await raw(server, model)
      const [head = '', ...body] = text.split('\r\n\r\n')
      const promised = Number(/content-length: (\d+)/.exec(head)?.[1])
      expect(Math.sign(promised - body.join('\r\n\r\n').length), model).toBe(sign)
    }
  })

  it('points to another origin with 307, and counts who follows', async () => {
    const server = await start()
    const response = await ask(server, 'redirect')
    expect(response.status).toBe(307)
    const location = new URL(response.headers.get('location')!)
    expect(location.hostname).toBe('127.0.0.1')
    expect(location.port).not.toBe(String(server.port))
    expect(server.conversations().map(({ isElsewhere }) => isElsewhere)).toEqual([false])
    await fetch(location, { method: 'POST', body: '{}' }).then((answer) => answer.text())
    expect(server.conversations().map(({ isElsewhere }) => isElsewhere)).toEqual([false, true])
  })

  it('retry-after refuses every first question, and answers whoever comes again', async () => {
    const server = await start()
    const statuses: number[] = []
    for (let index = 0; index < 4; index += 1) {
      const response = await ask(server, 'retry-after:seconds=1')
      statuses.push(response.status)
      if (response.status === 429) expect(response.headers.get('retry-after')).toBe('1')
      else expect(contents(await response.text())).toBe('Thank you for waiting.')
    }
    expect(statuses).toEqual([429, 200, 429, 200])
  })

  it('restart is gone in the middle of an answer, and back at the same address', async () => {
    const server = await start()
    expect((await raw(server, 'restart:ms=200')).end).toBe('reset')
    await vi.waitFor(() => expect(ask(server, 'plain')).rejects.toThrow())
    await vi.waitFor(async () => expect((await ask(server, 'plain')).status).toBe(200), { timeout: 5000, interval: 50 })
  })

  it('a server that is closed does not come back', async () => {
    const server = await start()
    const back = server.restart(10)
    await server.close()
    await back
    await expect(ask(server, 'plain')).rejects.toThrow()
  })

  it('slow-headers holds the headers back, slow-start only the first event', async () => {
    const server = await start()
    const waitFor = async (model: string): Promise<[number, number]> => {
      const beforeMs = performance.now()
      const response = await ask(server, model)
      const headersMs = performance.now() - beforeMs
      await response.text()
      return [headersMs, performance.now() - beforeMs]
    }
    const [lateHeadersMs] = await waitFor('slow-headers:ms=300')
    expect(lateHeadersMs).toBeGreaterThanOrEqual(295)
    const [headersMs, wholeMs] = await waitFor('slow-start:ms=600')
    expect(wholeMs).toBeGreaterThanOrEqual(595)
    expect(headersMs).toBeLessThan(wholeMs - 100)
  })

  it('has a huge catalogue for whoever wants to see what that does', async () => {
    const server = await start({ catalogue: 'huge' })
    const get = async (path: string) =>
      (await fetch(`${server.url}${path}`)).json() as Promise<{ name: string; id: string }[]>
    const providers = await get('/backend-api/v2/providers')
    expect(providers.length).toBeGreaterThan(10_000)
    expect(providers.filter(({ name }) => name.includes('\u202e')).length).toBeGreaterThan(0)
    const names = (await get('/backend-api/v2/models/Provider%200')).map(({ id }) => id.length)
    expect(names).toEqual([1024 * 1024, 5])
    expect(await get('/backend-api/v2/models/Provider%201')).toHaveLength(10_000)
    expect((await ask(server, 'plain', { provider: 'Provider 7' })).status).toBe(200)
    expect((await ask(server, 'plain', { provider: 'Nobody' })).status).toBe(404)
  })

  it('every mode is on the page about it, and those that people ask for by name are there', async () => {
    const doc = await readFile(path.resolve('docs/scenario-server.md'), 'utf8')
    const modes = listModes().map(({ name }) => name)
    expect(modes.filter((mode) => !doc.includes(`\`${mode}\``))).toEqual([])
    expect(modes).toEqual(
      expect.arrayContaining(
        ['drip', 'flood', 'stall', 'buffer', 'cut', 'reset', 'lie', 'redirect', 'auth', 'html', 'slow-headers'].concat([
          'retry-after',
          'restart',
        ]),
      ),
    )
  })

  it('sends one event above 32 MiB without ever holding it', async () => {
    const server = await start()
    const response = await ask(server, 'huge-line:mebibytes=33')
    let bytes = 0
    for await (const piece of response.body!) bytes += (piece as Uint8Array).length
    expect(bytes).toBeGreaterThan(33 * 1_048_576)
  })

  it('floods: every numbered word arrives, also with copies and in batches, at the rate that was asked for', async () => {
    const server = await start()
    const quick = await (await ask(server, 'flood:events=5000,batch=16,copies=1')).text()
    expect(contents(quick)).toBe(expectedText('flood', 5000))
    expect(quick.match(/^event: response$/gm)).toHaveLength(5000)
    const beforeMs = performance.now()
    expect(contents(await (await ask(server, 'flood:events=400,rate=2000')).text())).toBe(expectedText('flood', 400))
    expect(performance.now() - beforeMs).toBeGreaterThanOrEqual(195)
    expect(contents(await (await ask(server, 'markdown:bytes=3000,rate=0')).text())).toBe(
      expectedText('markdown', 3000),
    )
  })

  it('echo tells the bytes of an image by their hash', async () => {
    const server = await start()
    const bytes = Buffer.from([1, 2, 3])
    const media = [[`data:image/png;base64,${bytes.toString('base64')}`, 'a.png']]
    const text = contents(await (await ask(server, 'echo', { media })).text())
    const [image] = receivedMedia({ media })
    expect(image).toEqual({
      name: 'a.png',
      mime: 'image/png',
      bytes: 3,
      sha256: '039058c6f2c0cb492c533b0a4d14ef77cc0f78abccced5287d84a1a2011cfb81',
    })
    expect(text).toContain(image!.sha256)
    expect(text).toContain('> hi')
  })

  it('asks for a key when it was started with one', async () => {
    const server = await start({ apiKey: 'k-1' })
    expect((await ask(server, 'plain')).status).toBe(401)
    expect((await fetch(`${server.url}/backend-api/v2/providers`)).status).toBe(401)
    expect((await ask(server, 'plain', {}, { headers: { authorization: 'Bearer k-1' } })).status).toBe(200)
    expect((await ask(server, 'plain', {}, { headers: { 'g4f-api-key': 'k-1' } })).status).toBe(200)
  })

  it('lists every mode as a model, answers the other endpoints, and knows unknown ones', async () => {
    const server = await start()
    const get = async (path: string) => (await fetch(`${server.url}${path}`)).json() as Promise<unknown>
    const models = (await get('/backend-api/v2/models/Lab')) as { id: string }[]
    expect(models.map((model) => model.id)).toEqual(listModes().map((mode) => mode.name))
    expect(await get('/backend-api/v2/models/Nobody')).toEqual([])
    expect(await get('/backend-api/v2/version')).toEqual({ version: '8.1.7', latest_version: '8.1.7' })
    expect(((await get('/backend-api/v2/providers')) as { name: string }[]).map(({ name }) => name)).toContain(
      'AnyProvider',
    )
    expect((await fetch(`${server.url}/backend-api/v2/models/Locked`)).status).toBe(401)
    expect((await fetch(`${server.url}/media/one.png`)).headers.get('content-type')).toBe('image/png')
    expect((await fetch(`${server.url}/elsewhere`)).status).toBe(404)
    expect((await fetch(`${server.url}/backend-api/v2/conversation`)).status).toBe(405)
    expect((await ask(server, 'plain', { provider: 'Nobody' })).status).toBe(404)
  })

  it('keeps a connection for the next question when it was started so', async () => {
    const server = await start({ isKeepAlive: true })
    const socket = connect(server.port, '127.0.0.1')
    let text = ''
    socket.on('data', (piece: Buffer) => (text += piece.toString()))
    for (const answers of [1, 2]) {
      socket.write('POST /backend-api/v2/conversation HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}')
      await vi.waitFor(() => expect(text.match(/\r\n0\r\n\r\n/g)).toHaveLength(answers))
    }
    socket.destroy()
    expect(text).toContain('connection: keep-alive')
    expect(server.conversations()).toHaveLength(2)
    expect(server.connections.opened).toBe(1)
  })
})

describe('recordings', () => {
  const head = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n'
  const reads = [bytesOf(head), chunk(bytesOf('event: a\n')), chunk(bytesOf('data: {}\n\n')), bytesOf('0\r\n\r\n')]
  const times = [1, 2.5, 60, 61]
  const timing = { reads_ms_bytes: reads.map((bytes, index) => [times[index], bytes.length]) }
  const recording = parseRecording(concat(reads), timing)

  it('knows the head, and the time of each part of the body', () => {
    expect(recording.status).toBe(200)
    expect(recording.headers).toEqual({ 'content-type': 'text/event-stream', 'transfer-encoding': 'chunked' })
    expect(bodyOf(recording).map(({ atMs, bytes }) => [atMs, new TextDecoder().decode(bytes)])).toEqual([
      [2.5, 'event: a\n'],
      [60, 'data: {}\n\n'],
    ])
  })

  it('is replayed byte for byte, at its times', async () => {
    const server = await start()
    server.next(replay(recording, 1), replay(recording, Infinity))
    const beforeMs = performance.now()
    expect((await raw(server, '')).text).toBe(new TextDecoder().decode(concat(reads)))
    expect(performance.now() - beforeMs).toBeGreaterThanOrEqual(59)
    expect((await raw(server, '')).text).toBe(new TextDecoder().decode(concat(reads)))
  })

  it('every recording of a real server is replayed byte for byte, and its body is what its head promises', async () => {
    const server = await start()
    const names = (await readdir(transcripts)).flatMap((file) => /^(.+)\.raw$/.exec(file)?.[1] ?? [])
    expect(names.length).toBeGreaterThan(50)
    for (const name of names) {
      const bytes = await readFile(path.join(transcripts, `${name}.raw`))
      const times: unknown = JSON.parse(await readFile(path.join(transcripts, `${name}.timing.json`), 'utf8'))
      const real = parseRecording(bytes, times)
      server.next(replay(real, Infinity))
      expect((await raw(server, '')).bytes.equals(bytes), name).toBe(true)
      const bodyBytes = bodyOf(real).reduce((sum, piece) => sum + piece.bytes.length, 0)
      const promised = real.headers['content-length']
      if (promised === undefined) expect(bodyBytes, name).toBeGreaterThan(0)
      else expect(bodyBytes, name).toBe(Number(promised))
    }
  })

  it('is an answer like others, framed anew, with the same end', async () => {
    const server = await start()
    const playback = playbackOf(recording)
    const lost = { kind: 'failed', atMs: 60, error: { code: 'connection-lost' } } as const
    server.next(
      answerOf(playback, 1),
      answerOf({ ...playback, end: lost }, Infinity),
      answerOf({ response: null, reads: [], end: lost }, Infinity),
    )
    const beforeMs = performance.now()
    const { text, end } = await raw(server, '')
    expect(performance.now() - beforeMs).toBeGreaterThanOrEqual(59)
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\ncontent-type: text\/event-stream\r\nconnection: close\r\n/)
    expect(text).toMatch(/\r\n9\r\nevent: a\n\r\na\r\ndata: \{\}\n\n\r\n0\r\n\r\n$/)
    expect(end).toBe('fin')
    const cut = await raw(server, '')
    expect(cut.text).toMatch(/data: \{\}\n\n\r\n$/)
    expect(await raw(server, '')).toMatchObject({ text: '', end: 'reset' })
  })

  it('saved in the wire view, is played by npm run dev:backend', async () => {
    const { wire, playing } = createWire()
    const stream = streamOf(
      [10, eventOf({ type: 'content', content: 'Played ' })],
      [90, eventOf({ type: 'content', content: 'again.' }) + eventOf({ type: 'finish', finish: { reason: 'stop' } })],
    )
    await askThrough(wire, playing(stream))
    const folder = await mkdtemp(path.join(tmpdir(), 'parley-recording-'))
    const file = path.join(folder, 'saved.parley-recording.json')
    await writeFile(file, wire.file(wire.open('answer')!.id).text)
    const child = spawn(
      process.execPath,
      [
        'scripts/run-ts.mjs',
        'tests/support/backend-cli.ts',
        '--port',
        '0',
        '--quiet',
        '--recording',
        file,
        '--speed',
        '4',
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    )
    try {
      const [url] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
      for (let time = 0; time < 2; time += 1) {
        const response = await fetch(`${url}/backend-api/v2/conversation`, { method: 'POST', body: '{}' })
        const types = [...(await response.text()).matchAll(/^data: (.*)$/gm)].map(
          ([, json = '']) => JSON.parse(json) as unknown,
        )
        expect(types).toEqual([
          { type: 'content', content: 'Played ' },
          { type: 'content', content: 'again.' },
          { type: 'finish', finish: { reason: 'stop' } },
        ])
      }
    } finally {
      child.kill('SIGTERM')
      await once(child, 'exit')
      await rm(folder, { recursive: true, force: true, maxRetries: 5 })
    }
  }, 30_000)

  it('refuses a timing that tells of other bytes', () => {
    expect(() => parseRecording(concat(reads), { reads_ms_bytes: [[1, 3]] })).toThrow(/3 bytes/)
    expect(() => parseRecording(concat(reads), {})).toThrow(/reads_ms_bytes/)
  })
})

describe('wire text', () => {
  it('is what json.dumps writes', () => {
    expect(asciiJson({ a: [1, null, true], b: 'wörld 😀' })).toBe(
      '{"a": [1, null, true], "b": "w\\u00f6rld \\ud83d\\ude00"}',
    )
  })

  it('sends pieces of any answer, framed by their length', () => {
    const answer: Answer = stream([send('x')])
    expect(answer.framing).toBe('chunked')
    expect(new TextDecoder().decode(chunk(bytesOf('wö')))).toBe('3\r\nwö\r\n')
  })
})
