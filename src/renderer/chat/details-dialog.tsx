import { Activity } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { AssistantMessage } from '../../shared/conversation'
import { describe } from '../../shared/errors'
import type { Translate } from '../../shared/i18n'
import { Button } from '../controls/button'
import { Dialog } from '../controls/dialog'
import { useFigures } from '../figures'
import { showWire } from '../wire/state'
import { finishWords } from './end-note'
import { useBackendName } from './provider-line'
import { nameOf } from './status'

export interface DetailsDialogProps {
  message: AssistantMessage
  isOpen: boolean
  onClose: () => void
}

/** All that is known of how an answer came about. */
export function DetailsDialog({ message, isOpen, onClose }: DetailsDialogProps) {
  const { t } = useTranslation()
  const [isLeaving, setIsLeaving] = useState(false)
  if (isOpen && isLeaving) setIsLeaving(false)
  return (
    <Dialog
      isOpen={isOpen}
      onClose={onClose}
      title={t('chat:details.title')}
      // The wire view takes the focus itself; else it goes where it always goes.
      {...(isLeaving && { finalFocus: false })}
      actions={
        <>
          <Button
            variant="quiet"
            icon={Activity}
            onClick={() => {
              setIsLeaving(true)
              onClose()
              showWire(message.id)
            }}
          >
            {t('wire:title')}
          </Button>
          <Button onClick={onClose}>{t('common:close')}</Button>
        </>
      }
    >
      {isOpen && <DetailsList message={message} />}
    </Dialog>
  )
}

/** The facts of an answer in two columns; rows without a fact are left out. */
export function DetailsList({ message }: { message: AssistantMessage }) {
  const { t } = useTranslation()
  const translate: Translate = (key, values) => t(key, values ?? {})
  const figures = useFigures()
  const backend = useBackendName(message.backendId)
  const { requested, provider, usage, timing, oddities, error } = message
  const joined = (parts: readonly (string | null)[]): string =>
    parts.filter((part) => part !== null && part !== '').join(' · ')
  const count = (value: number | null): string => (value === null ? '?' : figures.whole(value))
  const unknown = Object.entries(oddities.unknown)
  const rows: [label: string, value: string][] = [
    [t('chat:details.backend'), backend],
    [t('chat:details.askedFor'), joined([requested.provider, requested.model]) || t('chat:header.automatic')],
    [t('chat:details.answeredBy'), provider === null ? '' : joined([nameOf(provider), provider.model])],
    [t('chat:details.state'), t(`chat:details.states.${message.state}`)],
    [t('chat:details.error'), error === null ? '' : describe(error, translate).title],
    [t('chat:details.finishReason'), message.finishReason === null ? '' : finishWords(message.finishReason, translate)],
    [
      t('chat:details.tokens'),
      usage === null
        ? ''
        : t('chat:details.tokensValue', {
            prompt: count(usage.promptTokens),
            completion: count(usage.completionTokens),
          }),
    ],
    [t('chat:details.firstWord'), timing.firstTextMs === null ? '' : figures.secondsExact(timing.firstTextMs)],
    [t('chat:details.whole'), figures.secondsExact(timing.lastMs)],
    [t('chat:details.malformed'), oddities.malformed === 0 ? '' : figures.whole(oddities.malformed)],
    [
      t('chat:details.unknown'),
      unknown.map(([type, times]) => (times === 1 ? type : `${type} × ${figures.whole(times)}`)).join(', '),
    ],
  ]
  return (
    <dl className="mt-3 grid grid-cols-[max-content_1fr] gap-x-6 gap-y-1.5 text-ui max-narrow:grid-cols-1">
      {rows
        .filter(([, value]) => value !== '')
        .map(([label, value]) => (
          <div key={label} className="contents">
            <dt className="text-ink-3">{label}</dt>
            <dd className="min-w-0 break-words text-ink-1 select-text" dir="auto">
              {value}
            </dd>
          </div>
        ))}
    </dl>
  )
}
