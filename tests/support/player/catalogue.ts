/** Providers and models of the scenario server, in the shape of protocol.md section 6: every mode is a model. */
import { listModes, PROVIDER } from './scenarios'

/** A provider that wants a key of its own. */
export const LOCKED_PROVIDER = 'Locked'

export const version = { version: '8.1.7', latest_version: '8.1.7' }

/**
 * `huge`: as many providers as anybody can have, with everything in their names that a page must survive. `sample`: a few of
 * the kinds that there are, with names as people know them, for pictures.
 */
export type CatalogueKind = 'usual' | 'huge' | 'sample'

export function providers(kind: CatalogueKind = 'usual'): Record<string, unknown>[] {
  switch (kind) {
    case 'usual':
      return usualProviders()
    case 'huge':
      return [...usualProviders(), ...hugeProviders()]
    case 'sample':
      return sampleProviders()
  }
}

function sampleProviders(): Record<string, unknown>[] {
  return [
    providerEntry('DeepInfra', 'DeepInfra', { active_by_default: true }),
    providerEntry('Groq', 'Groq', { active_by_default: true }),
    providerEntry('PollinationsAI', 'PollinationsAI', { active_by_default: true, image: 1, audio: 1 }),
    providerEntry('OpenRouter', 'OpenRouter', { auth: true, login_url: 'https://openrouter.example/keys' }),
  ]
}

const SAMPLE_MODELS: Readonly<Record<string, readonly Record<string, unknown>[]>> = {
  DeepInfra: [
    { ...modelEntry('llama-3.3-70b'), default: true, vision: true },
    { ...modelEntry('llama-3.2-90b-vision'), vision: true },
    modelEntry('qwen-3-235b'),
    modelEntry('deepseek-v3'),
  ],
  Groq: [modelEntry('qwen-3-32b'), modelEntry('llama-3.3-70b')],
  PollinationsAI: [
    { ...modelEntry('flux'), image: true },
    { ...modelEntry('gpt-4o-audio-preview'), vision: true, audio: true },
  ],
  OpenRouter: [modelEntry('deepseek-r1'), { ...modelEntry('claude-sonnet-4'), vision: true }],
}

function usualProviders(): Record<string, unknown>[] {
  return [
    providerEntry('AnyProvider', 'AnyProvider', { active_by_default: true, image: 2 }),
    providerEntry(PROVIDER, 'Scenario lab', { active_by_default: true, vision: true }),
    providerEntry(LOCKED_PROVIDER, 'Locked provider', { auth: true, login_url: 'https://example.org/keys' }),
  ]
}

const HUGE_PROVIDERS = 10_000
const HUGE_NAME_CHARACTERS = 1024 * 1024
/** Turns the text around it, hides, breaks the line, rings, cuts a character in half. */
const TRAPS = [
  '\u202egnp.exe',
  'in\u2066si\u2069de',
  'two\nlines',
  'bell\u0007',
  'half\ud83d',
  '<b>bold</b>',
  '',
  '   ',
]

function hugeProviders(): Record<string, unknown>[] {
  const names = TRAPS.map((trap, index) => `Trap ${index} ${trap}`)
  const numbers = Array.from({ length: HUGE_PROVIDERS - names.length }, (_, index) => `Provider ${index}`)
  return [...names, ...numbers].map((name) => providerEntry(name, name, { active_by_default: true }))
}

function hugeModels(provider: string): Record<string, unknown>[] | null {
  if (provider === 'Provider 0') return [modelEntry('x'.repeat(HUGE_NAME_CHARACTERS)), modelEntry('plain')]
  if (provider === 'Provider 1')
    return Array.from({ length: HUGE_PROVIDERS }, (_, index) => modelEntry(`model-${index}`))
  if (/^Trap \d/.test(provider)) return TRAPS.map((trap) => modelEntry(`model ${trap}`))
  return /^Provider \d/.test(provider) ? [modelEntry('plain')] : null
}

/** @returns null for a provider that is not there */
export function modelsOf(provider: string, kind: CatalogueKind = 'usual'): Record<string, unknown>[] | null {
  if (kind === 'sample') return [...(SAMPLE_MODELS[provider] ?? [])]
  const models = kind === 'huge' ? hugeModels(provider) : null
  return models ?? usualModelsOf(provider)
}

function usualModelsOf(provider: string): Record<string, unknown>[] | null {
  switch (provider) {
    case 'AnyProvider':
      return [...new Set(listModes().map((mode) => mode.group))].map((group) => ({
        group,
        models: listModes()
          .filter((mode) => mode.group === group)
          .map((mode) => modelEntry(mode.name)),
      }))
    case PROVIDER:
      return listModes().map((mode) => ({ ...modelEntry(mode.name), object: 'model', owned_by: 'lab', created: 0 }))
    case LOCKED_PROVIDER:
      return [modelEntry('plain')]
    default:
      return null
  }
}

function providerEntry(name: string, label: string, rest: Record<string, unknown>): Record<string, unknown> {
  return {
    name,
    label,
    parent: null,
    image: 0,
    audio: 0,
    video: 0,
    vision: false,
    hf_space: false,
    nodriver: false,
    active_by_default: false,
    auth: false,
    login: false,
    login_url: null,
    live: 0,
    ...rest,
  }
}

function modelEntry(name: string): Record<string, unknown> {
  return {
    id: name,
    label: name,
    default: name === 'plain',
    vision: name === 'echo',
    image: name === 'media',
    audio: false,
    video: false,
    count: null,
    tags: [],
  }
}
