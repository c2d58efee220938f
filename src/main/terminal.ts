import { resolve } from 'node:path'
import { MAX_QUESTION_TEXT } from '../shared/contract'
import { describe, toAppError, type AppError } from '../shared/errors'
import type { Translate } from '../shared/i18n'
import { whenAborted, type Ask, type AskEvent } from './ask'
import type { AskLine, Mistake } from './command-line'

/** How a process ends that answers in a terminal. README.md says so to people; numbers above 128 are the shell's habit. */
export const EXIT = {
  /** The answer is whole. */
  done: 0,
  /** There is no answer. */
  failed: 1,
  /** The command line is wrong, or something it names cannot be used; nothing was asked. */
  usage: 2,
  /** What was printed is not the whole answer. */
  cut: 3,
  interrupted: 130,
  terminated: 143,
  /** Nobody reads the output any more. */
  closed: 141,
} as const

const LIMIT = { limit: MAX_QUESTION_TEXT }

/** A terminal, or what stands in its place. */
export interface TerminalStreams {
  stdin: NodeJS.ReadableStream
  stdout: NodeJS.WritableStream
  stderr: NodeJS.WritableStream
}

export interface TerminalOptions extends TerminalStreams {
  t: Translate
  /** Where the command was given. */
  folder: string
}

/**
 * Asks the question of a command line and prints the answer while it comes: its text, or, if that is wanted, one JSON
 * object a line. Never rejects.
 *
 * @param signal ends it; its reason is the exit code
 * @returns the exit code
 */
export async function askInTerminal(
  line: AskLine,
  ask: Ask,
  { stdin, stdout, stderr, t, folder }: TerminalOptions,
  signal: AbortSignal,
): Promise<number> {
  const ending = new AbortController()
  const end = (code: number): void => ending.abort(code)
  const follow = (): void => end(Number(signal.reason))
  if (signal.aborted) follow()
  signal.addEventListener('abort', follow, { once: true })
  const printer = new Printer(stdout, line.isJson, t, () => end(EXIT.closed))
  const complain = (text: string): void => void stderr.write(`${plain(text)}\n`)
  const tell = (event: AskEvent): void => {
    if (ending.signal.aborted) return
    printer.print(event)
    if (event.kind === 'provider' && printer.isAnew) complain(t('terminal:anew', { name: event.name }))
    if ('error' in event && event.error !== null) complain(sentence(event.error, t))
    else if (event.kind === 'ended' && event.state === 'stopped') complain(t('terminal:stopped'))
  }
  const run = async (): Promise<number> => {
    const text = await questionOf(line, stdin, ending.signal)
    if (text === null || (text.trim() === '' && line.images.length === 0)) {
      if (!ending.signal.aborted) complain(t(text === null ? 'terminal:tooLong' : 'terminal:empty', LIMIT))
      return EXIT.usage
    }
    const { backend, provider, model } = line
    const images = line.images.map((path) => resolve(folder, path))
    const codes: number[] = []
    try {
      await ask(
        { text, images, backend, provider, model },
        (event) => {
          if (event.kind === 'refused') codes.push(EXIT.usage)
          if (event.kind === 'ended') codes.push(codeOf(event))
          tell(event)
        },
        ending.signal,
      )
    } catch (thrown) {
      const error = toAppError(thrown)
      if (!ending.signal.aborted) complain(error.code === 'busy' ? t('terminal:noReply') : sentence(error, t))
      codes.push(error.code === 'process-ended' ? EXIT.cut : EXIT.failed)
    }
    await printer.flush()
    return codes[0] ?? EXIT.failed
  }
  return Promise.race([run(), whenAborted(ending.signal).then(() => Number(ending.signal.reason))])
}

/** Prints what is wrong with a command line, in one sentence. */
export function describeMistake(mistake: Mistake, t: Translate): string {
  const text =
    mistake.kind === 'stray'
      ? t('terminal:mistake.stray', { word: plain(mistake.word).slice(0, 100) })
      : t(`terminal:mistake.${mistake.kind}`, { option: mistake.option })
  return `${text} ${t('terminal:mistake.help')}`
}

function codeOf({ state }: Extract<AskEvent, { kind: 'ended' }>): number {
  switch (state) {
    case 'complete':
    case 'complete-unconfirmed':
      return EXIT.done
    case 'interrupted':
    case 'stopped':
      return EXIT.cut
    case 'failed':
      return EXIT.failed
  }
}

