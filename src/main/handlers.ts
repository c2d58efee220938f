import * as v from 'valibot'
import {
  MAX_QUESTION_TEXT,
  type AddedAttachment,
  type AppCommand,
  type Boot,
  type CaptureView,
  type CheckReport,
  type Diagnostics,
  type ExportFormat,
  type PromptsImported,
  type RequestIn,
  type RequestName,
  type Role,
  type ShortcutStates,
  type WireRecording,
  type TrashedMessages,
} from '../shared/contract'
import { answerText, pathOf, withChatSettings, type Conversation } from '../shared/conversation'
import type { Platform } from '../shared/accelerator'
import { failure, type CaptureReason } from '../shared/errors'
import type { Region } from '../shared/region'
import type { BackendView } from '../shared/settings'
import type { Attachments } from './attachments'
import { chatSettingsSchema } from './chat-settings'
import type { Backends } from './backends'
import type { Contacts } from './contacts'
import type { DraggedContent } from './dragged-files'
import { draftSchema, type Drafts } from './drafts'
import type { Generations } from './generations'
import type { Caller, Handlers } from './ipc'
import { MAX_IMAGE_BYTES } from './image'
import type { Library } from './library/library'
import { withoutQuotes } from './log'
import type { Logger } from './logger'
import type { MediaStore } from './media'
import { copyPickedFile, readPickedFile, suggestFileName, writePickedFile } from './picked-file'
import { MAX_PROMPTS_FILE_BYTES, promptSchema, valuesSchema, type Prompts } from './prompts'
import type { QuickReach } from './quick-reach'
import { backendProfileSchema, patched, providerName, settingsPatchSchema, type LiveSettings } from './settings'
import type { Search } from './search/search'
import type { Transfer, TransferDesk } from './transfer/transfer'
import type { Upkeep } from './upkeep'
import { MAX_FILE_BYTES } from './wire/recording-file'
import type { Wire } from './wire/wire'

/** What the handlers reach: the rooms of main, and the desktop around them. */
export interface House {
  library: Library
  generations: Generations
  search: Search
  upkeep: Upkeep
  drafts: Drafts
  prompts: Prompts
  attachments: Attachments
  settings: LiveSettings
  backends: Backends
  media: MediaStore
  wire: Wire
  transfer: Transfer
  contacts: Contacts
  quickReach: QuickReach
  desk: Desk
  logger: Logger
  platform: Platform
  boot(role: Role): Promise<Boot>
  diagnostics(): Promise<Diagnostics>
  /**
   * Ends all that runs, deletes all that a person has here, and starts Parley as on its first day, also when something of
   * it failed: the next start goes on with it. Throws storage when the disk does not take even the wish; all goes on then.
   */
  deleteEverything(): Promise<void>
  /** Notes that a window has a conversation on show, which makes it read; null when it has none. */
  look(window: Caller['window'], conversationId: string | null): Promise<void>
}

/** What pages may ask of the desktop. Paths and addresses come from main or are checked there. */
export interface Desk {
  openLink(window: Caller['window'], url: string): Promise<void>
  pickImages(window: Caller['window']): Promise<string[]>
  /** The path of a file to read; null when the person picked none. */
  pickFile(
    window: Caller['window'],
    kind: 'authority' | 'recording' | 'conversations' | 'prompts',
  ): Promise<string | null>
  /** The path of a file to write; null when the person picked none. */
  pickPlace(window: Caller['window'], name: string, kind: PlaceKind): Promise<string | null>
  /** Begins to drag a copy of a file out of the window. */
  dragFile(window: Caller['window'], file: DraggedContent, name: string): Promise<void>
  /** An HTML document without scripts as PDF. */
  print(html: string): Promise<Uint8Array>
  /** Takes all windows from the screen for good, and comes back no more in this process. */
  shut(): void
  /** Ends this process, at once, and begins another one. */
  startAnew(): void
  /** Says, once for all that come together, under which name a file is kept that could not be read. */
  noteSetAside(keptAs: string): void
  showFile(path: string): void
  openLogs(): Promise<void>
  openDataFolder(): Promise<void>
  /** Shows the main window and tells it what to do. */
  showMain(command: AppCommand): void
  showQuickAsk(): void
  hideQuickAsk(): void
  /** Answers how high it can be. */
  resizeQuickAsk(heightPx: number): number
  pinQuickAsk(isPinned: boolean): void
  pasteIntoQuickAsk(): void
  shortcutState(): ShortcutStates
  /** The page of a window has answered a ping. */
  noteAnswer(window: Caller['window']): void
  /** Whether this start has done without the graphics chip, after crashes. */
  isGraphicsOff(): boolean
  /** Ends this process, in good order, and begins another one that draws on the graphics chip. */
  useGraphics(): void
  /** Tries once more to hold the keys that work from anywhere. */
  checkShortcut(): ShortcutStates
  /** Regions of the screen, and the overlays in which they are chosen. */
  readonly capture: Capture
  /** The name of a picture of the screen, in the language of the person. */
  nameRegion(at: Date): string
}

