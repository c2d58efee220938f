import { stat } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { openPromise, type Entry, type ZipFile } from 'yauzl'
import { AppFailure, failure, type AppError } from '../../shared/errors'

/** One file in an archive. */
export interface ArchiveEntry {
  name: string
  bytes: number
  /** Its bytes, exactly as many as announced; the stream fails for a file that lies about them. */
  open(): Promise<Readable>
}

/** A zip that may be read: what is in it was looked at whole before anything of it is unpacked. */
export interface Archive {
  entries: ReadonlyMap<string, ArchiveEntry>
  close(): void
}

const MAX_ENTRIES = 100_000
const MAX_UNPACKED_BYTES = 20 * 1024 ** 3
/** Text shrinks to a tenth; nothing that a person has written shrinks to a two-hundredth and is large as well. */
const MAX_RATIO = 200
const MAX_UNJUDGED_BYTES = 100 * 1024 * 1024

const STORED = 0
const DEFLATED = 8

/**
 * Opens a zip from anywhere. Names that leave it, links, encrypted and overlapping files, bombs and twice the same name
 * refuse all of it; nothing is ever unpacked to where a name says.
 *
 * @throws AppFailure `bad-archive`
 */
export async function openArchive(path: string): Promise<Archive> {
  const zip = await openZip(path)
  try {
    if (zip.entryCount > MAX_ENTRIES) throw refusal('too-large')
    const found: Entry[] = []
    for await (const entry of zip.eachEntry()) {
      if (found.length >= MAX_ENTRIES) throw refusal('too-large')
      found.push(entry)
    }
    const entries = new Map<string, ArchiveEntry>()
    const names = new Set<string>()
    let unpackedBytes = 0
    for (const entry of found) {
      const name = nameOf(entry)
      checkEntry(entry, name)
      if (names.has(name)) throw refusal('unsafe')
      names.add(name)
      unpackedBytes += entry.uncompressedSize
      if (unpackedBytes > MAX_UNPACKED_BYTES) throw refusal('too-large')
      if (!name.endsWith('/')) {
        entries.set(name, { name, bytes: entry.uncompressedSize, open: () => zip.openReadStreamPromise(entry) })
      }
    }
    checkPlaces(found, zip.fileSize)
    return { entries, close: () => zip.close() }
  } catch (thrown) {
    zip.close()
    throw thrown instanceof AppFailure ? thrown : refusal('damaged')
  }
}

async function openZip(path: string): Promise<ZipFile> {
  // Before it is opened: opening a pipe waits for somebody to write to it.
  const info = await stat(path).catch(() => null)
  if (info?.isFile() !== true) throw refusal('unreadable')
  try {
    // Names are decoded and judged here, so that an unsafe one can be told from a damaged one.
    return await openPromise(path, {
      autoClose: false,
      lazyEntries: true,
      decodeStrings: false,
      validateEntrySizes: true,
    })
  } catch {
    throw refusal('damaged')
  }
}

function nameOf(entry: Entry): string {
  // Without decoding yauzl gives bytes, whatever its types say.
  const raw: unknown = entry.fileName
  return Buffer.isBuffer(raw) ? raw.toString('utf8') : String(raw)
}

const ENCRYPTED = 0x41
const UNIX = 3
const KIND_OF_FILE = 0o170000
const REGULAR = 0o100000
const FOLDER = 0o040000

function checkEntry(entry: Entry, name: string): void {
  const segments = name.replace(/\/$/u, '').split('/')
  const isPlain = segments.every((segment) => segment !== '' && segment !== '.' && segment !== '..')
  if (!isPlain || name.length > 1000 || /^[A-Za-z]:|[\\\p{Cc}]/u.test(name)) throw refusal('unsafe')
  if ((entry.generalPurposeBitFlag & ENCRYPTED) !== 0) throw refusal('unsafe')
  const isFromUnix = entry.versionMadeBy >>> 8 === UNIX
  const kind = (entry.externalFileAttributes >>> 16) & KIND_OF_FILE
  if (isFromUnix && kind !== 0 && kind !== REGULAR && kind !== FOLDER) throw refusal('unsafe')
  const { compressionMethod, compressedSize, uncompressedSize } = entry
  if (compressionMethod !== STORED && compressionMethod !== DEFLATED) throw refusal('format')
  if (compressionMethod === STORED && compressedSize !== uncompressedSize) throw refusal('damaged')
  if (![compressedSize, uncompressedSize, entry.relativeOffsetOfLocalHeader].every(Number.isSafeInteger)) {
    throw refusal('unsafe')
  }
  const isBomb = uncompressedSize > MAX_UNJUDGED_BYTES && uncompressedSize > compressedSize * MAX_RATIO
  if (isBomb) throw refusal('unsafe')
}

/** No two files may share bytes: a bomb is small because all its files are the same few bytes. */
function checkPlaces(entries: readonly Entry[], fileBytes: number): void {
  const places = [...entries].sort((a, b) => a.relativeOffsetOfLocalHeader - b.relativeOffsetOfLocalHeader)
  let freeFrom = 0
  let packedBytes = 0
  let unpackedBytes = 0
  for (const { relativeOffsetOfLocalHeader: start, compressedSize, uncompressedSize } of places) {
    if (start < freeFrom) throw refusal('unsafe')
    freeFrom = start + compressedSize
    packedBytes += compressedSize
    unpackedBytes += uncompressedSize
  }
  if (freeFrom > fileBytes) throw refusal('damaged')
  if (unpackedBytes > MAX_UNJUDGED_BYTES && unpackedBytes > packedBytes * MAX_RATIO) throw refusal('unsafe')
}

type Reason = Extract<AppError, { code: 'bad-archive' }>['reason']

/** The error of a file that is refused as a whole. */
export function refusal(reason: Reason): AppFailure {
  return failure({ code: 'bad-archive', reason })
}
