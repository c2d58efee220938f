import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import * as v from 'valibot'
import type { RestorePlan, StoredDraft } from '../../shared/contract'
import type { Conversation } from '../../shared/conversation'
import { AppFailure, toAppError, type AppError } from '../../shared/errors'
import type { Settings } from '../../shared/settings'
import { draftSchema } from '../drafts'
import { isId, readConversation } from '../library/schema'
import { MAX_PROMPTS_FILE_BYTES } from '../prompts'
import { readSettings } from '../settings'
import { openArchive, refusal, type Archive } from './archive'
import {
  BACKUP_FORMAT,
  BACKUP_VERSION,
  DRAFTS_NAME,
  MANIFEST_NAME,
  PROMPTS_NAME,
  SETTINGS_NAME,
  type ManifestEntry,
} from './backup'
import { chatGptPictures, importChatGpt } from './chatgpt'
import { gpt4freePictures, importGpt4free, isGpt4freeConversation, isGpt4freeKey } from './gpt4free'
import { checkedStream, hashStream } from './hash'
import { nameOf, recordOf, type ImportTarget } from './imported'
import { CONVERSATION_FORMAT, CONVERSATION_FORMAT_VERSION } from './json'
import { readJsonItems, type JsonItem, type JsonLimits } from './json-items'
import { Pictures, type FoundPictures, type PicturePointer } from './pictures'
import { portable } from './portable'

/**
 * One conversation of a file, or what is wrong with it. It `lacksPictures` when it points to some that are not in the file
 * and of which nothing more is known.
 */
export type Found = { name: string } & ({ conversation: Conversation; lacksPictures?: boolean } | { error: AppError })

/** A file of conversations from anywhere. Nothing of it is trusted, and one conversation of it is in memory at a time. */
export interface TransferSource {
  kind: RestorePlan['source']
  /** As often as it is asked. What cannot be read is found with its error; throws what makes all of it unreadable. */
  conversations(): AsyncGenerator<Found>
  /** One of them by its id, without reading the others; null when it is not there, or when only reading all would tell. */
  find(id: string): Promise<Found | null>
  /** The settings that come with it, checked like those on the disk; null without any, or when they are not right. */
  settings(): Promise<Settings | null>
  /** What was not sent; none that could not be a draft of ours. */
  drafts(): Promise<StoredDraft[]>
  /** The prompts that come with it, as parsed and not yet checked; undefined without any. */
  prompts(): Promise<unknown>
  /** How many conversations there are; 0 when only reading all of them tells. */
  count: number
  /** The stored files that come with it, by id. */
  media: ReadonlyMap<string, ManifestEntry>
  /** Their bytes, which fail at their end when they are not those of the id. */
  openMedia(id: string): AsyncIterable<Uint8Array>
  /** The media that are not what the manifest says, with their names. */
  findDamagedMedia(signal?: AbortSignal): AsyncGenerator<string>
  close(): void
}

const MAX_CONVERSATION_BYTES = 64 * 1024 * 1024
const MAX_CONVERSATIONS = 100_000
const MAX_MANIFEST_BYTES = 64 * 1024 * 1024
const MAX_SETTINGS_BYTES = 8 * 1024 * 1024
const MAX_DRAFTS_BYTES = 128 * 1024 * 1024
const MAX_MESSAGES = 100_000
const MAX_FILE_BYTES = 20 * 1024 ** 3
/**
 * Parsing and checking a million values takes about a second, in which nothing else happens. Twenty thousand messages, the
 * most that a conversation of another program may have, have less than that.
 */
const MAX_PARTS = 1_000_000
const LIMITS: JsonLimits = {
  maxItemBytes: MAX_CONVERSATION_BYTES,
  maxDepth: 64,
  maxItems: MAX_CONVERSATIONS,
  maxParts: MAX_PARTS,
}

/**
 * Opens a backup of Parley, one exported conversation, ChatGPT's export (the zip, or the `conversations.json` in it), or the
 * export of the gpt4free web client: by what is in the file, whatever it is called.
 *
 * @throws AppFailure `bad-archive`
 */
