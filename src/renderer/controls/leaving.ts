import { useEffect, useRef } from 'react'

/**
 * Does something when a part of the page goes, as it was when it was last drawn. For fields that take what was typed when
 * the focus leaves them: one that is taken away with the focus in it is told nothing.
 */
export function useOnLeave(run: () => void): void {
  const latest = useRef(run)
  useEffect(() => {
    latest.current = run
  })
  useEffect(() => () => latest.current(), [])
}
