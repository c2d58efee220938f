import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import * as v from 'valibot'
import { afterEach, describe, expect, it } from 'vitest'
import { chatSettingsSchema, parametersOf } from '../../../src/main/chat-settings'
import { readConversation, writeConversation } from '../../../src/main/library/schema'
import { branchOf, duplicateOf } from '../../../src/main/library/tree'
import { newConversation } from '../../../src/main/question'
import { portable } from '../../../src/main/transfer/portable'
import {
  DEFAULT_CHAT_SETTINGS,
  withChatSettings,
  type ChatSettings,
  type Conversation,
} from '../../../src/shared/conversation'
import { newBackendProfile } from '../../../src/shared/settings'

import { askBackend, openBackends } from '../../support/backends'
import { conversationOf, startOf } from '../../support/conversation-samples'
import { startScenarioServer, type ScenarioServer } from '../../support/scenario-server'
import { libraryOn, temporaryFolder } from '../../support/temporary-library'

const some: ChatSettings = {
  system: 'You help one person run a small home server.',
  temperature: 0.7,
  maxTokens: 900,
  parameters: '{\n  "top_p": 0.9,\n  "seed": 42\n}',
  webSearch: true,
}
const settings = (change: Partial<ChatSettings>): ChatSettings => ({ ...DEFAULT_CHAT_SETTINGS, ...change })

let server: ScenarioServer | null = null
afterEach(async () => {
  await server?.close()
  server = null
})

/** The body of one question with these settings, to a backend with these parameters. */
async function sentWith(change: Partial<ChatSettings>, parameters = ''): Promise<Record<string, unknown>> {
  server ??= await startScenarioServer()
  const { backends } = openBackends()
  await backends.save({ ...newBackendProfile('home', 'Home', server.url), parameters })
  const parts = await askBackend(backends, 'home', { text: 'Why?', model: 'plain', settings: change })
  expect(parts.at(-1)).toMatchObject({ type: 'finish', state: 'complete' })
  return JSON.parse(server.conversations().at(-1)?.body ?? '{}') as Record<string, unknown>
}

describe('on the wire', () => {
  it('nothing is added by default', async () => {
    const body = await sentWith({})
    expect(Object.keys(body).sort()).toEqual(['messages', 'model', 'timeout'])
    expect(body.messages).toEqual([{ role: 'user', content: 'Why?' }])
  })

  it('the system prompt is the first message, as it was typed; one of spaces is none', async () => {
    const { messages } = await sentWith({ system: '  Give the exact command.\nThen why.\n' })
    expect(messages).toEqual([
      { role: 'system', content: '  Give the exact command.\nThen why.\n' },
      { role: 'user', content: 'Why?' },
    ])
    expect((await sentWith({ system: ' \n' })).messages).toEqual([{ role: 'user', content: 'Why?' }])
  })

  it('values go over those of the backend, and JSON over both', async () => {
    const ofBackend = '{"temperature": 0.1, "top_p": 0.5, "stop": ["x"]}'
    expect(await sentWith({ ...some, webSearch: null }, ofBackend)).toMatchObject({
      temperature: 0.7,
      max_tokens: 900,
      top_p: 0.9,
      seed: 42,
      stop: ['x'],
    })
    expect(await sentWith({ temperature: 0.7, parameters: '{"temperature": 1.5}' }, ofBackend)).toMatchObject({
      temperature: 1.5,
    })
  })

  it('web_search is what the switch says, else what the parameters say', async () => {
    expect(await sentWith({ webSearch: true })).toMatchObject({ web_search: true })
    expect(await sentWith({ webSearch: false }, '{"web_search": true}')).not.toHaveProperty('web_search')
    expect(await sentWith({ webSearch: null }, '{"web_search": "query"}')).toMatchObject({ web_search: 'query' })
  })

  it('what Parley says itself cannot be said by a conversation', async () => {
    expect(parametersOf(settings({ parameters: '{"messages": [], "seed": 1}' }), { top_p: 1 })).toEqual({ top_p: 1 })
    expect(v.is(chatSettingsSchema, settings({ parameters: '{"messages": []}' }))).toBe(false)
  })
})

describe('what a page may set', () => {
  it.each<[string, object]>([
    ['bad JSON', { parameters: '{"a": 1,}' }],
    ['a list', { parameters: '[1]' }],
    ['a temperature above 2', { temperature: 2.1 }],
    ['half a token', { maxTokens: 0.5 }],
    ['no token', { maxTokens: 0 }],
    ['a system prompt without end', { system: 'x'.repeat(100_001) }],
    ['another field', { api_key: 'k' }],
  ])('is not %s (S16)', (_, change) => {
    expect(v.is(chatSettingsSchema, { ...DEFAULT_CHAT_SETTINGS, ...change })).toBe(false)
  })
})

describe('in the file of a conversation', () => {
  const asked = conversationOf(randomUUID(), [['Why?', 'So.']])
  const read = (conversation: object): Conversation | null => {
    const text = JSON.stringify({ ...conversation, version: 1 })
    const found = readConversation(asked.id, text)
    return found.kind === 'read' ? found.conversation : null
  }

  it('a file of an earlier version has none, and is read as it was (R38)', () => {
    expect(read(asked)).toEqual(asked)
    expect(read(asked)).not.toHaveProperty('settings')
  })

  it('they come back as they were, and are not there while they are the defaults', () => {
    const set = withChatSettings(asked, some)
    expect(readConversation(asked.id, writeConversation(set))).toMatchObject({ conversation: { settings: some } })
    expect(withChatSettings(set, DEFAULT_CHAT_SETTINGS)).toEqual(asked)
  })

  it('what cannot be read of them is the default, and costs nothing else (R04)', () => {
    const kept = { ...asked, settings: { ...some, temperature: 'hot', parameters: '{', webSearch: 1, more: true } }
    expect(read(kept)).toEqual({
      ...asked,
      settings: { ...some, temperature: null, parameters: '', webSearch: null },
    })
    expect(read({ ...asked, settings: 'none' })).toEqual({ ...asked, settings: DEFAULT_CHAT_SETTINGS })
  })

  it('copies, branches and what leaves this computer have them', () => {
    const set = withChatSettings(asked, some)
    expect(duplicateOf(set, 1).settings).toEqual(some)
    expect(branchOf(set, set.messages[0]?.id ?? '', 1).settings).toEqual(some)
    expect(portable({ ...set, isTemporary: true }).settings).toEqual(some)
  })

  it('a new conversation begins with those of its request, a temporary one too', async () => {
    const request = { ...startOf(randomUUID()), settings: some, isTemporary: true }
    expect(newConversation(request, 1)).toMatchObject({ settings: some, isTemporary: true })
    expect(newConversation({ ...request, settings: DEFAULT_CHAT_SETTINGS }, 1)).not.toHaveProperty('settings')
    const root = await temporaryFolder()
    const library = libraryOn(root)
    await library.recover()
    await library.create(withChatSettings(asked, some))
    await library.flush()
    expect(JSON.parse(await readFile(library.pathOf(asked.id), 'utf8'))).toMatchObject({ settings: some })
  })
})
