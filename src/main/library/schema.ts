import * as v from 'valibot'
import type {
  AnswerContent,
  AnswerStatus,
  AssistantMessage,
  AttachmentInfo,
  Conversation,
  ConversationSummary,
  FinishState,
  MediaFile,
  Message,
  Part,
  ProviderInfo,
  Reasoning,
  Usage,
  UserMessage,
} from '../../shared/conversation'
import { withoutBidiControls } from '../../shared/conversation'
import type { AddressReason, AppError } from '../../shared/errors'
import type { CertificateInfo } from '../../shared/settings'
import { storedChatSettingsSchema } from '../chat-settings'
import { isDeep } from './modest'

/** The version that conversation files and journals carry. A file of a higher one is read if it can be, never rewritten. */
export const FILE_VERSION = 1

/** A file's JSON as the next version has it. Pure; the version itself is set by the reader. */
export type Migration = (json: Record<string, unknown>) => Record<string, unknown>

/**
 * What files look like: the version that is written, and how older ones become it. `migrations[0]` makes version 2 of
 * version 1. A file is migrated in memory when it is read, and on disk only when it is written next: see
 * `ConversationFiles.keepEarlier` (R38).
 */
export interface FileFormat {
  version: number
  migrations: readonly Migration[]
}

export const PRESENT_FORMAT: FileFormat = { version: FILE_VERSION, migrations: [] }

/** Whether a string may become a file name: a UUID, as `crypto.randomUUID` makes it. */
export function isId(value: unknown): value is string {
  return typeof value === 'string' && ID.test(value)
}

/** The ids of the conversations whose files have such a name. */
export function idsIn(fileNames: readonly string[]): string[] {
  return fileNames
    .filter((name) => name.endsWith('.json'))
    .map((name) => name.slice(0, -'.json'.length))
    .filter(isId)
}

const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

type Schema<T> = v.GenericSchema<unknown, T>

const text = v.string()
const count = v.pipe(v.number(), v.finite())
const textOrNull = v.nullable(text)
const countOrNull = v.nullable(count)

// A file damaged or made by hand must not hang a page: what no backend can have said (parts.ts has the same limits) is
// cut before it is looked at, and the rest of the file stays.
const MAX_TITLE_LENGTH = 2_000
const MAX_NOTICES = 200
const MAX_SUGGESTIONS = 20
const MAX_ATTEMPTS = 100
const MAX_TOOL_CALLS = 100

const titleText: Schema<string> = v.pipe(
  text,
  // Half of a surrogate pair goes as well.
  v.transform((title) => title.slice(0, MAX_TITLE_LENGTH).replace(/[\uD800-\uDBFF]$/u, '')),
)

/** Behind it, and before 1970, is no date but nonsense: it counts as none, which is 0. */
const LAST_DATE_MS = Date.UTC(2200, 0, 1)

/** `null` is what JSON makes of no number. */
const dateMs: Schema<number> = v.pipe(
  v.nullable(v.number()),
  v.transform((ms) => (ms !== null && isDate(ms) ? ms : 0)),
)

function isDate(ms: number): boolean {
  return ms >= 0 && ms <= LAST_DATE_MS
}

function atMost<T>(max: number, schema: Schema<T>): Schema<T[]> {
  return v.pipe(
    v.array(v.unknown()),
    v.transform((list) => list.slice(0, max)),
    v.array(schema),
  )
}

// Records go through as they are: a server may name a provider or an event `__proto__`, and valibot's own record
// would drop that key. JSON.parse has made it an own property, which is harmless.
const anyRecord = v.custom<Record<string, unknown>>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
)
/** What a server has said for the next question. Too deep for a page, it is let go: the conversation can do without. */
const sessionsSchema: Schema<Record<string, unknown> | null> = v.pipe(
  v.nullable(anyRecord),
  v.transform((sessions) => (isDeep(sessions) ? null : sessions)),
)
const countRecord = v.custom<Record<string, number>>(
  (value) => v.is(anyRecord, value) && Object.values(value).every(Number.isFinite),
)

