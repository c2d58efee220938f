import { MAX_QUESTION_TEXT, type AddedAttachment, type ImageSource } from '../../shared/contract'
import type { AttachmentInfo } from '../../shared/conversation'
import type { AppError, Result } from '../../shared/errors'
import { isEmptySlot } from '../../shared/prompts'
import { isTooLarge, type ImageSettings } from '../../shared/settings'
import { drawImage } from './draw'
import { EMPTY_DRAFT, isReadOnly, isTemporary, useStore, withEntry, type Chip, type Draft } from './state'

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

/** Attaches files that were dropped, pasted or picked by the page; of too many, those that have a place. */
export async function attachFiles(conversationId: string, files: readonly File[]): Promise<void> {
  if (files.length === 0 || isReadOnly(useStore.getState(), conversationId)) return
  const taken = files.slice(0, roomIn(conversationId))
  const adding = taken.map(({ name }): Chip => ({ kind: 'adding', key: crypto.randomUUID(), name }))
  changeDraft(conversationId, (draft) => ({ ...draft, chips: [...draft.chips, ...adding] }))
  leaveOut(conversationId, files.length - taken.length, files[taken.length]?.name ?? '')
  if (taken.length === 0) return
  const result = await window.parley.attach(taken, temporaryOf(conversationId))
  await settle(conversationId, adding, result)
}

/** What is put into a temporary chat stays in memory with it. */
function temporaryOf(conversationId: string): string | null {
  return isTemporary(useStore.getState(), conversationId) ? conversationId : null
}

/** Lets the person pick files in main's own dialog. */
export async function pickFiles(conversationId: string): Promise<void> {
  const result = await window.parley.request['attachment.pick']({ temporary: temporaryOf(conversationId) })
  if (!result.ok) return
  const adding = result.value.map((added): Chip => ({
    kind: 'adding',
    key: crypto.randomUUID(),
    name: nameFrom(added),
  }))
  const taken = adding.slice(0, roomIn(conversationId))
  changeDraft(conversationId, (draft) => ({ ...draft, chips: [...draft.chips, ...taken] }))
  leaveOut(conversationId, adding.length - taken.length, nameOf(adding[taken.length]))
  await settle(conversationId, taken, result)
}

/** Attaches an image that is stored already, from a question or an answer. */
export function attachStored(conversationId: string, attachment: AttachmentInfo): void {
  if (roomIn(conversationId) === 0) return leaveOut(conversationId, 1, attachment.name)
  changeDraft(conversationId, (draft) => ({ ...draft, chips: withoutRepeats([...draft.chips, chipOf(attachment)]) }))
}

export function removeChip(conversationId: string, key: string): void {
  changeDraft(conversationId, (draft) => ({ ...draft, chips: draft.chips.filter((chip) => chip.key !== key) }))
}

/** Takes all images out; the text stays. */
export function removeImages(conversationId: string): void {
  changeDraft(conversationId, (draft) => ({
    ...draft,
    chips: draft.chips.filter((chip) => chip.kind === 'ready' && !chip.attachment.mime.startsWith('image/')),
  }))
}

/** Puts a chip into the place that another one has now. */
export function moveChip(conversationId: string, key: string, toIndex: number): void {
  changeDraft(conversationId, (draft) => {
    const moved = draft.chips.find((chip) => chip.key === key)
    if (moved === undefined) return draft
    const chips = draft.chips.filter((chip) => chip !== moved)
    chips.splice(Math.max(0, Math.min(toIndex, chips.length)), 0, moved)
    return { ...draft, chips }
  })
}

/** Sends the image as it was before it was shrunk. */
export function chooseOriginal(conversationId: string, key: string): void {
  replaceChip(conversationId, key, (chip) => {
    if (chip.kind !== 'ready') return chip
    const original = originalOf(chip.attachment)
    return original === null ? chip : { ...chip, attachment: original }
  })
}

/** The image that an attachment was drawn from, as an attachment of its own; null when servers do not take it. */
export function originalOf({ name, before, removed }: AttachmentInfo): AttachmentInfo | null {
  if (before?.isSendable !== true || before.id === '') return null
  const { id, bytes, width, height, isAnimated } = before
  const mime = IMAGE_MIMES.find((each) => each.endsWith(before.format.toLowerCase()))
  if (mime === undefined) return null
  // Its orientation main reads from the file; the two sizes are as shown.
  const facts = { id, name, mime, bytes, width, height, orientation: 1, hasLocation: false }
  return { ...facts, ...(removed !== undefined && { removed }), ...(isAnimated && { isAnimated }) }
}

const IMAGE_MIMES = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'] as const

/** Shrinks an image to the limits of the settings because the person asks for it. */
export async function shrinkChip(conversationId: string, key: string): Promise<void> {
  const chip = useStore
    .getState()
    .drafts.get(conversationId)
    ?.chips.find((each) => each.key === key)
  if (chip?.kind !== 'ready') return
  const { attachment } = chip
  replaceChip(conversationId, key, () => ({ kind: 'adding', key, name: attachment.name, isDrawing: true }))
  const drawn = await drawChip(attachment, attachment)
  replaceChip(conversationId, key, () => ({ ...drawn, key }))
}

/** How many more files have a place in a message. */
function roomIn(conversationId: string): number {
  const state = useStore.getState()
  const chips = (state.drafts.get(conversationId) ?? EMPTY_DRAFT).chips
  return Math.max(0, state.settings.images.maxCount - chips.filter((chip) => chip.kind !== 'refused').length)
}

