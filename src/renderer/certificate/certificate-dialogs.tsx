import { lazy, Suspense, useState } from 'react'
import { backendOf, useStore } from '../store/state'
import { useReview } from './state'

const ChangedDialog = lazy(async () => ({ default: (await import('./changed-dialog')).ChangedDialog }))
const UnknownDialog = lazy(async () => ({ default: (await import('./unknown-dialog')).UnknownDialog }))

/** The dialogs that `reviewCertificate` opens; once per window. */
export function CertificateDialogs() {
  const current = useReview((state) => state.current)
  // The last one stays on show while its dialog fades.
  const [last, setLast] = useState(current)
  if (current !== null && current !== last) setLast(current)
  const review = current ?? last
  const backendId = review?.backendId ?? null
  const known = useStore((state) => (backendId === null ? null : (backendOf(state, backendId)?.profile.name ?? null)))
  if (review === null) return null
  const isOpen = current !== null
  return (
    <Suspense fallback={null}>
      {review.error.reason === 'changed' ? (
        <ChangedDialog review={review} isOpen={isOpen} />
      ) : (
        <UnknownDialog review={review} isOpen={isOpen} name={known ?? review.name ?? review.error.host} />
      )}
    </Suspense>
  )
}
