import { act } from 'react'
import { vi } from 'vitest'
import { initialState, useStore } from '../../../src/renderer/store/state'
import type { StartGeneration } from '../../../src/shared/contract'
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
})

/**
 * A main process of a few lines behind `window.parley`: it keeps conversations, starts what is asked, and tells what the
 * test makes of it. Events reach the store once a frame, as in a window.
 */
export function startMain(change: Partial<Settings> = {}) {
  const listeners = new Map<string, Set<(payload: unknown) => void>>()
  const calls: { name: string; payload: unknown }[] = []
  const kept = new Map<string, Conversation>()
  const refusals: AppError[] = []
  let run: { request: StartGeneration; seq: number } | null = null
  let settings: Settings = { ...initialState().settings, activeBackendId: 'home', ...change }
  const backends = [view('guide', 'Guide', true), view('home', 'Home server', false)]

  const emit = (name: string, payload: unknown): void => listeners.get(name)?.forEach((listener) => listener(payload))
  const tell = (id: string): void => {
    const conversation = kept.get(id)
    if (conversation !== undefined) emit('conversation.changed', { kind: 'upsert', summary: summarize(conversation) })
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

  const begin = (request: StartGeneration) => {
    const { conversationId, question, answerId: id, generationId, backendId, provider, model } = request
    const before = kept.get(conversationId) ?? newConversation(conversationId, 'home')
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
      shortcut: { kind: 'off' },
    }),
    'conversation.open': ({ conversationId }: { conversationId: string }) => {
      const conversation = kept.get(conversationId)
      if (conversation === undefined) throw notFound()
      return { conversation, running: [] }
    },
    'generation.start': begin,
    'generation.stop': () => {
      finish('stopped')
    },
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
          if (name === 'generation.start') {
            const refusal = refusals.shift()
            if (refusal !== undefined) return { ok: false, error: refusal }
          }
          try {
            return { ok: true, value: answers[name]?.(payload) }
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
  return {
    keep: (conversation: Conversation) => void kept.set(conversation.id, conversation),
    named: (name: string) => calls.filter((call) => call.name === name).map(({ payload }) => payload),
    asked: () =>
      calls.filter(({ name }) => name === 'generation.start').map(({ payload }) => payload as StartGeneration),
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
    await new Promise((resolve) => setTimeout(resolve, 140))
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
