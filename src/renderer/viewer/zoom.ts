import { useEffect, useRef, useState, type PointerEvent, type RefObject } from 'react'

export const MIN_ZOOM = 0.1
export const MAX_ZOOM = 8
/** One press of + or −. */
export const ZOOM_STEP = 1.25

export interface Size {
  width: number
  height: number
}

/** Where a picture stands: its scale, and how far its middle is from that of the place. */
export interface Zoomed {
  scale: number
  x: number
  y: number
}

/** The scale at which a picture is whole in its place; never larger than it is. */
export function fitScale(picture: Size, place: Size): number {
  if (picture.width === 0 || picture.height === 0 || place.width === 0 || place.height === 0) return 1
  return Math.min(1, place.width / picture.width, place.height / picture.height)
}

/** The same picture at another scale, with the point under `anchor` (from the middle of the place) where it was. */
export function zoomAt(before: Zoomed, scale: number, anchor: { x: number; y: number }): Zoomed {
  const next = Math.max(MIN_ZOOM, Math.min(MAX_ZOOM, scale))
  const ratio = next / before.scale
  return {
    scale: next,
    x: anchor.x - (anchor.x - before.x) * ratio,
    y: anchor.y - (anchor.y - before.y) * ratio,
  }
}

/** No further than to the edge of the picture; one that is smaller than its place stands in the middle. */
export function within({ scale, x, y }: Zoomed, picture: Size, place: Size): Zoomed {
  const most = (size: number, room: number): number => Math.max(0, (size * scale - room) / 2)
  const limit = (value: number, max: number): number => Math.max(-max, Math.min(max, value))
  return {
    scale,
    x: limit(x, most(picture.width, place.width)),
    y: limit(y, most(picture.height, place.height)),
  }
}

export interface Zoom {
  zoomed: Zoomed
  /** The size of the place is known. */
  isReady: boolean
  isFit: boolean
  canPan: boolean
  zoomBy: (factor: number) => void
  fit: () => void
  /** Between the whole picture and its own size. */
  toggle: (event: { clientX: number; clientY: number }) => void
  pan: (event: PointerEvent<HTMLElement>) => void
}

/**
 * Zoom and place of a picture of this size in its own pixels: by wheel, keys and dragging. Another picture begins whole.
 *
 * @param place the element in which the picture stands
 */
export function useZoom(picture: Size & { id: string }, place: RefObject<HTMLElement | null>): Zoom {
  const [room, setRoom] = useState<Size>({ width: 0, height: 0 })
  const [state, setState] = useState<{ id: string; zoomed: Zoomed } | null>(null)
  const fitted: Zoomed = { scale: fitScale(picture, room), x: 0, y: 0 }
  const zoomed = state?.id === picture.id ? within(state.zoomed, picture, room) : fitted
  const isFit = state?.id !== picture.id

  useEffect(() => {
    const element = place.current
    if (element === null) return undefined
    const observer = new ResizeObserver(() => setRoom({ width: element.clientWidth, height: element.clientHeight }))
    observer.observe(element)
    return () => observer.disconnect()
  }, [place])

  const set = (next: Zoomed): void => setState({ id: picture.id, zoomed: within(next, picture, room) })
  const anchorOf = ({ clientX, clientY }: { clientX: number; clientY: number }) => {
    const box = place.current?.getBoundingClientRect()
    if (box === undefined) return { x: 0, y: 0 }
    return { x: clientX - box.left - box.width / 2, y: clientY - box.top - box.height / 2 }
  }

  // React listens to wheels passively: there the page could not keep them to itself.
  const onWheel = useRef<(event: WheelEvent) => void>(() => undefined)
  useEffect(() => {
    onWheel.current = (event) => {
      event.preventDefault()
      // A notch is 100 or 120; touchpads send many small ones.
      set(zoomAt(zoomed, zoomed.scale * Math.exp(-event.deltaY / 480), anchorOf(event)))
    }
  })
  useEffect(() => {
    const element = place.current
    const listen = (event: WheelEvent): void => onWheel.current(event)
    element?.addEventListener('wheel', listen, { passive: false })
    return () => element?.removeEventListener('wheel', listen)
  }, [place])

  return {
    zoomed,
    isReady: room.width > 0,
    isFit,
    canPan: picture.width * zoomed.scale > room.width + 1 || picture.height * zoomed.scale > room.height + 1,
    zoomBy: (factor) => set(zoomAt(zoomed, zoomed.scale * factor, { x: 0, y: 0 })),
    fit: () => setState(null),
    toggle: (event) => {
      if (Math.abs(zoomed.scale - 1) < 0.001 && !isFit) setState(null)
      else set(zoomAt(zoomed, 1, anchorOf(event)))
    },
    pan: (event) => {
      if (event.button !== 0) return
      const element = event.currentTarget
      const from = { x: event.clientX - zoomed.x, y: event.clientY - zoomed.y }
      const move = (next: globalThis.PointerEvent): void =>
        set({ scale: zoomed.scale, x: next.clientX - from.x, y: next.clientY - from.y })
      const end = (): void => {
        element.removeEventListener('pointermove', move)
        element.removeEventListener('pointerup', end)
        element.removeEventListener('pointercancel', end)
      }
      element.setPointerCapture(event.pointerId)
      element.addEventListener('pointermove', move)
      element.addEventListener('pointerup', end)
      element.addEventListener('pointercancel', end)
    },
  }
}
