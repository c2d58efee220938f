import { History } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { Segments } from '../chat/status-line'
import { Icon } from '../controls/icon'
import { useDates } from '../dates'
import { useWire } from './state'

/** Under an answer that is only played: what it is, and that nothing leaves the computer. */
export function ReplayLine({ startedAt }: { startedAt: number }) {
  const { t } = useTranslation()
  const dates = useDates()
  const speed = useWire((state) => state.speed)
  return (
    <p className="flex min-h-7 items-center gap-2.5 py-1.5 text-meta text-ink-3">
      <Icon of={History} size={14} />
      <span className="tabular min-w-0">
        <Segments
          of={[
            t('wire:replay.line', { time: dates.time(startedAt) }),
            t(`wire:replay.speeds.${speed}`),
            t('wire:replay.nothingSent'),
          ]}
        />
      </span>
    </p>
  )
}
