import { useShallow } from 'zustand/react/shallow'
import { pathOf, type AssistantMessage } from '../../shared/conversation'
import { contentOf, turnsOf } from '../chat/turns'
import { showNewConversation } from '../store/conversations'
import { sendDraft } from '../store/sending'
import { conversationOf, useStore, type State } from '../store/state'

/** Opens the conversation in the main window, where it goes on; what stands in the field is asked first. */
export async function openInWindow(): Promise<void> {
  const { currentId } = useStore.getState()
  sendDraft(currentId)
  if (conversationOf(useStore.getState(), currentId) === null) return
  await untilStarted(currentId)
  // A question that could not be asked is back in the field, with the reason.
  if (conversationOf(useStore.getState(), currentId) === null) return
  const result = await window.parley.request['window.openConversation']({ conversationId: currentId })
  if (!result.ok) return
  startAnew()
  await hide()
}

/** Resolves when main knows the conversation, or has refused it. */
async function untilStarted(conversationId: string): Promise<void> {
  const isKnown = ({ conversations, refusals }: State) =>
    conversations.has(conversationId) || refusals.has(conversationId)
  if (isKnown(useStore.getState())) return
  await new Promise<void>((resolve) => {
    const unsubscribe = useStore.subscribe((state) => {
      if (!isKnown(state)) return
      unsubscribe()
      resolve()
    })
  })
}

export async function hide(): Promise<void> {
  await window.parley.request['quickAsk.hide']()
}

/** An empty quick question. The answer that is left goes on, and is in the main window's list. */
export function startAnew(): void {
  showNewConversation()
}

/** The last answer of the conversation; null before the first. */
export function useLastAnswer(conversationId: string): AssistantMessage | null {
  return useStore((state) => {
    const conversation = conversationOf(state, conversationId)
    const last = conversation === null ? undefined : pathOf(conversation).at(-1)
    return last?.role === 'assistant' ? last : null
  })
}

/** Whether the answer on show is being written. */
export function useIsRunning(conversationId: string): boolean {
  return useLastAnswer(conversationId)?.state === 'running'
}

/** The questions of the conversation so far: how many, and the words of the first, or the names of its images. */
export function useQuestions(conversationId: string): { count: number; first: string } {
  return useStore(
    useShallow((state) => {
      const conversation = conversationOf(state, conversationId)
      const path = conversation === null ? [] : pathOf(conversation)
      const questions = path.flatMap((message) => (message.role === 'user' ? [message] : []))
      const first = questions[0]
      const names = first?.attachments.map(({ name }) => name).join(', ') ?? ''
      return { count: questions.length, first: first === undefined || first.text === '' ? names : first.text }
    }),
  )
}

/** The markdown of the last answer; empty while there is none. */
export function lastAnswerText(conversationId: string): string {
  const conversation = conversationOf(useStore.getState(), conversationId)
  const turn = conversation === null ? undefined : turnsOf(conversation).findLast(({ kind }) => kind === 'answer')
  if (turn?.kind !== 'answer') return ''
  return contentOf(turn.messages)
    .map((item) => (item.type === 'text' ? item.text : ''))
    .join('')
    .trim()
}
