import { ArrowBigUp, ArrowDown, ArrowUp, Command, CornerDownLeft, Option } from 'lucide-react'
import { Icon } from './icon'

/** A key by name. `Mod` is ⌘ on macOS and Ctrl elsewhere. Any other string is shown as it is. */
export type Key = 'Mod' | 'Shift' | 'Alt' | 'Enter' | 'Up' | 'Down' | (string & {})

const ICONS = {
  Mod: Command,
  Shift: ArrowBigUp,
  Alt: Option,
  Enter: CornerDownLeft,
  Up: ArrowUp,
  Down: ArrowDown,
} as const

/**
 * Keys to press together: "⌘N" on macOS, "Ctrl + N" elsewhere. Key symbols are drawn as icons, because the font subset
 * lacks them. Hidden from screen readers: the control names its keys with `aria-keyshortcuts`.
 */
export function Kbd({ keys, className = 'text-ink-3' }: { keys: readonly Key[]; className?: string }) {
  const isMac = window.parley.platform === 'darwin'
  return (
    <span
      className={`inline-flex flex-none items-center text-meta whitespace-pre ${isMac ? 'gap-0.5' : ''} ${className}`}
      aria-hidden
    >
      {keys.map((key, index) => (
        <span key={key} className="inline-flex items-center">
          {index > 0 && !isMac && ' + '}
          {isDrawn(key, isMac) ? <Icon of={ICONS[key]} size={12} /> : nameOf(key)}
        </span>
      ))}
    </span>
  )
}

/** The value of `aria-keyshortcuts` for keys pressed together, such as `Control+N`. */
export function ariaKeys(keys: readonly Key[]): string {
  const modifier = window.parley.platform === 'darwin' ? 'Meta' : 'Control'
  const names: Record<string, string> = { Mod: modifier, Up: 'ArrowUp', Down: 'ArrowDown' }
  return keys.map((key) => names[key] ?? key).join('+')
}

function isDrawn(key: Key, isMac: boolean): key is keyof typeof ICONS {
  if (key === 'Mod' || key === 'Shift' || key === 'Alt') return isMac
  return Object.hasOwn(ICONS, key)
}

function nameOf(key: Key): string {
  return key === 'Mod' ? 'Ctrl' : key
}