/** @returns null when it is longer than a question may be */
async function questionOf(line: AskLine, stdin: NodeJS.ReadableStream, signal: AbortSignal): Promise<string | null> {
  // Only once: what comes on standard input comes once.
  const input = line.parts.includes(null) ? await readInput(stdin, signal) : ''
  if (input === null) return null
  let isRead = false
  const parts = line.parts.map((part) => {
    if (part !== null) return part
    const text = isRead ? '' : input.replace(/\r\n/gu, '\n').trimEnd()
    isRead = true
    return text
  })
  const text = parts.filter((part) => part !== '').join('\n\n')
  return text.length > MAX_QUESTION_TEXT ? null : text
}

/** Reads to the end, but no more than a question may have. */
function readInput(stdin: NodeJS.ReadableStream, signal: AbortSignal): Promise<string | null> {
  return new Promise((done) => {
    const pieces: Buffer[] = []
    let bytes = 0
    const finish = (text: string | null): void => {
      stdin.pause()
      stdin.removeAllListeners('data')
      done(text)
    }
    stdin.on('data', (piece: Buffer | string) => {
      const buffer = Buffer.from(piece)
      pieces.push(buffer)
      bytes += buffer.length
      // A character has at most three bytes for each unit of its length.
      if (bytes > MAX_QUESTION_TEXT * 3) finish(null)
    })
    const end = (): void =>
      finish(
        Buffer.concat(pieces)
          .toString('utf8')
          .replace(/^\uFEFF/u, ''),
      )
    stdin.once('end', end)
    stdin.once('close', end)
    // A closed standard input cannot be read, and is empty.
    stdin.once('error', end)
    signal.addEventListener('abort', end, { once: true })
  })
}

/** What is on standard output so far, and what comes next. */
class Printer {
  /** The provider that was told last has taken the place of another one, some of whose text is printed. */
  isAnew = false
  #last = ''
  #provider: string | null = null
  #hasText = false

  constructor(
    private readonly stdout: NodeJS.WritableStream,
    private readonly isJson: boolean,
    private readonly t: Translate,
    onClosed: () => void,
  ) {
    stdout.on('error', onClosed)
  }

  print(event: AskEvent): void {
    this.isAnew = false
    if (event.kind === 'text') this.#hasText = true
    else if (event.kind === 'provider') {
      this.isAnew = this.#hasText && this.#provider !== null && this.#provider !== event.name
      if (this.isAnew) this.#hasText = false
      this.#provider = event.name
    }
    if (this.isJson) this.#write(`${jsonOf(event, this.t)}\n`)
    else if (event.kind === 'text') this.#write(plain(event.text))
    else if (event.kind === 'file') this.#write(`${this.#lineEnd()}${plain(event.path)}\n`)
    else if (event.kind === 'ended' || this.isAnew) this.#write(this.#lineEnd())
  }

  /** Resolves when all of it has left. */
  flush(): Promise<void> {
    return new Promise((left) => void this.stdout.write('', () => left()))
  }

  #lineEnd(): string {
    return this.#last === '\n' || this.#last === '' ? '' : '\n'
  }

  #write(text: string): void {
    if (text === '') return
    this.#last = text.at(-1) ?? this.#last
    this.stdout.write(text)
  }
}

/** What a program reads: the event under `type`, an error with its words. No control character but the end of the line. */
function jsonOf({ kind, ...rest }: AskEvent, t: Translate): string {
  const error =
    'error' in rest && rest.error !== null ? { code: rest.error.code, message: sentence(rest.error, t) } : null
  const object = { type: kind, ...rest, ...('error' in rest && { error }) }
  return JSON.stringify(object).replace(
    // JSON writes those below 32 as escapes by itself.
    /[\u007f-\u009f]/gu,
    (character) => `\\u00${character.charCodeAt(0).toString(16)}`,
  )
}

/** A server's text without what a terminal would take for a command (S39). */
function plain(text: string): string {
  return text.replace(/\r\n?/gu, '\n').replace(/[^\P{Cc}\n\t]/gu, '')
}

function sentence(error: AppError, t: Translate): string {
  const { title, detail } = describe(error, t)
  return [title, detail]
    .filter((part) => part !== '')
    .map(ended)
    .join(' ')
}

function ended(text: string): string {
  return /[.!?…]$/u.test(text) ? text : `${text}.`
}
