import { useEffect, useState } from 'react'
import { draggedCount, isWebPicture } from './pasted-files'

/**
 * Takes files dropped anywhere in the window. Everything else that is dropped is refused, so that the window never
 * navigates to it.
 *
 * @param onWebPicture a picture was dropped of which only the address came: fetching it would tell its host about us
 * @returns how many files hang over the window now
 */
export function useFileDrop(onDrop: (files: File[]) => void, onWebPicture?: () => void): number {
  const [count, setCount] = useState(0)

  useEffect(() => {
    const enter = (event: DragEvent): void => setCount(draggedCount(event.dataTransfer))
    // Leaving an element names the one that is entered, leaving the window none. Counting enters and leaves would not do:
    // an answer that is being written takes elements away under the pointer, and nobody hears those being left.
    const leave = (event: DragEvent): void => {
      if (event.relatedTarget === null) end()
    }
    const end = (): void => setCount(0)
    const over = (event: DragEvent): void => {
      if (event.dataTransfer === null) return
      const isPicture = onWebPicture !== undefined && isWebPicture(event.dataTransfer)
      const isText = draggedCount(event.dataTransfer) === 0 && !isPicture
      // Text may be dragged within the page, into a field.
      if (isText && isField(event.target)) return
      event.preventDefault()
      event.dataTransfer.dropEffect = isText ? 'none' : 'copy'
    }
    const drop = (event: DragEvent): void => {
      end()
      const files = [...(event.dataTransfer?.files ?? [])]
      if (files.length === 0 && isField(event.target)) return
      event.preventDefault()
      if (files.length > 0) onDrop(files)
      else if (isWebPicture(event.dataTransfer)) onWebPicture?.()
    }
    window.addEventListener('dragenter', enter)
    window.addEventListener('dragleave', leave)
    window.addEventListener('dragover', over)
    window.addEventListener('drop', drop)
    window.addEventListener('dragend', end)
    // The pointer says nothing while something is dragged: when it does, the end of that was missed.
    window.addEventListener('pointermove', end)
    return () => {
      window.removeEventListener('dragenter', enter)
      window.removeEventListener('dragleave', leave)
      window.removeEventListener('dragover', over)
      window.removeEventListener('drop', drop)
      window.removeEventListener('dragend', end)
      window.removeEventListener('pointermove', end)
    }
  }, [onDrop, onWebPicture])

  return count
}

function isField(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest('textarea, input') !== null
}
