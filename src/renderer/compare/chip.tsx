import { ChevronDown, Plus, X } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { useKeysOf } from '../actions/keys'
import { useClosedReason } from '../chat/choice'
import { Icon } from '../controls/icon'
import { Menu, MenuGroup, MenuItem, MenuSeparator } from '../controls/menu'
import { addColumn, chooseFor, closeComparison, MAX_COLUMNS } from '../store/comparison'
import { useStore, type Column } from '../store/state'
import { useColumnName } from './names'

/** How many models are compared, as a chip in the place of the one that answers: who they are, another one, and the way out. */
export function ComparisonChip({ conversationId, place }: { conversationId: string; place: 'header' | 'composer' }) {
  const { t } = useTranslation()
  const keys = useKeysOf('compare')
  const columns = useStore((state) => state.comparisons.get(conversationId)?.columns) ?? NONE
  const closedReason = useClosedReason(conversationId)
  const isFull = columns.length >= MAX_COLUMNS
  return (
    <Menu
      // The list of models takes the focus itself.
      finalFocus={() => (useStore.getState().comparisons.get(conversationId)?.choosing ?? null) === null}
      trigger={
        <button
          type="button"
          aria-label={t('compare:chip', { count: columns.length })}
          className={`drag-none flex h-7 min-w-0 flex-none items-center rounded-m border text-ui transition-colors hover:bg-hovered active:bg-pressed data-popup-open:bg-pressed ${place === 'header' ? 'border-line-2 ps-2.5 pe-1.5 font-label text-ink-1' : 'border-transparent px-1.5 text-ink-2'}`}
        >
          {t('compare:models', { count: columns.length })}
          <Icon of={ChevronDown} size={14} className="ms-1.5 flex-none text-ink-3" />
        </button>
      }
    >
      <MenuGroup heading={t('compare:title')}>
        {columns.map((column, index) => (
          <ColumnItem key={column.key} conversationId={conversationId} column={column} index={index} />
        ))}
        <MenuItem icon={Plus} isDisabled={isFull || closedReason !== null} onSelect={() => addColumn(conversationId)}>
          {isFull ? t('compare:full') : t('compare:add')}
        </MenuItem>
      </MenuGroup>
      <MenuSeparator />
      <MenuItem icon={X} keys={keys} onSelect={() => closeComparison(conversationId)}>
        {t('compare:leave')}
      </MenuItem>
    </Menu>
  )
}

const NONE: readonly Column[] = []

function ColumnItem({ conversationId, column, index }: { conversationId: string; column: Column; index: number }) {
  const { t } = useTranslation()
  const { title, detail } = useColumnName({ conversationId, column })
  return (
    <MenuItem onSelect={() => chooseFor(conversationId, column.key)}>
      <bdi className="break-words">{title ?? t('compare:nth', { number: index + 1 })}</bdi>
      {detail !== '' && (
        <span className="block text-meta text-ink-3">
          <bdi>{detail}</bdi>
        </span>
      )}
    </MenuItem>
  )
}
