import { failure } from '../shared/errors'
import type { BackendProfile, ProxyChoice, SecretName } from '../shared/settings'
import { parseAddress } from './backend/address'
import { checkHeaders } from './backend/headers'
import { parseProxyAddress } from './backend/proxy'
import { readParameters } from './parameters'
import { MAX_KEYED_PROVIDERS } from './settings'

// What may stand in a profile, and what follows from what stands there. Pure.

/**
 * A profile in the form in which it is kept: its addresses normalised, no value with a secret header.
 *
 * @throws AppFailure `bad-address`, `bad-header`, `bad-proxy`, `bad-parameters`
 */
export function checkProfile(profile: BackendProfile): BackendProfile {
  const addresses = parseAddress(profile.url)
  if (!addresses.ok) throw failure(addresses.error)
  const headers = profile.headers.map((header) => (header.isSecret ? { ...header, value: '' } : header))
  const checked = checkHeaders(headers.map(({ name, value }) => [name, value]))
  if (!checked.ok) throw failure(checked.error)
  const parameters = readParameters(profile.parameters)
  if (!parameters.ok) throw failure(parameters.error)
  return { ...profile, url: addresses.value[0] ?? profile.url, headers, proxy: checkProxy(profile.proxy) }
}

function checkProxy(proxy: ProxyChoice): ProxyChoice {
  if (proxy.kind !== 'own') return { kind: proxy.kind }
  const url = parseProxyAddress(proxy.url)
  if (!url.ok) throw failure(url.error)
  // A colon ends the user in the login of an HTTP proxy, and a control character is none of a name.
  const isPlain =
    !/[\u0000-\u001f\u007f]/u.test(proxy.user) && (url.value.startsWith('socks') || !proxy.user.includes(':'))
  if (!isPlain) throw failure({ code: 'bad-proxy', reason: 'credentials' })
  return { kind: 'own', url: url.value, user: proxy.user }
}

/** Whether what is known of the server of `before` may be wrong for `after`. */
export function isReachedOtherwise(before: BackendProfile, after: BackendProfile): boolean {
  const wayOf = ({ url, headers, proxy, trust }: BackendProfile): string => JSON.stringify([url, headers, proxy, trust])
  return wayOf(before) !== wayOf(after)
}

/** The secrets that had a place in `before` and have none in `after`. */
export function findHomeless(before: BackendProfile, after: BackendProfile): SecretName[] {
  const backendId = after.id
  const secretIds = new Set(after.headers.filter(({ isSecret }) => isSecret).map(({ id }) => id))
  const headers = before.headers.filter(({ id, isSecret }) => isSecret && !secretIds.has(id))
  const providers = before.keyedProviders.filter((provider) => !after.keyedProviders.includes(provider))
  const isOtherProxy =
    before.proxy.kind === 'own' && (after.proxy.kind !== 'own' || after.proxy.url !== before.proxy.url)
  return [
    ...headers.map(({ id }): SecretName => ({ backendId, field: 'header', headerId: id })),
    ...providers.map((provider): SecretName => ({ backendId, field: 'provider-key', provider })),
    ...(isOtherProxy ? [{ backendId, field: 'proxy-password' } as const] : []),
  ]
}

/**
 * The origin that a secret of a backend is for: the server's, or of its proxy's password the proxy.
 *
 * @throws AppFailure `bad-header` for a value that cannot be sent, `bad-request` for one without a place or without a value
 */
export function findOrigin(profile: BackendProfile, name: SecretName, value: string): string {
  const refused = failure({ code: 'bad-request', channel: 'backend.setSecret' })
  if (value === '') throw refused
  const serverFor = (header: string): string => {
    const checked = checkHeaders([[header, value]])
    if (!checked.ok) throw failure(checked.error)
    return new URL(profile.url).origin
  }
  switch (name.field) {
    case 'api-key':
      return serverFor('authorization')
    case 'provider-key': {
      const { keyedProviders } = profile
      if (!keyedProviders.includes(name.provider) && keyedProviders.length >= MAX_KEYED_PROVIDERS) throw refused
      // As it is sent for the provider's list of models.
      return serverFor('x-api-key')
    }
    case 'header': {
      const header = profile.headers.find(({ id }) => id === name.headerId)
      if (header?.isSecret !== true) throw refused
      return serverFor(header.name)
    }
    case 'proxy-password': {
      // SOCKS counts its bytes in one byte.
      const isSendable = Buffer.byteLength(value) <= 255 && !/[\u0000-\u001f\u007f]/u.test(value)
      if (profile.proxy.kind !== 'own' || !isSendable) throw refused
      return profile.proxy.url
    }
  }
}