/** See RegionCapture. */
export interface Capture {
  blocker(): Promise<CaptureReason | null>
  take(asking: Caller['window']): Promise<Uint8Array | null>
  open(overlay: Caller['window']): Promise<CaptureView>
  show(overlay: Caller['window']): void
  next(overlay: Caller['window']): void
  end(overlay: Caller['window'], region: Region | null): void
}

/** What a person chooses a place for. */
export type PlaceKind = 'media' | 'recording' | 'prompts' | 'backup' | 'export-all' | 'chat-zip' | ExportFormat

// ---- what may arrive: every text, list and depth has a limit (S16) ----

const MAX_TEXT = 1024 * 1024
/** Three quotes with a mark before each of their lines go with it. */
const MAX_QUESTION = MAX_QUESTION_TEXT + 200_000
const MAX_ITEMS = 1000
const MAX_DEPTH = 8
/** In all: lists that share their items are small when they are sent and endless when they are walked. */
const MAX_NODES = 10_000

const text = (max: number) => v.pipe(v.string(), v.maxLength(max))
const uuid = v.pipe(v.string(), v.uuid())
/** As a file in the trash is called: `<id>.<ms>.json`. */
const trashedName = v.pipe(v.string(), v.regex(/^[0-9a-f-]{36}\.\d{1,16}\.json$/))
const backendId = v.pipe(v.string(), v.minLength(1), v.maxLength(64))
const name = v.nullable(text(500))
const file = v.union([
  v.strictObject({ name: text(1024), path: v.pipe(v.string(), v.minLength(1), v.maxLength(8192)) }),
  v.strictObject({ name: text(1024), bytes: v.instance(Uint8Array) }),
])
const question = v.variant('kind', [
  v.strictObject({
    kind: v.literal('new'),
    messageId: uuid,
    parentId: v.nullable(uuid),
    text: text(MAX_QUESTION),
    attachmentIds: v.pipe(v.array(v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/u))), v.maxLength(10)),
    isFirstThere: v.exactOptional(v.boolean()),
  }),
  v.strictObject({ kind: v.literal('again'), messageId: uuid }),
  v.strictObject({ kind: v.literal('continue'), messageId: uuid }),
])
const secretName = v.variant('field', [
  v.strictObject({ backendId, field: v.literal('api-key') }),
  v.strictObject({ backendId, field: v.literal('provider-key'), provider: providerName }),
  v.strictObject({ backendId, field: v.literal('header'), headerId: backendId }),
  v.strictObject({ backendId, field: v.literal('proxy-password') }),
])
/** Of a certificate. */
const sha256 = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/u))
const recordingId = v.pipe(v.string(), v.minLength(1), v.maxLength(64))
const index = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const oneConversation = v.strictObject({ conversationId: uuid })
const oneMessage = v.strictObject({ conversationId: uuid, messageId: uuid })
const oneGeneration = v.strictObject({ generationId: uuid })
const oneBackend = v.strictObject({ backendId })
const oneRecording = v.strictObject({ recordingId })
const onePlan = v.strictObject({ planId: uuid })

