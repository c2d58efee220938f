import { Check, Key as KeyIcon, Lock, Star } from 'lucide-react'
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState, type RefObject } from 'react'
import { useTranslation } from 'react-i18next'
import { Icon } from '../controls/icon'
import { needModels } from '../store/models'
import { useStore } from '../store/state'
import { keyOf, type KeyState, type ModelRow } from './model-rows'
import { HEADING_PX, ROW_PX, scrollFor, seenIn, type Places } from './row-places'

export interface ModelRowListProps {
  id: string
  ref: RefObject<HTMLDivElement | null>
  backendId: string
  places: Places
  activeIndex: number
  /** Grows when the active row shall be in sight. */
  moves: number
  chosenKey: string
  onActive: (key: string) => void
  onPick: (row: ModelRow) => void
  /** Null where no favourites are given. */
  onStar: ((row: ModelRow) => void) | null
}

/** Drawn beyond the edges, so that a turn of the wheel shows no gap. */
const BEYOND_PX = 6 * ROW_PX
/** A list that stands still for so long is being read. */
const REST_MS = 250
/** Until the list has been measured. */
const USUAL_VIEW_PX = 460

/** The list itself: groups of the page, with only those rows in them that are in sight. */
export function ModelRowList(props: ModelRowListProps) {
  const { id, ref, backendId, places, activeIndex, moves, chosenKey, onActive, onPick, onStar } = props
  const { t } = useTranslation()
  const [seen, setSeen] = useState({ topPx: 0, viewPx: USUAL_VIEW_PX })
  const favourites = useStore((state) => state.settings.favourites)
  const starred = useMemo(
    () => new Set(favourites.filter((each) => each.backendId === backendId).map(keyOf)),
    [favourites, backendId],
  )
  const measure = useCallback((): void => {
    const list = ref.current
    if (list === null) return
    const viewPx = list.clientHeight === 0 ? USUAL_VIEW_PX : list.clientHeight
    const topPx = list.scrollTop
    setSeen((before) => (before.topPx === topPx && before.viewPx === viewPx ? before : { topPx, viewPx }))
  }, [ref])
  const shownMoves = useRef(-1)
  // When the rows are there and the list has its height: before it is painted, so that no frame is without rows. A list
  // that grows or shrinks may be scrolled by that alone.
  useLayoutEffect(() => {
    const list = ref.current
    if (list !== null && places.rows.length > 0 && shownMoves.current !== moves) {
      shownMoves.current = moves
      list.scrollTop = scrollFor(places, activeIndex, list.scrollTop, list.clientHeight)
    }
    measure()
  })
  useEffect(() => {
    const list = ref.current
    if (list === null) return
    const observer = new ResizeObserver(measure)
    observer.observe(list)
    return () => observer.disconnect()
  }, [ref, measure])

  const groups = seenIn(places, seen.topPx - BEYOND_PX, seen.topPx + seen.viewPx + BEYOND_PX)
  const unknown = [
    ...new Set(
      groups
        .flatMap(({ group, from, to }) => group.rows.slice(from, to))
        .flatMap(({ provider, isKnown, keyState }) => (isKnown || keyState === 'missing' ? [] : (provider ?? []))),
    ),
  ].join('\n')
  useEffect(() => {
    if (unknown === '') return
    const timer = setTimeout(() => {
      for (const provider of unknown.split('\n')) void needModels(backendId, provider)
    }, REST_MS)
    return () => clearTimeout(timer)
  }, [backendId, unknown])

  return (
    <div
      ref={ref}
      id={`${id}list`}
      role="listbox"
      aria-label={t('chat:picker.list')}
      tabIndex={-1}
      // The room that the scroll bar takes is the inset of the rows at their end.
      className="relative min-h-0 flex-initial overflow-x-hidden overflow-y-auto overscroll-contain outline-none [scrollbar-gutter:stable]"
      onScroll={measure}
    >
      <div role="presentation" style={{ height: places.rows.length === 0 ? 0 : places.heightPx }}>
        {groups.map(({ group, topPx, heightPx, firstIndex, from, to }) => (
          <div
            key={group.key}
            role={group.heading === null ? 'presentation' : 'group'}
            aria-labelledby={group.heading === null ? undefined : `${id}heading${firstIndex}`}
            className="absolute inset-x-0"
            style={{ top: topPx, height: heightPx }}
          >
            {group.heading !== null && (
              <Heading id={`${id}heading${firstIndex}`} heading={group.heading} keyState={group.keyState} />
            )}
            <div role="presentation" style={{ height: from * ROW_PX }} />
            {group.rows.slice(from, to).map((row, index) => {
              const position = firstIndex + from + index
              return (
                <Row
                  key={row.key}
                  id={`${id}${position}`}
                  row={row}
                  position={position + 1}
                  ofRows={places.rows.length}
                  hasProvider={group.provider === null}
                  isActive={position === activeIndex}
                  isChosen={row.key === chosenKey}
                  isFavourite={starred.has(row.key)}
                  onActive={onActive}
                  onPick={onPick}
                  onStar={onStar}
                />
              )
            })}
          </div>
        ))}
      </div>
    </div>
  )
}

