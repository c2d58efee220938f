import { Ellipsis } from 'lucide-react'
import { useMemo, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Virtualizer } from 'virtua'
import type { RestorePlan } from '../../shared/contract'
import { Button } from '../controls/button'
import { Dialog } from '../controls/dialog'
import { IconButton } from '../controls/icon-button'
import { Menu, MenuItem } from '../controls/menu'
import { Switch } from '../controls/switch'
import { tellError } from '../controls/tell-error'
import { useDates } from '../dates'
import { useFigures } from '../figures'
import { ProblemList } from './problem-list'
import { closePlan, restore } from './state'

type Item = RestorePlan['items'][number]
type Outcome = Item['outcome']

const OUTCOMES: readonly Outcome[] = ['new', 'newer-in-trash', 'newer-here', 'newer-there', 'kept']
/** As many as a request carries. Nobody chooses that many one by one. */
const MAX_OVERWRITTEN = 1000
const ROW_HEIGHT = 37
/** Drawn before the height of the list is known, so that it does not grow under the eyes. */
const FIRST_ROWS = 10

/** What a file would change [39-restore-dry-run]. Doing it is followed by TransferDialog. */
export function RestoreDialog({ plan }: { plan: RestorePlan }) {
  const { t } = useTranslation()
  const figures = useFigures()
  const [overwrite, setOverwrite] = useState<ReadonlySet<string>>(new Set())
  const [withBackends, setWithBackends] = useState(false)
  const [withSettings, setWithSettings] = useState(false)
  const { planId, source, fileName, bytes, items, same, problems } = plan
  const { pictures, parameters, prompts, backends, hasOtherSettings } = plan
  const counts = useMemo(() => countOutcomes(items), [items])
  const overwritten = counts['newer-there'] + overwrite.size
  const added = counts.new + counts['newer-in-trash']
  const changes = added + overwritten
  const hasWork = changes > 0 || pictures > 0 || prompts > 0 || withBackends || withSettings

  const begin = async (): Promise<void> => {
    closePlan()
    const result = await restore({ planId, overwrite: [...overwrite], withBackends, withSettings })
    if (!result.ok) tellError(result.error)
  }
  const leave = (): void => {
    void window.parley.request['library.dropPlan']({ planId })
    closePlan()
  }
  const choose = (id: string, isChosen: boolean): void =>
    setOverwrite((now) => (isChosen ? new Set([...now, id]) : new Set([...now].filter((each) => each !== id))))
  return (
    <Dialog
      isOpen
      onClose={leave}
      title={t(`transfer:restore.heading.${source}`)}
      description={
        <span className="break-words">
          {t(`transfer:restore.file.${source}`, { file: fileName, size: figures.bytes(bytes) })}
        </span>
      }
      className="w-140"
      note={
        <>
          {t('transfer:restore.first')}
          {overwritten > 0 && ` ${t('transfer:restore.trash')}`}
          {counts['newer-in-trash'] > 0 && ` ${t('transfer:restore.inTrash')}`}
        </>
      }
      actions={
        <>
          <Button onClick={leave}>{t(hasWork ? 'common:cancel' : 'common:close')}</Button>
          {hasWork && (
            <Button variant="primary" onClick={() => void begin()}>
              {changes === 0
                ? t('transfer:restore.bringBack')
                : t(overwritten > 0 ? 'transfer:restore.update' : 'transfer:restore.add', {
                    count: changes,
                    number: figures.whole(changes),
                  })}
            </Button>
          )}
        </>
      }
    >
      <dl className="mt-5 grid grid-cols-3 divide-x divide-line overflow-hidden rounded-l border border-line-2">
        <Figure name="new" value={added} isAccent={added > 0} />
        <Figure name="newer-here" value={counts['newer-here'] + counts.kept - overwrite.size} />
        <Figure name="overwritten" value={overwritten} />
      </dl>
      <ItemList items={items} counts={counts} same={same} overwrite={overwrite} onChoose={choose} />
      {pictures > 0 && <p className="mt-3 text-ui text-ink-1">{t('transfer:restore.pictures', { count: pictures })}</p>}
      {parameters > 0 && (
        <p className="mt-3 text-ui text-ink-1">{t('transfer:restore.parameters', { count: parameters })}</p>
      )}
      {prompts > 0 && <p className="mt-3 text-ui text-ink-1">{t('transfer:restore.prompts', { count: prompts })}</p>}
      {items.length === 0 && problems.length === 0 && pictures === 0 && prompts === 0 && (
        <p className="mt-3 text-ui text-ink-2">{t('transfer:restore.nothing')}</p>
      )}
      {backends > 0 && (
        <Also
          label={t('transfer:restore.backends', { count: backends })}
          help={t('transfer:restore.withoutKeys')}
          isOn={withBackends}
          onChange={setWithBackends}
        />
      )}
      {hasOtherSettings && (
        <Also
          label={t('transfer:restore.settings')}
          help={t('transfer:restore.settingsHelp')}
          isOn={withSettings}
          onChange={setWithSettings}
        />
      )}
      <ProblemList problems={problems} />
    </Dialog>
  )
}