const certificateSchema: Schema<CertificateInfo> = v.object({
  sha256: text,
  subject: text,
  issuer: text,
  isSelfSigned: v.boolean(),
  names: v.array(text),
  validFrom: count,
  validTo: count,
})

const addressReason: Schema<AddressReason> = v.picklist([
  'empty',
  'unreadable',
  'scheme',
  'credentials',
  'host',
  'port',
])

export const appErrorSchema: Schema<AppError> = v.variant('code', [
  v.object({
    code: v.literal('unreachable'),
    reason: v.picklist(['refused', 'unknown-host', 'network']),
    host: text,
    port: count,
  }),
  v.object({
    code: v.literal('certificate'),
    reason: v.picklist(['self-signed', 'unknown-issuer', 'expired', 'wrong-host', 'old-protocol', 'changed', 'other']),
    host: text,
    shown: v.exactOptional(certificateSchema),
    trusted: v.exactOptional(certificateSchema),
  }),
  v.object({
    code: v.literal('proxy'),
    reason: v.picklist(['refused', 'unknown-host', 'network', 'login', 'failed']),
    host: text,
    port: count,
    mayHavePassed: v.exactOptional(v.literal(true)),
  }),
  v.object({ code: v.literal('timeout'), phase: v.picklist(['connect', 'headers', 'idle']), seconds: count }),
  v.object({
    code: v.literal('redirect'),
    status: count,
    host: textOrNull,
    sameHost: v.exactOptional(v.picklist(['https', 'path'])),
  }),
  v.object({
    code: v.literal('http'),
    status: count,
    message: textOrNull,
    retryAfterSeconds: v.exactOptional(count),
  }),
  v.object({ code: v.literal('unauthorized'), status: v.picklist([401, 403]), message: textOrNull }),
  v.object({ code: v.literal('not-a-stream'), status: count, contentType: text, snippet: text }),
  v.object({ code: v.literal('empty-answer') }),
  v.object({ code: v.literal('backend'), kind: text, message: text }),
  v.object({ code: v.literal('provider-auth'), provider: textOrNull, message: text }),
  v.object({ code: v.literal('protocol'), malformedEvents: count }),
  v.object({ code: v.literal('too-large'), limitBytes: count }),
  v.object({ code: v.literal('connection-lost') }),
  v.object({ code: v.literal('process-ended') }),
  v.object({ code: v.literal('bad-address'), reason: addressReason }),
  v.object({ code: v.literal('bad-proxy'), reason: addressReason }),
  v.object({
    code: v.literal('bad-header'),
    name: text,
    reason: v.picklist(['name', 'value', 'characters', 'reserved', 'too-long', 'duplicate']),
  }),
  v.object({
    code: v.literal('bad-parameters'),
    reason: v.picklist(['syntax', 'not-an-object', 'reserved', 'too-large', 'too-deep']),
    name: textOrNull,
  }),
  v.object({
    code: v.literal('bad-certificate-file'),
    reason: v.picklist(['unreadable', 'empty', 'too-large']),
  }),
  v.object({
    code: v.literal('bad-recording'),
    reason: v.picklist(['unreadable', 'format', 'newer', 'too-large']),
  }),
  v.object({
    code: v.literal('bad-archive'),
    reason: v.picklist(['unreadable', 'format', 'newer', 'too-large', 'damaged', 'unsafe']),
  }),
  v.object({
    code: v.literal('bad-prompts'),
    reason: v.picklist(['unreadable', 'format', 'newer', 'too-large']),
  }),
  v.object({ code: v.literal('no-backend') }),
  v.object({
    code: v.literal('secret-unavailable'),
    reason: v.picklist(['no-keychain', 'unreadable', 'other-origin']),
  }),
  v.object({
    code: v.literal('attachment'),
    reason: v.picklist([
      'empty',
      'format',
      'damaged',
      'too-large',
      'too-many-pixels',
      'too-many',
      'folder',
      'unreadable',
      'no-room',
      'no-window',
    ]),
    name: text,
    format: textOrNull,
    limit: countOrNull,
  }),
  v.object({
    code: v.literal('capture'),
    reason: v.picklist(['permission', 'no-portal', 'no-picture', 'changed', 'failed']),
  }),
  v.object({
    code: v.literal('upload'),
    reason: v.picklist(['unsupported', 'unreadable']),
    name: text,
    message: textOrNull,
  }),
  v.object({
    code: v.literal('media'),
    reason: v.picklist(['gone', 'refused', 'private', 'format', 'too-large', 'failed', 'blocked', 'unasked']),
    host: textOrNull,
    limitBytes: countOrNull,
  }),
  v.object({ code: v.literal('storage'), reason: v.picklist(['full', 'read-only', 'damaged', 'failed']) }),
  v.object({ code: v.literal('newer-file') }),
  v.object({
    code: v.literal('not-found'),
    what: v.picklist([
      'conversation',
      'message',
      'generation',
      'attachment',
      'backend',
      'named-backend',
      'file',
      'recording',
    ]),
  }),
  v.object({ code: v.literal('bad-request'), channel: text }),
  v.object({ code: v.literal('forbidden'), channel: text }),
  v.object({ code: v.literal('busy') }),
  v.object({ code: v.literal('internal') }),
])

