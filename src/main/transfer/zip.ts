import { createHash, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { lstat, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { ZipFile } from 'yazl'
import { AppFailure, failure } from '../../shared/errors'
import { diskFileSystem, makeFolder, syncFolder } from '../library/files'
import { storageReason } from '../library/storage'
import { openArchive } from './archive'
import { hashStream } from './hash'
import type { Follower } from './progress'

/** One file of a zip, as it must be read back. */
export interface ZipEntry {
  name: string
  sha256: string
  bytes: number
}

/** A zip that is being written; each file waits for its turn. */
export interface ZipDraft {
  readonly entries: readonly ZipEntry[]
  addText(name: string, text: string): Promise<void>
  /** A file as it lies on the disk: its hash and its length are known. */
  addFile(entry: ZipEntry, path: string, compress?: boolean): Promise<void>
}

/**
 * Writes a zip beside its place, reads all of it back, compares it with what went in, and only then puts it there: half a
 * zip is never seen, and what is there stays until a good one takes its place.
 *
 * @returns null when it was stopped; nothing of it is left then
 * @throws AppFailure `storage`; nothing of it is left then either
 */
export async function writeZip<T>(
  path: string,
  { nowMs, follower }: { nowMs: number; follower: Follower },
  fill: (draft: ZipDraft) => Promise<T>,
): Promise<{ value: T; bytes: number } | null> {
  const draftPath = `${path}.${randomBytes(4).toString('hex')}.tmp`
  try {
    await makeFolder(diskFileSystem, dirname(path))
    // A device or a pipe is nothing to be replaced by a file; a link is replaced itself, and not followed.
    const there = await lstat(path).catch(() => null)
    if (there !== null && !there.isFile() && !there.isSymbolicLink()) throw new Error('not a file')
    await sweepDrafts(path)
    const { value, entries } = await writeDraft(draftPath, nowMs, fill)
    follower.signal.throwIfAborted()
    await verify(draftPath, entries, follower)
    const { size } = await stat(draftPath)
    follower.signal.throwIfAborted()
    await rename(draftPath, path)
    await syncFolder(diskFileSystem, dirname(path))
    return { value, bytes: size }
  } catch (thrown) {
    await rm(draftPath, { force: true }).catch(() => undefined)
    if (follower.signal.aborted) return null
    if (thrown instanceof AppFailure && thrown.error.code === 'storage') throw thrown
    throw failure({ code: 'storage', reason: storageReason(thrown) })
  }
}

/** So old is no draft that anybody still writes. */
const OLD_DRAFT_MS = 3_600_000

/** Removes what a process that died has left of zips in this folder: each may be as large as the library. */
async function sweepDrafts(path: string): Promise<void> {
  const folder = dirname(path)
  for (const name of await readdir(folder).catch(() => [])) {
    if (!/\.zip\.[0-9a-f]{8}\.tmp$/u.test(name)) continue
    const draft = join(folder, name)
    const info = await lstat(draft).catch(() => null)
    const isOurs = info?.isFile() === true && info.mtimeMs < Date.now() - OLD_DRAFT_MS && (await isZip(draft))
    if (isOurs) await rm(draft, { force: true }).catch(() => undefined)
  }
}

/** Names are not enough to delete a file of a person. */
async function isZip(path: string): Promise<boolean> {
  const file = await open(path, 'r').catch(() => null)
  if (file === null) return false
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0)
    return bytesRead === 0 || (bytesRead === 4 && buffer.readUInt32LE(0) === 0x04034b50)
  } catch {
    return false
  } finally {
    await file.close()
  }
}

async function writeDraft<T>(
  path: string,
  nowMs: number,
  fill: (draft: ZipDraft) => Promise<T>,
): Promise<{ value: T; entries: readonly ZipEntry[] }> {
  const zip = new ZipFile()
  // What yazl pipes everything into; its types say less.
  const output = zip.outputStream as Readable
  // A file that turned out shorter, or cannot be read to its end: without a listener it would end Parley.
  zip.on('error', (error: Error) => output.destroy(error))
  let source = null as Readable | null
  const file = await open(path, 'wx', 0o600)
  try {
    // Not by a stream of the file: it would hold the file open for as long as it lives.
    const written = pipeline(output, async (pieces: AsyncIterable<string | Buffer>) => {
      for await (const piece of pieces) await file.writeFile(piece)
    })
    // Each waits for its turn below, and all of them for the end of this, which may come first: a full disk.
    written.catch(() => undefined)
    const entries: ZipEntry[] = []
    const add = async (entry: ZipEntry, bytes: () => Readable, compress: boolean): Promise<void> => {
      entries.push(entry)
      const begin = (): Readable => (source = bytes())
      await Promise.race([addEntry(zip, entry, begin, { compress, mtime: new Date(nowMs) }), written])
    }
    const value = await fill({
      entries,
      addText(name, text) {
        const bytes = Buffer.from(text)
        const sha256 = createHash('sha256').update(bytes).digest('hex')
        return add({ name, sha256, bytes: bytes.byteLength }, () => Readable.from([bytes]), true)
      },
      // Images and films are as small as they get.
      addFile: (entry, from, compress = false) => add(entry, () => createReadStream(from), compress),
    })
    zip.end()
    await written
    await file.sync()
    return { value, entries }
  } finally {
    // Of one that was stopped or has failed nothing goes on, and no file stays open.
    source?.destroy()
    output.destroy()
    await file.close()
  }
}

/** Resolves when all bytes of the entry are on their way. What goes wrong is an error of the zip. */
function addEntry(
  zip: ZipFile,
  { name, bytes: size }: ZipEntry,
  bytes: () => Readable,
  options: { compress: boolean; mtime: Date },
): Promise<void> {
  return new Promise((resolve) => {
    zip.addReadStreamLazy(name, { ...options, size, mode: 0o100600 }, (give) => {
      const stream = bytes()
      stream.once('end', resolve)
      stream.once('error', (error) => zip.emit('error', error))
      give(null, stream)
    })
  })
}

/** Reads all of it back: a disk that lies, or a stick that is too small for what it says, is found out now. */
async function verify(path: string, entries: readonly ZipEntry[], follower: Follower): Promise<void> {
  follower.begin('check', entries.length)
  const archive = await openArchive(path)
  try {
    if (archive.entries.size !== entries.length) throw failure({ code: 'storage', reason: 'failed' })
    for (const { name, sha256, bytes } of entries) {
      follower.signal.throwIfAborted()
      const entry = archive.entries.get(name)
      const found = entry === undefined ? null : await hashStream(await entry.open())
      if (found?.sha256 !== sha256 || found.bytes !== bytes) throw failure({ code: 'storage', reason: 'failed' })
      follower.advance()
    }
  } finally {
    archive.close()
  }
}
