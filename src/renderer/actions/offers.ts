import { useEffect, useRef, useSyncExternalStore } from 'react'
import type { ActionId } from '../../shared/actions'

type Run = () => void

/** What each action does at present. One that nobody offers, such as Stop while nothing runs, does nothing. */
const offers = new Map<ActionId, { current: Run }>()
const listeners = new Set<() => void>()

/**
 * Offers an action as long as the component is there: to its key, the menu and the palette. The latest offer counts.
 *
 * @param run null while there is nothing to do; the key is then left to whoever wants it
 */
export function useAction(id: ActionId, run: Run | null): void {
  const latest = useRef<Run>(() => undefined)
  const isOffered = run !== null
  useEffect(() => {
    latest.current = run ?? (() => undefined)
  })
  useEffect(() => {
    if (!isOffered) return undefined
    const before = offers.get(id)
    offers.set(id, latest)
    tell()
    return () => {
      if (offers.get(id) !== latest) return
      if (before === undefined) offers.delete(id)
      else offers.set(id, before)
      tell()
    }
  }, [id, isOffered])
}

/** Does it, if it is on offer. */
export function runAction(id: ActionId): boolean {
  const offer = offers.get(id)
  offer?.current()
  return offer !== undefined
}

export function isOffered(id: ActionId): boolean {
  return offers.has(id)
}

/** What is on offer at present; renders again when that changes. */
export function useOffers(): ReadonlySet<ActionId> {
  return useSyncExternalStore(listen, () => present)
}

let present: ReadonlySet<ActionId> = new Set()

function tell(): void {
  present = new Set(offers.keys())
  for (const listener of listeners) listener()
}

function listen(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}