export async function openSource(path: string, target: ImportTarget): Promise<TransferSource> {
  // Before it is opened: opening a pipe waits for somebody to write to it.
  const info = await stat(path).catch(() => null)
  if (info?.isFile() !== true) throw refusal('unreadable')
  if (info.size > MAX_FILE_BYTES) throw refusal('too-large')
  const head = await readHead(path)
  if (head.length >= 4 && head.readUInt16LE(0) === 0x4b50) return openZipSource(path, target)
  return openJsonSource([() => createReadStream(path)], basename(path), target, new Pictures(null))
}

async function readHead(path: string): Promise<Buffer> {
  try {
    const file = await open(path, 'r')
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0)
      return buffer.subarray(0, bytesRead)
    } finally {
      await file.close()
    }
  } catch {
    throw refusal('unreadable')
  }
}

// ---- zips ----

const entrySchema = v.object({
  name: v.pipe(v.string(), v.maxLength(200)),
  sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/u)),
  bytes: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
})
const manifestSchema = v.object({
  format: v.literal(BACKUP_FORMAT),
  version: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
})
const draftsSchema = v.object({ version: v.literal(1), drafts: v.pipe(v.array(v.unknown()), v.maxLength(10_000)) })
const entriesSchema = v.object({ entries: v.array(entrySchema) })

async function openZipSource(path: string, target: ImportTarget): Promise<TransferSource> {
  const archive = await openArchive(path)
  try {
    if (archive.entries.has(MANIFEST_NAME)) return await openBackup(archive)
    const parts = [...archive.entries.values()]
      .filter(({ name }) => /^(?:[^/]+\/)?conversations(?:-\d{1,6})?\.json$/u.test(name))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
    if (parts.length === 0) throw refusal('format')
    const source = await openJsonSource(
      parts.map((part) => () => part.open()),
      basename(path),
      target,
      new Pictures(archive),
    )
    return { ...source, close: () => archive.close() }
  } catch (thrown) {
    archive.close()
    throw thrown instanceof AppFailure ? thrown : refusal('damaged')
  }
}

async function openBackup(archive: Archive): Promise<TransferSource> {
  const manifest = await readManifest(archive)
  const conversations: ManifestEntry[] = []
  const media = new Map<string, ManifestEntry>()
  for (const entry of manifest) {
    const id = /^conversations\/([^/]+)\.json$/u.exec(entry.name)?.[1]
    if (id !== undefined) conversations.push(entry)
    const mediaId = /^media\/([0-9a-f]{64})\.[a-z0-9]{2,5}$/u.exec(entry.name)?.[1]
    // A file lies under the hash of what is in it: any other name is a lie.
    if (mediaId !== undefined && mediaId === entry.sha256) media.set(mediaId, entry)
  }
  if (conversations.length > MAX_CONVERSATIONS) throw refusal('too-large')
  const open = async function* (entry: ManifestEntry): AsyncGenerator<Uint8Array> {
    const found = archive.entries.get(entry.name)
    if (found?.bytes !== entry.bytes) throw refusal('damaged')
    yield* checkedStream(await found.open(), entry)
  }
  /** One of the other files; undefined without it, or when it is not what the manifest says. */
  const readPart = async (name: string, maxBytes: number): Promise<unknown> => {
    const entry = manifest.find((each) => each.name === name)
    if (entry === undefined || entry.bytes > maxBytes) return undefined
    const text = await readText(open(entry)).catch(() => '')
    return problemIn(text) === null ? parseJson(text) : undefined
  }
  return {
    kind: 'parley',
    count: conversations.length,
    async *conversations() {
      for (const entry of conversations) yield await readBackedUp(entry, () => open(entry))
    },
    async find(id) {
      const entry = conversations.find(({ name }) => name === `conversations/${id}.json`)
      return entry === undefined ? null : readBackedUp(entry, () => open(entry))
    },
    settings: async () => readSettings(await readPart(SETTINGS_NAME, MAX_SETTINGS_BYTES)),
    async drafts() {
      const file = v.safeParse(draftsSchema, await readPart(DRAFTS_NAME, MAX_DRAFTS_BYTES))
      return (file.success ? file.output.drafts : []).flatMap((each) => {
        const draft = v.safeParse(draftSchema, each)
        return draft.success ? [draft.output] : []
      })
    },
    prompts: () => readPart(PROMPTS_NAME, MAX_PROMPTS_FILE_BYTES),
    media,
    async *openMedia(id) {
      const entry = media.get(id)
      if (entry === undefined) throw refusal('damaged')
      yield* open(entry)
    },
    async *findDamagedMedia(signal) {
      for (const entry of media.values()) {
        if (signal?.aborted === true) return
        const isGood = await hashStream(open(entry)).then(
          () => true,
          () => false,
        )
        if (!isGood) yield entry.name
      }
    },
    close: () => archive.close(),
  }
}

