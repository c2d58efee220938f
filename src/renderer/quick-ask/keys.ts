/** What a key does anywhere in the quick question. */
export type QuickKey = 'copy' | 'open' | 'new' | 'stop' | 'hide'

/** The meaning of a key press; null when it is none of ours. `Mod` is ⌘ on macOS and Ctrl elsewhere. */
export function keyOf(
  event: Pick<KeyboardEvent, 'key' | 'code' | 'metaKey' | 'ctrlKey' | 'shiftKey' | 'altKey'>,
  platform = window.parley.platform,
): QuickKey | null {
  const [mod, other] = platform === 'darwin' ? [event.metaKey, event.ctrlKey] : [event.ctrlKey, event.metaKey]
  if (event.key === 'Escape' && !mod && !other && !event.altKey && !event.shiftKey) return 'hide'
  if (!mod || other || event.altKey || event.shiftKey) return null
  if (event.key === 'Enter') return 'open'
  if (event.key === '.') return 'stop'
  // By place as well as by letter: on a Russian layout the C key writes "с".
  if (event.key.toLowerCase() === 'c' || event.code === 'KeyC') return 'copy'
  if (event.key.toLowerCase() === 'n' || event.code === 'KeyN') return 'new'
  return null
}
