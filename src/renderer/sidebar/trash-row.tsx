import { Trash2 } from 'lucide-react'
import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import { Icon } from '../controls/icon'
import { useFigures } from '../figures'
import { showTrash } from '../store/conversations'
import { useStore } from '../store/state'
import { loadTrashSoon, useTrash } from '../trash/state'

/** The way to the trash and how much is in it; not there while it is empty, as long as nobody looks at it. */
export function TrashRow() {
  const { t } = useTranslation()
  const figures = useFigures()
  const count = useTrash(({ items }) => items.length)
  const isOnShow = useStore((state) => state.view.name === 'trash')
  useEffect(loadTrashSoon, [])
  if (count === 0 && !isOnShow) return null
  return (
    <button
      type="button"
      aria-current={isOnShow ? 'page' : undefined}
      className={`focus-inset flex h-8 w-full items-center gap-2.5 rounded-m border border-transparent px-[9px] text-ui ${isOnShow ? 'bg-selected font-label text-ink-1 forced-colors:bg-[Highlight] forced-colors:text-[HighlightText] forced-color-adjust-none' : 'text-ink-1 hover:bg-hovered active:bg-pressed'}`}
      onClick={showTrash}
    >
      <Icon of={Trash2} className="text-ink-2" />
      <span className="min-w-0 flex-1 truncate text-start">{t('chat:trash.title')}</span>
      <span className="tabular font-normal text-ink-2">
        <span className="sr-only">, </span>
        {figures.whole(count)}
      </span>
    </button>
  )
}
