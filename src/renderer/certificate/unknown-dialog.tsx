import { Dialog } from '@base-ui/react/dialog'
import { Check, CircleAlert, TriangleAlert, X } from 'lucide-react'
import { useEffect, useRef, useState, type ReactNode, type RefObject } from 'react'
import { useTranslation } from 'react-i18next'
import { describe, type Result } from '../../shared/errors'
import type { BackendView } from '../../shared/settings'
import { Button } from '../controls/button'
import { CopyButton } from '../controls/copy-button'
import { Icon } from '../controls/icon'
import { TextField } from '../controls/text-field'
import { useDates } from '../dates'
import { backendOf, useStore } from '../store/state'
import { compareFingerprint, fingerprintLines, isFor, wholeFingerprint, type Comparison } from './fingerprint'
import { Frame, FrameBody, FrameFooter } from './frame'
import { useShownHost } from './host'
import { landingAfter, type Review } from './state'

export interface UnknownDialogProps {
  review: Review
  isOpen: boolean
  /** What the person calls the server. */
  name: string
}

/** A certificate that nobody vouches for: what it says of itself, and whether it is trusted for this backend [38]. */
export function UnknownDialog({ review, isOpen, name }: UnknownDialogProps) {
  const cancel = useRef<HTMLButtonElement>(null)
  return (
    <Frame
      isOpen={isOpen}
      onCancel={() => review.answer(null)}
      initialFocus={cancel}
      finalFocus={() => landingAfter(review)}
    >
      <Content review={review} name={name} cancel={cancel} />
    </Frame>
  )
}

interface ContentProps {
  review: Review
  name: string
  cancel: RefObject<HTMLButtonElement | null>
}

function Content({ review, name, cancel }: ContentProps) {
  const { t } = useTranslation()
  const { backendId, shown, answer } = review
  const host = useShownHost(review)
  const [typed, setTyped] = useState('')
  const [isBusy, setIsBusy] = useState(false)
  const [refusal, setRefusal] = useState<string | null>(null)
  const comparison = compareFingerprint(typed, shown.sha256)
  const isDoubtful = ['differs', 'sha1', 'unreadable'].includes(comparison.kind)

  const trust = async () => {
    if (backendId === null) {
      answer(shown.sha256)
      return
    }
    setIsBusy(true)
    const result = await trustShown(backendId, shown.sha256)
    setIsBusy(false)
    if (result.ok) answer(shown.sha256)
    else if (result.error.code === 'certificate' || result.error.code === 'bad-request')
      setRefusal(t('certificate:gone'))
    else setRefusal(describe(result.error, (key, values) => t(key, values ?? {})).detail)
  }

  return (
    <>
      <FrameBody>
        <Dialog.Title className="text-h2 font-heading break-words text-ink-1">
          {t('certificate:unknown.title', { name })}
        </Dialog.Title>
        <Dialog.Description className="mt-1 text-[14px]/5.5 break-words text-ink-2">
          {t(`certificate:unknown.why.${whyOf(review)}`, { host })} {t('certificate:unknown.compare')}
        </Dialog.Description>
        <Warnings review={review} />
        <Facts review={review} />
        <FingerprintField typed={typed} comparison={comparison} onType={setTyped} />
        {refusal !== null && (
          <p role="alert" className="mt-4 flex gap-1.5 text-meta text-danger">
            <Icon of={CircleAlert} size={14} className="mt-px" />
            {refusal}
          </p>
        )}
      </FrameBody>
      <FrameFooter
        start={
          <p className="max-w-48 text-meta text-balance break-words text-ink-3">
            {t('certificate:unknown.only', { name })}
          </p>
        }
      >
        <Button ref={cancel} variant={isDoubtful ? 'primary' : 'secondary'} onClick={() => answer(null)}>
          {t('common:cancel')}
        </Button>
        <Button
          variant="primary"
          isDisabled={isDoubtful}
          reason={t('certificate:unknown.doubtful')}
          isBusy={isBusy}
          className="min-w-0 wrap-anywhere"
          onClick={() => void trust()}
        >
          {t('certificate:unknown.trust', { name })}
        </Button>
      </FrameFooter>
    </>
  )
}

