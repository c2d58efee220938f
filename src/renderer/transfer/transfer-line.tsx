import { useTranslation } from 'react-i18next'
import { Ring } from '../controls/ring'
import { useFigures } from '../figures'
import { openTransfer, useTransfer } from './state'

/** What goes on in the background, as a line in the sidebar's foot; nothing while nothing does. */
export function TransferLine() {
  const { t } = useTranslation()
  const figures = useFigures()
  const { state, isOpen } = useTransfer()
  if (state === null || state.end !== null || isOpen) return null
  const title = t(`transfer:progress.title.${state.kind}`)
  const { done, total } = state
  const share = total === 0 ? 0 : done / total
  return (
    <button
      type="button"
      title={t('transfer:progress.lineTitle', { title })}
      className="focus-inset relative flex h-8 w-full items-center gap-2.5 rounded-m border border-transparent px-[9px] text-ui text-ink-1 hover:bg-hovered active:bg-pressed"
      onClick={openTransfer}
    >
      <span className="flex w-4.5 flex-none justify-center">
        <Ring className="text-ink-2" />
      </span>
      <span className="min-w-0 flex-1 truncate text-start">{title}</span>
      {total > 0 && (
        <span className="tabular text-meta text-ink-3">
          <span className="sr-only">, </span>
          {figures.whole(Math.floor(share * 100))} %
        </span>
      )}
    </button>
  )
}
