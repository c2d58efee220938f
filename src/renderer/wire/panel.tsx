import { Check, Download, FolderOpen, X } from 'lucide-react'
import { useEffect, useId, useRef, useState, type KeyboardEvent, type PointerEvent, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { describe } from '../../shared/errors'
import { Button } from '../controls/button'
import { useCopied } from '../controls/copied'
import { useFinalFocus } from '../controls/final-focus'
import { IconButton } from '../controls/icon-button'
import { Ring } from '../controls/ring'
import { tellError, tellFailure } from '../controls/tell-error'
import { useDates } from '../dates'
import { useStore } from '../store/state'
import { EventList } from './event-list'
import { FlowFigures } from './flow-figures'
import type { PanelPlace } from './place'
import { followRecording, type WireContent } from './recording-feed'
import { ReplayBar } from './replay-bar'
import { RequestFacts } from './request-facts'
import {
  closeWire,
  openRecording,
  resizeWire,
  shownAnswer,
  togglePlaying,
  useWire,
  WIDTH_PX,
  type Chosen,
} from './state'

/** What went over the wire for an answer, at the end of the thread (DESIGN "Wire view"). */
export function WirePanel({ place }: { place: PanelPlace }) {
  const { t } = useTranslation()
  const id = useId()
  const panel = useRef<HTMLElement>(null)
  const chosen = useWire((state) => state.chosen)
  const answerId = useStore((state) => shownAnswer(state, chosen)?.id ?? null)
  const content = useContent(chosen, answerId)
  const usual = useFinalFocus()

  const focusRequests = useWire((state) => state.focusRequests)
  useEffect(() => {
    const grid = panel.current?.querySelector<HTMLElement>('[role="treegrid"]')
    ;(grid ?? panel.current)?.focus()
  }, [focusRequests])

  const close = (): void => {
    closeWire()
    if (usual !== true) usual.current?.focus()
  }
  const onKeyDown = (event: KeyboardEvent<HTMLElement>): void => {
    if (event.defaultPrevented) return
    const isMod = window.parley.platform === 'darwin' ? event.metaKey : event.ctrlKey
    if (event.key === 'Escape') {
      event.preventDefault()
      close()
    } else if (event.code === 'KeyF' && isMod && !event.shiftKey && !event.altKey) {
      event.preventDefault()
      panel.current?.querySelector<HTMLElement>('[data-filter]')?.focus()
    } else if (event.key === ' ' && isPlainPlace(event.target) && content.kind === 'recording') {
      event.preventDefault()
      tellFailure(togglePlaying(content.recording))
    }
  }
  const isStrip = place.kind === 'under'
  return (
    <aside
      ref={panel}
      id={id}
      data-region="wire"
      aria-label={t('wire:title')}
      tabIndex={-1}
      onKeyDown={onKeyDown}
      style={place.kind === 'beside' ? { inlineSize: place.widthPx } : undefined}
      className={`flex min-h-0 flex-col bg-side outline-none ${
        place.kind === 'beside'
          ? 'relative flex-none border-s border-line'
          : isStrip
            ? 'flex-none border-t border-line'
            : 'layer-drawer absolute inset-0'
      }`}
    >
      {place.kind === 'beside' && <Edge panelId={id} widthPx={place.widthPx} mostPx={place.mostPx} />}
      <Head chosen={chosen} answerId={answerId} content={content} onClose={close} />
      {content.kind === 'recording' ? (
        <>
          {!isStrip && (
            <>
              <RequestFacts recording={content.recording} />
              <FlowFigures recording={content.recording} rows={content.rows} />
              <EventList key={content.recording.id} recording={content.recording} rows={content.rows} />
            </>
          )}
          <ReplayBar recording={content.recording} />
        </>
      ) : (
        <Nothing content={content} answerId={answerId} />
      )}
    </aside>
  )
}

/** Not a button or a field, which have a use for the key themselves. */
function isPlainPlace(target: EventTarget): boolean {
  return target instanceof Element && target.matches('[role="treegrid"], [data-region="wire"]')
}

const LOADING: WireContent = { kind: 'loading' }
const UNRECORDED: WireContent = { kind: 'unrecorded' }

/** The recording of what is shown, as far as it is known. */
function useContent(chosen: Chosen | null, answerId: string | null): WireContent {
  const recording = chosen?.kind === 'file' ? chosen.recording : null
  const key = recording?.id ?? answerId
  const [known, setKnown] = useState<{ key: string | null; content: WireContent }>({ key: null, content: LOADING })
  useEffect(() => {
    if (recording === null && answerId === null) return undefined
    const feed = followRecording({
      of: recording === null ? { messageId: answerId ?? '' } : { recording },
      isRunning: () => shownAnswer(useStore.getState(), useWire.getState().chosen)?.state === 'running',
      publish: (content) => setKnown({ key, content }),
    })
    const unlisten = window.parley.on['generation.event']((events) => {
      if (recording === null && events.some(({ messageId }) => messageId === answerId)) feed.poke()
    })
    return () => {
      unlisten()
      feed.close()
    }
  }, [recording, answerId, key])
  if (key === null) return UNRECORDED
  return known.key === key ? known.content : LOADING
}

interface HeadProps {
  chosen: Chosen | null
  answerId: string | null
  content: WireContent
  onClose: () => void
}

function Head({ chosen, answerId, content, onClose }: HeadProps) {
  const { t } = useTranslation()
  const dates = useDates()
  const [isSaved, saved] = useCopied()
  const createdAt = useStore((state) => (answerId === null ? null : (shownAnswer(state, chosen)?.createdAt ?? null)))
  const recording = content.kind === 'recording' ? content.recording : null
  const startedAt = recording?.startedAt ?? createdAt
  const save = async (): Promise<void> => {
    if (recording === null) return
    const result = await window.parley.request['wire.save']({ recordingId: recording.id })
    if (!result.ok) tellError(result.error)
    else if (result.value.isSaved) saved()
  }
  return (
    <div className="flex min-h-12 flex-none items-center gap-2 ps-5 pe-2.5 pt-px">
      <h2 className="flex min-w-0 flex-1 flex-wrap items-baseline gap-x-2.5 text-ui">
        <span className="font-strong text-ink-1">{t('wire:title')}</span>
        {startedAt !== null && (
          <span className="tabular text-ink-3">
            {chosen?.kind === 'file'
              ? t('wire:recordingOf', { day: dates.day(startedAt), time: dates.time(startedAt) })
              : t('wire:answerOf', { time: dates.time(startedAt) })}
          </span>
        )}
      </h2>
      <IconButton icon={FolderOpen} label={t('wire:open')} onClick={() => tellFailure(openRecording())} />
      {recording !== null && (
        <IconButton
          icon={isSaved ? Check : Download}
          label={isSaved ? t('wire:saved') : t('wire:save')}
          className={isSaved ? 'text-accent-text' : ''}
          onClick={() => void save()}
        />
      )}
      <IconButton icon={X} label={t('wire:close')} keys={['Esc']} onClick={onClose} />
    </div>
  )
}

function Nothing({ content, answerId }: { content: WireContent; answerId: string | null }) {
  const { t } = useTranslation()
  const chosen = useWire((state) => state.chosen)
  const isRunning = useStore((state) => shownAnswer(state, chosen)?.state === 'running')
  switch (content.kind) {
    case 'loading':
      return (
        <Words>
          <Ring className="text-ink-3" />
        </Words>
      )
    case 'failed': {
      const { title, detail } = describe(content.error, (key, values) => t(key, values ?? {}))
      return (
        <Words>
          <p className="text-ui font-label text-ink-1">{title}</p>
          <p className="mt-1 text-ui text-ink-2">{detail}</p>
        </Words>
      )
    }
    case 'unrecorded':
      return (
        <Words>
          <p role="status" className="text-ui text-ink-1">
            {t(answerId === null ? 'wire:empty.noAnswer' : isRunning ? 'wire:empty.waiting' : 'wire:empty.unrecorded')}
          </p>
          <p className="mt-1 text-ui text-ink-3">{t('wire:empty.memory')}</p>
          <Button icon={FolderOpen} className="mt-4" onClick={() => tellFailure(openRecording())}>
            {t('wire:open')}
          </Button>
        </Words>
      )
    case 'recording':
      return null
  }
}

function Words({ children }: { children: ReactNode }) {
  return <div className="m-auto w-80 max-w-[calc(100%-40px)] pb-12 text-center">{children}</div>
}

const STEP_PX = 16

/** The edge between thread and panel: dragged, or moved with the arrow keys; twice pressed it is as at first. */
function Edge({ panelId, widthPx, mostPx }: { panelId: string; widthPx: number; mostPx: number }) {
  const { t } = useTranslation()
  const drag = useRef<{ atPx: number; widthPx: number } | null>(null)
  // The panel is at the end: towards the start it grows.
  const towards = (element: Element): 1 | -1 => (getComputedStyle(element).direction === 'rtl' ? 1 : -1)
  const onKeyDown = (event: KeyboardEvent<HTMLElement>): void => {
    const sign = towards(event.currentTarget)
    const widths: Record<string, number> = {
      ArrowLeft: widthPx - sign * STEP_PX,
      ArrowRight: widthPx + sign * STEP_PX,
      Home: WIDTH_PX.least,
      End: mostPx,
    }
    const next = widths[event.key]
    if (next === undefined) return
    event.preventDefault()
    resizeWire(Math.min(next, mostPx))
  }
  const onPointerMove = (event: PointerEvent<HTMLElement>): void => {
    if (drag.current === null) return
    const moved = (event.clientX - drag.current.atPx) * towards(event.currentTarget)
    resizeWire(Math.min(drag.current.widthPx + moved, mostPx))
  }
  return (
    <div
      role="separator"
      aria-orientation="vertical"
      aria-label={t('wire:resize')}
      aria-controls={panelId}
      aria-valuenow={widthPx}
      aria-valuemin={WIDTH_PX.least}
      aria-valuemax={mostPx}
      tabIndex={0}
      className="layer-pill absolute inset-y-0 -inset-s-1 w-2 cursor-col-resize touch-none focus-inset transition-colors hover:bg-line-2/60"
      onKeyDown={onKeyDown}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId)
        drag.current = { atPx: event.clientX, widthPx }
      }}
      onPointerMove={onPointerMove}
      onPointerUp={() => {
        drag.current = null
      }}
      onPointerCancel={() => {
        drag.current = null
      }}
      onDoubleClick={() => resizeWire(WIDTH_PX.usual)}
    />
  )
}
