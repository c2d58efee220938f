import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  emptyAnswer,
  fold,
  type AssistantMessage,
  type Message,
  type UserMessage,
} from '../../../src/shared/conversation'
import { BackendApi } from '../../../src/main/backend/api'
import { openSession, type SessionRequest } from '../../../src/main/backend/session'
import { silentLogger } from '../../../src/main/logger'
import { guideClock } from '../../../src/main/guide/transport'
import { jpeg, tiff } from '../../support/images'
import { guide } from './ask'

const photo = jpeg({ exif: tiff({ orientation: 6, gps: 'position' }) })
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'guide-session-'))
  await writeFile(join(folder, 'photo'), photo)
})

afterAll(async () => {
  await rm(folder, { recursive: true, force: true, maxRetries: 5 })
})

function api(): BackendApi {
  return new BackendApi({ url: 'guide://local', transport: guide() })
}

function asked(text: string, attachments: UserMessage['attachments'] = []): UserMessage {
  return { role: 'user', id: text, parentId: null, createdAt: 0, text, attachments }
}

function empty(): AssistantMessage {
  return emptyAnswer({
    id: 'a',
    parentId: null,
    createdAt: 0,
    generationId: 'g',
    backendId: 'guide',
    provider: null,
    model: null,
  })
}

async function answer(messages: Message[], more: Partial<SessionRequest> = {}, signal = new AbortController().signal) {
  const request = {
    messages,
    provider: null,
    model: null,
    apiKey: null,
    parameters: {},
    isContinuation: false,
    sessions: null,
    ...more,
  }
  const deps = {
    api: api(),
    findAttachment: (id: string) => Promise.resolve(join(folder, id)),
    clock: guideClock,
    random: () => 0,
    pause: () => Promise.resolve(),
    logger: silentLogger,
  }
  let message = empty()
  for await (const part of openSession(deps, request, signal)) message = fold(message, { atMs: 0, part })
  return message
}

const textOf = (message: AssistantMessage): string =>
  message.content.map((item) => (item.type === 'text' ? item.text : '')).join('')

test('R15 an answer of the Guide through a real session is complete', async () => {
  const message = await answer([asked('How do I connect a server?')])
  expect(message.state).toBe('complete')
  expect(message.error).toBeNull()
  expect(message.provider?.name).toBe('Guide')
  expect(textOf(message)).toContain('speaks the Backend API')
  expect(message.suggestions).toHaveLength(3)
})

test('R09 a stopped one is stopped', async () => {
  const message = await answer([asked('How do I connect a server?')], {}, AbortSignal.abort())
  expect(message.state).toBe('stopped')
})

test('a stored image goes through the session without being encoded, and is described', async () => {
  const attachment = {
    id: 'photo',
    name: 'beach.jpg',
    mime: 'image/jpeg' as const,
    bytes: photo.length,
    width: 4,
    height: 6,
    orientation: 6,
    hasLocation: true,
  }
  const text = textOf(await answer([asked('', [attachment])]))
  expect(text).toContain('**`beach.jpg`**')
  expect(text).toContain('JPEG, 4 × 6 pixels')
  expect(text).toContain('Carries a location')
})

test('a cut answer is continued through the session', async () => {
  const question = asked('What does Parley never store?')
  const whole = textOf(await answer([question]))
  const cut = { ...empty(), content: [{ type: 'text' as const, text: whole.slice(0, 100) }] }
  const rest = textOf(await answer([question, cut], { isContinuation: true }))
  expect(whole.slice(0, 100) + rest).toBe(whole)
})

test('“more” after an answer goes on', async () => {
  const question = asked('How do I connect a server?')
  const first = await answer([question])
  const second = await answer([question, first, asked('more')])
  expect(textOf(second)).toContain('More from the help page “Connect a server”')
})

test('a provider and a model of another server do no harm', async () => {
  const message = await answer([asked('How do I stop?')], { provider: 'DeepInfra', model: 'llama' })
  expect(message.state).toBe('complete')
})

test('version, providers and models are lists that the session’s own readers take', async () => {
  await expect(api().version()).resolves.toMatchObject({ version: '1' })
  expect((await api().providers()).map((provider) => provider.name)).toEqual(['Guide'])
  expect((await api().models('Guide')).map((model) => model.id)).toEqual(['built-in-pages'])
  expect([...(await api().modelLists())]).toEqual([['Guide', ['built-in-pages']]])
})
