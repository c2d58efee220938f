import { AlertDialog } from '@base-ui/react/alert-dialog'
import { ShieldAlert } from 'lucide-react'
import { useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { CertificateInfo } from '../../shared/settings'
import { Button } from '../controls/button'
import { CopyButton } from '../controls/copy-button'
import { Icon } from '../controls/icon'
import { useDates } from '../dates'
import { showSettings } from '../store/conversations'
import { backendOf, useStore } from '../store/state'
import { wholeFingerprint } from './fingerprint'
import { Frame, FrameBody, FrameFooter } from './frame'
import { useShownHost } from './host'
import type { Review } from './state'
import { Fingerprint } from './unknown-dialog'

/** A certificate that is not the trusted one: Parley has stopped, and nothing here lets it go on [38-certificate-changed]. */
export function ChangedDialog({ review, isOpen }: { review: Review; isOpen: boolean }) {
  const { t } = useTranslation()
  const stay = useRef<HTMLButtonElement>(null)
  const { backendId, shown, answer } = review
  const host = useShownHost(review)
  const { trustedAt, shownAt, trusted } = useTimes(review)
  const both = [
    ...(trusted === undefined ? [] : [`${t('certificate:changed.trusted')}: ${wholeFingerprint(trusted.sha256)}`]),
    `${t('certificate:changed.shown')}: ${wholeFingerprint(shown.sha256)}`,
  ].join('\n')
  const openSettings = () => {
    answer(null)
    showSettings('backends', backendId ?? undefined, 'security')
  }
  return (
    <Frame isOpen={isOpen} onCancel={() => answer(null)} isAlert initialFocus={stay}>
      <FrameBody>
        <div className="flex gap-3.5">
          <Icon of={ShieldAlert} size={20} className="mt-1 text-danger" />
          <div className="min-w-0">
            <AlertDialog.Title className="text-h2 font-heading wrap-anywhere text-ink-1">
              {t('certificate:changed.title', { host })}
            </AlertDialog.Title>
            <AlertDialog.Description className="mt-1 text-[14px]/5.5 text-ink-2">
              {t('certificate:changed.why')}
            </AlertDialog.Description>
          </div>
        </div>
        <div className="mt-5.5 grid grid-cols-2 gap-3 max-narrow:grid-cols-1">
          {trusted !== undefined && (
            <Card title={t('certificate:changed.trusted')} certificate={trusted} atMs={trustedAt} />
          )}
          <Card title={t('certificate:changed.shown')} certificate={shown} atMs={shownAt} isDanger />
        </div>
        <p className="mt-4.5 text-ui text-ink-2">{t('certificate:changed.advice')}</p>
      </FrameBody>
      <FrameFooter start={<CopyButton text={both} label={t('certificate:changed.copyBoth')} className="-ms-2.5" />}>
        <Button onClick={openSettings}>{t('certificate:changed.openSettings')}</Button>
        <Button ref={stay} variant="primary" onClick={() => answer(null)}>
          {t('certificate:changed.stay')}
        </Button>
      </FrameFooter>
    </Frame>
  )
}

/** When the one was trusted and the other seen, as far as it is still known. */
function useTimes({ backendId, error, shown }: Review) {
  const view = useStore((state) => (backendId === null ? null : backendOf(state, backendId)))
  const trust = view?.profile.trust
  const pin = trust?.kind === 'pinned' ? trust : null
  const trusted = error.trusted ?? pin?.certificate
  const status = view?.status
  const isSeen =
    status?.kind === 'untrusted' && status.error.code === 'certificate' && status.error.shown?.sha256 === shown.sha256
  return {
    trusted,
    trustedAt: pin !== null && pin.certificate.sha256 === trusted?.sha256 ? pin.trustedAt : null,
    shownAt: isSeen ? status.atMs : null,
  }
}

interface CardProps {
  title: string
  certificate: CertificateInfo
  /** On the wall clock; null when that is not known. */
  atMs: number | null
  isDanger?: boolean
}

function Card({ title, certificate, atMs, isDanger = false }: CardProps) {
  const { t } = useTranslation()
  const dates = useDates()
  // As the dialog was opened.
  const [today] = useState(() => dates.day(Date.now()))
  const isToday = atMs !== null && dates.day(atMs) === today
  const until = { date: dates.day(certificate.validTo), issuer: certificate.issuer }
  return (
    <section
      aria-label={title}
      className={`min-w-0 rounded-l border px-3.75 pt-3 pb-3 ${isDanger ? 'border-danger/60 bg-danger-tint' : 'border-line-2'}`}
    >
      <div className="flex flex-wrap items-baseline justify-between gap-x-3">
        <h3 className="text-ui font-strong text-ink-1">{title}</h3>
        {atMs !== null && (
          <span className="text-meta text-ink-2">
            {isToday ? t('certificate:changed.today', { time: dates.time(atMs) }) : dates.day(atMs)}
          </span>
        )}
      </div>
      <Fingerprint sha256={certificate.sha256} className="mt-1.5 text-[12px]/5" />
      <p className="mt-1.5 line-clamp-3 text-meta wrap-anywhere text-ink-2" title={certificate.issuer}>
        {certificate.isSelfSigned ? t('certificate:changed.bySelf', until) : t('certificate:changed.byOther', until)}
      </p>
    </section>
  )
}