// An error that this version does not know must not hide the conversation it is in.
const storedError: Schema<AppError | null> = v.nullable(v.fallback(appErrorSchema, { code: 'internal' }))

const finishState: Schema<FinishState> = v.picklist([
  'complete',
  'complete-unconfirmed',
  'stopped',
  'interrupted',
  'failed',
])

const statusSchema: Schema<AnswerStatus> = v.variant('phase', [
  v.object({ phase: v.literal('connecting') }),
  v.object({ phase: v.literal('waiting') }),
  v.object({
    phase: v.literal('retrying'),
    attempt: count,
    ofAttempts: count,
    inMs: count,
    cause: v.exactOptional(v.literal('limit')),
  }),
  v.object({ phase: v.literal('uploading'), name: text, sentBytes: count, totalBytes: count }),
  v.object({ phase: v.literal('progress'), text }),
  v.object({ phase: v.literal('thinking') }),
  v.object({ phase: v.literal('writing') }),
  v.object({ phase: v.literal('stalled'), sinceMs: count }),
])

const providerSchema: Schema<ProviderInfo> = v.object({
  name: text,
  label: textOrNull,
  model: textOrNull,
  url: textOrNull,
})

const fileSchema: Schema<MediaFile> = v.object({
  id: text,
  mime: text,
  bytes: count,
  width: countOrNull,
  height: countOrNull,
})

// Keys are what a server has said.
const fileRecord = v.custom<Record<string, MediaFile>>(
  (value) => v.is(anyRecord, value) && Object.values(value).every((file) => v.is(fileSchema, file)),
)

const mediaEntries = {
  kind: v.picklist(['image', 'video', 'audio']),
  sources: v.array(text),
  alt: text,
  // What is lost with them can be fetched again.
  files: v.exactOptional(v.fallback(fileRecord, {})),
}

const contentSchema: Schema<AnswerContent[]> = v.array(
  v.variant('type', [
    v.object({ type: v.literal('text'), text }),
    v.object({ type: v.literal('media'), ...mediaEntries }),
  ]),
)

const reasoningSchema: Schema<Reasoning> = v.object({ text, startMs: count, durationMs: countOrNull })
const noticeEntries = { kind: text, text }
const toolCallEntries = { index: count, id: textOrNull, name: text, arguments: text }
// JSON leaves out a key whose value is undefined.
const synthesizeEntries = {
  provider: text,
  data: v.pipe(
    v.optional(v.unknown(), null),
    v.transform((data) => (isDeep(data) ? null : data)),
  ),
}