async function readManifest(archive: Archive): Promise<ManifestEntry[]> {
  const entry = archive.entries.get(MANIFEST_NAME)
  if (entry === undefined) throw refusal('format')
  if (entry.bytes > MAX_MANIFEST_BYTES) throw refusal('too-large')
  const text = await readText(await entry.open())
  requireModest(text)
  const json = parseJson(text)
  const head = v.safeParse(manifestSchema, json)
  if (!head.success) throw refusal('format')
  if (head.output.version > BACKUP_VERSION) throw refusal('newer')
  const read = v.safeParse(entriesSchema, json)
  if (!read.success) throw refusal('damaged')
  const names = new Set(read.output.entries.map(({ name }) => name))
  if (names.size !== read.output.entries.length) throw refusal('damaged')
  return read.output.entries
}

async function readBackedUp(entry: ManifestEntry, open: () => AsyncIterable<Uint8Array>): Promise<Found> {
  const id = entry.name.slice('conversations/'.length, -'.json'.length)
  try {
    if (!isId(id)) throw refusal('damaged')
    if (entry.bytes > MAX_CONVERSATION_BYTES) throw refusal('too-large')
    return readParley(id, await readText(open()), entry.name)
  } catch (thrown) {
    return { name: entry.name, error: problemOf(thrown) }
  }
}

/** A conversation in Parley's own words, as the library would read it. */
function readParley(id: string, text: string, name: string): Found {
  requireModest(text)
  const read = readConversation(id, text)
  if (read.kind === 'damaged') throw refusal('damaged')
  if (read.isNewer) throw refusal('newer')
  if (read.conversation.messages.length > MAX_MESSAGES) throw refusal('too-large')
  return {
    name: read.conversation.title === '' ? name : read.conversation.title,
    conversation: portable(read.conversation),
  }
}

function requireModest(json: string): void {
  const problem = problemIn(json)
  if (problem !== null) throw refusal(problem)
}

/**
 * What forbids to parse a text: lists and objects too deep in one another, because what is written again one day is walked
 * by recursion, or too many values, however short it is. Null for nothing.
 */
function problemIn(json: string): 'unsafe' | 'too-large' | null {
  let depth = 0
  let parts = 0
  for (let at = 0; at < json.length; at += 1) {
    const sign = json.charCodeAt(at)
    if (sign === 0x22) at = endOfString(json, at)
    else if (sign === 0x5b || sign === 0x7b) {
      depth += 1
      parts += 1
      if (depth > LIMITS.maxDepth) return 'unsafe'
    } else if (sign === 0x5d || sign === 0x7d) depth -= 1
    else if (sign === 0x2c) parts += 1
    if (parts > MAX_PARTS) return 'too-large'
  }
  return null
}

/** The place of the quote that ends the string which begins at `start`; the end of the text when there is none. */
function endOfString(json: string, start: number): number {
  for (let quote = json.indexOf('"', start + 1); quote >= 0; quote = json.indexOf('"', quote + 1)) {
    let slashes = 0
    while (json.charCodeAt(quote - slashes - 1) === 0x5c) slashes += 1
    if (slashes % 2 === 0) return quote
  }
  return json.length
}

// ---- JSON ----

type OpenPart = () => AsyncIterable<unknown> | Promise<AsyncIterable<unknown>>

/** A list is ChatGPT's; an object is told by its first keys. */
async function openJsonSource(
  parts: readonly OpenPart[],
  name: string,
  target: ImportTarget,
  pictures: Pictures,
): Promise<TransferSource> {
  const [first] = parts
  if (first === undefined) throw refusal('format')
  const kind = await kindOf(first)
  const readItem = kind === 'chatgpt' ? readChatGpt : kind === 'gpt4free' ? readGpt4free : readExported
  return {
    kind,
    async *conversations() {
      let place = 0
      for (const part of parts) {
        const { kind: shape, items } = await readJsonItems(await streamOf(part), LIMITS)
        if ((shape === 'list') !== (kind === 'chatgpt')) throw refusal('format')
        for await (const item of items) {
          place += 1
          const about = { name: kind === 'parley' ? name : `${name} #${place}`, target, pictures }
          const found = await readItem(item, about)
          if (found !== null) yield found
        }
      }
    },
    find: async () => null,
    settings: async () => null,
    drafts: async () => [],
    prompts: async () => undefined,
    count: 0,
    media: pictures.media,
    openMedia: (id) => pictures.open(id),
    async *findDamagedMedia() {
      // Pictures of other programs are what they are: nothing says what they were.
    },
    close: () => undefined,
  }
}