/** The payload of each request; `void` for those without one. */
const payloads: { [K in RequestName]: v.GenericSchema<unknown, RequestIn<K>> } = {
  'app.boot': v.void(),
  'app.pong': v.void(),
  'app.reportError': v.strictObject({ message: text(MAX_TEXT) }),
  'app.openLogs': v.void(),
  'app.openDataFolder': v.void(),
  'app.diagnostics': v.void(),
  'link.open': v.strictObject({ url: text(MAX_TEXT) }),
  'conversation.list': v.void(),
  'conversation.open': oneConversation,
  'conversation.leave': v.void(),
  'conversation.rename': v.strictObject({ conversationId: uuid, title: text(MAX_TEXT) }),
  'conversation.pin': v.strictObject({ conversationId: uuid, isPinned: v.boolean() }),
  'conversation.setSettings': v.strictObject({ conversationId: uuid, settings: chatSettingsSchema }),
  'conversation.trash': oneConversation,
  'conversation.restore': v.strictObject({ conversationId: uuid, file: v.exactOptional(trashedName) }),
  'conversation.duplicate': oneConversation,
  'conversation.branch': oneMessage,
  'conversation.showMessage': v.strictObject({ ...oneMessage.entries, isKept: v.optional(v.boolean()) }),
  'conversation.deleteMessage': oneMessage,
  'conversation.putBackMessages': v.strictObject({ deletionId: uuid }),
  'conversation.keep': oneConversation,
  'conversation.discard': oneConversation,
  'trash.list': v.void(),
  'trash.read': v.strictObject({ file: trashedName }),
  'trash.delete': v.strictObject({ files: v.pipe(v.array(trashedName), v.maxLength(MAX_ITEMS)) }),
  'draft.list': v.void(),
  'draft.set': draftSchema,
  'library.check': v.void(),
  'library.repair': v.void(),
  'library.sizes': v.void(),
  'conversation.search': v.strictObject({
    query: text(1000),
    part: v.exactOptional(v.picklist(['all', 'titles', 'questions', 'answers'])),
  }),
  'conversation.showFile': v.strictObject({ conversationId: uuid, isRecovered: v.exactOptional(v.boolean()) }),
  'conversation.findRemains': v.strictObject({ conversationId: uuid }),
  'conversation.bringBack': v.strictObject({ conversationId: uuid, copy: text(200) }),
  'conversation.export': v.strictObject({
    conversationId: uuid,
    format: v.picklist(['markdown', 'html', 'json', 'pdf']),
  }),
  'library.backUp': v.void(),
  'library.planRestore': v.void(),
  'library.exportAll': v.void(),
  'library.restore': v.strictObject({
    planId: uuid,
    // Ids of a library's files, which other programs have given as well.
    overwrite: v.pipe(v.array(v.pipe(text(200), v.minLength(1))), v.maxLength(MAX_ITEMS)),
    withBackends: v.boolean(),
    withSettings: v.boolean(),
  }),
  'contact.list': v.void(),
  'contact.forget': v.strictObject({ host: v.pipe(text(300), v.minLength(1)) }),
  'transfer.showFile': v.strictObject({ fileId: uuid }),
  'transfer.state': v.void(),
  'transfer.stop': v.strictObject({ transferId: uuid }),
  'library.dropPlan': onePlan,
  'app.deleteEverything': v.void(),
  'prompt.list': v.void(),
  'prompt.save': promptSchema,
  'prompt.remove': v.strictObject({ promptId: uuid }),
  'prompt.remember': v.strictObject({ promptId: uuid, values: valuesSchema }),
  'prompt.import': v.void(),
  'prompt.export': v.void(),
  'generation.start': v.strictObject({
    generationId: uuid,
    answerId: uuid,
    conversationId: uuid,
    origin: v.picklist(['window', 'quick-ask']),
    isTemporary: v.boolean(),
    settings: v.exactOptional(chatSettingsSchema),
    backendId,
    provider: name,
    model: name,
    question,
  }),
  'generation.stop': oneGeneration,
  'generation.attach': oneGeneration,
  'generation.retryNow': oneGeneration,
  'media.load': v.strictObject({
    conversationId: uuid,
    messageId: uuid,
    // An address, or the `attachment:<id>` of a kept data URI; data URIs themselves never come from a page.
    source: v.pipe(text(2048), v.minLength(1)),
    isAutomatic: v.optional(v.boolean()),
  }),
  'media.save': v.strictObject({ id: sha256, name: text(1024) }),
  'media.drag': v.strictObject({ id: sha256, name: text(1024) }),
  'media.speak': v.strictObject({ conversationId: uuid, messageId: uuid }),
  'wire.open': v.strictObject({ messageId: uuid }),
  'wire.openFile': v.void(),
  'wire.rows': v.strictObject({ recordingId, from: index }),
  'wire.event': v.strictObject({ recordingId, index }),
  'wire.replay': oneRecording,
  'wire.curl': oneRecording,
  'wire.save': oneRecording,
  'attachment.add': v.strictObject({
    files: v.pipe(v.array(file), v.maxLength(MAX_ITEMS)),
    temporary: v.nullable(uuid),
  }),
  'attachment.pick': v.strictObject({ temporary: v.nullable(uuid) }),
  'attachment.release': v.strictObject({ temporary: uuid, ids: v.pipe(v.array(sha256), v.maxLength(MAX_ITEMS)) }),
  'attachment.draw': v.strictObject({
    sourceId: sha256,
    name: text(1024),
    bytes: v.pipe(
      v.instance(Uint8Array),
      v.check(({ byteLength }) => byteLength <= MAX_IMAGE_BYTES),
    ),
  }),
  'capture.blocker': v.void(),
  'capture.take': v.strictObject({ temporary: v.nullable(uuid) }),
  'capture.open': v.void(),
  'capture.show': v.void(),
  'capture.next': v.void(),
  'capture.end': v.strictObject({
    region: v.nullable(v.strictObject({ x: index, y: index, width: index, height: index })),
  }),
  'settings.get': v.void(),
  'settings.set': settingsPatchSchema,
  'backend.list': v.void(),
  'backend.save': backendProfileSchema,
  'backend.duplicate': oneBackend,
  'backend.find': v.strictObject({ backendId, address: text(8192) }),
  'backend.moveSecrets': oneBackend,
  'backend.trust': v.strictObject({ backendId, sha256 }),
  'backend.pickAuthority': oneBackend,
  'backend.remove': oneBackend,
  'backend.setSecret': v.strictObject({ name: secretName, value: text(8192), storeUnprotected: v.boolean() }),
  'backend.clearSecret': secretName,
  'backend.connect': v.strictObject({ address: text(8192), sha256: v.nullable(sha256) }),
  'backend.discover': v.void(),
  'backend.test': oneBackend,
  'backend.catalogue': oneBackend,
  'backend.models': v.strictObject({ backendId, provider: text(500) }),
  'app.isGraphicsOff': v.void(),
  'app.useGraphics': v.void(),
  'quickAsk.show': v.void(),
  'quickAsk.hide': v.void(),
  'quickAsk.resize': v.strictObject({ heightPx: v.pipe(v.number(), v.finite()) }),
  'quickAsk.pin': v.strictObject({ isPinned: v.boolean() }),
  'quickAsk.paste': v.void(),
  'quickAsk.checkShortcut': v.void(),
  'quickAsk.shortcutState': v.void(),
  'window.openConversation': oneConversation,
}

