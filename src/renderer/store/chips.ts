import type { AddedAttachment, ImageSource } from '../../shared/contract'
import type { AttachmentInfo } from '../../shared/conversation'
import type { AppError, Result } from '../../shared/errors'
import { isTooLarge, type ImageSettings } from '../../shared/settings'
import { changeEdit, useEdits } from '../chat/edit-state'
import { changeDraft } from './drafts'
import { drawImage } from './draw'
import { chipOf, EMPTY_DRAFT, isReadOnly, isTemporary, useStore, type Chip, type Draft } from './state'

/** Where attachments stand: in the composer of a chat, given by its id, or in the question that is written anew there. */
export type Place = string | { editIn: string }

/** What a place has in common with every other. */
type Field = Pick<Draft, 'text' | 'chips'>

/** The chat of a place. */
export function chatOf(place: Place): string {
  return typeof place === 'string' ? place : place.editIn
}

/** The chips that stand in a place; draws again when they change. */
export function useChips(place: Place): readonly Chip[] {
  const id = chatOf(place)
  const isEdit = typeof place !== 'string'
  const written = useStore(({ drafts }) => (isEdit ? NONE : (drafts.get(id)?.chips ?? NONE)))
  const edited = useEdits(({ edits }) => (isEdit ? (edits.get(id)?.chips ?? NONE) : NONE))
  return isEdit ? edited : written
}

// One list for all: what shows it is not drawn again for another empty one.
const NONE: readonly Chip[] = []

function chipsIn(place: Place): readonly Chip[] {
  const fields = typeof place === 'string' ? useStore.getState().drafts : useEdits.getState().edits
  return fields.get(chatOf(place))?.chips ?? EMPTY_DRAFT.chips
}

/** Changes text and chips together. An edit that was ended meanwhile stays ended. */
export function changeField(place: Place, change: (field: Field) => Field): void {
  if (typeof place === 'string') changeDraft(place, (draft) => ({ ...draft, ...change(draft) }))
  else changeEdit(place.editIn, (edit) => ({ ...edit, ...change(edit) }))
}

function changeChips(place: Place, change: (chips: readonly Chip[]) => readonly Chip[]): void {
  changeField(place, ({ text, chips }) => ({ text, chips: change(chips) }))
}

/**
 * Attaches files that were dropped, pasted or picked by the page; of too many, those that have a place.
 *
 * @returns whether main has taken all of them
 */
export async function attachFiles(place: Place, files: readonly File[]): Promise<boolean> {
  if (files.length === 0 || isReadOnly(useStore.getState(), chatOf(place))) return false
  const taken = files.slice(0, roomIn(place))
  const adding = taken.map(({ name }): Chip => ({ kind: 'adding', key: crypto.randomUUID(), name }))
  changeChips(place, (chips) => [...chips, ...adding])
  leaveOut(place, files.length - taken.length, files[taken.length]?.name ?? '')
  if (taken.length === 0) return false
  // What was copied can be gone before its bytes are read.
  const unread: Result<AddedAttachment[]> = { ok: false, error: { code: 'internal' } }
  const result = await window.parley.attach(taken, temporaryOf(place)).catch(() => unread)
  await settle(place, adding, result)
  return taken.length === files.length && result.ok && result.value.every(({ ok }) => ok)
}

/** What is put into a temporary chat stays in memory with it. */
function temporaryOf(place: Place): string | null {
  return isTemporary(useStore.getState(), chatOf(place)) ? chatOf(place) : null
}

/** Lets the person pick files in main's own dialog. */
export async function pickFiles(place: Place): Promise<void> {
  const result = await window.parley.request['attachment.pick']({ temporary: temporaryOf(place) })
  if (result.ok) await receive(place, result.value)
}

/** Lets the person take a region of the screen; the value is whether they did, or left without. */
export async function captureRegion(place: Place): Promise<Result<boolean>> {
  if (isReadOnly(useStore.getState(), chatOf(place))) return { ok: true, value: false }
  const result = await window.parley.request['capture.take']({ temporary: temporaryOf(place) })
  if (!result.ok) return result
  if (result.value !== null) await receive(place, [result.value])
  return { ok: true, value: result.value !== null }
}

/** Chips of what main has added; of too many, those that have a place. */
async function receive(place: Place, added: AddedAttachment[]): Promise<void> {
  const adding = added.map((each): Chip => ({ kind: 'adding', key: crypto.randomUUID(), name: nameFrom(each) }))
  const taken = adding.slice(0, roomIn(place))
  changeChips(place, (chips) => [...chips, ...taken])
  leaveOut(place, adding.length - taken.length, nameOf(adding[taken.length]))
  await settle(place, taken, { ok: true, value: added })
}

/** Attaches an image that is stored already, from a question or an answer. */
export function attachStored(place: Place, attachment: AttachmentInfo): void {
  if (roomIn(place) === 0) return leaveOut(place, 1, attachment.name)
  changeChips(place, (chips) => withoutRepeats([...chips, chipOf(attachment)]))
}

export function removeChip(place: Place, key: string): void {
  changeChips(place, (chips) => chips.filter((chip) => chip.key !== key))
}

/** Takes all images out; the text stays. */
export function removeImages(place: Place): void {
  changeChips(place, (chips) =>
    chips.filter((chip) => chip.kind === 'ready' && !chip.attachment.mime.startsWith('image/')),
  )
}

