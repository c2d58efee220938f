import { acceleratorsOf, type Platform, type Press } from '../../shared/accelerator'
import type { ActionKeys } from '../../shared/actions'
import { keysNow } from '../actions/keys'

/** What a key does anywhere in the quick question. */
export type QuickKey = 'copy' | 'open' | 'new' | 'stop' | 'hide'

const FIXED: Readonly<Record<string, QuickKey>> = { Escape: 'hide', 'Mod+Enter': 'open', 'Mod+C': 'copy' }

/** The meaning of a key press; null when it is none of ours. The keys of New chat and Stop are those of the main window. */
export function keyOf(
  event: Press,
  platform: Platform = window.parley.platform,
  keys: ActionKeys = keysNow(),
): QuickKey | null {
  for (const accelerator of acceleratorsOf(event, platform)) {
    if (Object.hasOwn(FIXED, accelerator)) return FIXED[accelerator] ?? null
    if (accelerator === keys.get('stop')) return 'stop'
    if (accelerator === keys.get('new-chat')) return 'new'
  }
  return null
}
