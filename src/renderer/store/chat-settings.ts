import { withChatSettings, type ChatSettings } from '../../shared/conversation'
import { loadThread } from './conversations'
import { backendOf, chatSettingsOf, choiceOf, conversationOf, useStore, withEntry, type State } from './state'

/** From the last key to the file: a conversation of megabytes is not written with every letter. */
const WRITE_AFTER_MS = 400

/** Conversations whose settings main does not have yet. */
const waiting = new Map<string, ReturnType<typeof setTimeout>>()
const writing = new Map<string, Promise<void>>()

/** Changes the settings of a chat, from its next message on; of a new one as long as it is one. */
export function changeChatSettings(conversationId: string, change: Partial<ChatSettings>): void {
  const state = useStore.getState()
  const settings = { ...chatSettingsOf(state, conversationId), ...change }
  const conversation = conversationOf(state, conversationId)
  const newChat = state.newChats.get(conversationId)
  if (conversation === null) {
    if (newChat === undefined) return
    useStore.setState(({ newChats }) => ({ newChats: withEntry(newChats, conversationId, { ...newChat, settings }) }))
    return
  }
  useStore.setState(({ threads }) => ({
    threads: withEntry(threads, conversationId, {
      status: 'ready',
      conversation: withChatSettings(conversation, settings),
    }),
  }))
  clearTimeout(waiting.get(conversationId))
  waiting.set(
    conversationId,
    setTimeout(() => void flushChatSettings(conversationId), WRITE_AFTER_MS),
  )
}

/** Resolves when main has the settings of a chat as they stand here, or has refused them. */
export async function flushChatSettings(conversationId: string): Promise<void> {
  const timer = waiting.get(conversationId)
  if (timer !== undefined) {
    clearTimeout(timer)
    waiting.delete(conversationId)
    const before = writing.get(conversationId) ?? Promise.resolve()
    const settings = chatSettingsOf(useStore.getState(), conversationId)
    const written = before.then(() => write(conversationId, settings))
    writing.set(conversationId, written)
    void written.then(() => {
      if (writing.get(conversationId) === written) writing.delete(conversationId)
    })
  }
  await writing.get(conversationId)
}

async function write(conversationId: string, settings: ChatSettings): Promise<void> {
  const result = await window.parley.request['conversation.setSettings']({ conversationId, settings })
  if (result.ok) return
  // What is shown is what main has, and the composer says why.
  useStore.setState(({ refusals }) => ({ refusals: withEntry(refusals, conversationId, result.error) }))
  await loadThread(conversationId)
}

/** Whether the next question asks for a look at the web: as the chat says, else as its parameters or the backend's do. */
export function searchesWeb(state: State, conversationId: string): boolean {
  const { webSearch, parameters } = chatSettingsOf(state, conversationId)
  const profile = backendOf(state, choiceOf(state, conversationId).backendId)?.profile
  return webSearch ?? webSearchIn(parameters) ?? webSearchIn(profile?.parameters ?? '') ?? false
}

function webSearchIn(parameters: string): boolean | null {
  if (!parameters.includes('web_search')) return null
  try {
    const value: unknown = JSON.parse(parameters)
    return typeof value === 'object' && value !== null && 'web_search' in value ? Boolean(value.web_search) : null
  } catch {
    return null
  }
}
