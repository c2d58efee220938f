import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { BackendApi } from '../../../src/main/backend/api'
import { Buckets, bucketName } from '../../../src/main/backend/buckets'
import { openSession, type SessionDeps, type SessionRequest } from '../../../src/main/backend/session'
import { silentLogger } from '../../../src/main/logger'
import {
  emptyAnswer,
  fold,
  type AssistantMessage,
  type AttachmentInfo,
  type Message,
  type Part,
  type UserMessage,
} from '../../../src/shared/conversation'
import { startScenarioServer, type ScenarioServer, type ScenarioServerOptions } from '../../support/scenario-server'

let folder = ''
const servers: ScenarioServer[] = []
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'parley-buckets-'))
})
afterAll(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }))
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

async function serve(options: ScenarioServerOptions = {}): Promise<ScenarioServer> {
  const server = await startScenarioServer(options)
  servers.push(server)
  return server
}

const written: Record<string, string> = {}
async function file(name: string, content: string | Uint8Array): Promise<AttachmentInfo> {
  const bytes = Buffer.from(content)
  const id = `id-${name}`
  written[id] = path.join(folder, encodeURIComponent(name))
  await writeFile(written[id], bytes)
  const mime = name.endsWith('.pdf') ? ('application/pdf' as const) : ('text/plain' as const)
  return { id, name, mime, bytes: bytes.length, width: 0, height: 0, orientation: 1, hasLocation: false }
}

function user(text: string, ...attachments: AttachmentInfo[]): UserMessage {
  return { role: 'user', id: 'u', parentId: null, createdAt: 0, text, attachments }
}

function answered(text: string): AssistantMessage {
  const start = {
    id: 'a',
    parentId: null,
    createdAt: 0,
    generationId: 'g',
    backendId: 'b',
    provider: null,
    model: null,
  }
  return { ...emptyAnswer(start), content: [{ type: 'text', text }], state: 'complete' }
}

async function ask(
  server: ScenarioServer,
  buckets: Buckets,
  messages: Message[],
  signal = new AbortController().signal,
): Promise<Part[]> {
  const api = new BackendApi({ url: server.url })
  const deps: SessionDeps = {
    api,
    findAttachment: (id) => Promise.resolve(written[id] ?? null),
    upload: (attachment, content, abort, onSent) =>
      buckets.put({ api, server: server.url, attachment, content, signal: abort, onSent }),
    clock: { monotonicMs: () => performance.now() },
    random: () => 0,
    pause: () => Promise.resolve(),
    logger: silentLogger,
  }
  const request: SessionRequest = {
    messages,
    provider: 'Lab',
    model: 'echo',
    apiKey: null,
    parameters: {},
    isContinuation: false,
    sessions: null,
  }
  const parts: Part[] = []
  for await (const part of openSession(deps, request, signal)) parts.push(part)
  return parts
}

const finish = (parts: readonly Part[]) => parts.findLast((part) => part.type === 'finish')
const said = (parts: readonly Part[]): string =>
  parts.map((part) => (part.type === 'text-delta' ? part.text : '')).join('')
const uploads = (server: ScenarioServer) =>
  server.requests.filter(({ method, path: asked }) => method === 'POST' && asked.includes('/files/'))
const contentsSent = (server: ScenarioServer): unknown[] => {
  const { messages } = server.conversations().at(-1)!.json as { messages: { content: unknown }[] }
  return messages.map(({ content }) => content)
}

