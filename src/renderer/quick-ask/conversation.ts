import { useEffect } from 'react'
import { useShallow } from 'zustand/react/shallow'
import { pathOf, type AssistantMessage } from '../../shared/conversation'
import { contentOf, turnsOf } from '../chat/turns'
import { showNewConversation } from '../store/conversations'
import { discardConversation } from '../store/deletion'
import { blockerOf, changeDraft, giveBack, readyAttachments } from '../store/drafts'
import { sendDraft } from '../store/sending'
import { conversationOf, EMPTY_DRAFT, useStore, type State } from '../store/state'

/** Opens the conversation in the main window, where it goes on; what stands in the field is asked first. */
export async function openInWindow(): Promise<void> {
  const { currentId, drafts } = useStore.getState()
  const blocker = blockerOf(drafts.get(currentId) ?? EMPTY_DRAFT)
  // What cannot be asked as it stands would be left behind: it stays, and the footer says why.
  if (!sendDraft(currentId) && blocker !== 'empty') return
  if (conversationOf(useStore.getState(), currentId) === null) return
  await untilStarted(currentId)
  // A question that could not be asked is back in the field, with the reason.
  if (conversationOf(useStore.getState(), currentId) === null) return
  const result = await window.parley.request['window.openConversation']({ conversationId: currentId })
  if (!result.ok) return
  // It goes on there: nothing of it is left behind here.
  showNewConversation()
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

/**
 * Another quick question, of the words that stand unsent in the field. The answer that is left goes on, and is in the main
 * window's list; one that is not kept ends here, with its answer.
 */
export function startAnew(): void {
  const { currentId, conversations } = useStore.getState()
  const conversation = conversations.get(currentId)
  leaveAnswer()
  const left = useStore.getState().drafts.get(currentId)
  if (left === undefined || conversation === undefined) return
  changeDraft(currentId, () => EMPTY_DRAFT)
  // Files of a conversation that is not kept end with it; one that is still being added belongs to where it was dropped.
  giveBack(useStore.getState().currentId, left.text, conversation.isTemporary ? [] : readyAttachments(left))
}

function leaveAnswer(): void {
  const { currentId, conversations } = useStore.getState()
  const isUnkept = conversations.get(currentId)?.isTemporary === true
  showNewConversation()
  if (isUnkept) void discardConversation(currentId)
}

/** How long a question that is not kept stays in a window that nobody looks at. */
const UNKEPT_MS = 10 * 60_000
/** Until it is looked again whether its answer has ended. */
const RUNNING_MS = 60_000

/** What is not kept does not wait for ever: it ends some time after the window has been hidden, never under an answer. */
export function useForgetting(): void {
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    const forget = (): void => {
      const { currentId, conversations } = useStore.getState()
      const conversation = conversations.get(currentId)
      if (conversation?.isTemporary !== true) return
      if (conversation.isRunning) timer = setTimeout(forget, RUNNING_MS)
      else leaveAnswer()
    }
    const follow = (): void => {
      clearTimeout(timer)
      if (document.hidden) timer = setTimeout(forget, UNKEPT_MS)
    }
    document.addEventListener('visibilitychange', follow)
    return () => {
      clearTimeout(timer)
      document.removeEventListener('visibilitychange', follow)
    }
  }, [])
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
