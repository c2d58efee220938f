import { hostOf } from '../store/backends'
import { backendOf, useStore } from '../store/state'
import type { Review } from './state'

/**
 * Who shows the certificate, with the port where the address has one: two servers on one computer differ in nothing else.
 * The host alone where it is another than that of the backend's address, such as a proxy.
 */
export function useShownHost({ backendId, name, error }: Review): string {
  const url = useStore((state) => (backendId === null ? null : (backendOf(state, backendId)?.profile.url ?? null)))
  const whole = url === null ? name : hostOf(url)
  return whole?.replace(/:\d+$/u, '') === error.host ? whole : error.host
}