function parser<K extends RequestName>(channel: K): (raw: unknown) => RequestIn<K> {
  const schema: v.GenericSchema<unknown, RequestIn<K>> = payloads[channel]
  return (raw) => {
    requireModest(raw)
    return v.parse(schema, raw)
  }
}

// Before any schema looks at it: a schema walks as far as a payload goes, and takes a list for an object.
function requireModest(raw: unknown): void {
  if (Array.isArray(raw)) throw new TypeError('no payload is a list')
  let nodes = 0
  const walk = (value: unknown, depth: number): void => {
    nodes += 1
    if (nodes > MAX_NODES || depth > MAX_DEPTH) throw new RangeError('too much')
    if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return
    if (Array.isArray(value) && value.length > MAX_ITEMS) throw new RangeError('too many items')
    for (const key in value) walk((value as Record<string, unknown>)[key], depth + 1)
  }
  walk(raw, 0)
}

// ---- what each request does: one line of delegation ----

type Handle<K extends RequestName> = Handlers<House>[K]['handle']

const handles: { [K in RequestName]: Handle<K> } = {
  'app.boot': (house, _input, { role }) => house.boot(role),
  'app.pong': ({ desk }, _input, { window }) => desk.noteAnswer(window),
  'app.reportError': ({ logger }, { message }, { role }) =>
    logger.error('page error', { role, message: withoutQuotes(message) }),
  'app.openLogs': ({ desk }) => desk.openLogs(),
  'app.openDataFolder': ({ desk }) => desk.openDataFolder(),
  'app.diagnostics': (house) => house.diagnostics(),
  'link.open': ({ desk }, { url }, { window }) => desk.openLink(window, url),

  'conversation.list': ({ library }) => library.list(),
  'conversation.open': openConversation,
  'conversation.leave': (house, _input, { window }) => house.look(window, null),
  'conversation.rename': ({ library }, { conversationId, title }) => library.rename(conversationId, title),
  'conversation.pin': ({ library }, { conversationId, isPinned }) => library.pin(conversationId, isPinned),
  'conversation.setSettings': async (house, { conversationId, settings }, caller) => {
    requireReach(house, conversationId, caller)
    await house.library.update(conversationId, (conversation) => withChatSettings(conversation, settings))
  },
  'conversation.trash': ({ upkeep }, { conversationId }) => upkeep.trash(conversationId),
  'conversation.restore': async ({ generations }, { conversationId, file }) => ({
    conversationId: await generations.restore(file ?? conversationId),
  }),
  'conversation.duplicate': ({ generations }, { conversationId }) => generations.duplicate(conversationId),
  'conversation.branch': ({ generations }, input) => generations.branch(input.conversationId, input.messageId),
  'conversation.showMessage': ({ generations }, input) =>
    generations.showMessage(input.conversationId, input.messageId, input.isKept),
  'conversation.deleteMessage': ({ generations }, input) =>
    generations.deleteMessage(input.conversationId, input.messageId),
  'conversation.putBackMessages': ({ generations }, { deletionId }) => generations.putBackMessages(deletionId),
  'conversation.keep': (house, { conversationId }, caller) => {
    requireReach(house, conversationId, caller)
    return house.upkeep.keep(conversationId)
  },
  'conversation.discard': (house, { conversationId }, caller) => {
    requireReach(house, conversationId, caller)
    return house.upkeep.discard(conversationId)
  },
  'trash.list': ({ library }) => library.listTrash(),
  'trash.read': async ({ library }, { file }) => readTrashed(await library.openTrashed(file)),
  'trash.delete': ({ upkeep }, { files }) => upkeep.deleteFromTrash(files),
  'draft.list': async ({ drafts, quickReach }, _input, { role }) =>
    role === 'quick-ask' ? quickReach.drafts(await drafts.list()) : drafts.list(),
  'draft.set': ({ upkeep, quickReach }, draft, { role }) => {
    if (role === 'quick-ask') quickReach.requireDraft(draft)
    return upkeep.setDraft(draft)
  },
  'library.check': async (house) => noteCheck(house, await house.upkeep.check()),
  'library.repair': async (house) => noteCheck(house, await house.upkeep.repair()),
  'library.sizes': ({ upkeep }) => upkeep.sizes(),
  'conversation.search': ({ search }, { query, part = 'all' }) => search.find(query, part),
  'conversation.showFile': ({ library, desk }, { conversationId, isRecovered = false }) =>
    desk.showFile(isRecovered ? library.recoveredPathOf(conversationId) : library.pathOf(conversationId)),
  'conversation.findRemains': async ({ library, transfer }, { conversationId }) => ({
    ...(await library.readableTextOf(conversationId)),
    copies: await transfer.copiesOf(conversationId),
  }),
  'conversation.bringBack': ({ transfer }, { conversationId, copy }) => transfer.bringBack(conversationId, copy),
  'conversation.export': (house, { conversationId, format }, { window }) =>
    house.transfer.exportConversation(deskOf(house, window), conversationId, format),
  'transfer.showFile': ({ transfer, desk }, { fileId }) => desk.showFile(transfer.pathOfFile(fileId)),

  'library.backUp': (house, _input, { window }) => house.transfer.backUp(deskOf(house, window)),
  'library.planRestore': (house, _input, { window }) => house.transfer.planRestore(window, deskOf(house, window)),
  'library.exportAll': (house, _input, { window }) => house.transfer.exportAll(deskOf(house, window)),
  'library.restore': ({ transfer }, choice, { window }) => transfer.restore(window, choice),
  'contact.list': ({ contacts }) => contacts.list(),
  'contact.forget': ({ contacts }, { host }) => contacts.forget(host),
  'transfer.state': ({ transfer }) => transfer.state,
  'transfer.stop': ({ transfer }, { transferId }) => transfer.stop(transferId),
  'library.dropPlan': ({ transfer }, { planId }, { window }) => transfer.dropPlan(window, planId),
  'app.deleteEverything': (house) => house.deleteEverything(),

  'prompt.list': ({ prompts }) => prompts.list(),
  'prompt.save': ({ prompts }, prompt) => prompts.save(prompt),
  'prompt.remove': ({ prompts }, { promptId }) => prompts.remove(promptId),
  'prompt.remember': ({ prompts }, { promptId, values }) => prompts.remember(promptId, values),
  'prompt.import': importPrompts,
  'prompt.export': exportPrompts,

  'generation.start': startGeneration,
  'generation.stop': (house, { generationId }, caller) => {
    requireReach(house, house.generations.conversationOf(generationId), caller)
    house.generations.stop(generationId)
  },
  'generation.attach': async (house, { generationId }, caller) => {
    const attached = await house.generations.attach(generationId)
    requireReach(house, attached.conversationId, caller)
    return attached
  },
  'generation.retryNow': (house, { generationId }, caller) => {
    requireReach(house, house.generations.conversationOf(generationId), caller)
    house.generations.retryNow(generationId)
  },

  'media.load': (house, input, caller) => {
    requireReach(house, input.conversationId, caller)
    return house.media.load(input)
  },
  'media.save': saveMedia,
  'media.drag': dragMedia,
  'media.speak': ({ media }, input) => media.speak(input),

  'wire.open': ({ wire }, { messageId }) => wire.open(messageId),
  'wire.openFile': openRecording,
  'wire.rows': ({ wire }, input) => wire.rows(input.recordingId, input.from),
  'wire.event': ({ wire }, input) => wire.event(input.recordingId, input.index),
  'wire.replay': ({ wire }, input) => wire.replay(input.recordingId),
  'wire.curl': ({ wire }, input) => ({ command: wire.curl(input.recordingId) }),
  'wire.save': saveRecording,

  'attachment.add': ({ attachments }, { files, temporary }) => attachments.add(files, temporary),
  'attachment.pick': pickAttachments,
  'attachment.draw': ({ attachments }, drawn) => attachments.addDrawn(drawn),
  'attachment.release': ({ upkeep }, { temporary, ids }) => upkeep.release(temporary, ids),

  'capture.blocker': ({ desk }) => desk.capture.blocker(),
  'capture.take': takeRegion,
  'capture.open': ({ desk }, _input, { window }) => desk.capture.open(window),
  'capture.show': ({ desk }, _input, { window }) => desk.capture.show(window),
  'capture.next': ({ desk }, _input, { window }) => desk.capture.next(window),
  'capture.end': ({ desk }, { region }, { window }) => desk.capture.end(window, region),

  'settings.get': ({ settings }) => settings.current,
  'settings.set': ({ settings, platform }, patch) => settings.change((now) => patched(now, patch, platform)),

  'backend.list': ({ backends }) => backends.list(),
  'backend.save': ({ backends }, profile) => backends.save(profile),
  'backend.duplicate': ({ backends }, input) => backends.duplicate(input.backendId),
  'backend.find': ({ backends }, input) => backends.find(input.backendId, input.address),
  'backend.moveSecrets': ({ backends }, input) => backends.moveSecrets(input.backendId),
  'backend.trust': ({ backends }, input) => backends.trust(input.backendId, input.sha256),
  'backend.pickAuthority': pickAuthority,
  'backend.remove': ({ backends }, input) => backends.remove(input.backendId),
  'backend.setSecret': ({ backends }, input) => backends.setSecret(input.name, input.value, input.storeUnprotected),
  'backend.clearSecret': ({ backends }, secret) => backends.clearSecret(secret),
  'backend.connect': ({ backends }, input) => backends.connect(input.address, input.sha256),
  'backend.discover': ({ backends }) => backends.discover(),
  'backend.test': ({ backends }, input) => backends.test(input.backendId),
  'backend.catalogue': ({ backends }, input) => backends.catalogue(input.backendId),
  'backend.models': ({ backends }, input) => backends.models(input.backendId, input.provider),

  'app.isGraphicsOff': ({ desk }) => desk.isGraphicsOff(),
  'app.useGraphics': ({ desk }) => desk.useGraphics(),
  'quickAsk.show': ({ desk }) => desk.showQuickAsk(),
  'quickAsk.hide': ({ desk }) => desk.hideQuickAsk(),
  'quickAsk.resize': ({ desk }, { heightPx }) => ({ maxHeightPx: desk.resizeQuickAsk(heightPx) }),
  'quickAsk.pin': ({ desk }, { isPinned }) => desk.pinQuickAsk(isPinned),
  'quickAsk.paste': ({ desk }) => desk.pasteIntoQuickAsk(),
  'quickAsk.checkShortcut': ({ desk }) => desk.checkShortcut(),
  'quickAsk.shortcutState': ({ desk }) => desk.shortcutState(),
  'window.openConversation': (house, { conversationId }, caller) => {
    requireReach(house, conversationId, caller)
    house.desk.showMain({ kind: 'open-conversation', conversationId })
  },
}

