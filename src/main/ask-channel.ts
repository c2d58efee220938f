import { randomUUID } from 'node:crypto'
import { lstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, dirname, isAbsolute, join, normalize } from 'node:path'
import * as v from 'valibot'
import { failure } from '../shared/errors'
import { askRequestSchema, type Ask, type AskEvent, type AskRequest } from './ask'

/**
 * The way of a question from the process of a terminal to the Parley that runs, and of the answer back: JSON lines over a
 * socket in a folder that only its person can enter, on Windows over a pipe whose name nobody can guess. The process of
 * the terminal listens, for one connection, and only while it waits; the Parley that runs never listens (S46). See
 * docs/decisions/0016-questions-of-the-command-line.md.
 */

/** How long a Parley that runs may take to answer the process of a terminal. */
const REPLY_LIMIT_MS = 10_000
/** Much longer than anybody waits for a connection; a conversation that is under way does not need its folder. */
const LEFT_AFTER_MS = 600_000
const FOLDER_NAME = 'parley-ask-'
const SOCKET_NAME = 'line'
const PIPE = /^\\\\\.\\pipe\\parley-ask-[0-9a-f-]{36}$/u
/** Of the address of a socket, with its last byte; Linux takes 108, macOS 104. */
const MAX_ADDRESS_BYTES = 100
/** A question of a million characters, each of which JSON may write with six. */
const MAX_REQUEST_BYTES = 8 * 1024 * 1024
/** An event is one batch of an answer, a frame's worth of it. */
const MAX_EVENT_BYTES = 256 * 1024 * 1024

/** The end of the channel in the process of the terminal. */
export interface Waiting {
  /** What the other process is told. */
  address: string
  /** Hands the question to the process that connects. Rejects when none does within the time, or when it ends too soon. */
  ask: Ask
  close(): void
}

/**
 * Removes folders of processes that were killed while they waited. Only ours, and only those in which nobody can wait any
 * more; what cannot be removed does no harm. Synchronous and a few microseconds: there are none, most of the time.
 */
export function removeLeftFolders(folder = tmpdir(), nowMs = Date.now()): void {
  if (process.platform === 'win32') return
  for (const parent of new Set([folder, '/tmp'])) {
    for (const name of namesIn(parent)) {
      const path = join(parent, name)
      if (!name.startsWith(FOLDER_NAME) || !isOurs(join(path, SOCKET_NAME))) continue
      try {
        if (lstatSync(path).mtimeMs < nowMs - LEFT_AFTER_MS) rmSync(path, { recursive: true, force: true })
      } catch {
        // Somebody else has just removed it.
      }
    }
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

/** Listens at a new address. Synchronous, so that it listens before anybody is told; throws what the system says. */
export function waitForParley(timeoutMs = REPLY_LIMIT_MS): Waiting {
  const folder = process.platform === 'win32' ? null : mkdtempSync(join(shortTmpdir(), FOLDER_NAME))
  const address = folder === null ? `\\\\.\\pipe\\${FOLDER_NAME}${randomUUID()}` : join(folder, SOCKET_NAME)
  const server = createServer({ pauseOnConnect: true })
  // Rejects only when it is asked for; nobody may ask.
  const connected = firstConnection(server, timeoutMs)
  connected.catch(() => undefined)
  server.listen(address)
  const close = (): void => {
    server.close()
    if (folder !== null) rmSync(folder, { recursive: true, force: true })
  }
  return {
    address,
    close,
    async ask(request, tell, signal) {
      try {
        await converse(await connected, request, tell, signal)
      } finally {
        close()
      }
    },
  }
}

function shortTmpdir(): string {
  const folder = tmpdir()
  return Buffer.byteLength(join(folder, `${FOLDER_NAME}XXXXXX`, SOCKET_NAME)) < MAX_ADDRESS_BYTES ? folder : '/tmp'
}

function firstConnection(server: Server, timeoutMs: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(failure({ code: 'busy' })), timeoutMs)
    server.once('error', reject)
    server.once('connection', (socket) => {
      clearTimeout(timer)
      // The one that was told is here; nobody else is expected.
      server.close()
      socket.on('error', () => socket.destroy())
      resolve(socket)
    })
  })
}