describe('documents through buckets (protocol.md section 6)', () => {
  test('a text goes into a bucket, is read there, and its bucket stands in the question', async () => {
    const server = await serve()
    const notes = await file('notes.txt', 'hello nötes')
    const parts = await ask(server, new Buckets(), [user('what is in it?', notes)])
    expect(finish(parts)).toEqual({ type: 'finish', state: 'complete', error: null })
    expect(said(parts)).toContain('hello nötes')
    const [content] = contentsSent(server)
    expect(content).toEqual([
      { bucket_id: expect.stringMatching(/^parley-[0-9a-f-]{36}$/u) as unknown },
      { type: 'text', text: 'what is in it?' },
    ])
    expect(server.conversations()[0]!.json).not.toHaveProperty('media')
  })

  test('tells how far it is, and stands at connecting when the question goes', async () => {
    const server = await serve()
    const long = await file('long.log', 'line\n'.repeat(400_000))
    const parts = await ask(server, new Buckets(), [user('?', long)])
    const told = parts.flatMap((part) =>
      part.type === 'status' && part.status.phase === 'uploading' ? [part.status] : [],
    )
    expect(told.length).toBeGreaterThan(0)
    expect(told.every(({ name, totalBytes }) => name === 'long.log' && totalBytes === long.bytes)).toBe(true)
    expect(told.map(({ sentBytes }) => sentBytes)).toEqual(
      told.map(({ sentBytes }) => sentBytes).toSorted((a, b) => a - b),
    )
    const statuses = parts.flatMap((part) => (part.type === 'status' ? [part.status.phase] : []))
    expect(statuses.slice(statuses.lastIndexOf('uploading') + 1)).toContain('connecting')
  })

  test('goes up once; again where the server has let its bucket go, and to another server', async () => {
    const [first, second] = [await serve(), await serve()]
    const buckets = new Buckets()
    const notes = await file('notes.md', '# one')
    const path = [user('?', notes), answered('yes'), user('and now?')]
    await ask(first, buckets, path.slice(0, 1))
    await ask(first, buckets, path)
    expect(uploads(first)).toHaveLength(1)
    expect(contentsSent(first)[0]).toEqual([{ bucket_id: expect.any(String) as unknown }, { type: 'text', text: '?' }])
    first.emptyBuckets()
    await ask(first, buckets, path)
    expect(uploads(first)).toHaveLength(2)
    const parts = await ask(second, buckets, path)
    expect(uploads(second)).toHaveLength(1)
    expect(finish(parts)).toMatchObject({ state: 'complete' })
  })

  test('goes up once for several answers at the same time, also when the first of them is stopped', async () => {
    const server = await serve()
    const buckets = new Buckets()
    const notes = await file('long.md', 'line\n'.repeat(100_000))
    const ends = await Promise.all([1, 2, 3].map(() => ask(server, buckets, [user('?', notes)])))
    expect(ends.map(finish)).toEqual(Array(3).fill({ type: 'finish', state: 'complete', error: null }))
    expect(uploads(server)).toHaveLength(1)

    server.emptyBuckets()
    const abort = new AbortController()
    const [first, second] = [
      ask(server, buckets, [user('?', notes)], abort.signal),
      ask(server, buckets, [user('?', notes)]),
    ]
    abort.abort()
    expect(finish(await first)).toMatchObject({ state: 'stopped' })
    expect(finish(await second)).toMatchObject({ state: 'complete' })
  })

  test('a server without buckets: the answer fails in clear words, and nothing was asked', async () => {
    const server = await serve({ hasBuckets: false })
    const parts = await ask(server, new Buckets(), [user('?', await file('notes.txt', 'x'))])
    expect(finish(parts)).toEqual({
      type: 'finish',
      state: 'failed',
      error: { code: 'upload', reason: 'unsupported', name: 'notes.txt', message: null },
    })
    expect(server.conversations()).toEqual([])
    const start = {
      id: 'a',
      parentId: null,
      createdAt: 0,
      generationId: 'g',
      backendId: 'b',
      provider: null,
      model: null,
    }
    const message = parts.reduce((now, part) => fold(now, { atMs: 0, part }), emptyAnswer(start))
    expect(message.status).toEqual({ phase: 'connecting' })
  })

  test('a file that the server cannot read, with its words; another try goes up again', async () => {
    const server = await serve()
    const buckets = new Buckets()
    const scan = await file('broken.pdf', '%PDF-1.4')
    for (const tries of [1, 2]) {
      const parts = await ask(server, buckets, [user('?', scan)])
      expect(finish(parts)).toMatchObject({
        error: { code: 'upload', reason: 'unreadable', name: 'broken.pdf', message: 'No text in this file' },
      })
      expect(uploads(server)).toHaveLength(tries)
    }
  })

  test('R41: an earlier file does not end a conversation with a server that takes none', async () => {
    const server = await serve({ hasBuckets: false })
    const [text, pdf] = [await file('notes.txt', 'short ```\n'), await file('plan.pdf', '%PDF-1.4')]
    const parts = await ask(server, new Buckets(), [user('?', text, pdf), answered('yes'), user('and now?')])
    expect(finish(parts)).toMatchObject({ state: 'complete' })
    expect(contentsSent(server)[0]).toEqual([
      { type: 'text', text: 'notes.txt\n\n````\nshort ```\n````' },
      { type: 'text', text: '?' },
    ])
  })

  test('stopped while it goes up: nothing is asked', async () => {
    const server = await serve()
    const abort = new AbortController()
    const long = await file('long.txt', 'x'.repeat(8_000_000))
    const asked = ask(server, new Buckets(), [user('?', long)], abort.signal)
    await server.until(() => uploads(server).length === 1, 'the upload')
    abort.abort()
    expect(finish(await asked)).toEqual({ type: 'finish', state: 'stopped', error: null })
    expect(server.conversations()).toEqual([])
  })

  test('the bytes arrive as they are, also from memory', async () => {
    const server = await serve()
    const words = 'häß\r\n\r\n--x\n'.repeat(60_000)
    const large = await file('large.csv', words)
    await ask(server, new Buckets(), [user('?', large)])
    expect(uploads(server)[0]!.body).toContain(words)
  })

  test('S40: names that servers drop or cannot write become names that they keep', () => {
    const name = (given: string, mime: AttachmentInfo['mime'] = 'text/plain') => bucketName({ name: given, mime })
    expect(name('notes.txt')).toBe('notes.txt')
    expect(name('main.rs')).toBe('main.rs.txt')
    expect(name('Makefile')).toBe('Makefile.txt')
    expect(name('отчёт.txt')).toBe('file.txt')
    expect(name('package-lock.json')).toBe('package-lock.json.txt')
    expect(name('../../etc/passwd')).toBe('etc_passwd.txt')
    expect(name('a"; filename="b.txt')).toBe('a_filename_b.txt')
    expect(name('"\r\n.md')).toBe('file.md')
    expect(name('план.PDF', 'application/pdf')).toBe('file.pdf')
    expect(name('plan', 'application/pdf')).toBe('plan.pdf')
    expect(name(`${'x'.repeat(500)}.txt`).length).toBeLessThan(120)
  })
})
