import { mkdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { NodeLogger, Transport } from 'electron-log'
import type { LogFields, Logger } from './logger'

type Level = keyof Logger

/** The log of this process: a Logger that works from the first line on, and the file behind it that opens later. */
export interface Log {
  logger: Logger
  /** Masks a value wherever it turns up from now on. For every secret, whenever it is entered or read. */
  protect(secret: string): void
  /** Opens the file and writes what was logged before. Loads electron-log, so it comes after the first window. Never rejects. */
  open(): Promise<void>
}

/** One file and its predecessor: together below 5 MiB (R44). */
const MAX_FILE_BYTES = 2 * 1024 * 1024
/** What is logged before the file opens; a loop that logs must not fill the memory. */
const MAX_WAITING = 500
const MAX_LINE_CHARACTERS = 2000

/**
 * @param folder where `main.log` lies
 * @param isVerbose also debug lines, and everything on the console
 */
export function createLog(folder: string, isVerbose: boolean): Log {
  const secrets = new Set<string>()
  let waiting: { level: Level; line: string }[] = []
  let electronLog: NodeLogger | null = null

  const write = (level: Level, message: string, fields: LogFields = {}): void => {
    if (level === 'debug' && !isVerbose) return
    const line = formatLine(message, fields)
    if (electronLog !== null) electronLog[level](line)
    else if (waiting.length < MAX_WAITING) waiting.push({ level, line })
  }

  return {
    logger: {
      error: (message, fields) => write('error', message, fields),
      warn: (message, fields) => write('warn', message, fields),
      info: (message, fields) => write('info', message, fields),
      debug: (message, fields) => write('debug', message, fields),
    },
    protect(secret) {
      // Shorter ones would mask half of every line, and are no secrets.
      if (secret.length >= 6) secrets.add(secret)
    },
    async open() {
      try {
        const { default: opened } = await import('electron-log/node')
        mkdirSync(folder, { recursive: true, mode: 0o700 })
        opened.transports.file.resolvePathFn = () => join(folder, 'main.log')
        opened.transports.file.maxSize = MAX_FILE_BYTES
        opened.transports.file.writeOptions = { flag: 'a', mode: 0o600, encoding: 'utf8' }
        opened.transports.file.level = isVerbose ? 'debug' : 'info'
        opened.transports.console.level = isVerbose ? 'debug' : false
        // Its answer to a full disk is a line on standard error, which may be a closed pipe.
        opened.transports.console.writeFn = ({ message }) => {
          if (isVerbose) process.stderr.write(`${message.data.map(String).join(' ')}\n`, () => undefined)
        }
        redactTransports(opened, secrets)
        electronLog = opened
      } catch {
        // Without a log Parley still works; there is nowhere to say so.
        waiting = []
        return
      }
      for (const { level, line } of waiting) electronLog[level](line)
      waiting = []
    },
  }
}

/** Makes redaction the last step of every transport of a logger, so that nothing can be added behind it (S31). */
export function redactTransports(log: Pick<NodeLogger, 'transports'>, secrets: ReadonlySet<string>): void {
  const transports: Record<string, Transport | null | undefined> = log.transports
  for (const transport of Object.values(transports)) {
    // Its IPC transport is undefined outside Electron's own entry point, which is not the one used here.
    if (typeof transport !== 'function') continue
    const transforms = Array.isArray(transport.transforms) ? transport.transforms : []
    transport.transforms = [...transforms, ({ data }) => redactData(data, secrets)]
  }
}

function redactData(data: unknown, secrets: ReadonlySet<string>): unknown {
  // The file transport makes one string, the console one a list of them. Objects come only from somebody who logs past
  // this module: nothing of them is let through.
  if (typeof data === 'string') return redact(data, secrets)
  if (Array.isArray(data)) return data.map((item: unknown) => redactData(item, secrets))
  return typeof data === 'number' || typeof data === 'boolean' ? data : '[hidden]'
}

const HIDDEN = '[hidden]'

// What gives a secret away without our knowing its value. Order matters: the first ones take whole values away.
const PATTERNS: [RegExp, string][] = [
  [/\bdata:[\w.+/-]{0,100}[;,][^\s"']*/giu, HIDDEN],
  [/\b([a-z][a-z0-9+.-]{1,20}:\/\/)[^\s/?#@]*@/giu, `$1${HIDDEN}@`],
  [/([?&][^=\s&#]{1,100}=)[^\s&#]*/gu, `$1${HIDDEN}`],
  [/\b(bearer|basic|digest|token)\s+[\w.~+/=:-]{4,}/giu, `$1 ${HIDDEN}`],
  [
    /\b([\w-]{0,40}(?:authorization|key|secret|passw(?:or)?d|cookie|token|credential)[\w-]{0,40}["']?\s{0,4}[:=]\s{0,4})(?:"[^"]*"|'[^']*'|[^\s,;}]+)/giu,
    `$1${HIDDEN}`,
  ],
  [/\b(?:sk|pk|rk|gsk|hf|ghp|gho|xox[a-z]|AIza)[-_]?[\w-]{12,}/gu, HIDDEN],
  [/\beyJ[\w-]{6,}(?:\.[\w-]+)*/gu, HIDDEN],
  // Long runs without a break: keys, base64, hashes. UUIDs and our own ids keep their shorter groups.
  [/[A-Za-z0-9+/_=]{33,}/gu, HIDDEN],
]

/**
 * A line without secrets and without anything that could forge another line or turn text around (S30, S32).
 *
 * @param secrets values known to be secret, masked wherever they stand, also escaped as JSON does it, percent-encoded or in base64
 */
export function redact(line: string, secrets: ReadonlySet<string>): string {
  let redacted = line
  for (const secret of secrets) {
    for (const form of [
      secret,
      JSON.stringify(secret).slice(1, -1),
      encodeURIComponent(secret),
      Buffer.from(secret).toString('base64').replace(/=+$/u, ''),
    ]) {
      redacted = redacted.replaceAll(form, HIDDEN)
    }
  }
  for (const [pattern, replacement] of PATTERNS) redacted = redacted.replace(pattern, replacement)
  const home = homedir()
  if (home.length > 1) redacted = redacted.replaceAll(home, '~')
  return escapeControls(redacted)
}

// Controls (with newlines and the start of ANSI sequences), and the characters that turn the reading direction.
function escapeControls(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

function formatLine(message: string, fields: LogFields): string {
  const facts = Object.entries(fields).map(([name, value]) =>
    typeof value === 'string' ? `${name}=${JSON.stringify(value)}` : `${name}=${String(value)}`,
  )
  const whole = escapeControls([message, ...facts].join(' '))
  return whole.length > MAX_LINE_CHARACTERS ? `${whole.slice(0, MAX_LINE_CHARACTERS)}…` : whole
}

/**
 * What may be logged of something thrown: its kind, code and place, and its message without what stands in quotes there.
 * Engines quote the text they stumble over, and that text can be an answer.
 */
export function factsOf(thrown: unknown): LogFields {
  if (!(thrown instanceof Error)) return { thrown: typeof thrown }
  const place = /\n\s+at (?:.*[\\/(])?([\w.-]+:\d+:\d+)/u.exec(thrown.stack ?? '')?.[1] ?? null
  const code =
    'code' in thrown && (typeof thrown.code === 'string' || typeof thrown.code === 'number') ? thrown.code : null
  return { name: thrown.name, code, place, message: withoutQuotes(thrown.message) }
}

/** A message with its quoted parts taken out, one line, at most 200 characters. */
export function withoutQuotes(message: string): string {
  const oneLine = message.replace(/\s+/gu, ' ').slice(0, 1000)
  return oneLine.replace(/(["'`“‘«])(?:.*)(["'`”’»])/gu, '$1…$2').slice(0, 200)
}