/** One chip says how many files had no place: two hundred of them would say no more. */
function leaveOut(conversationId: string, count: number, name: string): void {
  if (count <= 0) return
  const limit = useStore.getState().settings.images.maxCount
  changeDraft(conversationId, (draft) => {
    const before = draft.chips.find((chip) => chip.kind === 'refused' && chip.count !== undefined)
    const all = count + (before?.kind === 'refused' ? (before.count ?? 0) : 0)
    const error: AppError = { code: 'attachment', reason: 'too-many', name, format: null, limit }
    const rest: Chip = { kind: 'refused', key: before?.key ?? crypto.randomUUID(), name, error, count: all }
    return { ...draft, chips: [...draft.chips.filter((chip) => chip !== before), rest] }
  })
}

function replaceChip(conversationId: string, key: string, change: (chip: Chip) => Chip): void {
  changeDraft(conversationId, (draft) => ({
    ...draft,
    chips: withoutRepeats(draft.chips.map((chip) => (chip.key === key ? change(chip) : chip))),
  }))
}

/** Chips in the place of those that were waiting; one that the person removed meanwhile does not come back. */
async function settle(
  conversationId: string,
  waiting: readonly Chip[],
  result: Result<AddedAttachment[]>,
): Promise<void> {
  /** Images that a page has to draw, with the key of their chip. */
  const toDraw: { key: string; added: AddedAttachment }[] = []
  for (const [index, chip] of waiting.entries()) {
    if (!result.ok) {
      replaceChip(conversationId, chip.key, () => refused(chip.key, nameOf(chip), result.error))
      continue
    }
    const added = result.value[index]
    if (added === undefined) removeChip(conversationId, chip.key)
    else if ('inside' in added) openFolder(conversationId, chip.key, added, toDraw)
    else placeChip(conversationId, chip.key, added, toDraw)
  }
  // One after the other: each of them may be 64 megapixels.
  for (const { key, added } of toDraw) {
    if (!('source' in added) && !('attachment' in added)) continue
    const chip =
      'source' in added ? await drawChip(added.source, null) : await drawChip(added.attachment, added.attachment)
    replaceChip(conversationId, key, () => ({ ...chip, key }))
  }
}

/** The chip of one file, or a waiting one when it has to be drawn first. */
function placeChip(
  conversationId: string,
  key: string,
  added: AddedAttachment,
  toDraw: { key: string; added: AddedAttachment }[],
): void {
  const { images } = useStore.getState().settings
  const isDrawn = 'source' in added || ('attachment' in added && isToShrink(added.attachment, images))
  if (isDrawn) toDraw.push({ key, added })
  replaceChip(conversationId, key, () =>
    isDrawn ? { kind: 'adding', key, name: nameFrom(added), isDrawing: true } : { ...chipFrom(added), key },
  )
}

function isToShrink(attachment: AttachmentInfo, images: ImageSettings): boolean {
  return !images.isOriginalSent && attachment.mime.startsWith('image/') && isTooLarge(attachment, images)
}

/** The images of a folder in the place of its chip, as far as there is room. */
function openFolder(
  conversationId: string,
  key: string,
  folder: Extract<AddedAttachment, { inside: AddedAttachment[] }>,
  toDraw: { key: string; added: AddedAttachment }[],
): void {
  const room = roomIn(conversationId) + 1
  const taken = folder.inside.slice(0, room)
  const chips = taken.map((added): Chip => ({ kind: 'adding', key: crypto.randomUUID(), name: nameFrom(added) }))
  changeDraft(conversationId, (draft) => ({
    ...draft,
    chips: draft.chips.flatMap((chip) => (chip.key === key ? chips : [chip])),
  }))
  for (const [index, added] of taken.entries()) {
    placeChip(conversationId, chips[index]?.key ?? '', added, toDraw)
  }
  leaveOut(conversationId, folder.left + folder.inside.length - taken.length, folder.folder)
}

/**
 * The chip of an image that was drawn anew.
 *
 * @param fallback what is sent when drawing gains nothing; null for an image that cannot be sent as it is
 */
async function drawChip(source: AttachmentInfo | ImageSource, fallback: AttachmentInfo | null): Promise<Chip> {
  const { images } = useStore.getState().settings
  const { id, name } = source
  const format = 'format' in source ? source.format : source.mime.replace('image/', '').toUpperCase()
  const bytes = await drawImage({ ...source, format }, images)
  // Fewer pixels were asked for, whatever they weigh; fewer bytes must be fewer.
  const isWide = Math.max(source.width, source.height) > images.maxSidePx
  const isWorse = bytes !== null && fallback !== null && !isWide && bytes.byteLength >= fallback.bytes
  if (bytes === null || isWorse) {
    if (fallback !== null) return chipOf(fallback)
    return refused('', name, { code: 'attachment', reason: 'damaged', name, format: null, limit: null })
  }
  const result = await window.parley.request['attachment.draw']({ sourceId: id, name, bytes })
  if (!result.ok) return fallback === null ? refused('', name, result.error) : chipOf(fallback)
  return !result.value.ok && fallback !== null ? chipOf(fallback) : chipFrom(result.value)
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
  if ('attachment' in added) return chipOf(added.attachment)
  // Folders were opened and sources drawn by now.
  const error: AppError = added.ok ? { code: 'internal' } : added.error
  return refused(crypto.randomUUID(), nameFrom(added), error)
}

function refused(key: string, name: string, error: AppError): Chip {
  return { kind: 'refused', key, name, error }
}

function nameFrom(added: AddedAttachment): string {
  if (!added.ok) return added.name
  if ('attachment' in added) return added.attachment.name
  return 'source' in added ? added.source.name : added.folder
}

export function chipOf(attachment: AttachmentInfo): Chip {
  return { kind: 'ready', key: crypto.randomUUID(), attachment }
}

function nameOf(chip: Chip | undefined): string {
  if (chip === undefined) return ''
  return chip.kind === 'ready' ? chip.attachment.name : chip.name
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
