/** Providers and models of the scenario server, in the shape of protocol.md section 6: every mode is a model. */
import { listModes, PROVIDER } from './scenarios'

/** A provider that wants a key of its own. */
export const LOCKED_PROVIDER = 'Locked'

export const version = { version: '8.1.7', latest_version: '8.1.7' }

export function providers(): Record<string, unknown>[] {
  return [
    providerEntry('AnyProvider', 'AnyProvider', { active_by_default: true, image: 2 }),
    providerEntry(PROVIDER, 'Scenario lab', { active_by_default: true, vision: true }),
    providerEntry(LOCKED_PROVIDER, 'Locked provider', { auth: true, login_url: 'https://example.org/keys' }),
  ]
}

/** @returns null for a provider that is not there */
export function modelsOf(provider: string): Record<string, unknown>[] | null {
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