function Heading({ id, heading, keyState }: { id: string; heading: string; keyState: KeyState | null }) {
  const { t } = useTranslation()
  return (
    <div
      id={id}
      className="sticky top-0 z-1 flex items-end gap-2 bg-raised ps-4 pe-2.5 pb-1 text-meta font-label text-ink-2"
      style={{ height: HEADING_PX }}
    >
      <bdi className="min-w-0 flex-1 truncate" title={heading}>
        {heading}
      </bdi>
      {keyState !== null && (
        <span className="flex flex-none items-center gap-1.5 font-normal text-ink-3">
          {keyState === 'set' && <Icon of={KeyIcon} size={14} />}
          {keyState === 'missing' && <Icon of={Lock} size={14} />}
          {t(`chat:picker.${KEY_TEXTS[keyState]}`)}
        </span>
      )}
    </div>
  )
}

const KEY_TEXTS = { set: 'keySet', free: 'free', missing: 'needsKey' } as const

interface RowProps {
  id: string
  row: ModelRow
  position: number
  ofRows: number
  /** The provider stands beside the model, where no heading names it. */
  hasProvider: boolean
  isActive: boolean
  isChosen: boolean
  isFavourite: boolean
  onActive: (key: string) => void
  onPick: (row: ModelRow) => void
  onStar: ((row: ModelRow) => void) | null
}

function Row(props: RowProps) {
  const { id, row, position, ofRows, hasProvider, isActive, isChosen, isFavourite, onActive, onPick, onStar } = props
  const { t } = useTranslation()
  const isAutomatic = row.provider === null && row.model === null
  const note = isAutomatic ? t('chat:header.automaticHelp') : hasProvider ? row.providerLabel : null
  const ink = isChosen ? 'font-label text-ink-1' : row.keyState === 'missing' ? 'text-ink-3' : 'text-ink-1'
  return (
    <div
      id={id}
      role="option"
      aria-selected={isChosen}
      aria-posinset={position}
      aria-setsize={ofRows}
      data-active={isActive || undefined}
      title={row.model ?? undefined}
      className="ms-1.5 flex items-center gap-2.5 rounded-m px-2.5 text-ui data-active:bg-selected forced-colors:data-active:bg-[Highlight] forced-colors:data-active:text-[HighlightText]"
      style={{ height: ROW_PX }}
      // Not when it comes under a pointer that rests while the list is scrolled by keys.
      onPointerMove={() => {
        if (!isActive) onActive(row.key)
      }}
      onMouseDown={(event) => event.preventDefault()}
      onClick={() => onPick(row)}
    >
      <span className="w-4 flex-none">{isChosen && <Icon of={Check} className="text-accent-text" />}</span>
      <span className="min-w-0 flex-1 truncate">
        <bdi className={ink}>{row.label}</bdi>
        {note !== null && (
          <span className={isActive ? 'text-ink-2' : 'text-ink-3'}>
            {' '}
            <bdi>{note}</bdi>
          </span>
        )}
      </span>
      {row.abilities.map((ability) => (
        <span
          key={ability}
          className="-me-1.5 flex-none rounded-xs border border-line-2 px-1.5 text-caption font-medium text-ink-2"
        >
          {t(`chat:picker.badges.${ability}`)}
        </span>
      ))}
      {isFavourite && <span className="sr-only">{t('chat:picker.isFavourite')}</span>}
      <span className="ms-0.5 w-4 flex-none" aria-hidden>
        {onStar !== null && row.model !== null && (isFavourite || isActive) && (
          <span
            title={t(isFavourite ? 'chat:picker.unstar' : 'chat:picker.star')}
            className="-m-1.5 block p-1.5"
            onClick={(event) => {
              event.stopPropagation()
              onStar(row)
            }}
          >
            <Star
              size={16}
              strokeWidth={1.75}
              fill={isFavourite ? 'currentColor' : 'none'}
              className={isFavourite ? 'text-accent-text' : 'text-ink-2'}
            />
          </span>
        )}
      </span>
    </div>
  )
}
