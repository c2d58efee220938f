import { acceleratorsOf, type Platform, type Press } from '../../shared/accelerator'
import type { ActionKeys } from '../../shared/actions'
import { keysNow } from '../actions/keys'

/** What a key does anywhere in the quick question. */
export type QuickKey = 'copy' | 'open' | 'new' | 'stop' | 'hide' | 'choose' | 'attach' | 'capture' | 'pin' | 'keep'

export const PIN_KEYS = ['Mod', 'P'] as const
export const KEEP_KEYS = ['Mod', 'S'] as const

const FIXED: Readonly<Record<string, QuickKey>> = {
  Escape: 'hide',
  'Mod+Enter': 'open',
  'Mod+C': 'copy',
  [PIN_KEYS.join('+')]: 'pin',
  [KEEP_KEYS.join('+')]: 'keep',
}

/** The meaning of a key press; null when it is none of ours. The keys of all that the main window does as well are those set there. */
export function keyOf(
  event: Press,
  platform: Platform = window.parley.platform,
  keys: ActionKeys = keysNow(),
): QuickKey | null {
  for (const accelerator of acceleratorsOf(event, platform)) {
    if (Object.hasOwn(FIXED, accelerator)) return FIXED[accelerator] ?? null
    if (accelerator === keys.get('stop')) return 'stop'
    if (accelerator === keys.get('new-chat')) return 'new'
    if (accelerator === keys.get('choose-model')) return 'choose'
    if (accelerator === keys.get('attach')) return 'attach'
    if (accelerator === keys.get('capture-region')) return 'capture'
  }
  return null
}