const usageSchema: Schema<Usage> = v.object({
  promptTokens: countOrNull,
  completionTokens: countOrNull,
  reasoningTokens: countOrNull,
  totalTokens: countOrNull,
})

const attachmentSchema: Schema<AttachmentInfo> = v.object({
  id: text,
  name: text,
  mime: v.picklist([
    'image/png',
    'image/jpeg',
    'image/gif',
    'image/webp',
    'audio/wav',
    'audio/mpeg',
    'text/plain',
    'application/pdf',
  ]),
  bytes: count,
  width: count,
  height: count,
  orientation: count,
  hasLocation: v.boolean(),
  removed: v.exactOptional(v.array(v.picklist(['location', 'camera', 'description', 'preview']))),
  before: v.exactOptional(
    v.object({
      id: text,
      format: text,
      bytes: count,
      width: count,
      height: count,
      isAnimated: v.boolean(),
      isSendable: v.boolean(),
    }),
  ),
  isAnimated: v.exactOptional(v.boolean()),
})

const userMessageSchema: Schema<UserMessage> = v.object({
  role: v.literal('user'),
  id: text,
  parentId: textOrNull,
  createdAt: dateMs,
  text,
  attachments: v.array(attachmentSchema),
})

const assistantMessageSchema: Schema<AssistantMessage> = v.object({
  role: v.literal('assistant'),
  id: text,
  parentId: textOrNull,
  createdAt: dateMs,
  generationId: text,
  backendId: text,
  requested: v.object({ provider: textOrNull, model: textOrNull }),
  state: v.union([v.literal('running'), finishState]),
  error: storedError,
  status: statusSchema,
  provider: v.nullable(providerSchema),
  content: contentSchema,
  preview: textOrNull,
  reasoning: v.nullable(reasoningSchema),
  attempts: atMost(
    MAX_ATTEMPTS,
    v.object({
      provider: providerSchema,
      reason: textOrNull,
      durationMs: count,
      content: contentSchema,
      reasoning: v.nullable(reasoningSchema),
    }),
  ),
  notices: atMost(MAX_NOTICES, v.object(noticeEntries)),
  toolCalls: atMost(MAX_TOOL_CALLS, v.object(toolCallEntries)),
  suggestions: atMost(MAX_SUGGESTIONS, text),
  synthesize: v.nullable(v.object(synthesizeEntries)),
  usage: v.nullable(usageSchema),
  finishReason: textOrNull,
  sessions: sessionsSchema,
  timing: v.object({ firstTextMs: countOrNull, lastMs: count }),
  oddities: v.object({ unknown: countRecord, malformed: count }),
  // What is lost with them can be fetched again.
  pictures: v.exactOptional(v.fallback(fileRecord, {})),
})

const messageSchema: Schema<Message> = v.union([userMessageSchema, assistantMessageSchema])

const conversationSchema: Schema<Conversation> = v.object({
  version: v.literal(FILE_VERSION),
  id: text,
  title: titleText,
  titleSource: v.picklist(['none', 'first-words', 'backend', 'person']),
  createdAt: dateMs,
  updatedAt: dateMs,
  origin: v.picklist(['window', 'quick-ask', 'terminal']),
  isPinned: v.boolean(),
  isUnread: v.boolean(),
  backendId: text,
  provider: textOrNull,
  model: textOrNull,
  headId: textOrNull,
  settings: v.exactOptional(storedChatSettingsSchema),
  deletedFrom: v.exactOptional(
    v.object({
      conversationId: v.custom<string>(isId),
      count,
      order: v.array(text),
      headBefore: textOrNull,
      headAfter: textOrNull,
    }),
  ),
  messages: v.array(messageSchema),
})