interface FigureProps {
  name: 'new' | 'newer-here' | 'overwritten'
  value: number
  isAccent?: boolean
}

function Figure({ name, value, isAccent = false }: FigureProps) {
  const { t } = useTranslation()
  const figures = useFigures()
  return (
    <div className="flex flex-col-reverse justify-end px-4 py-3.5">
      <dt className="text-meta break-words text-ink-2">{t(`transfer:restore.figures.${name}`)}</dt>
      <dd className={`tabular text-h1 font-heading ${isAccent ? 'text-accent-text' : 'text-ink-1'}`}>
        {figures.whole(value)}
      </dd>
    </div>
  )
}

interface AlsoProps {
  label: string
  help: string
  isOn: boolean
  onChange: (isOn: boolean) => void
}

/** Something else of the file, which comes only when it is wanted. */
function Also({ label, help, isOn, onChange }: AlsoProps) {
  return (
    <div className="mt-3 flex min-h-7 items-center justify-between gap-4 text-ui">
      <span className="min-w-0 text-ink-1">
        {label} <span className="text-ink-3">{help}</span>
      </span>
      <Switch label={`${label}, ${help}`} isOn={isOn} onChange={onChange} />
    </div>
  )
}

interface ItemListProps {
  items: readonly Item[]
  counts: Record<Outcome, number>
  same: number
  overwrite: ReadonlySet<string>
  onChoose: (id: string, isChosen: boolean) => void
}

/** The chats of the file that are not as here; only the rows in sight exist. */
function ItemList({ items, counts, same, overwrite, onChoose }: ItemListProps) {
  const { t } = useTranslation()
  const figures = useFigures()
  const [filter, setFilter] = useState<Outcome | 'all'>('all')
  const scroller = useRef<HTMLDivElement>(null)
  const shown = useMemo(() => items.filter(({ outcome }) => filter === 'all' || outcome === filter), [items, filter])
  const filters = [
    { value: 'all', count: items.length } as const,
    ...OUTCOMES.map((value) => ({ value, count: counts[value] })).filter(({ count }) => count > 0),
  ]
  return (
    <>
      <div className="mt-4 flex min-h-7 flex-wrap items-center justify-between gap-2">
        <div role="group" aria-label={t('transfer:restore.filters.label')} className="-ms-2.5 flex flex-wrap gap-1">
          {items.length > 0 &&
            filters.map(({ value, count }) => (
              <button
                key={value}
                type="button"
                aria-pressed={filter === value}
                className="min-h-7 rounded-m px-2.5 text-meta text-ink-2 hover:bg-hovered aria-pressed:bg-selected aria-pressed:font-label aria-pressed:text-ink-1 forced-colors:aria-pressed:bg-[Highlight] forced-colors:aria-pressed:forced-color-adjust-none forced-colors:aria-pressed:text-[HighlightText]"
                onClick={() => setFilter(value)}
              >
                {t(`transfer:restore.filters.${value}`)}{' '}
                <span className="tabular ms-0.5 font-normal text-ink-3">{figures.whole(count)}</span>
              </button>
            ))}
        </div>
        {same > 0 && (
          <p className="text-meta text-ink-3">
            {t('transfer:restore.same', { count: same, number: figures.whole(same) })}
          </p>
        )}
      </div>
      <div className="mt-1 border-t border-line" />
      {shown.length > 0 && (
        <div ref={scroller} tabIndex={0} className="focus-inset -me-3 max-h-[min(280px,40vh)] overflow-y-auto pe-3">
          <Virtualizer
            key={filter}
            scrollRef={scroller}
            as="ul"
            item="li"
            data={shown}
            itemSize={ROW_HEIGHT}
            ssrCount={Math.min(shown.length, FIRST_ROWS)}
          >
            {(item) => (
              <ItemRow
                key={item.id}
                item={item}
                isChosen={overwrite.has(item.id)}
                isFull={overwrite.size >= MAX_OVERWRITTEN}
                onChoose={onChoose}
              />
            )}
          </Virtualizer>
        </div>
      )}
    </>
  )
}

