import { setImmediate as nextTurn } from 'node:timers/promises'
import * as v from 'valibot'
import type { MediaKind } from '../../shared/contract'
import { plainLine } from './server-text'

/**
 * What a server says of itself and of what it offers (protocol.md section 6), checked and bounded (S39). Each reader
 * gives null for JSON of another shape; single entries that make no sense are left out.
 */

export interface ServerVersion {
  version: string | null
  latestVersion: string | null
}

export interface ListedProvider {
  /** Exactly as requests must name it. */
  name: string
  label: string
  /** The provider that this one belongs to. */
  parent: string | null
  needsKey: boolean
  /** Where a person gets a key; http or https. */
  loginUrl: string | null
  /** Of at least one of its models, and so is `makes`. */
  hasVision: boolean
  makes: MediaKind[]
}

export interface ListedModel {
  /** Exactly as requests must name it. */
  id: string
  label: string
  isDefault: boolean
  hasVision: boolean
  makes: MediaKind[]
  /** Heading under which the automatic choice lists it. */
  group: string | null
}

/** Providers of a server, and models of a provider. */
const MAX_ENTRIES = 10_000
/** Models of all providers of a server. */
export const MAX_MODELS = 20_000
const MAX_LABEL = 200
const MAX_ADDRESS = 500

// A name goes back to the server as it came, so it cannot be cut or cleaned: one that is too long or that holds what
// could deceive its reader is left out, rather than shown as something else than what would be sent. `.` and `..` would
// turn the address of a provider's list into that of something else.
const name = v.pipe(
  v.string(),
  v.minLength(1),
  v.maxLength(MAX_LABEL),
  v.check((text) => plainLine(text, MAX_LABEL) === text && text !== '.' && text !== '..'),
)
// Servers count (`image: 3`) or say yes or no, and leave out what they do not know.
const flag = v.fallback(
  v.pipe(
    v.union([v.boolean(), v.number()]),
    v.transform((value) => value === true || (typeof value === 'number' && value > 0)),
  ),
  false,
)
const text = v.fallback(v.nullish(v.string()), null)
const kinds = { image: flag, audio: flag, video: flag }

const providerSchema = v.object({
  name,
  label: text,
  parent: v.fallback(v.nullish(name), null),
  auth: flag,
  login_url: text,
  vision: flag,
  ...kinds,
})
const modelSchema = v.object({ id: name, label: text, default: flag, vision: flag, ...kinds })
const groupSchema = v.object({ group: v.string(), models: v.array(v.unknown()) })
const versionSchema = v.object({ version: v.nullable(v.string()), latest_version: v.optional(v.nullable(v.string())) })

export function readVersion(value: unknown): ServerVersion | null {
  const parsed = v.safeParse(versionSchema, value)
  if (!parsed.success) return null
  const { version, latest_version: latest } = parsed.output
  return { version: labelOf(version, null), latestVersion: labelOf(latest, null) }
}

export async function readProviders(value: unknown): Promise<ListedProvider[] | null> {
  if (!Array.isArray(value)) return null
  const providers = new Map<string, ListedProvider>()
  await inTurns(value.slice(0, MAX_ENTRIES), (entry) => {
    const parsed = v.safeParse(providerSchema, entry)
    if (!parsed.success || providers.has(parsed.output.name)) return
    const { name, label, parent, auth, login_url: loginUrl, vision } = parsed.output
    providers.set(name, {
      name,
      label: labelOf(label, name),
      parent: parent ?? null,
      needsKey: auth,
      loginUrl: addressOf(loginUrl),
      hasVision: vision,
      makes: kindsOf(parsed.output),
    })
  })
  return [...providers.values()]
}

/** Of one provider, or of the automatic choice, which lists them in groups. */
export async function readModels(value: unknown): Promise<ListedModel[] | null> {
  if (!Array.isArray(value)) return null
  const models = new Map<string, ListedModel>()
  const add = (entry: unknown, group: string | null): void => {
    const parsed = v.safeParse(modelSchema, entry)
    if (!parsed.success || models.has(parsed.output.id)) return
    const { id, label, default: isDefault, vision } = parsed.output
    models.set(id, {
      id,
      label: labelOf(label, id),
      isDefault,
      hasVision: vision,
      makes: kindsOf(parsed.output),
      group,
    })
  }
  await inTurns(modelEntries(value), ([entry, group]) => add(entry, group))
  return [...models.values()]
}

/** The entries of all groups, at most 10,000, good and bad. */
function* modelEntries(value: readonly unknown[]): Generator<[entry: unknown, group: string | null]> {
  let left = MAX_ENTRIES
  for (const entry of value.slice(0, MAX_ENTRIES)) {
    const group = v.safeParse(groupSchema, entry)
    if (!group.success) yield [entry, null]
    else {
      const heading = plainLine(group.output.group, MAX_LABEL)
      for (const model of group.output.models.slice(0, left)) yield [model, heading]
      left -= group.output.models.length
    }
    left -= 1
    if (left <= 0) return
  }
}

/** Ids of models by provider, at most 20,000 in all. */
export async function readModelLists(value: unknown): Promise<Map<string, string[]> | null> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
  const lists = new Map<string, string[]>()
  let left = MAX_MODELS
  await inTurns(Object.entries(value).slice(0, MAX_ENTRIES), ([provider, ids]: [string, unknown]) => {
    if (!v.is(name, provider) || !Array.isArray(ids)) return
    const known = new Set(ids.slice(0, Math.min(left, MAX_ENTRIES)).filter((id) => v.is(name, id)))
    left -= known.size
    lists.set(provider, [...known])
  })
  return lists
}

const TURN_MS = 8

/**
 * Looks at one entry after the other, and lets everything else in the process have its turn every few milliseconds: ten
 * thousand entries take some hundred, in which no word of an answer may wait.
 */
export async function inTurns<T>(entries: Iterable<T>, look: (entry: T) => void): Promise<void> {
  let endMs = performance.now() + TURN_MS
  for (const entry of entries) {
    look(entry)
    if (performance.now() < endMs) continue
    await nextTurn()
    endMs = performance.now() + TURN_MS
  }
}

const NO_KINDS: MediaKind[] = []
const ALL_KINDS = ['image', 'audio', 'video'] as const

// The many that make nothing share one list: a catalogue is copied to every page that shows it.
function kindsOf(flags: Record<MediaKind, boolean>): MediaKind[] {
  const made = ALL_KINDS.filter((kind) => flags[kind])
  return made.length === 0 ? NO_KINDS : made
}

function addressOf(text: string | null | undefined): string | null {
  if (text === null || text === undefined || text.length > MAX_ADDRESS) return null
  try {
    const { protocol, href, username, password } = new URL(text)
    const isWeb = protocol === 'https:' || protocol === 'http:'
    // A name before the host makes an address look like another's.
    return isWeb && username === '' && password === '' && href.length <= MAX_ADDRESS ? href : null
  } catch {
    return null
  }
}

function labelOf<Fallback extends string | null>(
  label: string | null | undefined,
  fallback: Fallback,
): string | Fallback {
  const line = plainLine(label ?? '', MAX_LABEL)
  return line === '' ? fallback : line
}