async function streamOf(part: OpenPart): Promise<AsyncIterable<Uint8Array>> {
  return (await part()) as AsyncIterable<Uint8Array>
}

async function kindOf(part: OpenPart): Promise<RestorePlan['source']> {
  try {
    const { kind, items } = await readJsonItems(await streamOf(part), LIMITS)
    for await (const item of items) {
      if (kind === 'list') return 'chatgpt'
      if (item.key === 'format' && 'text' in item && parseJson(item.text) === CONVERSATION_FORMAT) return 'parley'
      if (item.key !== null && isGpt4freeKey(item.key)) return 'gpt4free'
    }
  } catch (thrown) {
    if (thrown instanceof AppFailure) throw thrown
    throw refusal('unreadable')
  }
  throw refusal('format')
}

/** What an item is read with: what it is called until its title is known, and the pictures it may point to. */
interface Reading {
  name: string
  target: ImportTarget
  pictures: Pictures
}

function readChatGpt(item: JsonItem, reading: Reading): Promise<Found> {
  return readWith(item, reading, chatGptPictures, (json, found) => importChatGpt(json, reading.target, found))
}

async function readGpt4free(item: JsonItem, reading: Reading): Promise<Found | null> {
  const { key } = item
  if (key === null || !isGpt4freeConversation(key)) return null
  return readWith(item, reading, gpt4freePictures, (json, found) => importGpt4free(key, json, reading.target, found))
}

async function readWith(
  item: JsonItem,
  reading: Reading,
  pointersOf: (json: unknown) => PicturePointer[],
  make: (json: unknown, found: FoundPictures) => Conversation,
): Promise<Found> {
  let { name } = reading
  try {
    if ('problem' in item) throw refusal(item.problem === 'too-large' ? 'too-large' : 'unsafe')
    const json = parseJson(item.text)
    if (json === undefined) throw refusal('damaged')
    name = nameOf(recordOf(json).title) ?? name
    const pointers = pointersOf(json)
    const found = await reading.pictures.find(pointers)
    const conversation = make(json, found)
    const lacksPictures = pointers.some(({ pointer }) => !found.has(pointer))
    return { name: conversation.title === '' ? name : conversation.title, conversation, lacksPictures }
  } catch (thrown) {
    return { name, error: problemOf(thrown) }
  }
}

/** The members of an exported conversation: `version` comes first, `conversation` is it, the others say nothing. */
async function readExported(item: JsonItem, { name }: Reading): Promise<Found | null> {
  if (item.key === 'version') {
    const version = 'text' in item ? parseJson(item.text) : undefined
    // This refuses the file: what another version means by its words is not known here.
    if (version !== CONVERSATION_FORMAT_VERSION) throw refusal(typeof version === 'number' ? 'newer' : 'damaged')
    return null
  }
  if (item.key !== 'conversation') return null
  try {
    if ('problem' in item) throw refusal(item.problem === 'too-large' ? 'too-large' : 'unsafe')
    const read = v.safeParse(v.object({ id: v.custom<string>(isId) }), parseJson(item.text))
    if (!read.success) throw refusal('damaged')
    return readParley(read.output.id, item.text, name)
  } catch (thrown) {
    return { name, error: problemOf(thrown) }
  }
}

function problemOf(thrown: unknown): AppError {
  const error = toAppError(thrown)
  // A stream that breaks off, sizes that lie, text that is no text: the file is not what it says.
  return error.code === 'internal' ? { code: 'bad-archive', reason: 'damaged' } : error
}

async function readText(stream: AsyncIterable<unknown>): Promise<string> {
  const pieces: Uint8Array[] = []
  for await (const piece of stream as AsyncIterable<Uint8Array>) pieces.push(piece)
  return Buffer.concat(pieces).toString('utf8')
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text.startsWith('\uFEFF') ? text.slice(1) : text)
  } catch {
    return undefined
  }
}
