import { createHash, X509Certificate } from 'node:crypto'
import type { CertificateReason, Result } from '../../shared/errors'
import type { CertificateInfo } from '../../shared/settings'
import { plainLine } from './server-text'

const MAX_TEXT = 200
const MAX_NAMES = 20
const MAX_FILE = 256 * 1024

/**
 * What a certificate says of itself, for a person to look at. Its texts are whatever somebody wrote into it, so they are cut
 * and made plain; what is no certificate has a fingerprint and no texts. Never throws.
 *
 * @param der the whole certificate, as it came
 */
export function readCertificate(der: Uint8Array): CertificateInfo {
  const sha256 = createHash('sha256').update(der).digest('hex')
  const certificate = parse(der)
  if (certificate === null) {
    return { sha256, subject: '', issuer: '', isSelfSigned: false, names: [], validFrom: 0, validTo: 0 }
  }
  return {
    sha256,
    subject: nameText(certificate.subject),
    issuer: nameText(certificate.issuer),
    isSelfSigned: isSelfSigned(certificate),
    names: readNames(certificate.subjectAltName),
    validFrom: readDate(certificate.validFrom),
    validTo: readDate(certificate.validTo),
  }
}

/**
 * The certificates of a PEM file that a person picked. Whatever else is in the file is left out, private keys above all.
 *
 * @returns each certificate as PEM, and what it is the certificate of; `bad-certificate-file`
 */
export function readAuthorities(pem: string): Result<{ pem: string; subjects: string[] }> {
  if (Buffer.byteLength(pem) > MAX_FILE) {
    return { ok: false, error: { code: 'bad-certificate-file', reason: 'too-large' } }
  }
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/gu) ?? []
  const certificates = blocks.map(parse).filter((certificate) => certificate !== null)
  if (certificates.length === 0) return { ok: false, error: { code: 'bad-certificate-file', reason: 'empty' } }
  return {
    ok: true,
    value: {
      pem: certificates.map(String).join(''),
      subjects: certificates.map(({ subject }) => nameText(subject)),
    },
  }
}

/** What a code of OpenSSL, or of BoringSSL, which Electron has, says against a certificate. */
export function certificateReason(code: string): CertificateReason {
  switch (code) {
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
      return 'self-signed'
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'CERT_UNTRUSTED':
      return 'unknown-issuer'
    case 'CERT_HAS_EXPIRED':
      return 'expired'
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
    case 'HOSTNAME_MISMATCH':
      return 'wrong-host'
    default:
      return 'other'
  }
}

function parse(certificate: Uint8Array | string): X509Certificate | null {
  try {
    return new X509Certificate(certificate)
  } catch {
    return null
  }
}

// `CN=a\nO=b`, or nothing at all, whatever the types say.
function nameText(name: string | null | undefined): string {
  return plainLine((name ?? '').split('\n').join(', '), MAX_TEXT)
}

function isSelfSigned(certificate: X509Certificate): boolean {
  try {
    return certificate.subject === certificate.issuer && certificate.verify(certificate.publicKey)
  } catch {
    // A kind of key that this runtime does not know.
    return false
  }
}

// `DNS:a, IP Address:::1, DNS:"b, with a comma", URI:…`: what needs it is quoted as in JSON.
function readNames(text: string | null | undefined): string[] {
  const names: string[] = []
  for (const [, kind = '', value = ''] of (text ?? '').matchAll(/([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,]*)(?:, |$)/gu)) {
    if (kind !== 'DNS' && kind !== 'IP Address') continue
    names.push(plainLine(unquote(value), MAX_TEXT))
    if (names.length === MAX_NAMES) break
  }
  return names
}

function unquote(value: string): string {
  if (!value.startsWith('"')) return value
  try {
    return String(JSON.parse(value))
  } catch {
    return value
  }
}

// Never before the epoch: a date is stored like every other.
function readDate(text: string): number {
  const ms = Date.parse(text)
  return Number.isNaN(ms) ? 0 : Math.max(0, ms)
}
