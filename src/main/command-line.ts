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
  if (typeof isQuickAsk !== 'boolean' || typeof isHidden !== 'boolean' || typeof isNew !== 'boolean') return null
  return { isQuickAsk, isHidden, isNew }
}
