import { CircleAlert, CircleCheck, TriangleAlert } from 'lucide-react'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { BackendTest } from '../../../shared/contract'
import { Icon } from '../../controls/icon'
import { Ring } from '../../controls/ring'
import { useFigures } from '../../figures'
import { useErrorText } from '../error-text'

/** From 250 ms a gap reads as a stop; the dotted line of the chart (DESIGN "Settings"). */
const NOTICEABLE_GAP_MS = 250

/** What the connection test found, with its figures; null while it runs. */
export function TestCard({ test }: { test: BackendTest | null }) {
  const { t } = useTranslation()
  const errorText = useErrorText()
  if (test === null) {
    return (
      <Card icon={<Ring className="mt-0.75 text-ink-2" />} title={t('settings:test.running')}>
        <p className="text-ui text-ink-2">{t('settings:test.runningHelp')}</p>
      </Card>
    )
  }
  switch (test.verdict) {
    case 'failed': {
      const text = errorText(test.error)
      // It answered; and there is no message that could be kept or lost.
      const detail = test.error.code === 'unauthorized' ? t('settings:test.needsKey') : text.detail
      return (
        <Card icon={<Icon of={CircleAlert} className="mt-0.5 text-danger" />} title={text.title}>
          <p className="text-ui text-ink-2">{detail}</p>
        </Card>
      )
    }
    case 'bursts':
      return (
        <Card icon={<Icon of={TriangleAlert} className="mt-0.5 text-warn" />} title={t('settings:test.bursts')} isNew>
          <p className="text-ui text-ink-2">{t('settings:test.burstsHelp')}</p>
          <Figures test={test} />
        </Card>
      )
    case 'streams':
    case 'reachable':
      return (
        <Card
          icon={<Icon of={CircleCheck} className="mt-0.5 text-accent-text" />}
          title={t(`settings:test.${test.verdict}`)}
          isNew
        >
          {test.verdict === 'reachable' && <p className="text-ui text-ink-2">{t('settings:test.reachableHelp')}</p>}
          <Figures test={test} />
        </Card>
      )
  }
}

function Card({
  icon,
  title,
  isNew = false,
  children,
}: {
  icon: ReactNode
  title: string
  isNew?: boolean
  children: ReactNode
}) {
  const { t } = useTranslation()
  return (
    <div role="status" className="rounded-l border border-line-2 bg-raised px-4 py-3.5">
      <div className="flex items-start gap-2.5">
        {icon}
        <p className="min-w-0 flex-1 text-[14px]/5 font-label text-ink-1">{title}</p>
        {isNew && <span className="text-meta text-ink-3">{t('settings:test.now')}</span>}
      </div>
      <div className="ps-6.5">{children}</div>
    </div>
  )
}

type Measured = Exclude<BackendTest, { verdict: 'failed' }>

function Figures({ test }: { test: Measured }) {
  const { t } = useTranslation()
  const { duration } = useFigures()
  const usual = median(test.gapsMs)
  const longest = Math.max(0, ...test.gapsMs)
  const figures: [value: string, name: string][] = [[duration(test.roundTripMs), t('settings:test.roundTrip')]]
  if (test.firstWordMs !== null) figures.push([duration(test.firstWordMs), t('settings:test.firstWord')])
  if (test.providers !== null) {
    figures.push([String(test.providers), t('settings:test.providers', { count: test.providers })])
  }
  if (test.models !== null) figures.push([String(test.models), t('settings:test.models', { count: test.models })])
  return (
    <div className="mt-4 flex flex-wrap items-end justify-between gap-x-6 gap-y-3">
      <dl className="flex flex-wrap gap-x-6 gap-y-2">
        {figures.map(([value, name]) => (
          <div key={name} className="flex flex-col-reverse">
            <dt className="text-meta text-ink-3">{name}</dt>
            <dd className="text-[15px]/5 font-medium text-ink-1 tabular">{value}</dd>
          </div>
        ))}
      </dl>
      {test.gapsMs.length > 1 && (
        <div className="w-59">
          <GapChart
            gapsMs={test.gapsMs}
            label={t('settings:test.chart', { usual: duration(usual), longest: duration(longest) })}
          />
          <div className="mt-1 flex justify-between text-meta text-ink-3">
            <span>{t('settings:test.usualGap', { value: duration(usual) })}</span>
            <span>{t('settings:test.longestGap', { value: duration(longest) })}</span>
          </div>
        </div>
      )}
    </div>
  )
}

const CHART = { width: 236, height: 32, bars: 59 }

/** One bar per gap, the last 59; the dotted line stands at 250 ms, or at the top when nothing comes near it. */
function GapChart({ gapsMs, label }: { gapsMs: number[]; label: string }) {
  const shown = gapsMs.slice(-CHART.bars)
  const scaleMs = Math.max(NOTICEABLE_GAP_MS * 1.2, ...shown)
  const y = (ms: number) => CHART.height - Math.max(2, (ms / scaleMs) * CHART.height)
  const step = CHART.width / Math.max(shown.length, 24)
  const lineY = y(NOTICEABLE_GAP_MS)
  return (
    <svg viewBox={`0 0 ${CHART.width} ${CHART.height}`} className="h-8 w-full" role="img" aria-label={label}>
      <line x1="0" x2={CHART.width} y1={lineY} y2={lineY} stroke="var(--ink-4)" strokeDasharray="2 3" />
      {shown.map((ms, index) => (
        <rect
          // Bars have no identity but their place.
          key={index}
          x={index * step}
          y={y(ms)}
          width={Math.min(3, step * 0.7)}
          height={CHART.height - y(ms)}
          rx="1"
          fill={ms >= NOTICEABLE_GAP_MS ? 'var(--warn)' : 'var(--accent)'}
        />
      ))}
    </svg>
  )
}

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}
