import { MAX_QUESTION_TEXT } from '../../shared/contract'
import type { AttachmentInfo } from '../../shared/conversation'
import { isEmptySlot } from '../../shared/prompts'
import { chipOf, EMPTY_DRAFT, useStore, withEntry, type Draft } from './state'

/** Changes what stands in a composer. */
export function changeDraft(conversationId: string, change: (draft: Draft) => Draft): void {
  useStore.setState(({ drafts }) => {
    const before = drafts.get(conversationId) ?? EMPTY_DRAFT
    const changed = change(before)
    // Who changes the text and says nothing of its slots has moved them to nobody knows where.
    const isLost = changed.filling === before.filling && changed.text !== before.text
    const { filling: _filling, ...plain } = changed
    const next = isLost ? plain : changed
    const isEmpty = next.text === '' && next.chips.length === 0 && (next.quotes ?? []).length === 0
    return { drafts: withEntry(drafts, conversationId, isEmpty ? undefined : next) }
  })
}

/** Puts a message back that could not go, before what was written since: nothing is lost. */
export function giveBack(conversationId: string, text: string, attachments: readonly AttachmentInfo[]): void {
  changeDraft(conversationId, (draft) => ({
    ...draft,
    text: [text, draft.text].filter((part) => part !== '').join('\n\n'),
    chips: [...attachments.map(chipOf), ...draft.chips],
  }))
}

/** The attachments of a draft that can be sent. */
export function readyAttachments(draft: Draft): AttachmentInfo[] {
  return draft.chips.flatMap((chip) => (chip.kind === 'ready' ? [chip.attachment] : []))
}

/** Why a draft cannot be sent now; null when it can. */
export function blockerOf(draft: Draft): 'empty' | 'adding' | 'refused' | 'slots' | 'long' | null {
  if (excessOf(draft) > 0) return 'long'
  if (draft.chips.some(({ kind }) => kind === 'adding')) return 'adding'
  if (draft.chips.some(({ kind }) => kind === 'refused')) return 'refused'
  if (emptySlotsOf(draft) > 0) return 'slots'
  return draft.text.trim() === '' && draft.chips.length === 0 ? 'empty' : null
}

/** By how many characters a draft is longer than one message can be. */
export function excessOf({ text }: Draft): number {
  return Math.max(0, text.length <= MAX_QUESTION_TEXT ? 0 : text.trim().length - MAX_QUESTION_TEXT)
}

/** Moves what is too much for one message to the clipboard; the draft stays as it is when that refuses. */
export async function cutExcess(conversationId: string): Promise<void> {
  const draft = useStore.getState().drafts.get(conversationId) ?? EMPTY_DRAFT
  const text = draft.text.trimStart()
  // Not within a pair of surrogates.
  const isPair = /[\uD800-\uDBFF]/u.test(text.charAt(MAX_QUESTION_TEXT - 1))
  const end = MAX_QUESTION_TEXT - (isPair ? 1 : 0)
  await navigator.clipboard.writeText(text.slice(end))
  changeDraft(conversationId, (now) => (now.text === draft.text ? { ...now, text: text.slice(0, end) } : now))
}

/** How many slots of its prompt nothing stands in yet. */
export function emptySlotsOf({ filling, text }: Draft): number {
  return filling?.slots.filter((slot) => isEmptySlot(slot, text)).length ?? 0
}
