import { Check, ChevronDown, ChevronRight, Copy } from 'lucide-react'
import { lazy, Suspense, useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { WireHeader, WireRecording } from '../../shared/contract'
import { Button } from '../controls/button'
import { useCopied } from '../controls/copied'
import { Icon } from '../controls/icon'
import { tellError } from '../controls/tell-error'
import { useFigures } from '../figures'

const JsonText = lazy(async () => ({ default: (await import('./json-text')).JsonText }))

/** Standard names (RFC 9110), the same in every language. */
const STATUS_NAMES: Record<number, string> = {
  200: 'OK',
  204: 'No Content',
  301: 'Moved Permanently',
  302: 'Found',
  303: 'See Other',
  307: 'Temporary Redirect',
  308: 'Permanent Redirect',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  413: 'Content Too Large',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
}

type Fold = 'body' | 'answer' | null

/** The request as it was sent, secrets masked, and the head of what came back. */
export function RequestFacts({ recording }: { recording: WireRecording }) {
  const { t } = useTranslation()
  const figures = useFigures()
  const [open, setOpen] = useState<Fold>(null)
  const { request, response, earlierTries } = recording
  const toggle = (which: Fold): void => setOpen(open === which ? null : which)
  return (
    <section
      aria-label={t('wire:request.label')}
      tabIndex={0}
      className="max-h-[45%] flex-none overflow-y-auto px-5 pt-1 focus-inset"
    >
      <div className="flex items-start gap-3">
        <p className="min-w-0 flex-1 font-code text-[13px]/5 wrap-anywhere text-ink-1 select-text" dir="ltr">
          <strong className="font-strong">{request.method}</strong> {request.path}
        </p>
        <StatusBadge recording={recording} />
      </div>
      <Headers label={t('wire:request.headers')} headers={withHost(request.headers, request.host)} />
      {request.via !== null && (
        <p className="mt-1 text-meta text-ink-3">{t('wire:request.via', { proxy: request.via })}</p>
      )}
      {earlierTries > 0 && (
        <p className="mt-2 text-meta text-warn">{t('wire:request.earlier', { count: earlierTries })}</p>
      )}
      <div className="mt-3 flex min-h-7 flex-wrap items-center gap-x-2 gap-y-1">
        <FoldButton isOpen={open === 'body'} onToggle={() => toggle('body')}>
          {t('wire:request.body', { size: figures.bytes(request.bodyBytes) })}
        </FoldButton>
        {response !== null && (
          <FoldButton isOpen={open === 'answer'} onToggle={() => toggle('answer')}>
            {t('wire:request.answerHeaders', { count: response.headers.length })}
          </FoldButton>
        )}
        <CopyCurl recordingId={recording.id} />
      </div>
      {open === 'body' && (
        <pre
          dir="ltr"
          className="mt-1.5 rounded-m border border-line bg-raised px-3 py-2 font-code text-[12px]/[19px] wrap-anywhere whitespace-pre-wrap text-ink-1 select-text"
        >
          <Suspense fallback={request.body}>
            <JsonText text={request.body} />
          </Suspense>
        </pre>
      )}
      {open === 'answer' && response !== null && (
        <div className="mt-1.5 rounded-m border border-line bg-raised px-3 pb-2">
          <Headers label={t('wire:request.answerHeadersLabel')} headers={response.headers} />
        </div>
      )}
      <p className="mt-1.5 border-b border-line pb-4 text-meta text-ink-3">{t('wire:request.masked')}</p>
    </section>
  )
}

/** The host stands first, as in the request itself. */
function withHost(headers: readonly WireHeader[], host: string): readonly WireHeader[] {
  return headers.some(({ name }) => name.toLowerCase() === 'host')
    ? headers
    : [{ name: 'host', value: host }, ...headers]
}

function StatusBadge({ recording }: { recording: WireRecording }) {
  const { t } = useTranslation()
  const { response, end } = recording
  const look = 'flex-none rounded-xs border px-[5px] text-meta leading-[18px] font-medium tabular'
  if (response === null) {
    return (
      <span className={`${look} border-line-2 text-ink-2`}>
        {t(end === null ? 'wire:request.waiting' : 'wire:request.noResponse')}
      </span>
    )
  }
  const isGood = response.status >= 200 && response.status < 300
  return (
    <span
      className={`${look} ${isGood ? 'border-accent/60 text-accent-text' : 'border-danger/60 text-danger'}`}
      dir="ltr"
    >
      {[response.status, STATUS_NAMES[response.status]].filter((part) => part !== undefined).join(' ')}
    </span>
  )
}

function Headers({ label, headers }: { label: string; headers: readonly WireHeader[] }) {
  return (
    <dl
      aria-label={label}
      dir="ltr"
      className="mt-2.5 grid grid-cols-[172px_1fr] gap-x-3 font-code text-[12px]/5 max-narrow:grid-cols-[2fr_3fr]"
    >
      {headers.map(({ name, value }, index) => (
        <div key={index} className="contents">
          <dt className="truncate text-ink-3" title={name}>
            {name.toLowerCase()}
          </dt>
          <dd className="min-w-0 wrap-anywhere text-ink-1 select-text">{value}</dd>
        </div>
      ))}
    </dl>
  )
}

function FoldButton({ isOpen, onToggle, children }: { isOpen: boolean; onToggle: () => void; children: ReactNode }) {
  return (
    <button
      type="button"
      aria-expanded={isOpen}
      className="-ms-1 inline-flex min-h-7 items-center gap-1.5 rounded-m border border-transparent px-[3px] text-meta text-ink-2 hover:bg-hovered hover:text-ink-1 active:bg-pressed"
      onClick={onToggle}
    >
      <Icon of={isOpen ? ChevronDown : ChevronRight} size={14} className={isOpen ? '' : 'rtl:-scale-x-100'} />
      <span className="tabular">{children}</span>
    </button>
  )
}

/** A command that does the same on a command line, with secrets masked: the person puts the key in. */
function CopyCurl({ recordingId }: { recordingId: string }) {
  const { t } = useTranslation()
  const [isCopied, copied] = useCopied()
  const copy = async (): Promise<void> => {
    const result = await window.parley.request['wire.curl']({ recordingId })
    if (!result.ok) {
      tellError(result.error)
      return
    }
    await navigator.clipboard.writeText(result.value.command)
    copied()
  }
  return (
    <Button size={28} icon={isCopied ? Check : Copy} className="ms-auto px-2.5! text-meta!" onClick={() => void copy()}>
      <span aria-live="polite">{t(isCopied ? 'common:copied' : 'wire:request.copyCurl')}</span>
    </Button>
  )
}
