import { act } from 'react'
import { vi } from 'vitest'
import { initialState, useStore } from '../../../src/renderer/store/state'
import { initialWireState, useWire } from '../../../src/renderer/wire/state'
import { initialTrashState, useTrash } from '../../../src/renderer/trash/state'
import type {
  StartGeneration,
  StoredDraft,
  TrashedConversation,
  WireRecording,
  WireRow,
} from '../../../src/shared/contract'
import {
  emptyAnswer,
  fold,
  pathOf,
  summarize,
  type Conversation,
  type GenerationEvent,
  type Part,
} from '../../../src/shared/conversation'
import type { AppError } from '../../../src/shared/errors'
import { newBackendProfile, type BackendView, type Settings } from '../../../src/shared/settings'

const view = (id: string, name: string, isBuiltIn: boolean): BackendView => ({
  profile: newBackendProfile(id, name, isBuiltIn ? 'guide://local' : 'http://127.0.0.1:1'),
  isBuiltIn,
  apiKey: { kind: 'unset' },
  headerSecrets: {},
  providerKeys: [],
  proxyPassword: { kind: 'unset' },
  status: { kind: 'connected', atMs: 0 },
})

/** What went over the wire for an answer, as a test makes it up. */
export interface StandInRecording {
  recording: WireRecording
  rows: WireRow[]
  parts: { atMs: number; part: Part }[]
}

/** A recording of whole events with these times, types and gists; it has ended with the last of them. */
export function newRecording(
  id: string,
  messageId: string | null,
  events: readonly (readonly [atMs: number, type: string, gist: string])[],
  parts: StandInRecording['parts'] = [],
): StandInRecording {
  return {
    recording: {
      id,
      messageId,
      startedAt: new Date(2026, 2, 4, 14, 2).getTime(),
      request: {
        method: 'POST',
        host: 'chat.home.lan',
        path: '/backend-api/v2/conversation',
        headers: [
          { name: 'authorization', value: 'Bearer ••••a1b2' },
          { name: 'content-type', value: 'application/json' },
        ],
        body: '{\n  "messages": []\n}',
        bodyBytes: 2150,
        via: null,
      },
      response: { status: 200, headers: [{ name: 'content-type', value: 'text/event-stream' }] },
      end: { atMs: events.at(-1)?.[0] ?? 0, error: null },
      events: events.length,
      bytes: 1000,
      isCut: false,
      earlierTries: 0,
    },
    rows: events.map(([atMs, type, gist], index) => ({ index, atMs, type, bytes: gist.length, gist })),
    parts,
  }
}

/** As many rows as `wire.rows` gives at most. */
const ROWS_AT_ONCE = 1000

/**
 * A main process of a few lines behind `window.parley`: it keeps conversations, starts what is asked, and tells what the
 * test makes of it. Events reach the store once a frame, as in a window.
 */