/** The quick-ask reaches only what it has begun (S44). */
function requireReach({ quickReach }: House, conversationId: string, { role }: Caller): void {
  if (role === 'quick-ask') quickReach.require(conversationId)
}

async function openConversation(house: House, { conversationId }: { conversationId: string }, caller: Caller) {
  requireReach(house, conversationId, caller)
  await house.look(caller.window, conversationId)
  return house.generations.open(conversationId)
}

// Not a sign of what the window shows: what waited in a chat is sent when its answer ends, wherever the person is by then.
async function startGeneration(house: House, request: RequestIn<'generation.start'>, { role }: Caller) {
  const { quickReach, library } = house
  if (role === 'quick-ask' && !quickReach.has(request.conversationId)) {
    const isThere = (await library.list()).some(({ id }) => id === request.conversationId)
    if (isThere || request.origin !== 'quick-ask') throw failure({ code: 'not-found', what: 'conversation' })
    quickReach.begin(request.conversationId)
  }
  return house.generations.start(request)
}

async function pickAttachments(
  house: House,
  { temporary }: RequestIn<'attachment.pick'>,
  { window }: Caller,
): Promise<AddedAttachment[]> {
  const paths = await house.desk.pickImages(window)
  const files = paths.map((path) => ({ name: path.replace(/^.*[\\/]/u, ''), path }))
  return house.attachments.add(files, temporary)
}

