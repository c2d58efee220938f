import { lazy, Suspense, useLayoutEffect, useRef, useState, type ReactNode } from 'react'
import { THREAD_LEAST_PX, useWire, WIDTH_PX } from './state'

// Nobody needs it to begin with: it is loaded when it is first opened.
const WirePanel = lazy(async () => ({ default: (await import('./panel')).WirePanel }))

/** Where the panel stands: beside the thread, over it, or, so that a replay can be seen, as a strip under it. */
export type PanelPlace = { kind: 'beside'; widthPx: number; mostPx: number } | { kind: 'over' } | { kind: 'under' }

/**
 * @param roomPx for thread and panel together; 0 while it is not known
 * @param wantedPx the width that the person gave the panel
 */
export function placeFor(roomPx: number, wantedPx: number, isReplaying: boolean): PanelPlace {
  const mostPx = roomPx === 0 ? WIDTH_PX.most : Math.min(WIDTH_PX.most, roomPx - THREAD_LEAST_PX)
  if (mostPx >= WIDTH_PX.least) return { kind: 'beside', widthPx: Math.min(wantedPx, mostPx), mostPx }
  return isReplaying ? { kind: 'under' } : { kind: 'over' }
}

/** The thread and composer of a chat, with the wire panel at their end while it is open. */
export function WirePlace({ children }: { children: ReactNode }) {
  const isOpen = useWire((state) => state.isOpen)
  const wantedPx = useWire((state) => state.widthPx)
  const isReplaying = useWire((state) => state.replay !== null)
  const row = useRef<HTMLDivElement>(null)
  const [roomPx, setRoomPx] = useState(0)
  useLayoutEffect(() => {
    const element = row.current
    if (element === null || !isOpen) return undefined
    const measure = (): void => setRoomPx(element.clientWidth)
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    return () => observer.disconnect()
  }, [isOpen])
  const place = placeFor(roomPx, wantedPx, isReplaying)
  return (
    <div ref={row} className={`relative flex min-h-0 flex-1 ${isOpen && place.kind === 'under' ? 'flex-col' : ''}`}>
      <div className="flex min-h-0 min-w-0 flex-1 flex-col" inert={isOpen && place.kind === 'over'}>
        {children}
      </div>
      {isOpen && (
        <Suspense fallback={null}>
          <WirePanel place={place} />
        </Suspense>
      )}
    </div>
  )
}
