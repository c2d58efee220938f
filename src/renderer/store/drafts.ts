import type { AddedAttachment } from '../../shared/contract'
import type { AttachmentInfo } from '../../shared/conversation'
import type { Result } from '../../shared/errors'
import { EMPTY_DRAFT, useStore, withEntry, type Chip, type Draft } from './state'

/** Changes what stands in a composer. */
export function changeDraft(conversationId: string, change: (draft: Draft) => Draft): void {
  useStore.setState(({ drafts }) => {
    const next = change(drafts.get(conversationId) ?? EMPTY_DRAFT)
    const isEmpty = next.text === '' && next.chips.length === 0
    return { drafts: withEntry(drafts, conversationId, isEmpty ? undefined : next) }
  })
}

/** Puts a message back that could not go, before what was written since: nothing is lost. */
export function giveBack(conversationId: string, text: string, attachments: readonly AttachmentInfo[]): void {
  changeDraft(conversationId, (draft) => ({
    text: [text, draft.text].filter((part) => part !== '').join('\n\n'),
    chips: [...attachments.map(chipOf), ...draft.chips],
  }))
}

/** Attaches files that were dropped, pasted or picked by the page. */
export async function attachFiles(conversationId: string, files: readonly File[]): Promise<void> {
  if (files.length === 0) return
  const adding = files.map(({ name }): Chip => ({ kind: 'adding', key: crypto.randomUUID(), name }))
  changeDraft(conversationId, (draft) => ({ ...draft, chips: [...draft.chips, ...adding] }))
  settle(conversationId, adding, await window.parley.attach(files))
}

/** Lets the person pick files in main's own dialog. */
export async function pickFiles(conversationId: string): Promise<void> {
  const result = await window.parley.request['attachment.pick']()
  settle(conversationId, [], result)
}

export function removeChip(conversationId: string, key: string): void {
  changeDraft(conversationId, (draft) => ({ ...draft, chips: draft.chips.filter((chip) => chip.key !== key) }))
}

/** Chips in the place of those that were waiting; one that the person removed meanwhile does not come back. */
function settle(conversationId: string, waiting: readonly Chip[], result: Result<AddedAttachment[]>): void {
  const outcome = result.ok
    ? result.value.map(chipFrom)
    : waiting.map((chip): Chip => ({ kind: 'refused', key: chip.key, name: nameOf(chip), error: result.error }))
  changeDraft(conversationId, (draft) => {
    if (waiting.length === 0) return { ...draft, chips: withoutRepeats([...draft.chips, ...outcome]) }
    const byKey = new Map(waiting.map((chip, index) => [chip.key, outcome[index]]))
    const chips = draft.chips.flatMap((chip) => {
      if (!byKey.has(chip.key)) return [chip]
      const settled = byKey.get(chip.key)
      return settled === undefined ? [] : [{ ...settled, key: chip.key }]
    })
    return { ...draft, chips: withoutRepeats(chips) }
  })
}

/** The same image dropped twice is one attachment: its id is the hash of its bytes. */
function withoutRepeats(chips: readonly Chip[]): Chip[] {
  const seen = new Set<string>()
  return chips.filter((chip) => {
    if (chip.kind !== 'ready') return true
    const isNew = !seen.has(chip.attachment.id)
    seen.add(chip.attachment.id)
    return isNew
  })
}

function chipFrom(added: AddedAttachment): Chip {
  return added.ok
    ? chipOf(added.attachment)
    : { kind: 'refused', key: crypto.randomUUID(), name: added.name, error: added.error }
}

export function chipOf(attachment: AttachmentInfo): Chip {
  return { kind: 'ready', key: crypto.randomUUID(), attachment }
}

function nameOf(chip: Chip): string {
  return chip.kind === 'ready' ? chip.attachment.name : chip.name
}

/** The attachments of a draft that can be sent. */
export function readyAttachments(draft: Draft): AttachmentInfo[] {
  return draft.chips.flatMap((chip) => (chip.kind === 'ready' ? [chip.attachment] : []))
}

/** Why a draft cannot be sent now; null when it can. */
export function blockerOf(draft: Draft): 'empty' | 'adding' | 'refused' | null {
  if (draft.chips.some(({ kind }) => kind === 'adding')) return 'adding'
  if (draft.chips.some(({ kind }) => kind === 'refused')) return 'refused'
  return draft.text.trim() === '' && draft.chips.length === 0 ? 'empty' : null
}