async function takeRegion(
  { attachments, desk }: House,
  { temporary }: RequestIn<'capture.take'>,
  { window }: Caller,
): Promise<AddedAttachment | null> {
  const bytes = await desk.capture.take(window)
  // Checked by content and stored like a pasted picture.
  return bytes === null ? null : attachments.addFile({ name: desk.nameRegion(new Date()), bytes }, temporary)
}

async function pickAuthority(
  { backends, desk }: House,
  input: RequestIn<'backend.pickAuthority'>,
  { window }: Caller,
): Promise<BackendView | null> {
  const path = await desk.pickFile(window, 'authority')
  return path === null ? null : backends.trustAuthority(input.backendId, path)
}

async function openRecording({ desk, wire }: House, _input: void, { window }: Caller): Promise<WireRecording | null> {
  const path = await desk.pickFile(window, 'recording')
  if (path === null) return null
  const file = await readPickedFile(path, MAX_FILE_BYTES)
  if (!file.ok) throw failure({ code: 'bad-recording', reason: file.reason })
  return wire.openFile(file.bytes)
}

async function saveRecording(
  { desk, wire }: House,
  input: RequestIn<'wire.save'>,
  { window }: Caller,
): Promise<{ isSaved: boolean }> {
  const { name, text } = wire.file(input.recordingId)
  const path = await desk.pickPlace(window, suggestFileName(name), 'recording')
  if (path === null) return { isSaved: false }
  await writePickedFile(path, text)
  return { isSaved: true }
}

