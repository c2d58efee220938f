import { Files } from 'lucide-react'
import { useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { BackendView, CertificateTrust } from '../../../shared/settings'
import { shortFingerprint, wholeFingerprint } from '../../certificate/fingerprint'
import { reviewCertificate } from '../../certificate/state'
import { Button } from '../../controls/button'
import { CopyButton } from '../../controls/copy-button'
import { Dialog } from '../../controls/dialog'
import { Radio, RadioGroup } from '../../controls/radio'
import { Tooltip } from '../../controls/tooltip'
import { useDates } from '../../dates'
import { useErrorText } from '../error-text'
import { Block, Labelled } from './labelled'

export interface SecurityBlockProps {
  view: BackendView
  isWanted: boolean
  /** Goes back to what the computer trusts. */
  onTrustSystem: () => void
  /** A certificate or a file has just been trusted. */
  onTrusted: () => void
}

/**
 * Whose word counts for the server's certificate. One certificate or a file is given in a dialog of its own, never by
 * walking over a radio; going back to the computer's own list is asked about, because it cannot be undone here.
 */
export function SecurityBlock({ view, isWanted, onTrustSystem, onTrusted }: SecurityBlockProps) {
  const { t } = useTranslation()
  const errorText = useErrorText()
  const [isLeaving, setIsLeaving] = useState(false)
  const [isPicking, setIsPicking] = useState(false)
  const [error, setError] = useState<string | null>(null)
  /** What was pressed is gone with the certificate. */
  const hasLeft = useRef(false)
  const radios = useRef<HTMLDivElement>(null)
  const { profile, status } = view
  const { trust } = profile
  const refused = status.kind === 'untrusted' && status.error.code === 'certificate' ? status.error : null

  const ask = () => {
    hasLeft.current = false
    setIsLeaving(true)
  }
  const pick = async () => {
    setIsPicking(true)
    setError(null)
    const result = await window.parley.request['backend.pickAuthority']({ backendId: profile.id })
    setIsPicking(false)
    if (!result.ok) setError(`${errorText(result.error).title}. ${errorText(result.error).detail}`)
    else if (result.value !== null) onTrusted()
  }
  const review = async () => {
    if (refused === null) return
    const sha256 = await reviewCertificate({ backendId: profile.id, error: refused })
    if (sha256 !== null) onTrusted()
  }

  return (
    <Block title={t('settings:security.title')} isWanted={isWanted}>
      <Labelled label={t('settings:security.certificate')}>
        <div ref={radios}>
          <RadioGroup<CertificateTrust['kind']>
            label={t('settings:security.certificate')}
            value={trust.kind}
            onChange={(kind) => {
              if (kind === 'system' && trust.kind !== 'system') ask()
            }}
          >
            <Radio value="system" label={t('settings:security.system')} />
            <Radio value="pinned" label={t('settings:security.pinned')} isDisabled={trust.kind !== 'pinned'}>
              {trust.kind === 'pinned' ? (
                <>
                  <Pinned trust={trust} url={profile.url} />
                  <Button size={28} className="mt-1.5" onClick={ask}>
                    {t('settings:security.leave')}
                  </Button>
                </>
              ) : (
                <p className="text-meta text-ink-3">{t('settings:security.pinnedHelp')}</p>
              )}
              {refused?.shown !== undefined && (
                <Button size={28} className="mt-1.5" onClick={() => void review()}>
                  {t('certificate:show')}
                </Button>
              )}
            </Radio>
            <Radio value="authority" label={t('settings:security.authority')} isDisabled={trust.kind !== 'authority'}>
              {trust.kind === 'authority' && <Authority trust={trust} />}
              {error !== null && (
                <p role="alert" className="text-meta text-danger">
                  {error}
                </p>
              )}
              <div className="mt-1 flex flex-wrap gap-2">
                <Button size={28} icon={Files} isBusy={isPicking} onClick={() => void pick()}>
                  {t(trust.kind === 'authority' ? 'settings:security.otherFile' : 'settings:security.pickFile')}
                </Button>
                {trust.kind === 'authority' && (
                  <Button size={28} variant="quiet" onClick={ask}>
                    {t('common:remove')}
                  </Button>
                )}
              </div>
            </Radio>
          </RadioGroup>
        </div>
      </Labelled>
      <Dialog
        isOpen={isLeaving}
        onClose={() => setIsLeaving(false)}
        finalFocus={() =>
          hasLeft.current ? (radios.current?.querySelector<HTMLElement>('[role=radio]') ?? true) : true
        }
        title={t('settings:security.leaveTitle')}
        description={t(trust.kind === 'authority' ? 'settings:security.leaveFile' : 'settings:security.leavePinned')}
        actions={
          <>
            <Button onClick={() => setIsLeaving(false)}>{t('common:cancel')}</Button>
            <Button
              variant="danger"
              onClick={() => {
                hasLeft.current = true
                setIsLeaving(false)
                onTrustSystem()
              }}
            >
              {t(trust.kind === 'authority' ? 'common:remove' : 'settings:security.leave')}
            </Button>
          </>
        }
      />
    </Block>
  )
}

interface PinnedProps {
  trust: Extract<CertificateTrust, { kind: 'pinned' }>
  url: string
}

function Pinned({ trust: { certificate }, url }: PinnedProps) {
  const { t } = useTranslation()
  const dates = useDates()
  const name = URL.canParse(url) ? new URL(url).hostname : certificate.subject
  const whole = wholeFingerprint(certificate.sha256)
  return (
    <>
      <div className="flex flex-wrap items-center gap-x-3 text-meta text-ink-2">
        <Tooltip text={whole}>
          <code dir="ltr" tabIndex={0} className="rounded-xs font-code">
            <span aria-hidden>SHA-256 &nbsp;{shortFingerprint(certificate.sha256)}</span>
            <span className="sr-only">SHA-256 {whole}</span>
          </code>
        </Tooltip>
        <CopyButton size={28} text={whole} aria-label={t('settings:security.copy')} />
      </div>
      <p className="text-meta wrap-anywhere text-ink-3">
        {t('settings:security.until', { name, date: dates.day(certificate.validTo) })}
      </p>
    </>
  )
}

const MOST_SUBJECTS = 4

function Authority({ trust: { fileName, subjects } }: { trust: Extract<CertificateTrust, { kind: 'authority' }> }) {
  const { t } = useTranslation()
  const more = subjects.length - MOST_SUBJECTS
  return (
    <div className="text-meta wrap-anywhere text-ink-2">
      <bdi className="font-code">{fileName}</bdi>
      <ul className="text-ink-3">
        {subjects.slice(0, MOST_SUBJECTS).map((subject, index) => (
          <li key={index}>
            <bdi>{subject}</bdi>
          </li>
        ))}
        {more > 0 && <li>{t('settings:security.moreSubjects', { count: more })}</li>}
      </ul>
    </div>
  )
}
