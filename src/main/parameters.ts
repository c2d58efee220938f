import type { AppError, ParametersReason, Result } from '../shared/errors'

/** What Parley says itself with every question (protocol.md section 1). */
const RESERVED = new Set(['messages', 'provider', 'model', 'media', 'api_key', 'conversation', 'action'])
export const MAX_PARAMETERS_BYTES = 64 * 1024
/** The object itself is the first level. */
const MAX_DEPTH = 16

/**
 * The extra fields of a question from the text of a profile: one JSON object of at most 64 KB, nested at most 16 levels
 * deep, without the fields that Parley sets itself. Empty text is no fields. Keys named `__proto__` are left out, all
 * others are plain data (S40).
 *
 * @returns a new object of own properties, or `bad-parameters` with the name of a reserved field
 */
export function readParameters(text: string): Result<Record<string, unknown>> {
  if (Buffer.byteLength(text) > MAX_PARAMETERS_BYTES) return refuse('too-large')
  if (text.trim() === '') return { ok: true, value: {} }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return refuse('syntax')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return refuse('not-an-object')
  const reserved = Object.keys(value).find((name) => RESERVED.has(name))
  if (reserved !== undefined) return refuse('reserved', reserved)
  if (!isWithin(value, MAX_DEPTH)) return refuse('too-deep')
  return { ok: true, value: copyObject(value) }
}

function isWithin(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  return levels > 0 && Object.values(value).every((item) => isWithin(item, levels - 1))
}

function copy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copy)
  return typeof value === 'object' && value !== null ? copyObject(value) : value
}

// JSON.parse makes `__proto__` an own property, and whoever merges such an object later may set a prototype with it.
function copyObject(value: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]) => (key === '__proto__' ? [] : [[key, copy(item)]])),
  )
}

function refuse(reason: ParametersReason, name: string | null = null): { ok: false; error: AppError } {
  return { ok: false, error: { code: 'bad-parameters', reason, name } }
}