const partSchema: Schema<Part> = v.variant('type', [
  v.object({ type: v.literal('status'), status: statusSchema }),
  v.object({ type: v.literal('provider'), provider: providerSchema }),
  v.object({ type: v.literal('text-delta'), text }),
  v.object({ type: v.literal('reasoning-delta'), text }),
  v.object({ type: v.literal('reasoning-end') }),
  v.object({ type: v.literal('media'), ...mediaEntries }),
  v.object({ type: v.literal('media-file'), source: text, file: fileSchema }),
  v.object({ type: v.literal('preview'), markdown: text }),
  v.object({ type: v.literal('notice'), ...noticeEntries }),
  v.object({ type: v.literal('tool-call'), ...toolCallEntries }),
  v.object({ type: v.literal('suggestions'), suggestions: atMost(MAX_SUGGESTIONS, text) }),
  v.object({ type: v.literal('synthesize'), ...synthesizeEntries }),
  v.object({ type: v.literal('title'), title: titleText }),
  v.object({ type: v.literal('usage'), usage: usageSchema }),
  v.object({ type: v.literal('finish-reason'), reason: text }),
  v.object({
    type: v.literal('session'),
    sessions: v.pipe(
      sessionsSchema,
      v.transform((sessions) => sessions ?? {}),
    ),
  }),
  v.object({ type: v.literal('oddity'), unknownType: textOrNull }),
  v.object({ type: v.literal('finish'), state: finishState, error: storedError }),
])

const summarySchema: Schema<ConversationSummary> = v.object({
  id: v.custom<string>(isId),
  title: v.pipe(titleText, v.transform(withoutBidiControls)),
  updatedAt: count,
  createdAt: count,
  origin: v.picklist(['window', 'quick-ask', 'terminal']),
  isPinned: v.boolean(),
  isRunning: v.boolean(),
  isUnread: v.boolean(),
  hasFailed: v.boolean(),
  // An index of an earlier version has none, and it never has a temporary conversation.
  isTemporary: v.optional(v.literal(false), false),
  isDamaged: v.boolean(),
  isReadOnly: v.exactOptional(v.literal(true)),
})

const recordSchema = v.object({ seq: v.pipe(count, v.integer(), v.minValue(1)), atMs: count, part: partSchema })

const journalStartSchema = v.object({
  version: v.literal(FILE_VERSION),
  generationId: v.custom<string>(isId),
  messageId: text,
  conversation: conversationSchema,
})

const rowsSchema = v.object({
  version: v.literal(FILE_VERSION),
  rows: v.array(v.object({ summary: summarySchema, bytes: count, modifiedMs: count })),
})

/**
 * What a conversation file holds. `version` is the one that the file has. `isTooLarge` is one that was not looked at: to
 * read it would take the memory of the computer, or minutes. `title` is there when a damaged one still shows it.
 */
export type ReadConversation =
  | { kind: 'damaged'; isTooLarge?: true; title?: string }
  | { kind: 'read'; conversation: Conversation; isNewer: boolean; version: number }

/**
 * Reads the text of the file of conversation `id`. The name of the file is the truth about the id. A `headId` that
 * leads nowhere would hide every message, so it becomes the last message. Never throws.
 */
export function readConversation(id: string, fileText: string, format: FileFormat = PRESENT_FORMAT): ReadConversation {
  const json = parseJson(fileText)
  const version = versionOf(json)
  if (version === null) return { kind: 'damaged' }
  const read = v.safeParse(conversationSchema, present(json, version, format))
  if (!read.success) return { kind: 'damaged' }
  const conversation = { ...read.output, id }
  const { headId, messages } = conversation
  // Without a date of its own it is as old as the last thing that was said in it.
  if (conversation.updatedAt === 0) {
    conversation.updatedAt = messages.reduce((last, { createdAt }) => Math.max(last, createdAt), conversation.createdAt)
  }
  const isHeadThere = headId === null ? messages.length === 0 : messages.some((message) => message.id === headId)
  if (!isHeadThere) conversation.headId = messages.at(-1)?.id ?? null
  return { kind: 'read', conversation, isNewer: version > format.version, version }
}

