import { create } from 'zustand'
import type { AppError } from '../../shared/errors'
import type { CertificateInfo } from '../../shared/settings'

export type CertificateError = Extract<AppError, { code: 'certificate' }>

/** Whose certificate it is: a backend's, or that of an address which is about to become one. */
export type CertificateSubject =
  { backendId: string; error: CertificateError } | { name: string; error: CertificateError }

/** A certificate that a person has in front of them. */
export interface Review {
  /** Null for an address that is no backend yet: then agreeing is only the answer to who asked. */
  backendId: string | null
  /** What is asked for, where it has no profile yet. */
  name: string | null
  error: CertificateError
  shown: CertificateInfo
  /** What had the focus when it was opened. */
  opener: Element | null
  answer: (sha256: string | null) => void
}

/** What the dialogs show; one at a time. */
export const useReview = create<{ current: Review | null; wasTrusted: boolean }>()(() => ({
  current: null,
  wasTrusted: false,
}))

/**
 * Where the focus goes when a dialog closes. The button that opened it is about to go once the certificate is trusted: then
 * the part of the form that it stood in has it, or the place that is marked for that.
 */
export function landingAfter({ opener }: Review): HTMLElement | true {
  if (!useReview.getState().wasTrusted) return true
  return (
    opener?.closest('section')?.querySelector<HTMLElement>('h3[tabindex]') ??
    document.querySelector<HTMLElement>('[data-after-trust]') ??
    true
  )
}

/**
 * Opens the dialog for a refused certificate: an unknown one can be trusted in it, a changed one cannot [38]. For a
 * backend the trust is stored before this resolves; who asked then tries again what had failed.
 *
 * @returns the SHA-256 of the certificate that is trusted now, or null when it is not, or the error has none to show
 */
export function reviewCertificate(subject: CertificateSubject): Promise<string | null> {
  const { shown } = subject.error
  if (shown === undefined) return Promise.resolve(null)
  useReview.getState().current?.answer(null)
  return new Promise((resolve) => {
    const review: Review = {
      backendId: 'backendId' in subject ? subject.backendId : null,
      name: 'name' in subject ? subject.name : null,
      error: subject.error,
      shown,
      opener: document.activeElement,
      answer: (sha256) => {
        // One that another has taken the place of must not close that one, which waits for its own answer.
        if (useReview.getState().current === review) useReview.setState({ current: null, wasTrusted: sha256 !== null })
        resolve(sha256)
      },
    }
    useReview.setState({ current: review })
  })
}
