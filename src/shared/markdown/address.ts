import type { Picture } from './nodes'

const LINK_SCHEMES = new Set(['http:', 'https:', 'mailto:'])
const LOCAL_IMAGE = /^data:image\/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/]+=*$/u
const ATTACHMENT = /^app:\/\/local\/attachment\/[0-9a-f]{64}$/u
/** What main accepts for `link.open` (S10). */
const MAX_ADDRESS_LENGTH = 2_048

/**
 * The address of a link if it may be offered, else null: then its words are shown as text.
 *
 * @param address as the answer wrote it
 * @returns the normalised absolute address; hosts in punycode, so that what is shown is where it goes
 */
export function linkAddress(address: string): string | null {
  const url = parse(address)
  if (url === null || !LINK_SCHEMES.has(url.protocol)) return null
  if (url.username !== '' || url.password !== '' || url.href.length > MAX_ADDRESS_LENGTH) return null
  return url.href
}

/**
 * What can be done with the source of a picture, video or frame: our own attachments and images inside the answer are
 * shown, an address of the web becomes a place to click, and anything else is null (S07).
 */
export function pictureOf(source: string, alt: string, what: 'picture' | 'media'): Picture | null {
  const trimmed = source.trim()
  if (what === 'picture' && (LOCAL_IMAGE.test(trimmed) || ATTACHMENT.test(trimmed))) {
    return { kind: 'local', source: trimmed, alt }
  }
  const url = linkAddress(trimmed)
  if (url === null || url.startsWith('mailto:')) return null
  return { kind: 'remote', what, url, host: new URL(url).host, alt }
}

function parse(address: string): URL | null {
  // Two slashes or a path would be resolved against our own page; only an address that stands alone is one.
  if (!/^[a-z][a-z0-9+.-]*:/iu.test(address)) return null
  try {
    return new URL(address)
  } catch {
    return null
  }
}