/** Takes out what cannot be sent. */
export function removeRefused(place: Place): void {
  changeChips(place, (chips) => chips.filter(({ kind }) => kind !== 'refused'))
}

/** Puts a chip into the place that another one has now. */
export function moveChip(place: Place, key: string, toIndex: number): void {
  changeChips(place, (chips) => {
    const moved = chips.find((chip) => chip.key === key)
    if (moved === undefined) return chips
    const others = chips.filter((chip) => chip !== moved)
    return others.toSpliced(Math.max(0, Math.min(toIndex, others.length)), 0, moved)
  })
}

/** Sends the image as it was before it was shrunk. */
export function chooseOriginal(place: Place, key: string): void {
  replaceChip(place, key, (chip) => {
    if (chip.kind !== 'ready') return chip
    const original = originalOf(chip.attachment)
    return original === null ? chip : { ...chip, attachment: original }
  })
}

/** The image that an attachment was drawn from, as an attachment of its own; null when servers do not take it. */
function originalOf({ name, before, removed }: AttachmentInfo): AttachmentInfo | null {
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
export async function shrinkChip(place: Place, key: string): Promise<void> {
  const chip = chipsIn(place).find((each) => each.key === key)
  if (chip?.kind !== 'ready') return
  const { attachment } = chip
  replaceChip(place, key, () => ({ kind: 'adding', key, name: attachment.name, isDrawing: true }))
  const drawn = await drawChip(attachment, attachment)
  replaceChip(place, key, () => ({ ...drawn, key }))
}

/** How many more files have a place in a message. */
function roomIn(place: Place): number {
  const { images } = useStore.getState().settings
  return Math.max(0, images.maxCount - chipsIn(place).filter((chip) => chip.kind !== 'refused').length)
}

/** One chip says how many files had no place: two hundred of them would say no more. */
function leaveOut(place: Place, count: number, name: string): void {
  if (count <= 0) return
  const limit = useStore.getState().settings.images.maxCount
  changeChips(place, (chips) => {
    const before = chips.find((chip) => chip.kind === 'refused' && chip.count !== undefined)
    const all = count + (before?.kind === 'refused' ? (before.count ?? 0) : 0)
    const error: AppError = { code: 'attachment', reason: 'too-many', name, format: null, limit }
    const rest: Chip = { kind: 'refused', key: before?.key ?? crypto.randomUUID(), name, error, count: all }
    return [...chips.filter((chip) => chip !== before), rest]
  })
}

function replaceChip(place: Place, key: string, change: (chip: Chip) => Chip): void {
  changeChips(place, (chips) => withoutRepeats(chips.map((chip) => (chip.key === key ? change(chip) : chip))))
}

/** Chips in the place of those that were waiting; one that the person removed meanwhile does not come back. */
async function settle(place: Place, waiting: readonly Chip[], result: Result<AddedAttachment[]>): Promise<void> {
  /** Images that a page has to draw, with the key of their chip. */
  const toDraw: { key: string; added: AddedAttachment }[] = []
  for (const [index, chip] of waiting.entries()) {
    if (!result.ok) {
      replaceChip(place, chip.key, () => refused(chip.key, nameOf(chip), result.error))
      continue
    }
    const added = result.value[index]
    if (added === undefined) removeChip(place, chip.key)
    else if ('inside' in added) openFolder(place, chip.key, added, toDraw)
    else placeChip(place, chip.key, added, toDraw)
  }
  // One after the other: each of them may be 64 megapixels.
  for (const { key, added } of toDraw) {
    if (!('source' in added) && !('attachment' in added)) continue
    const chip =
      'source' in added ? await drawChip(added.source, null) : await drawChip(added.attachment, added.attachment)
    replaceChip(place, key, () => ({ ...chip, key }))
  }
}

/** The chip of one file, or a waiting one when it has to be drawn first. */
function placeChip(
  place: Place,
  key: string,
  added: AddedAttachment,
  toDraw: { key: string; added: AddedAttachment }[],
): void {
  const { images } = useStore.getState().settings
  const isDrawn = 'source' in added || ('attachment' in added && isToShrink(added.attachment, images))
  if (isDrawn) toDraw.push({ key, added })
  replaceChip(place, key, () =>
    isDrawn ? { kind: 'adding', key, name: nameFrom(added), isDrawing: true } : { ...chipFrom(added), key },
  )
}

function isToShrink(attachment: AttachmentInfo, images: ImageSettings): boolean {
  return !images.isOriginalSent && attachment.mime.startsWith('image/') && isTooLarge(attachment, images)
}

/** The images of a folder in the place of its chip, as far as there is room. */
function openFolder(
  place: Place,
  key: string,
  folder: Extract<AddedAttachment, { inside: AddedAttachment[] }>,
  toDraw: { key: string; added: AddedAttachment }[],
): void {
  const room = roomIn(place) + 1
  const taken = folder.inside.slice(0, room)
  const chips = taken.map((added): Chip => ({ kind: 'adding', key: crypto.randomUUID(), name: nameFrom(added) }))
  changeChips(place, (before) => before.flatMap((chip) => (chip.key === key ? chips : [chip])))
  for (const [index, added] of taken.entries()) {
    placeChip(place, chips[index]?.key ?? '', added, toDraw)
  }
  leaveOut(place, folder.left + folder.inside.length - taken.length, folder.folder)
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

function nameOf(chip: Chip | undefined): string {
  if (chip === undefined) return ''
  return chip.kind === 'ready' ? chip.attachment.name : chip.name
}