function noteCheck({ settings }: House, report: CheckReport): CheckReport {
  settings.change((now) => ({ ...now, lastCheck: { atMs: Date.now(), faults: report.faults.length } }))
  return report
}

async function importPrompts(
  { desk, prompts }: House,
  _input: void,
  { window }: Caller,
): Promise<PromptsImported | null> {
  const path = await desk.pickFile(window, 'prompts')
  if (path === null) return null
  const file = await readPickedFile(path, MAX_PROMPTS_FILE_BYTES)
  if (!file.ok) throw failure({ code: 'bad-prompts', reason: file.reason })
  return prompts.importFile(file.bytes)
}

async function exportPrompts(
  { desk, prompts }: House,
  _input: void,
  { window }: Caller,
): Promise<{ isSaved: boolean }> {
  const path = await desk.pickPlace(window, 'Parley prompts.json', 'prompts')
  if (path === null) return { isSaved: false }
  await writePickedFile(path, prompts.exportFile())
  return { isSaved: true }
}

/** Saves a stored file where the person says; false when no place was chosen. */
export async function saveMedia(
  { attachments, desk }: House,
  { id, name: wanted }: RequestIn<'media.save'>,
  { window }: Caller,
): Promise<{ isSaved: boolean }> {
  const file = await attachments.open(id)
  if (file === null) throw failure({ code: 'not-found', what: 'file' })
  const path = await desk.pickPlace(window, suggestFileName(wanted), 'media')
  if (path === null) return { isSaved: false }
  await ('path' in file ? copyPickedFile(file.path, path) : writePickedFile(path, file.content))
  return { isSaved: true }
}

