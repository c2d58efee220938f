import { CircleAlert } from 'lucide-react'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import type { WireRecording, WireRow } from '../../shared/contract'
import { describe } from '../../shared/errors'
import { CadenceChart } from '../controls/cadence-chart'
import { Icon } from '../controls/icon'
import { useFigures } from '../figures'
import { figuresOf } from './rows'

const CHART_PX = 132

/** How the answer flowed, in figures and as one bar a gap. */
export function FlowFigures({ recording, rows }: { recording: WireRecording; rows: readonly WireRow[] }) {
  const { t } = useTranslation()
  const { duration, whole, secondsTenths } = useFigures()
  const { gapsMs, usualMs, longestMs, wholeMs, hasNoFlow, isOnePiece } = useMemo(
    () => figuresOf(recording, rows),
    [recording, rows],
  )
  const figures: [value: string, name: string][] = [
    [whole(recording.events), t('wire:figures.events', { count: recording.events })],
    [wholeMs < 1000 ? duration(wholeMs) : secondsTenths(wholeMs), t('wire:figures.inAll')],
  ]
  if (!hasNoFlow)
    figures.push([duration(usualMs), t('wire:figures.usual')], [duration(longestMs), t('wire:figures.longest')])
  const error = recording.end?.error ?? null
  return (
    <section aria-label={t('wire:figures.label')} className="flex-none px-5 pt-3.5 pb-1">
      <div className="flex flex-wrap items-end justify-between gap-x-4 gap-y-2">
        <dl className="flex flex-wrap gap-x-5 gap-y-2">
          {figures.map(([value, name]) => (
            <div key={name} className="flex flex-col-reverse">
              <dt className="text-meta text-ink-3">{name}</dt>
              <dd className="text-[14px]/5 font-medium text-ink-1 tabular">{value}</dd>
            </div>
          ))}
        </dl>
        {!hasNoFlow && (
          <CadenceChart
            gapsMs={gapsMs}
            widthPx={CHART_PX}
            label={t('wire:figures.chart', { usual: duration(usualMs), longest: duration(longestMs) })}
          />
        )}
      </div>
      {isOnePiece && (
        <p className="mt-1.5 text-meta text-warn">
          {t('wire:figures.onePiece', { time: wholeMs < 1000 ? duration(wholeMs) : secondsTenths(wholeMs) })}
        </p>
      )}
      {recording.isCut && (
        <p className="mt-1.5 text-meta text-ink-3">{t('wire:figures.cut', { count: rows.length })}</p>
      )}
      {error !== null && (
        <p className="mt-1.5 flex gap-1.5 text-meta text-danger">
          <Icon of={CircleAlert} size={14} className="mt-px" />
          <span className="min-w-0 break-words">{describe(error, (key, values) => t(key, values ?? {})).title}</span>
        </p>
      )}
    </section>
  )
}
