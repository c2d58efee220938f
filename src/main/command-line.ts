/**
 * What a start of Parley may ask for. Nothing else on a command line means anything to us: no path is opened, no
 * address is taken (S45).
 */
export interface CommandLine {
  /** `--quick-ask`: show the quick-ask window. */
  isQuickAsk: boolean
  /** `--hidden`: start without showing the main window, where a tray icon can bring it back. */
  isHidden: boolean
  /** `--new`: open a new conversation. */
  isNew: boolean
  /**
   * Where the process that was started waits to hand over a question of its command line (ask-channel.ts); null for one
   * that only wants to be seen. Set by that process itself, never read from an argument.
   */
  askAt: string | null
}

/** A question on a command line. */
export interface AskLine {
  /** What `--ask` says, in order; null where it says `-`: what comes on standard input. */
  parts: (string | null)[]
  /** As typed; relative ones are relative to where the command was given. */
  images: string[]
  backend: string | null
  provider: string | null
  model: string | null
  isJson: boolean
}

/** What is wrong with a question on a command line; each has a sentence (`terminal:mistake`). */
export type Mistake =
  | { kind: 'no-value'; option: string }
  | { kind: 'twice'; option: string }
  /** A word that belongs to no option: the question is not in quotes. */
  | { kind: 'stray'; word: string }

/** What is answered in the terminal, without a window. */
export type TerminalWish =
  { kind: 'help' } | { kind: 'version' } | { kind: 'ask'; ask: AskLine } | { kind: 'mistake'; mistake: Mistake }

/**
 * Chromium hands the whole argument list to the Parley that runs, which takes 32 KiB of it and drops the rest; the new
 * process then takes it for hung and kills it (seen with Electron 33 and an argument of 65,000 bytes).
 */
export const MAX_LINE_BYTES = 16 * 1024

/** Whether an argument list can be handed to a Parley that runs without harm to it. */
export function isLineTooLong(args: readonly string[]): boolean {
  return args.reduce((bytes, arg) => bytes + Buffer.byteLength(arg) + 1, 0) > MAX_LINE_BYTES
}

/**
 * Reads an argument list by an allow-list of exact words; everything else is ignored.
 *
 * @param args `process.argv`; the executable and the app's path in it match nothing
 */
export function parseCommandLine(args: readonly string[]): CommandLine {
  return {
    isQuickAsk: args.includes('--quick-ask'),
    isHidden: args.includes('--hidden'),
    isNew: args.includes('--new'),
    askAt: null,
  }
}

const VALUED = ['--ask', '--image', '--backend', '--provider', '--model'] as const
type Valued = (typeof VALUED)[number]

/**
 * Reads what is to be answered in the terminal: `--help`, `--version`, or a question with its options. Switches that are
 * none of these are Chromium's, and ignored.
 *
 * @param args `process.argv`
 * @returns null when a window is wanted
 */
export function parseTerminalWish(args: readonly string[]): TerminalWish | null {
  const asked = args.findIndex((arg) => arg === '--ask' || arg.startsWith('--ask='))
  const before = asked === -1 ? args : args.slice(0, asked)
  if (before.includes('--help')) return { kind: 'help' }
  if (before.includes('--version')) return { kind: 'version' }
  if (asked === -1) return null

  const found: Record<Valued, string[]> = {
    '--ask': [],
    '--image': [],
    '--backend': [],
    '--provider': [],
    '--model': [],
  }
  let isJson = false
  for (let at = 0; at < args.length; at += 1) {
    const arg = args[at] ?? ''
    const [word = '', ...rest] = arg.split('=')
    const option = VALUED.find((each) => each === word)
    if (option === undefined) {
      if (arg === '--json') isJson = true
      // What stands before the question may be the app's own path.
      else if (at > asked && !arg.startsWith('--')) return { kind: 'mistake', mistake: { kind: 'stray', word: arg } }
      continue
    }
    let value: string | undefined
    if (rest.length > 0) value = rest.join('=')
    else {
      at += 1
      value = args[at]
      // A question that begins with two dashes is written with an equals sign.
      if (value?.startsWith('--') === true) value = undefined
    }
    if (value === undefined || value === '') return { kind: 'mistake', mistake: { kind: 'no-value', option } }
    found[option].push(value)
  }
  for (const option of ['--backend', '--provider', '--model'] as const) {
    if (found[option].length > 1) return { kind: 'mistake', mistake: { kind: 'twice', option } }
  }
  return {
    kind: 'ask',
    ask: {
      parts: found['--ask'].map((part) => (part === '-' ? null : part)),
      images: found['--image'],
      backend: found['--backend'][0] ?? null,
      provider: found['--provider'][0] ?? null,
      model: found['--model'][0] ?? null,
      isJson,
    },
  }
}

/**
 * A second process hands its CommandLine over as data: Chromium adds switches to the argument list of that event and
 * loses their order. What another process sends is checked like anything from outside.
 *
 * @returns null when it is not a CommandLine
 */
export function readCommandLine(data: unknown): CommandLine | null {
  if (typeof data !== 'object' || data === null) return null
  const given = new Map(Object.entries(data))
  const isQuickAsk: unknown = given.get('isQuickAsk')
  const isHidden: unknown = given.get('isHidden')
  const isNew: unknown = given.get('isNew')
  // An older Parley knows no questions.
  const askAt: unknown = given.get('askAt') ?? null
  if (typeof isQuickAsk !== 'boolean' || typeof isHidden !== 'boolean' || typeof isNew !== 'boolean') return null
  if (askAt !== null && typeof askAt !== 'string') return null
  return { isQuickAsk, isHidden, isNew, askAt }
}
