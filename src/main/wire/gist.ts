import { plainText } from '../backend/server-text'

export const MAX_GIST = 160
/** Of what is looked at to say it. */
const MAX_LOOK = 2000

/**
 * What an event says, on one line: the text of a delta in quotes, the name of a provider, fields as `name: value`. Made
 * of masked data only.
 *
 * @param type as in protocol.md section 3, or any other
 */
export function gistOf(type: string, event: Readonly<Record<string, unknown>>): string {
  const payload = event[type]
  switch (type) {
    case 'content':
      return isFilled(event.urls) || isFilled(event.data) ? lineOf(sourcesOf(event)) : quoted(payload)
    case 'reasoning':
      if (typeof event.token === 'string') return quoted(event.token)
      return lineOf([event.label, event.status, event.is_thinking].filter(isText).join(': '))
    case 'provider':
      return isRecord(payload) && typeof payload.name === 'string' ? lineOf(payload.name) : fieldsOf(payload)
    case 'request':
      return isRecord(payload) && typeof payload.model === 'string' ? lineOf(payload.model) : ''
    // Each of them is a copy of what other events say, and may hold what is nobody's business (S41).
    case 'response':
    case 'headers':
    case 'log':
      return ''
    case 'finish':
      return isRecord(payload) && typeof payload.reason === 'string' ? lineOf(payload.reason) : fieldsOf(payload)
    case 'tool_calls':
      return lineOf((Array.isArray(payload) ? payload : []).map(callOf).join(' '))
    case 'conversation':
      return isRecord(payload) ? lineOf(Object.keys(payload).join(', ')) : ''
    case 'error':
    case 'auth':
    case 'message':
      return lineOf([event.message, payload].find(isText) ?? '')
    case 'synthesize':
      return isRecord(payload) && typeof payload.provider === 'string' ? lineOf(payload.provider) : ''
    case 'suggestions':
      return lineOf((Array.isArray(payload) ? payload : []).map(quoted).join(' '))
    default:
      return typeof payload === 'string' ? quoted(payload) : fieldsOf(payload ?? rest(event))
  }
}

/** A text in quotes, with its line breaks to be seen. */
export function quoted(value: unknown): string {
  if (typeof value !== 'string') return fieldsOf(value)
  const shown = visible(value, MAX_GIST - 2)
  return `“${shown}”`
}

/** A text as it is, on one line. */
export function lineOf(text: string): string {
  return visible(text.trim(), MAX_GIST).trim()
}

function visible(text: string, maxLength: number): string {
  const start = text
    .slice(0, MAX_LOOK)
    .replace(/\r\n?|\n/gu, '\\n')
    .replace(/\t/gu, '\\t')
  const isCut = text.length > MAX_LOOK
  return plainText(isCut ? `${start}…` : start, maxLength)
}

function callOf(call: unknown): string {
  if (!isRecord(call) || !isRecord(call.function)) return ''
  const { name, arguments: input } = call.function
  const given = typeof input === 'string' ? input.slice(0, MAX_GIST) : ''
  // Only the first delta of a call has its name.
  return typeof name === 'string' && name !== '' ? `${name}(${given}` : quoted(given)
}

function sourcesOf(event: Readonly<Record<string, unknown>>): string {
  const sources = [event.urls ?? [], event.data ?? []].flat().filter((source) => typeof source === 'string')
  return sources.map((source) => source.replace(/^(data:[^;,]{0,100}).*$/su, '$1')).join(' ')
}

function fieldsOf(value: unknown): string {
  if (!isRecord(value)) return isFilled(value) ? lineOf(wordOf(value)) : ''
  const fields = Object.entries(value).slice(0, 30)
  return lineOf(fields.map(([name, each]) => `${name}: ${wordOf(each)}`).join(', '))
}

function wordOf(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? '[]' : '[…]'
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0 ? '{}' : '{…}'
  return String(value).slice(0, MAX_GIST)
}

function rest({ type: _type, ...others }: Readonly<Record<string, unknown>>): unknown {
  return others
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function isFilled(value: unknown): boolean {
  return value !== undefined && value !== null && value !== ''
}
