import * as v from 'valibot'
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
  hasVision: boolean
}

export interface ListedModel {
  /** Exactly as requests must name it. */
  id: string
  label: string
  isDefault: boolean
  hasVision: boolean
  /** Heading under which the automatic choice lists it. */
  group: string | null
}

const MAX_ENTRIES = 10_000
const MAX_LABEL = 200

// A name goes back to the server as it came, so it cannot be cut or cleaned: one that is too long or that holds what
// could deceive its reader is no name.
const name = v.pipe(
  v.string(),
  v.minLength(1),
  v.maxLength(MAX_LABEL),
  v.check((text) => plainLine(text, MAX_LABEL) === text),
)
// Servers count (`image: 3`) or say yes or no, and leave out what they do not know.
const flag = v.fallback(
  v.pipe(
    v.union([v.boolean(), v.number()]),
    v.transform((value) => value === true || (typeof value === 'number' && value > 0)),
  ),
  false,
)
const label = v.fallback(v.nullish(v.string()), null)

const providerSchema = v.object({ name, label, parent: v.fallback(v.nullish(name), null), auth: flag, vision: flag })
const modelSchema = v.object({ id: name, label, default: flag, vision: flag })
const groupSchema = v.object({ group: v.string(), models: v.array(v.unknown()) })
const versionSchema = v.object({ version: v.nullable(v.string()), latest_version: v.optional(v.nullable(v.string())) })

export function readVersion(value: unknown): ServerVersion | null {
  const parsed = v.safeParse(versionSchema, value)
  if (!parsed.success) return null
  const { version, latest_version: latest } = parsed.output
  return { version: labelOf(version, null), latestVersion: labelOf(latest, null) }
}

export function readProviders(value: unknown): ListedProvider[] | null {
  if (!Array.isArray(value)) return null
  const providers = value.slice(0, MAX_ENTRIES).flatMap((entry) => {
    const parsed = v.safeParse(providerSchema, entry)
    if (!parsed.success) return []
    const { name, parent, auth, vision } = parsed.output
    return [
      { name, label: labelOf(parsed.output.label, name), parent: parent ?? null, needsKey: auth, hasVision: vision },
    ]
  })
  return firstOfEach(providers, (provider) => provider.name)
}

/** Of one provider, or of the automatic choice, which lists them in groups. */
export function readModels(value: unknown): ListedModel[] | null {
  if (!Array.isArray(value)) return null
  const models = value.slice(0, MAX_ENTRIES).flatMap((entry) => {
    const group = v.safeParse(groupSchema, entry)
    if (!group.success) return readModel(entry, null)
    const heading = plainLine(group.output.group, MAX_LABEL)
    return group.output.models.slice(0, MAX_ENTRIES).flatMap((model) => readModel(model, heading))
  })
  return firstOfEach(models.slice(0, MAX_ENTRIES), (model) => model.id)
}

export function readModelLists(value: unknown): Map<string, string[]> | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
  const lists = new Map<string, string[]>()
  let left = MAX_ENTRIES
  for (const [provider, ids] of Object.entries(value)) {
    if (!v.is(name, provider) || !Array.isArray(ids)) continue
    const known = new Set(ids.slice(0, left).filter((id) => v.is(name, id)))
    left -= known.size
    lists.set(provider, [...known])
    if (lists.size === MAX_ENTRIES) break
  }
  return lists
}

function readModel(entry: unknown, group: string | null): ListedModel[] {
  const parsed = v.safeParse(modelSchema, entry)
  if (!parsed.success) return []
  const { id, default: isDefault, vision } = parsed.output
  return [{ id, label: labelOf(parsed.output.label, id), isDefault, hasVision: vision, group }]
}

function firstOfEach<T>(items: T[], keyOf: (item: T) => string): T[] {
  const known = new Set<string>()
  return items.filter((item) => !known.has(keyOf(item)) && known.add(keyOf(item)))
}

function labelOf<Fallback extends string | null>(
  label: string | null | undefined,
  fallback: Fallback,
): string | Fallback {
  const line = plainLine(label ?? '', MAX_LABEL)
  return line === '' ? fallback : line
}