async function dragMedia(
  { attachments, desk }: House,
  input: RequestIn<'media.drag'>,
  { window }: Caller,
): Promise<void> {
  const file = await attachments.open(input.id)
  if (file === null) throw failure({ code: 'not-found', what: 'file' })
  await desk.dragFile(window, file, input.name)
}

const MAX_TRASHED_MESSAGES = 50
const MAX_TRASHED_TEXT = 4000

/** The beginning of a conversation as text, to see which one it is. */
function readTrashed(conversation: Conversation): TrashedMessages {
  const path = pathOf(conversation)
  const messages = path.slice(0, MAX_TRASHED_MESSAGES).map((message) => {
    const isQuestion = message.role === 'user'
    const who = isQuestion
      ? null
      : (message.provider?.label ?? message.provider?.name ?? message.requested.provider ?? '')
    const text = (isQuestion ? message.text : answerText(message)).trim()
    return { who, text: text.length > MAX_TRASHED_TEXT ? `${text.slice(0, MAX_TRASHED_TEXT)}…` : text }
  })
  return { messages, left: path.length - messages.length }
}

/** The dialogs and the printer of the window that asks. */
function deskOf({ desk }: House, window: Caller['window']): TransferDesk {
  return {
    pickPlace: (name, kind) => desk.pickPlace(window, name, kind),
    pickFile: () => desk.pickFile(window, 'conversations'),
    print: (html) => desk.print(html),
  }
}

/** The total map: every request of the contract, with its parser and its handler. */
export const handlers: Handlers<House> = joinHandlers()

function joinHandlers(): Handlers<House> {
  const names = Object.keys(payloads) as RequestName[]
  return Object.fromEntries(
    names.map((channel) => [channel, { parse: parser(channel), handle: handles[channel] }]),
  ) as unknown as Handlers<House>
}
