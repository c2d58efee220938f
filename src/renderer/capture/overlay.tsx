import { useEffect, useRef, useState, type PointerEvent, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { CaptureView } from '../../shared/contract'
import {
  pointInPicture,
  regionBetween,
  regionInView,
  wholeOf,
  type Point,
  type Region,
  type Size,
} from '../../shared/region'
import { Kbd, type Key } from '../controls/kbd'
import { overlayKeyOf } from './keys'

/** A press that is let go so near was a slip, not a rectangle. */
const SLIP_PX = 4
/** Between the region and its size in pixels, and how much room that needs. */
const LABEL_GAP_PX = 8
const LABEL_HEIGHT_PX = 24

/** The frozen picture of one display, and the rectangle that is chosen on it with mouse or keys. */
export function Overlay({ view }: { view: CaptureView }) {
  const { t } = useTranslation()
  const surface = useRef<HTMLDivElement>(null)
  const [picture, setPicture] = useState<Size | null>(null)
  const [region, setRegion] = useState<Region | null>(null)
  const drag = useRef<{ from: Point; start: Point } | null>(null)
  const [isDragging, setIsDragging] = useState(false)
  const screen = useViewSize()

  const draw = (image: HTMLImageElement): void => {
    setPicture({ width: image.naturalWidth, height: image.naturalHeight })
    // Not before it is painted: the person would see black.
    void image.decode().then(
      () => window.parley.request['capture.show'](),
      () => end(null),
    )
  }
  useEffect(() => {
    if (picture === null) return undefined
    surface.current?.focus()
    const press = (event: KeyboardEvent): void => {
      const meant = overlayKeyOf(event, region, picture)
      if (meant === null) return
      event.preventDefault()
      if (meant === 'leave') end(null)
      else if (meant === 'take') end(region ?? wholeOf(picture))
      else if (meant === 'next') void window.parley.request['capture.next']()
      else setRegion(meant)
    }
    window.addEventListener('keydown', press)
    return () => window.removeEventListener('keydown', press)
  }, [picture, region])

  const press = (event: PointerEvent<HTMLElement>): void => {
    if (picture === null) return
    if (event.button !== 0) return end(null)
    event.currentTarget.setPointerCapture(event.pointerId)
    const start = { x: event.clientX, y: event.clientY }
    drag.current = { start, from: pointInPicture(start, screen, picture) }
    setIsDragging(true)
  }
  const move = (event: PointerEvent): void => {
    const began = drag.current
    if (began === null || picture === null) return
    const point = { x: event.clientX, y: event.clientY }
    setRegion(regionBetween(began.from, pointInPicture(point, screen, picture), picture))
  }
  const release = (event: PointerEvent): void => {
    const began = drag.current
    drag.current = null
    setIsDragging(false)
    if (began === null || picture === null || event.button !== 0) return
    const point = { x: event.clientX, y: event.clientY }
    const isSlip = Math.hypot(point.x - began.start.x, point.y - began.start.y) < SLIP_PX
    if (isSlip) setRegion(null)
    else end(regionBetween(began.from, pointInPicture(point, screen, picture), picture))
  }

  const shown = region === null || picture === null ? null : regionInView(region, screen, picture)
  return (
    <main
      ref={surface}
      tabIndex={-1}
      aria-label={t('capture:title')}
      aria-describedby={HELP_ID}
      className="relative h-full overflow-hidden outline-none"
      onPointerDown={press}
      onPointerMove={move}
      onPointerUp={release}
      onPointerCancel={() => {
        drag.current = null
        setIsDragging(false)
      }}
      onContextMenu={(event) => event.preventDefault()}
    >
      <img
        src={view.picture}
        alt=""
        draggable={false}
        className="absolute inset-0 size-full object-contain"
        onLoad={(event) => draw(event.currentTarget)}
        onError={() => end(null)}
      />
      {shown === null ? (
        <div className="capture-veil" />
      ) : (
        <div
          className="capture-region"
          style={{ left: shown.x, top: shown.y, width: shown.width, height: shown.height }}
        />
      )}
      {shown !== null && region !== null && (
        <div aria-hidden className={`${PLATE} tabular absolute px-2 py-0.5`} style={labelPlace(shown, screen)}>
          {region.width} × {region.height}
        </div>
      )}
      <p id={HELP_ID} className="sr-only">
        {t('capture:help')}
      </p>
      {!isDragging && <Hint hasRegion={region !== null} displays={view.displays} />}
      {picture !== null && (
        <p role="status" className="sr-only">
          {region === null
            ? t('capture:whole', { width: picture.width, height: picture.height })
            : isDragging
              ? ''
              : t('capture:region', { ...region })}
        </p>
      )}
    </main>
  )
}

const PLATE = 'rounded-m bg-raised text-ui text-ink-1 shadow-e2 forced-colors:border pointer-events-none'

/** Whoever hears the page hears the keys in words. */
const HELP_ID = 'capture-help'

/** What can be done, in words, at the top: frozen, like all of the screen, so nothing that is wanted lies under it. */
function Hint({ hasRegion, displays }: { hasRegion: boolean; displays: number }) {
  const { t } = useTranslation()
  return (
    <div
      aria-hidden
      className={`${PLATE} absolute inset-x-0 top-6 mx-auto flex w-fit max-w-[calc(100%-32px)] flex-wrap items-center gap-x-4 gap-y-1 px-4 py-2 text-ink-2`}
    >
      {!hasRegion && (
        <span>
          <span className="font-medium text-ink-1">{t('capture:drag')}</span> {t('capture:keys')}
        </span>
      )}
      {hasRegion && <Means keys={[t('capture:arrows')]}>{t('capture:move')}</Means>}
      {hasRegion && <Means keys={['Shift', t('capture:arrows')]}>{t('capture:size')}</Means>}
      <Means keys={['Enter']}>{t(hasRegion ? 'capture:take' : 'capture:takeAll')}</Means>
      {displays > 1 && <Means keys={['Tab']}>{t('capture:nextDisplay')}</Means>}
      <Means keys={['Esc']}>{t('capture:leave')}</Means>
    </div>
  )
}

function Means({ keys, children }: { keys: readonly Key[]; children: ReactNode }) {
  return (
    <span className="inline-flex items-center gap-1.5">
      <Kbd keys={keys} /> {children}
    </span>
  )
}

/** Under the lower right corner, or inside of it where there is no room. */
function labelPlace(shown: Region, screen: Size): { right: number; top: number } {
  const below = shown.y + shown.height + LABEL_GAP_PX
  const isRoom = below + LABEL_HEIGHT_PX <= screen.height
  return {
    right: Math.max(LABEL_GAP_PX, screen.width - (shown.x + shown.width) + (isRoom ? 0 : LABEL_GAP_PX)),
    top: isRoom ? below : shown.y + shown.height - LABEL_HEIGHT_PX - LABEL_GAP_PX,
  }
}

function useViewSize(): Size {
  const [size, setSize] = useState<Size>(viewSize)
  useEffect(() => {
    const measure = (): void => setSize(viewSize())
    window.addEventListener('resize', measure)
    return () => window.removeEventListener('resize', measure)
  }, [])
  return size
}

function viewSize(): Size {
  return { width: window.innerWidth, height: window.innerHeight }
}

function end(region: Region | null): void {
  void window.parley.request['capture.end']({ region })
}
