import { BookOpen, Plus, Settings, type LucideIcon } from 'lucide-react'
import { useEffect, useRef, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { Prompt } from '../../shared/prompts'
import { Icon } from '../controls/icon'
import { Kbd, type Key } from '../controls/kbd'

/** One row of the menu. */
export type MenuRow = { kind: 'prompt'; prompt: Prompt } | { kind: 'save' } | { kind: 'new' } | { kind: 'all' }

export interface PromptMenuProps {
  id: string
  rows: readonly MenuRow[]
  /** All prompts there are. */
  count: number
  activeIndex: number
  /** What was typed, with its slash. */
  typed: string
  onPoint: (index: number) => void
  onPick: (row: MenuRow) => void
}

/** The prompts that a typed slash means [42]. The field keeps the focus and says with its keys which row is meant. */
export function PromptMenu({ id, rows, count, activeIndex, typed, onPoint, onPick }: PromptMenuProps) {
  const { t } = useTranslation()
  const list = useRef<HTMLDivElement>(null)
  useEffect(() => {
    list.current?.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest' })
  }, [activeIndex])
  const found = rows.filter(({ kind }) => kind === 'prompt').length
  const textOf = (row: MenuRow): string => {
    switch (row.kind) {
      case 'prompt':
        return row.prompt.name
      case 'save':
        return t('prompts:menu.save')
      case 'new':
        return t('prompts:menu.new')
      case 'all':
        return t('prompts:menu.all', { count })
    }
  }
  return (
    <div className="absolute inset-s-[-1px] bottom-[calc(100%+14px)] layer-popover flex max-h-[min(420px,60vh)] w-130 max-w-[calc(100%+2px)] flex-col rounded-xl bg-raised shadow-e2 forced-colors:border">
      <p role="status" className="sr-only">
        {t('prompts:menu.found', { count: found })}
      </p>
      {count === 0 && <p className="px-4 pt-4 pb-2 text-ui text-ink-2">{t('prompts:menu.none')}</p>}
      <div
        ref={list}
        id={id}
        role="listbox"
        aria-label={t('prompts:menu.label')}
        className="relative min-h-0 overflow-y-auto p-1.5"
      >
        {rows.map((row, index) => {
          const isFirstAction = row.kind !== 'prompt' && rows[index - 1]?.kind === 'prompt'
          return (
            <Row
              key={row.kind === 'prompt' ? row.prompt.id : row.kind}
              id={`${id}-${index}`}
              isActive={index === activeIndex}
              hasLine={isFirstAction}
              icon={row.kind === 'prompt' ? BookOpen : row.kind === 'all' ? Settings : Plus}
              onPoint={() => onPoint(index)}
              onPick={() => onPick(row)}
            >
              {row.kind === 'prompt' ? (
                <>
                  <span className="flex items-baseline gap-3">
                    <bdi className="min-w-0 flex-1 truncate font-label">
                      {row.prompt.name === '' ? t('prompts:library.untitled') : row.prompt.name}
                    </bdi>
                    {row.prompt.command !== '' && (
                      <bdi className="flex-none font-code text-meta text-ink-3 group-aria-selected:text-ink-2">
                        /{row.prompt.command}
                      </bdi>
                    )}
                  </span>
                  <span
                    className="block truncate text-meta text-ink-3 group-aria-selected:text-ink-2 [text-align:-webkit-match-parent]"
                    dir="auto"
                  >
                    {row.prompt.text.slice(0, 200)}
                  </span>
                </>
              ) : (
                textOf(row)
              )}
            </Row>
          )
        })}
      </div>
      <p className="flex flex-none flex-wrap gap-x-4 gap-y-1 border-t border-line px-4 py-2.5 text-meta text-ink-3 max-narrow:hidden">
        <span className="inline-flex items-center gap-1.5">
          <Kbd keys={['Up']} />
          <Kbd keys={['Down']} />
          {t('prompts:menu.move')}
        </span>
        <KeyHint keys={['Enter']}>{t('prompts:menu.insert')}</KeyHint>
        <KeyHint keys={['Mod', 'Enter']}>{t('prompts:menu.insertAndSend')}</KeyHint>
        <KeyHint keys={['Esc']}>{t('prompts:menu.close', { typed })}</KeyHint>
      </p>
    </div>
  )
}

function KeyHint({ keys, children }: { keys: readonly Key[]; children: ReactNode }) {
  return (
    <span className="inline-flex items-center gap-1.5">
      <Kbd keys={keys} />
      {children}
    </span>
  )
}

interface RowProps {
  id: string
  isActive: boolean
  hasLine: boolean
  icon: LucideIcon
  onPoint: () => void
  onPick: () => void
  children: ReactNode
}

function Row({ id, isActive, hasLine, icon, onPoint, onPick, children }: RowProps) {
  return (
    <div
      id={id}
      role="option"
      aria-selected={isActive}
      className={`group flex items-start gap-3 rounded-m px-3 py-2 text-ui text-ink-1 aria-selected:bg-selected forced-colors:aria-selected:bg-[Highlight] ${hasLine ? 'mt-3 before:absolute before:inset-x-0 before:-mt-3.5 before:h-px before:bg-line' : ''}`}
      onPointerMove={onPoint}
      // The field keeps the focus.
      onPointerDown={(event) => event.preventDefault()}
      onClick={onPick}
    >
      <Icon of={icon} className="mt-0.5 text-ink-2" />
      <span className="min-w-0 flex-1">{children}</span>
    </div>
  )
}
