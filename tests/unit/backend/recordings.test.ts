import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { BackendApi } from '../../../src/main/backend/api'
import { foldRecording } from '../../support/fold-recording'
import { readRecording, recordingNames, replay, type Recording } from '../../support/recordings'

// Each file of `folded/` was compared with its recording by eye, and once by a program of its own. A change in one of them
// is a change in what people see: look at the recording before you write a new one.
const folded = resolve(import.meta.dirname, '../../fixtures/transcripts/folded')
const recordings = recordingNames.map(readRecording)
const conversations = recordings.filter(({ request }) => request.path === '/backend-api/v2/conversation')

function expected(recording: Recording): unknown {
  return JSON.parse(readFileSync(resolve(folded, `${recording.name}.json`), 'utf8'))
}

function recorded(name: string): BackendApi {
  return new BackendApi({ url: 'http://recorded.invalid', transport: replay(readRecording(name)) })
}

test('every recording is there', () => {
  expect(recordings).toHaveLength(60)
  expect(conversations).toHaveLength(48)
})

describe('R15 what a recorded answer leaves in the conversation', () => {
  test.each(conversations.map((recording) => [recording.name, recording] as const))('%s', async (_, recording) => {
    expect(await foldRecording(recording)).toEqual(expected(recording))
  })
})

describe('R19 the same when the bytes come one by one', () => {
  test.each(conversations.map((recording) => [recording.name, recording] as const))('%s', async (_, recording) => {
    expect(await foldRecording(recording, [1])).toEqual(expected(recording))
  })
})

describe('R19 the same when they are split at random', () => {
  test.each(conversations.map((recording) => [recording.name, recording] as const))('%s', async (_, recording) => {
    const pieces = fc.array(fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 2000 })), {
      minLength: 5,
      maxLength: 60,
    })
    await fc.assert(
      fc.asyncProperty(pieces, async (pieceBytes) => {
        expect(await foldRecording(recording, pieceBytes)).toEqual(expected(recording))
      }),
      { numRuns: 20, seed: 19 },
    )
  })
})

describe('S41 what belongs to other people stays out', () => {
  test.each(conversations.map((recording) => [recording.name, recording] as const))('%s', async (_, recording) => {
    const kept = JSON.stringify(await foldRecording(recording))
    for (const echo of [
      'x-request-id',
      'chatcmpl-stub',
      'x-ratelimit',
      'log line',
      'Attempting provider',
      'debug.log',
    ]) {
      expect(kept).not.toContain(echo)
    }
  })
})

describe('recorded lists', () => {
  test('version', async () => {
    expect(await recorded('version-cached').version()).toEqual({ version: '8.1.7', latestVersion: '8.1.7' })
  })

  test('providers', async () => {
    const providers = await recorded('providers').providers()
    expect(providers).toHaveLength(67)
    expect(providers[0]).toEqual({
      name: 'AnyProvider',
      label: 'AnyProvider',
      parent: null,
      needsKey: false,
      loginUrl: null,
      hasVision: false,
      makes: ['image', 'audio', 'video'],
    })
    expect(providers.find(({ name }) => name === 'Anthropic')).toMatchObject({ label: 'Anthropic API', needsKey: true })
    expect(providers.filter(({ parent }) => parent === 'HuggingSpace').length).toBeGreaterThan(1)
  })

  test('models of the automatic choice, in groups', async () => {
    const models = await recorded('models-AnyProvider').models('AnyProvider')
    expect(models[0]).toEqual({
      id: 'default',
      label: 'default',
      isDefault: true,
      hasVision: false,
      makes: [],
      group: 'Default',
    })
    expect(models.find(({ id }) => id === 'gpt-4o-mini')).toMatchObject({ group: 'OpenAI: ChatGPT', isDefault: false })
    expect(new Set(models.map(({ id }) => id)).size).toBe(models.length)
    expect(models.length).toBeGreaterThan(100)
  })

  test('models of one provider', async () => {
    expect(await recorded('models-Custom').models('Custom')).toMatchObject([
      { id: 'plain', hasVision: false },
      { id: 'reason' },
      { id: 'echo', hasVision: true },
      { id: 'slow' },
      { id: 'flood' },
      { id: 'paint', group: null },
    ])
  })

  test('models of all providers', async () => {
    const lists = await recorded('models-all').modelLists()
    expect(lists.get('AIBadgr')).toEqual([])
    expect(lists.get('Antigravity')).toHaveLength(6)
    expect(lists.get('AnyProvider')?.slice(0, 2)).toEqual(['default', 'gpt-4'])
  })

  test('a provider that wants a key', async () => {
    await expect(recorded('models-needs-auth-OpenaiAPI').models('OpenaiAPI')).rejects.toMatchObject({
      error: { code: 'unauthorized', status: 401, message: 'MissingAuthError: API key is required.' },
    })
  })

  test('a path that is not there', async () => {
    await expect(recorded('unknown-path').version()).rejects.toMatchObject({
      error: { code: 'http', status: 404, message: null },
    })
  })

  test.each(['chat-get', 'files-get', 'files-upload', 'files-stream', 'thumbnail-get'])(
    '%s is not taken for a list',
    async (name) => {
      await expect(recorded(name).version()).rejects.toMatchObject({ error: { code: 'not-a-stream', status: 200 } })
      await expect(recorded(name).providers()).rejects.toMatchObject({ error: { code: 'not-a-stream', status: 200 } })
    },
  )

  test('R17 a stream of something else gives no answer, and says how much of it made no sense', async () => {
    expect(await foldRecording(readRecording('files-stream'))).toEqual({
      state: 'failed',
      error: { code: 'empty-answer' },
      status: { phase: 'waiting' },
      oddities: { unknown: {}, malformed: 8 },
    })
  })
})