async function converse(
  socket: Socket,
  request: AskRequest,
  tell: (event: AskEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  const hangUp = (): void => void socket.destroy()
  if (signal.aborted) hangUp()
  signal.addEventListener('abort', hangUp, { once: true })
  socket.write(`${JSON.stringify(request)}\n`)
  const ends: AskEvent['kind'][] = []
  await eachLine(socket, MAX_EVENT_BYTES, (line) => {
    const event = readEvent(line)
    if (event.kind === 'ended' || event.kind === 'refused') ends.push(event.kind)
    tell(event)
  })
  // It has died, or was killed: what had arrived is in its journal.
  if (ends.length === 0 && !signal.aborted) throw failure({ code: 'process-ended' })
}

// The other end is this very program, started by this person, or an older version of it.
function readEvent(line: string): AskEvent {
  const data: unknown = JSON.parse(line)
  const kinds: readonly string[] = ['started', 'refused', 'provider', 'reasoning', 'text', 'file', 'ended']
  const isKnown = typeof data === 'object' && data !== null && 'kind' in data && kinds.includes(String(data.kind))
  if (!isKnown) throw failure({ code: 'process-ended' })
  return data as AskEvent
}

/**
 * Answers the process that waits at an address. A connection that closes stops the answer. Never rejects: what is no
 * address of ours, or of another person, is not connected to.
 */
export async function answerAt(address: string, ask: Ask): Promise<void> {
  if (!isOurs(address)) return
  const socket = connect(address)
  const gone = new AbortController()
  socket.on('error', () => socket.destroy())
  socket.on('close', () => gone.abort())
  try {
    const lines: string[] = []
    await eachLine(socket, MAX_REQUEST_BYTES, (line) => {
      lines.push(line)
      return 'enough'
    })
    const request = v.parse(askRequestSchema, JSON.parse(lines[0] ?? ''))
    // Nothing more is expected; without a reader the end of the connection would not be noticed.
    socket.resume()
    await ask(request, (event) => socket.writable && socket.write(`${JSON.stringify(event)}\n`), gone.signal)
    await new Promise<void>((resolve) => socket.end(resolve))
  } catch {
    // What cannot be read is answered by the end of the connection.
  } finally {
    socket.destroy()
  }
}

function isOurs(address: string): boolean {
  if (process.platform === 'win32') return PIPE.test(address)
  const folder = dirname(address)
  const isNamed = basename(address) === SOCKET_NAME && basename(folder).startsWith(FOLDER_NAME)
  if (!isNamed || normalize(address) !== address || !isAbsolute(address)) return false
  try {
    const stats = lstatSync(folder)
    return stats.isDirectory() && stats.uid === process.getuid?.() && (stats.mode & 0o077) === 0
  } catch {
    return false
  }
}

/** Reads lines until the end, or until there is `enough`. Rejects for a line that is too long. */
function eachLine(socket: Socket, maxBytes: number, take: (line: string) => unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    let pieces: Buffer[] = []
    let bytes = 0
    const end = (thrown?: unknown): void => {
      socket.off('data', read)
      if (thrown === undefined) resolve()
      else reject(thrown instanceof Error ? thrown : new Error('not read'))
    }
    const read = (data: Buffer): void => {
      try {
        let rest = data
        for (let at = rest.indexOf(10); at !== -1; at = rest.indexOf(10)) {
          const line = Buffer.concat([...pieces, rest.subarray(0, at)]).toString('utf8')
          pieces = []
          bytes = 0
          rest = rest.subarray(at + 1)
          if (take(line) === 'enough') return end()
        }
        pieces.push(rest)
        bytes += rest.length
        if (bytes > maxBytes) throw new Error('too long')
      } catch (thrown) {
        end(thrown)
      }
    }
    socket.on('data', read)
    socket.once('end', () => end())
    socket.once('close', () => end())
    socket.resume()
  })
}
