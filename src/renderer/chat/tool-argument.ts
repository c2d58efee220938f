/** What a tool was asked about stands under one of these; the first that is there is meant. */
const NAMES = ['query', 'q', 'search', 'question', 'url', 'uri', 'path', 'file', 'city', 'location', 'name', 'title']
const LONG_NAMES = ['prompt', 'text', 'input', 'command', 'code', 'message', 'content']

/**
 * What a tool is asked about, for one line: its one telling argument in plain text.
 *
 * @param json the arguments, as far as they have arrived
 * @returns empty while they are not whole, or when none of them tells anything
 */
export function tellingArgument(json: string): string {
  const given = parse(json)
  if (typeof given === 'string') return onOneLine(given)
  if (typeof given !== 'object' || given === null) return ''
  const entries: [string, unknown][] = Object.entries(given)
  const known = [...NAMES, ...LONG_NAMES].map((name) => entries.find(([key]) => key.toLowerCase() === name)?.[1])
  const [telling] = [...known, ...entries.map(([, value]) => value)].flatMap((value) => wordsOf(value))
  return telling === undefined ? '' : onOneLine(telling)
}

/** Whether all of the arguments have arrived. */
export function isWhole(json: string): boolean {
  return json.trim() === '' || parse(json) !== undefined
}

/** The arguments as a person reads them: short ones on one line, long ones indented; as they came while they are no JSON. */
export function readableArguments(json: string): string {
  const given = parse(json)
  if (given === undefined) return json
  const indented = JSON.stringify(given, null, 2)
  const line = indented.replace(/\n\s*/gu, ' ').replace(/^\{ | \}$/gu, (edge) => edge.trim())
  // A line break within a string is written as \n, so every real one is the indenting.
  return line.length <= 100 ? line : indented
}

function wordsOf(value: unknown): string[] {
  if (typeof value === 'string') return value.trim() === '' ? [] : [value]
  if (typeof value === 'number') return [String(value)]
  return Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === 'string')
    ? [value.join(', ')]
    : []
}

function onOneLine(text: string): string {
  return text
    .slice(0, 300)
    .replace(/^https?:\/\//u, '')
    .replace(/\s+/gu, ' ')
    .trim()
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}