/** Main trusts only what it has seen itself: of an answer from before its start, the server is asked to show it again. */
async function trustShown(backendId: string, sha256: string): Promise<Result<BackendView>> {
  const { request } = window.parley
  const result = await request['backend.trust']({ backendId, sha256 })
  const view = backendOf(useStore.getState(), backendId)
  if (result.ok || result.error.code !== 'bad-request' || view === null) return result
  await request['backend.find']({ backendId, address: view.profile.url })
  return request['backend.trust']({ backendId, sha256 })
}

function whyOf({ error, shown }: Review): 'self-signed' | 'unknown-issuer' | 'expired' | 'wrong-host' | 'other' {
  if (shown.isSelfSigned) return 'self-signed'
  switch (error.reason) {
    case 'unknown-issuer':
    case 'expired':
    case 'wrong-host':
      return error.reason
    case 'self-signed':
    case 'old-protocol':
    case 'changed':
    case 'other':
      return 'other'
  }
}

const MOST_CHARACTERS = 60

function shorten(text: string): string {
  return text.length <= MOST_CHARACTERS ? text : `${text.slice(0, MOST_CHARACTERS)}…`
}

/** What else is wrong with it, whatever the first reason was. */
function Warnings({ review: { error, shown } }: { review: Review }) {
  const { t } = useTranslation()
  const dates = useDates()
  // When the dialog was opened; one that stands open over midnight is no other one.
  const [now] = useState(() => Date.now())
  const warnings: string[] = []
  if (shown.validTo < now) warnings.push(t('certificate:unknown.expired', { date: dates.day(shown.validTo) }))
  if (shown.validFrom > now) warnings.push(t('certificate:unknown.early', { date: dates.day(shown.validFrom) }))
  if (error.reason === 'wrong-host' || (shown.names.length > 0 && !isFor(error.host, shown.names))) {
    const names = (shown.names.length === 0 ? [shown.subject] : shown.names.slice(0, 3)).map(shorten).join(', ')
    warnings.push(t('certificate:unknown.otherName', { names, host: error.host }))
  }
  if (warnings.length === 0) return null
  return (
    <ul className="mt-4 flex flex-col gap-1.5">
      {warnings.map((warning) => (
        <li key={warning} className="flex gap-2 text-ui text-warn">
          <Icon of={TriangleAlert} className="mt-0.5" />
          <span className="min-w-0 wrap-anywhere">{warning}</span>
        </li>
      ))}
    </ul>
  )
}

function Facts({ review: { error, shown } }: { review: Review }) {
  const { t } = useTranslation()
  const dates = useDates()
  const issuer = shown.isSelfSigned ? shown.subject : shown.issuer
  return (
    <dl className="mt-4.5 border-b border-line text-ui">
      <Fact name={t('certificate:host')}>
        <bdi className="font-label text-ink-1 wrap-anywhere">{error.host}</bdi>
      </Fact>
      <Fact name={t('certificate:issuedBy')} title={issuer}>
        {shown.isSelfSigned ? (
          <>
            {t('certificate:itself')} {issuer !== '' && <bdi className="text-ink-3 wrap-anywhere">({issuer})</bdi>}
          </>
        ) : (
          <bdi className="wrap-anywhere">{issuer}</bdi>
        )}
      </Fact>
      <Fact name={t('certificate:valid')}>
        {t('certificate:fromTo', { from: dates.day(shown.validFrom), to: dates.day(shown.validTo) })}
      </Fact>
      <Fact name={t('certificate:sha256')}>
        <span className="flex flex-wrap items-start justify-between gap-x-4 gap-y-1">
          <Fingerprint sha256={shown.sha256} className="text-code/5.5" />
          <CopyButton size={28} text={wholeFingerprint(shown.sha256)} className="-my-1 -me-2.5" />
        </span>
      </Fact>
    </dl>
  )
}