export function startMain(change: Partial<Settings> = {}) {
  const listeners = new Map<string, Set<(payload: unknown) => void>>()
  const calls: { name: string; payload: unknown }[] = []
  const kept = new Map<string, Conversation>()
  const trashed = new Map<string, Conversation>()
  const drafts = new Map<string, StoredDraft>()
  const refusals: AppError[] = []
  const recordings = new Map<string, StandInRecording>()
  let picked: StandInRecording | null = null
  const told = new Map<string, AppError>()
  let run: { request: StartGeneration; seq: number } | null = null
  let settings: Settings = { ...initialState().settings, activeBackendId: 'home', ...change }
  const backends = [view('guide', 'Guide', true), view('home', 'Home server', false)]

  const emit = (name: string, payload: unknown): void => listeners.get(name)?.forEach((listener) => listener(payload))
  const tell = (id: string): void => {
    const conversation = kept.get(id)
    if (conversation !== undefined) emit('conversation.changed', [{ kind: 'upsert', summary: summarize(conversation) }])
  }
  const foldKept = (events: readonly GenerationEvent[]): void => {
    for (const event of events) {
      const conversation = kept.get(event.conversationId)
      if (conversation === undefined) continue
      const messages = conversation.messages.map((message) =>
        message.id === event.messageId && message.role === 'assistant' ? fold(message, event) : message,
      )
      kept.set(event.conversationId, { ...conversation, messages })
    }
  }

  const recorded = (id: string): StandInRecording => {
    const found = recordings.get(id)
    if (found === undefined) throw notFound()
    return found
  }

  const begin = (request: StartGeneration) => {
    const { conversationId, question, answerId: id, generationId, backendId, provider, model } = request
    const made = { ...newConversation(conversationId, 'home'), isTemporary: request.isTemporary }
    const before = kept.get(conversationId) ?? made
    const asked =
      question.kind === 'new'
        ? [
            {
              role: 'user' as const,
              id: question.messageId,
              parentId: question.parentId,
              createdAt: Date.now(),
              text: question.text,
              attachments: [],
            },
          ]
        : []
    const parentId =
      question.kind === 'again'
        ? (pathOf({ headId: question.messageId, messages: before.messages }).findLast(({ role }) => role === 'user')
            ?.id ?? null)
        : question.messageId
    const answer = emptyAnswer({ id, parentId, createdAt: Date.now(), generationId, backendId, provider, model })
    const conversation = { ...before, headId: id, messages: [...before.messages, ...asked, answer] }
    kept.set(conversationId, conversation)
    run = { request, seq: 0 }
    tell(conversationId)
    return { conversation: summarize(conversation), question: asked[0] ?? null, answer }
  }

  const take = (id: string): Conversation => {
    const conversation = kept.get(id)
    if (conversation === undefined) throw notFound()
    kept.delete(id)
    emit('conversation.changed', [{ kind: 'remove', conversationId: id }])
    return conversation
  }
  const copy = (id: string, headId?: string) => {
    const conversation = kept.get(id)
    if (conversation === undefined) throw notFound()
    const made = { ...conversation, id: crypto.randomUUID(), headId: headId ?? conversation.headId }
    kept.set(made.id, made)
    tell(made.id)
    return summarize(made)
  }

  const answers: Record<string, (payload: never) => unknown> = {
    'app.boot': () => ({
      role: 'main',
      version: '0.1.0',
      electron: '33',
      platform: 'linux',
      locale: 'en',
      systemLocale: 'en',
      settings,
      backends,
      conversations: [...kept.values()].map(summarize),
      storage: { isSafe: true },
      globalShortcuts: { 'quick-ask': { kind: 'off' }, 'ask-region': { kind: 'off' } },
    }),
    'conversation.open': ({ conversationId }: { conversationId: string }) => {
      const conversation = kept.get(conversationId)
      if (conversation === undefined) throw notFound()
      return { conversation, running: [] }
    },
    'conversation.showMessage': ({ conversationId, messageId }: { conversationId: string; messageId: string }) => {
      const conversation = kept.get(conversationId)
      if (conversation === undefined) throw notFound()
      kept.set(conversationId, { ...conversation, headId: messageId })
      return { conversation: { ...conversation, headId: messageId }, running: [] }
    },
    'conversation.trash': ({ conversationId }: { conversationId: string }) => {
      trashed.set(conversationId, take(conversationId))
    },
    'conversation.restore': ({ conversationId }: { conversationId: string }) => {
      const conversation = trashed.get(conversationId)
      if (conversation === undefined) throw notFound()
      trashed.delete(conversationId)
      kept.set(conversationId, conversation)
      tell(conversationId)
      return { conversationId }
    },
    'conversation.duplicate': ({ conversationId }: { conversationId: string }) => copy(conversationId),
    'conversation.branch': ({ conversationId, messageId }: { conversationId: string; messageId: string }) =>
      copy(conversationId, messageId),
    'conversation.keep': ({ conversationId }: { conversationId: string }) => {
      const conversation = kept.get(conversationId)
      if (conversation === undefined) throw notFound()
      kept.set(conversationId, { ...conversation, isTemporary: false })
      tell(conversationId)
    },
    'conversation.discard': ({ conversationId }: { conversationId: string }) => {
      take(conversationId)
    },
    'transfer.state': () => null,
    'trash.list': () =>
      [...trashed.values()].map((conversation): TrashedConversation => ({
        file: `${conversation.id}.1.json`,
        summary: summarize(conversation),
        messages: pathOf(conversation).length,
        images: 0,
        deletedAt: Date.now() - 3_600_000,
        expiresAt: Date.now() + 30 * 86_400_000 - 3_600_000,
      })),
    'trash.read': ({ file }: { file: string }) => ({
      messages: [
        { who: null, text: `Words of ${file.replace(/\.1\.json$/u, '')}` },
        { who: 'Lab', text: 'An answer' },
      ],
      left: 3,
    }),
    'trash.delete': ({ files }: { files: string[] }) => {
      for (const file of files) trashed.delete(file.replace(/\.1\.json$/u, ''))
    },
    'attachment.pick': () => [],
    'capture.blocker': () => null,
    'prompt.list': () => [],
    'conversation.export': () => null,
    'draft.list': () => [...drafts.values()],
    'draft.set': (draft: StoredDraft) => {
      if (draft.text === '' && draft.attachments.length === 0 && draft.editing === undefined) drafts.delete(draft.key)
      else drafts.set(draft.key, draft)
    },
    'generation.start': begin,
    'generation.stop': () => {
      finish('stopped')
    },
    'wire.open': ({ messageId }: { messageId: string }) =>
      [...recordings.values()].findLast((each) => each.recording.messageId === messageId)?.recording ?? null,
    'wire.openFile': () => {
      if (picked !== null) recordings.set(picked.recording.id, picked)
      return picked?.recording ?? null
    },
    'wire.rows': ({ recordingId, from }: { recordingId: string; from: number }) => {
      const { recording, rows } = recorded(recordingId)
      return { recording, rows: rows.slice(from, from + ROWS_AT_ONCE) }
    },
    'wire.event': ({ recordingId, index }: { recordingId: string; index: number }) => {
      const row = recorded(recordingId).rows[index]
      return { json: JSON.stringify({ type: row?.type, content: row?.gist }) }
    },
    'wire.replay': ({ recordingId }: { recordingId: string }) => ({ parts: recorded(recordingId).parts }),
    'wire.curl': () => ({ command: "curl -H 'authorization: Bearer ••••a1b2' https://chat.home.lan" }),
    'wire.save': () => ({ isSaved: true }),
    'backend.setSecret': () => ({ kind: 'set', tail: 'a1b2', origin: 'http://127.0.0.1:1', kept: 'keychain' }),
    'backend.catalogue': () => ({ providers: [], isStale: false }),
    'backend.discover': () => [{ url: 'http://localhost:1337', providers: 38 }],
    'settings.set': (next: Partial<Settings>) => {
      settings = { ...settings, ...next }
      emit('settings.changed', settings)
      return settings
    },
  }
  const parley = {
    platform: 'linux',
    role: 'main',
    request: new Proxy(
      {},
      {
        get: (_, name: string) => async (payload: never) => {
          calls.push({ name, payload })
          const error = told.get(name)
          if (error !== undefined) return { ok: false, error }
          if (name === 'generation.start') {
            const refusal = refusals.shift()
            if (refusal !== undefined) return { ok: false, error: refusal }
          }
          try {
            return { ok: true, value: await answers[name]?.(payload) }
          } catch {
            return { ok: false, error: { code: 'not-found', what: 'conversation' } }
          }
        },
      },
    ),
    on: new Proxy(
      {},
      {
        get: (_, name: string) => (listener: (payload: unknown) => void) => {
          listeners.set(name, (listeners.get(name) ?? new Set()).add(listener))
          return () => listeners.get(name)?.delete(listener)
        },
      },
    ),
    attach: async (files: readonly File[]) => ({
      ok: true,
      value: files.map(({ name }) => ({
        ok: false,
        name,
        error: { code: 'attachment', reason: 'format', name, format: 'TIFF', limit: null },
      })),
    }),
  }

  const numbered = (...parts: Part[]): GenerationEvent[] => {
    const present = run
    if (present === null) throw new Error('nothing was asked')
    const { generationId, conversationId, answerId: messageId } = present.request
    const events = parts.map((part) => {
      present.seq += 1
      return { generationId, conversationId, messageId, seq: present.seq, atMs: present.seq * 10, part }
    })
    foldKept(events)
    return events
  }
  const finish = (state: 'complete' | 'stopped' | 'failed', error: AppError | null = null): void => {
    const present = run
    if (present === null) return
    emit('generation.event', numbered({ type: 'finish', state, error }))
    run = null
    tell(present.request.conversationId)
  }

  vi.stubGlobal('parley', parley)
  useStore.setState(initialState(), true)
  useWire.setState(initialWireState(), true)
  useTrash.setState(initialTrashState(), true)
  return {
    /** What main has of unsent words, by key. */
    drafts: () => Object.fromEntries([...drafts].map(([key, { text }]) => [key, text])),
    /** Words that are kept from an earlier run. */
    draft: (
      key: string,
      text: string,
      attachments: StoredDraft['attachments'] = [],
      more: Pick<StoredDraft, 'editing' | 'filling'> = {},
    ) => void drafts.set(key, { key, text, attachments, changedAt: 1, ...more }),
    keep: (conversation: Conversation) => void kept.set(conversation.id, conversation),
    named: (name: string) => calls.filter((call) => call.name === name).map(({ payload }) => payload),
    asked: () =>
      calls.filter(({ name }) => name === 'generation.start').map(({ payload }) => payload as StartGeneration),
    /** What `wire.*` knows from now on; a later one of the same id takes its place. */
    record: (recording: StandInRecording) => void recordings.set(recording.recording.id, recording),
    /** What the person picks when asked for a recording. */
    pick: (recording: StandInRecording | null) => {
      picked = recording
    },
    /** Makes a request fail, until it is told otherwise. */
    refuse: (name: string, error: AppError | null) => {
      if (error === null) told.delete(name)
      else told.set(name, error)
    },
    /** Makes a request answer something else. */
    answer: (name: string, make: (payload: never) => unknown) => {
      answers[name] = make
    },
    refuseNext: (error: AppError) => void refusals.push(error),
    emit,
    numbered,
    /** Says something and lets the window draw it. */
    say: (...parts: Part[]) => settle(() => emit('generation.event', numbered(...parts))),
    finish: (...how: Parameters<typeof finish>) => settle(() => finish(...how)),
  }
}

/** Does something, and lets frames, timers and answers of main go through. */
export async function settle(doing: () => unknown = () => undefined): Promise<void> {
  await act(async () => {
    await doing()
    // Turn by turn: on a busy machine one long timer is due at once with all that it should wait for.
    for (let turn = 0; turn < 14; turn += 1) await new Promise((resolve) => setTimeout(resolve, 10))
  })
}

export function newConversation(id: string, backendId: string): Conversation {
  return {
    version: 1,
    id,
    title: `Title of ${id}`,
    titleSource: 'person',
    createdAt: Date.now(),
    updatedAt: Date.now(),
    origin: 'window',
    isPinned: false,
    isUnread: false,
    backendId,
    provider: null,
    model: null,
    headId: null,
    messages: [],
  }
}

function notFound(): Error {
  return new Error('not found')
}