/** The text of a conversation's file: JSON that a person can read. */
export function writeConversation(conversation: Conversation, format: FileFormat = PRESENT_FORMAT): string {
  return `${JSON.stringify({ ...conversation, version: format.version }, null, 2)}\n`
}

/** First line of a journal. `conversation` holds the asked part only: see `JournalStart` in journal.ts. */
export type JournalHead = v.InferOutput<typeof journalStartSchema>
/** Every other line of a journal: one event, without the ids that the head already names. */
export type JournalRecord = v.InferOutput<typeof recordSchema>

/** One line of a journal as a head, a record, or null for what cannot be read. */
export function readJournalLine(
  line: string,
  format: FileFormat = PRESENT_FORMAT,
): { head: JournalHead } | { record: JournalRecord } | 'newer' | null {
  const json = parseJson(line)
  const record = v.safeParse(recordSchema, json)
  if (record.success) return { record: record.output }
  const version = versionOf(json)
  if (version === null) return null
  if (version > format.version) return 'newer'
  const { conversation, ...start } = { conversation: undefined, ...Object(json) } as Record<string, unknown>
  const head = v.safeParse(journalStartSchema, {
    ...start,
    version: FILE_VERSION,
    conversation: present(conversation, version, format),
  })
  return head.success ? { head: head.output } : null
}

/** One row of the index: a summary, and what the file looked like when it was made. */
export type IndexRow = v.InferOutput<typeof rowsSchema>['rows'][number]

/** The rows of an index file; null when it is not one. */
export function readIndex(fileText: string): IndexRow[] | null {
  const read = v.safeParse(rowsSchema, parseJson(fileText))
  // One with a date that is none is read from its file.
  return read.success ? read.output.rows.filter(({ summary }) => isDate(summary.updatedAt)) : null
}

/** The text of an index file. */
export function writeIndex(rows: IndexRow[]): string {
  return JSON.stringify({ version: FILE_VERSION, rows })
}

const trashRowsSchema = v.object({
  version: v.literal(FILE_VERSION),
  rows: v.array(
    v.object({ name: text, summary: summarySchema, messages: count, images: count, deleted: v.exactOptional(count) }),
  ),
})

/** What is known of one file of the trash, by its name. */
export type TrashRow = v.InferOutput<typeof trashRowsSchema>['rows'][number]

/** The rows of a `trash.json`; null when it is not one. */
export function readTrashIndex(fileText: string): TrashRow[] | null {
  const read = v.safeParse(trashRowsSchema, parseJson(fileText))
  return read.success ? read.output.rows : null
}

/** The text of a `trash.json`. */
export function writeTrashIndex(rows: TrashRow[]): string {
  return JSON.stringify({ version: FILE_VERSION, rows })
}

/** JSON of a file of any version as the schema of this one looks at it; of what cannot be migrated, nothing. */
function present(json: unknown, version: number, { migrations }: FileFormat): unknown {
  try {
    let migrated = { ...Object(json) } as Record<string, unknown>
    for (const migration of migrations.slice(version - 1)) migrated = migration(migrated)
    return { ...migrated, version: FILE_VERSION }
  } catch {
    return undefined
  }
}

function parseJson(jsonText: string): unknown {
  try {
    // Editors on Windows put a byte order mark before what a person has looked at and saved.
    return JSON.parse(jsonText.startsWith('\uFEFF') ? jsonText.slice(1) : jsonText)
  } catch {
    return undefined
  }
}

function versionOf(json: unknown): number | null {
  const read = v.safeParse(v.object({ version: v.pipe(count, v.integer(), v.minValue(1)) }), json)
  return read.success ? read.output.version : null
}