/** @param title the whole of a text that the certificate may have made long */
function Fact({ name, title, children }: { name: string; title?: string; children: ReactNode }) {
  return (
    <div className="flex min-h-9.75 gap-x-4 border-t border-line py-2.25 max-narrow:flex-col">
      <dt className="w-27 flex-none text-ink-2">{name}</dt>
      <dd
        className={`min-w-0 flex-1 text-ink-1 select-text ${title === undefined ? '' : 'line-clamp-3'}`}
        title={title}
      >
        {children}
      </dd>
    </div>
  )
}

/** Four lines of eight bytes. */
export function Fingerprint({ sha256, className = '' }: { sha256: string; className?: string }) {
  return (
    <code dir="ltr" className={`block whitespace-pre text-ink-1 select-text ${className}`}>
      {fingerprintLines(sha256).join('\n')}
    </code>
  )
}

interface FingerprintFieldProps {
  typed: string
  comparison: Comparison
  onType: (typed: string) => void
}

/** What the owner says the fingerprint is; compared with every key, the differing byte in danger. */
function FingerprintField({ typed, comparison, onType }: FingerprintFieldProps) {
  const { t } = useTranslation()
  const [scrolledPx, setScrolledPx] = useState(0)
  const error = useDifference(comparison)
  const field = useRef<HTMLInputElement>(null)
  const from = comparison.kind === 'differs' ? comparison.from : null
  useEffect(() => {
    if (from === null || field.current === null) return
    // A pasted text is scrolled to its end; the byte that it is about may be at the other.
    const { scrollWidth, clientWidth, scrollLeft, value } = field.current
    const at = (from / value.length) * scrollWidth
    if (at < scrollLeft || at > scrollLeft + clientWidth * 0.8) field.current.scrollLeft = at - clientWidth / 2
  }, [from])
  const isSame = comparison.kind === 'same'
  return (
    <div className="mt-5">
      <label htmlFor="fingerprint" className="mb-1.5 block text-ui font-label text-ink-1">
        {t('certificate:field.label')}
      </label>
      <div className="relative">
        <TextField
          ref={field}
          id="fingerprint"
          isCode
          dir="ltr"
          value={typed}
          maxLength={1000}
          autoComplete="off"
          spellCheck={false}
          error={error}
          help={
            <span role="status" className={isSame ? 'text-accent-text' : undefined}>
              {isSame
                ? t('certificate:field.same')
                : comparison.kind === 'beginning'
                  ? t('certificate:field.beginning', { count: comparison.bytes })
                  : t('certificate:field.help')}
            </span>
          }
          fieldClassName={`pe-10 ${comparison.kind === 'differs' ? 'text-transparent! caret-accent forced-colors:text-[FieldText]!' : ''}`}
          onValueChange={onType}
          onScroll={(event) => setScrolledPx(event.currentTarget.scrollLeft)}
        />
        {comparison.kind === 'differs' && (
          // Fields cannot mark a part of their text: the same text lies over it, with the byte in danger.
          <div
            dir="ltr"
            aria-hidden
            className="pointer-events-none absolute top-0 right-10 left-3.25 flex h-9 items-center overflow-hidden font-code text-ui whitespace-pre text-ink-1 [font-variant-ligatures:none] forced-colors:hidden"
          >
            <span style={{ translate: `${-scrolledPx}px` }}>
              {typed.slice(0, comparison.from)}
              <mark className="bg-transparent font-strong text-danger">
                {typed.slice(comparison.from, comparison.to)}
              </mark>
              {typed.slice(comparison.to)}
            </span>
          </div>
        )}
        {isSame && <Icon of={Check} className="absolute inset-e-3 top-2.5 text-accent-text" />}
        {error !== null && <Icon of={X} className="absolute inset-e-3 top-2.5 text-danger" />}
      </div>
    </div>
  )
}

function useDifference(comparison: Comparison): string | null {
  const { t } = useTranslation()
  switch (comparison.kind) {
    case 'differs':
      return t('certificate:field.differs', { count: comparison.byte, ordinal: true })
    case 'sha1':
      return t('certificate:field.sha1')
    case 'unreadable':
      return t('certificate:field.unreadable')
    case 'empty':
    case 'same':
    case 'beginning':
      return null
  }
}
