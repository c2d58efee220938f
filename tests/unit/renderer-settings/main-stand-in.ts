import { act } from 'react'
import { vi } from 'vitest'
import { bootStore } from '../../../src/renderer/store/boot'
import { initialState, useStore } from '../../../src/renderer/store/state'
import type { BackendTest, Catalogue, FoundAddress } from '../../../src/shared/contract'
import type { AppError, Result } from '../../../src/shared/errors'
import {
  newBackendProfile,
  type BackendProfile,
  type BackendView,
  type CertificateInfo,
  type SecretName,
  type SecretState,
} from '../../../src/shared/settings'

export const CERTIFICATE: CertificateInfo = {
  sha256: '9f2c710be4a8136dc05f7e2248b91add03e6574fb27c8891f40a65ce335ad018',
  subject: 'CN=chat.home.lan',
  issuer: 'CN=chat.home.lan',
  isSelfSigned: true,
  names: ['chat.home.lan'],
  validFrom: Date.UTC(2026, 2, 4, 12),
  validTo: Date.UTC(2099, 2, 4, 12),
}

export function refusedCertificate(
  change: Partial<CertificateInfo> = {},
  reason: 'self-signed' | 'expired' | 'wrong-host' = 'self-signed',
) {
  return { code: 'certificate', reason, host: 'chat.home.lan', shown: { ...CERTIFICATE, ...change } } as const
}

export function backendView(
  id: string,
  change: Partial<BackendView> = {},
  profile: Partial<BackendProfile> = {},
): BackendView {
  return {
    profile: { ...newBackendProfile(id, 'Home server', 'https://chat.home.lan'), ...profile },
    isBuiltIn: false,
    apiKey: { kind: 'unset' },
    headerSecrets: {},
    providerKeys: [],
    proxyPassword: { kind: 'unset' },
    status: { kind: 'connected', atMs: 1 },
    ...change,
  }
}

export const fail = (error: AppError) => ({ ok: false, error }) as const
export const good = <T>(value: T) => ({ ok: true, value }) as const

/**
 * The backends of a main process of a few lines: it saves profiles and secrets as the real one does (secrets for the
 * origin that stands there, trust only back to `system`), tells every change, and answers the rest as a test says.
 */
