import { isIP } from 'node:net'

/**
 * Whether an IP address belongs to the public internet. Addresses of this computer, of private, shared and link-local
 * networks, of documentation and multicast do not, nor what leads there in the clothes of IPv6 (S09). The lists are the
 * special-purpose registries of IANA (RFC 6890).
 */
export function isPublicAddress(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return isPublicV4(address.split('.').map(Number))
    case 6:
      return isPublicV6(groupsOf(address))
    default:
      return false
  }
}

/** First octets and how many bits of them count. */
const SPECIAL_V4: readonly (readonly [octets: readonly number[], bits: number])[] = [
  [[0], 8],
  [[10], 8],
  [[100, 64], 10],
  [[127], 8],
  [[169, 254], 16],
  [[172, 16], 12],
  [[192, 0, 0], 24],
  [[192, 0, 2], 24],
  [[192, 88, 99], 24],
  [[192, 168], 16],
  [[198, 18], 15],
  [[198, 51, 100], 24],
  [[203, 0, 113], 24],
  [[224], 3],
]

function isPublicV4(octets: readonly number[]): boolean {
  return !SPECIAL_V4.some(([prefix, bits]) => startsWith(octets, prefix, 8, bits))
}

/** Inside 2000::/3, which is all that is given out: Teredo and other protocols, documentation, 6to4. */
const SPECIAL_V6: readonly (readonly [groups: readonly number[], bits: number])[] = [
  [[0x2001, 0], 23],
  [[0x2001, 0xdb8], 32],
  [[0x2002], 16],
  [[0x3fff], 20],
]
/** Networks without IPv4 reach it through these; the last 32 bits say where it really goes (RFC 6052). */
const NAT64 = [0x64, 0xff9b, 0, 0, 0, 0]

function isPublicV6(groups: readonly number[]): boolean {
  if (startsWith(groups, NAT64, 16, 96)) {
    const [high = 0, low = 0] = groups.slice(6)
    return isPublicV4([high >> 8, high & 0xff, low >> 8, low & 0xff])
  }
  return (
    startsWith(groups, [0x2000], 16, 3) && !SPECIAL_V6.some(([prefix, bits]) => startsWith(groups, prefix, 16, bits))
  )
}

function startsWith(units: readonly number[], prefix: readonly number[], unitBits: number, bits: number): boolean {
  for (let at = 0; at * unitBits < bits; at += 1) {
    const unused = Math.max(0, unitBits - (bits - at * unitBits))
    if ((units[at] ?? 0) >> unused !== (prefix[at] ?? 0) >> unused) return false
  }
  return true
}

/** The eight groups; none for one with a zone, which is never public. */
function groupsOf(address: string): number[] {
  if (address.includes('%')) return []
  // The URL parser writes every form the same way, the ones that end in an IPv4 address too.
  const [head = '', tail] = new URL(`http://[${address}]/`).hostname.slice(1, -1).split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = Array<string>(8 - before.length - after.length).fill('0')
  return [...before, ...zeros, ...after].map((group) => Number.parseInt(group, 16))
}
