import { useEffect } from 'react'
import { acceleratorsOf, alphabetOf, type Accelerator, type Press } from '../../shared/accelerator'
import { ACTIONS, actionKeys, isChangeable, type ActionId, type ActionKeys } from '../../shared/actions'
import type { Settings } from '../../shared/settings'
import type { Key } from '../controls/kbd'
import { closeMenus } from '../controls/menu'
import { useStore } from '../store/state'
import { isOffered, runAction } from './offers'

/** The keys that are really set, made once for settings that stay the same. */
export function keysNow(settings: Settings = useStore.getState().settings): ActionKeys {
  if (made?.settings !== settings) made = { settings, keys: actionKeys(settings, window.parley.platform) }
  return made.keys
}

let made: { settings: Settings; keys: ActionKeys } | null = null

export function useActionKeys(): ActionKeys {
  return keysNow(useStore((state) => state.settings))
}

/** The keys of one action, to be shown; undefined when it has none. */
export function useKeysOf(id: ActionId): readonly Key[] | undefined {
  const accelerator = useActionKeys().get(id) ?? null
  return accelerator === null ? undefined : capsOf(accelerator)
}

/** Its keys one by one, as `Kbd` draws them. */
export function capsOf(accelerator: Accelerator): readonly Key[] {
  return accelerator.split('+').map((part) => (part === 'Escape' ? 'Esc' : part))
}

// Which alphabet the keyboard writes is told by the letters that are typed. A key of signs alone does not tell.
let isOtherAlphabet = false

/** What a key press can mean, the likeliest first; see acceleratorsOf(). */
export function readPress(event: Press): Accelerator[] {
  return acceleratorsOf(event, window.parley.platform, isOtherAlphabet)
}

/** Whether a press is the key of this action. */
export function isKeyOf(event: Press, id: ActionId): boolean {
  const accelerator = keysNow().get(id) ?? null
  return accelerator !== null && readPress(event).includes(accelerator)
}

/** The action that a press means, among those that have a key of their own in this window; null when there is none. */
function actionFor(event: Press): ActionId | null {
  const keys = keysNow()
  for (const accelerator of readPress(event)) {
    const found = ACTIONS.find(({ id }) => keys.get(id) === accelerator && isHere(id))
    if (found !== undefined) return found.id
  }
  return null
}

// The key of the quick question works from anywhere and is main's; other fixed keys belong to their fields and lists.
function isHere(id: ActionId): boolean {
  return (isChangeable(id) || id === 'next-area' || id === 'previous-area') && isOffered(id)
}

/** While one of these layers is up, what lies under it takes no keys. */
const LAYERS = '.layer-modal'

/**
 * The keys of the window (DESIGN "Keyboard"): each does what is on offer for it. A key that is used here does not reach
 * the native menu.
 */
export function useWindowKeys(): void {
  useEffect(() => {
    const obey = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.isComposing) return
      // On Windows AltGr, which writes signs, comes as Ctrl and Alt.
      if (event.ctrlKey && event.altKey && event.getModifierState('AltGraph')) return
      const id = document.querySelector(LAYERS) === null ? actionFor(event) : null
      if (id === null) return
      event.preventDefault()
      closeMenus()
      runAction(id)
    }
    const learn = (event: KeyboardEvent): void => {
      const alphabet = alphabetOf(event)
      if (alphabet !== null) isOtherAlphabet = alphabet === 'other'
    }
    window.addEventListener('keydown', learn, true)
    window.addEventListener('keydown', obey)
    return () => {
      window.removeEventListener('keydown', learn, true)
      window.removeEventListener('keydown', obey)
    }
  }, [])
}
