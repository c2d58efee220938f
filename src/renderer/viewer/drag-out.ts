import type { DragEvent } from 'react'

/** What makes an element draggable into other programs, as a file with this name. */
export function dragOut(id: string, name: string): { draggable: true; onDragStart: (event: DragEvent) => void } {
  return {
    draggable: true,
    onDragStart: (event) => {
      // The page's own drag would carry an address that nobody else can open.
      event.preventDefault()
      event.stopPropagation()
      void window.parley.request['media.drag']({ id, name })
    },
  }
}