interface ItemRowProps {
  item: Item
  isChosen: boolean
  isFull: boolean
  onChoose: (id: string, isChosen: boolean) => void
}

function ItemRow({ item: { id, title, titleHere, updatedAt, outcome }, isChosen, isFull, onChoose }: ItemRowProps) {
  const { t } = useTranslation()
  const { short } = useDates()
  const name = title === '' ? t('chat:sidebar.untitled') : title
  const hasMenu = outcome === 'newer-here'
  const look =
    outcome === 'new' || outcome === 'newer-in-trash' ? 'text-accent-text' : isChosen ? 'text-warn' : 'text-ink-2'
  return (
    <div className="group relative flex h-9 items-center gap-4 border-b border-line text-ui">
      <span
        className="min-w-0 flex-1 truncate text-ink-1"
        title={titleHere === undefined ? name : `${name}\n${t('transfer:restore.titleHere', { title: titleHere })}`}
      >
        <bdi>{name}</bdi>
        {titleHere !== undefined && (
          <span className="ms-2 text-meta text-ink-3">{t('transfer:restore.titleHere', { title: titleHere })}</span>
        )}
      </span>
      <span className="tabular flex-none text-meta text-ink-3">{short(updatedAt, new Date())}</span>
      <span
        className={`min-w-20 flex-none text-end text-meta ${look} ${hasMenu ? 'group-focus-within:me-8 group-hover:me-8 group-has-[[data-popup-open]]:me-8' : ''}`}
      >
        {t(`transfer:restore.outcome.${isChosen ? 'chosen' : outcome}`)}
      </span>
      {hasMenu && (
        <div className="absolute inset-e-0 opacity-0 group-focus-within:opacity-100 group-hover:opacity-100 has-[[data-popup-open]]:opacity-100">
          <Menu
            trigger={<IconButton icon={Ellipsis} label={t('transfer:restore.menu', { title: name })} size={24} />}
            isInDialog
            finalFocus={() => true}
          >
            {isChosen ? (
              <MenuItem onSelect={() => onChoose(id, false)}>{t('transfer:restore.keep')}</MenuItem>
            ) : (
              <MenuItem isDisabled={isFull} onSelect={() => onChoose(id, true)}>
                {t('transfer:restore.overwrite')}
              </MenuItem>
            )}
          </Menu>
        </div>
      )}
    </div>
  )
}

function countOutcomes(items: readonly Item[]): Record<Outcome, number> {
  const counts: Record<Outcome, number> = {
    new: 0,
    'newer-in-trash': 0,
    'newer-here': 0,
    'newer-there': 0,
    kept: 0,
  }
  for (const { outcome } of items) counts[outcome] += 1
  return counts
}