export async function startMain(views: BackendView[], activeBackendId: string | null = views[0]?.profile.id ?? null) {
  const listeners = new Map<string, Set<(payload: unknown) => void>>()
  const calls: { name: string; payload: unknown }[] = []
  let backends = views
  let settings = { ...initialState().settings, activeBackendId }
  const emit = (name: string, payload: unknown): void => listeners.get(name)?.forEach((listener) => listener(payload))
  const tell = (next: BackendView[]): void => {
    backends = next
    emit('backend.changed', backends)
  }
  const find = (id: string): BackendView => {
    const view = backends.find(({ profile }) => profile.id === id)
    if (view === undefined) throw new Error(`no backend ${id}`)
    return view
  }
  const replace = (view: BackendView): BackendView => {
    tell(backends.map((each) => (each.profile.id === view.profile.id ? view : each)))
    return view
  }
  const says = {
    save: (_profile: BackendProfile): AppError | null => null,
    keychain: true,
    find: (address: string): Result<FoundAddress> =>
      good({ url: address, version: '0.5.2', needsKey: false, tried: [] }),
    test: (): BackendTest | Promise<BackendTest> => ({
      verdict: 'reachable',
      error: null,
      roundTripMs: 84,
      firstWordMs: null,
      providers: 1,
      models: 2,
      gapsMs: [],
    }),
    trust: (): AppError | null => null,
    catalogue: (): Result<Catalogue> => good({ providers: [], isStale: false, error: null }),
    connect: (_input: { address: string; sha256: string | null }): Result<{ needsKey: boolean }> =>
      good({ needsKey: false }),
  }
  const withSecret = (view: BackendView, name: SecretName, state: SecretState): BackendView => {
    switch (name.field) {
      case 'api-key':
        return { ...view, apiKey: state }
      case 'header':
        return { ...view, headerSecrets: { ...view.headerSecrets, [name.headerId]: state } }
      case 'provider-key':
        return {
          ...view,
          providerKeys: view.providerKeys.map((each) =>
            each.provider === name.provider ? { ...each, key: state } : each,
          ),
        }
      case 'proxy-password':
        return { ...view, proxyPassword: state }
    }
  }
  const answers: Record<string, (payload: never) => Result<unknown> | Promise<Result<unknown>>> = {
    'app.boot': () =>
      good({
        role: 'main',
        version: '0',
        locale: 'en',
        systemLocale: 'en',
        platform: 'linux',
        settings,
        backends,
        conversations: [],
        storage: { isSafe: true },
        globalShortcuts: { 'quick-ask': { kind: 'off' }, 'ask-region': { kind: 'off' } },
      }),
    'settings.set': (next: object) => {
      settings = { ...settings, ...next }
      emit('settings.changed', settings)
      return good(settings)
    },
    'draft.list': () => good([]),
    'trash.list': () => good([]),
    'transfer.state': () => good(null),
    'backend.save': (profile: BackendProfile) => {
      const error = says.save(profile)
      if (error !== null) return fail(error)
      const view = find(profile.id)
      const trust = profile.trust.kind === 'system' ? profile.trust : view.profile.trust
      const providerKeys = profile.keyedProviders.map(
        (provider) =>
          view.providerKeys.find((each) => each.provider === provider) ?? { provider, key: { kind: 'unset' as const } },
      )
      return good(replace({ ...view, profile: { ...profile, trust }, providerKeys }))
    },
    'backend.setSecret': ({
      name,
      value,
      storeUnprotected,
    }: {
      name: SecretName
      value: string
      storeUnprotected: boolean
    }) => {
      const view = find(name.backendId)
      const kept = says.keychain ? 'keychain' : storeUnprotected ? 'unprotected' : 'session'
      const state = { kind: 'set', tail: value.slice(-4), origin: new URL(view.profile.url).origin, kept } as const
      replace(withSecret(view, name, state))
      return good(state)
    },
    'backend.moveSecrets': ({ backendId }: { backendId: string }) => {
      const view = find(backendId)
      const { origin } = new URL(view.profile.url)
      const move = (state: SecretState): SecretState => (state.kind === 'set' ? { ...state, origin } : state)
      const headerSecrets = Object.fromEntries(
        Object.entries(view.headerSecrets).map(([id, state]) => [id, move(state)]),
      )
      return good(replace({ ...view, apiKey: move(view.apiKey), headerSecrets }))
    },
    'backend.find': ({ address }: { address: string }) => says.find(address),
    'backend.test': async () => good(await says.test()),
    'backend.catalogue': () => says.catalogue(),
    'backend.discover': () => good([]),
    'backend.connect': (input: { address: string; sha256: string | null }) => {
      const result = says.connect(input)
      if (!result.ok) return result
      const view = backendView('new', {}, { name: 'chat.home.lan' })
      tell([...backends, view])
      settings = { ...settings, activeBackendId: 'new' }
      emit('settings.changed', settings)
      return good({ view, tried: [], needsKey: result.value.needsKey })
    },
    'backend.trust': ({ backendId }: { backendId: string }) => {
      const error = says.trust()
      if (error !== null) return fail(error)
      const view = find(backendId)
      const trust = { kind: 'pinned', certificate: CERTIFICATE, trustedAt: 1 } as const
      return good(replace({ ...view, profile: { ...view.profile, trust }, status: { kind: 'unknown' } }))
    },
  }
  vi.stubGlobal('parley', {
    platform: 'linux',
    role: 'main',
    request: new Proxy(
      {},
      {
        get: (_, name: string) => async (payload: never) => {
          calls.push({ name, payload })
          return (await answers[name]?.(payload)) ?? good(undefined)
        },
      },
    ),
    on: new Proxy(
      {},
      {
        get: (_, name: string) => (listener: (payload: unknown) => void) => {
          listeners.set(name, (listeners.get(name) ?? new Set()).add(listener))
          return () => listeners.get(name)?.delete(listener)
        },
      },
    ),
  })
  useStore.setState(initialState(), true)
  await bootStore()
  return {
    says,
    /** Makes a request fail. */
    refuse: (name: string, error: AppError) => {
      answers[name] = () => fail(error)
    },
    emit,
    tell,
    backend: find,
    named: <T>(name: string): T[] => calls.filter((call) => call.name === name).map(({ payload }) => payload as T),
  }
}

/** What a person does with a page, and what stands in it. Dialogs are outside of its container. */
export function createPerson() {
  const everywhere = () => [...document.querySelectorAll<HTMLElement>('button, [role=radio], [role=switch]')]
  const nameOf = (element: Element): string =>
    (element.getAttribute('aria-label') ?? element.textContent).replace(/\s+/gu, ' ').trim()
  const field = (name: string): HTMLInputElement | HTMLTextAreaElement => {
    const label = [...document.querySelectorAll('label')].find((each) => each.textContent.trim() === name)
    const found = label?.htmlFor
      ? document.getElementById(label.htmlFor)
      : document.querySelector(`[aria-label="${name}"]`)
    if (!(found instanceof HTMLInputElement || found instanceof HTMLTextAreaElement))
      throw new Error(`no field ${name}`)
    return found
  }
  return {
    text: (): string => document.body.textContent.replace(/\s+/gu, ' '),
    has: (name: string): boolean => everywhere().some((each) => nameOf(each) === name),
    button: (name: string): HTMLElement => {
      const found = everywhere().find((each) => nameOf(each) === name)
      if (found === undefined) throw new Error(`no button ${name}; there are: ${everywhere().map(nameOf).join(' | ')}`)
      return found
    },
    press: (element: HTMLElement) => act(async () => element.click()),
    field,
    type: (name: string, text: string) =>
      act(async () => {
        const element = field(name)
        const prototype =
          element instanceof HTMLTextAreaElement ? HTMLTextAreaElement.prototype : HTMLInputElement.prototype
        Object.getOwnPropertyDescriptor(prototype, 'value')?.set?.call(element, text)
        element.dispatchEvent(new Event('input', { bubbles: true }))
      }),
    leave: (name: string) => act(async () => field(name).dispatchEvent(new FocusEvent('focusout', { bubbles: true }))),
    key: (element: Element, key: string) =>
      act(async () => element.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }))),
  }
}
