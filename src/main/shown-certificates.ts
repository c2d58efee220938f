import type { AppError } from '../shared/errors'
import type { BackendProfile, CertificateInfo, CertificateTrust } from '../shared/settings'

/** A certificate that was refused. */
export type Refused = Extract<AppError, { code: 'certificate' }>

interface Agreed {
  host: string
  trust: Extract<CertificateTrust, { kind: 'pinned' }>
}

/**
 * The certificates that were refused last, for as long as the program runs, and what follows from a person's word on
 * them: only what was shown can be trusted, and only at the host that showed it. `owner` is the backend on whose behalf
 * a server was asked, or whatever else asked for one.
 */
export class ShownCertificates {
  readonly #last = new Map<string, { host: string; error: Refused }>()
  readonly #agreed = new Map<string, Agreed>()

  /** @param now milliseconds since the epoch */
  constructor(private readonly now: () => number) {}

  note(owner: string, url: string, error: Refused): void {
    this.#last.set(owner, { host: hostOf(url), error })
  }

  /** The last refusal. */
  last(owner: string): Refused | null {
    return this.#last.get(owner)?.error ?? null
  }

  /**
   * Notes that the person trusts what was shown last.
   *
   * @returns null when another certificate was shown, or none, or one in place of a trusted one: that is refused until the
   * old trust is removed (S37)
   */
  agree(owner: string, sha256: string): Agreed | null {
    const last = this.#last.get(owner)
    const certificate: CertificateInfo | undefined = last?.error.shown
    if (last === undefined || certificate?.sha256 !== sha256 || last.error.reason === 'changed') return null
    const agreed: Agreed = { host: last.host, trust: { kind: 'pinned', certificate, trustedAt: this.now() } }
    this.#agreed.set(owner, agreed)
    return agreed
  }

  /**
   * Whose certificates count at an address, for a profile that has that address or may get it. What is pinned stays with its
   * host.
   *
   * @param agreed what the person trusts, by default what they agreed to on behalf of this backend
   */
  trustAt(
    { id, url: present, trust }: BackendProfile,
    url: string,
    agreed: Agreed | null = this.#agreed.get(id) ?? null,
  ): CertificateTrust {
    if (trust.kind === 'pinned' && hostOf(url) === hostOf(present)) return trust
    if (agreed?.host === hostOf(url)) return agreed.trust
    return trust.kind === 'pinned' ? { kind: 'system' } : trust
  }

  /**
   * The trust of a profile that is saved with another address, or by a page that wants to go back to the system's. Of what
   * a page says only that is taken, and not where the person has just agreed to more.
   */
  trustAfter(before: BackendProfile, url: string, wanted: CertificateTrust): CertificateTrust {
    const host = hostOf(url)
    const isAgreed = host !== hostOf(before.url) && this.#agreed.get(before.id)?.host === host
    return wanted.kind === 'system' && !isAgreed ? { kind: 'system' } : this.trustAt(before, url)
  }

  forget(owner: string): void {
    this.#last.delete(owner)
    this.#agreed.delete(owner)
  }
}

/** Whom a certificate is for: one host, at whatever port. */
export function hostOf(url: string): string {
  return new URL(url).hostname
}
