import {
  ArrowBigUp,
  ArrowDown,
  ArrowLeft,
  ArrowRight,
  ArrowUp,
  ChevronUp,
  Command,
  CornerDownLeft,
  Option,
} from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { Icon } from './icon'

/** A key by name. `Mod` is ⌘ on macOS and Ctrl elsewhere. Any other string is shown as it is. */
export type Key = 'Mod' | 'Control' | 'Shift' | 'Alt' | 'Enter' | 'Up' | 'Down' | 'Left' | 'Right' | (string & {})

const ICONS = {
  Mod: Command,
  Control: ChevronUp,
  Shift: ArrowBigUp,
  Alt: Option,
  Enter: CornerDownLeft,
  Up: ArrowUp,
  Down: ArrowDown,
  Left: ArrowLeft,
  Right: ArrowRight,
} as const

/**
 * Keys to press together: "⌘N" on macOS, "Ctrl + N" elsewhere. Key symbols are drawn as icons, because the font subset
 * lacks them. Hidden from screen readers: the control names its keys with `aria-keyshortcuts`.
 */
export function Kbd({ keys, className = 'text-ink-3' }: { keys: readonly Key[]; className?: string }) {
  const isMac = window.parley.platform === 'darwin'
  return (
    <span
      dir="ltr"
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

/** Keys to press together, each as a cap of its own, as where keys are set and listed [33], [47]. */
export function KeyCaps({ keys }: { keys: readonly Key[] }) {
  const isMac = window.parley.platform === 'darwin'
  return (
    <span dir="ltr" className="inline-flex flex-none items-center gap-1" aria-hidden>
      {keys.map((key) => (
        <kbd
          key={key}
          className="inline-flex h-5 min-w-5 items-center justify-center rounded-xs border border-transparent bg-bubble px-1 font-sans text-meta text-ink-2"
        >
          {isDrawn(key, isMac) ? <Icon of={ICONS[key]} size={12} /> : nameOf(key)}
        </kbd>
      ))}
    </span>
  )
}

/** Keys in words, for who hears them and within sentences: "Command F", "Ctrl Shift N". */
export function useKeyWords(): (keys: readonly Key[]) => string {
  const { t } = useTranslation()
  return (keys) => {
    const isMac = window.parley.platform === 'darwin'
    const names: Record<string, string> = {
      Mod: isMac ? 'Command' : 'Ctrl',
      Alt: isMac ? 'Option' : 'Alt',
      Up: t('actions:keys.up'),
      Down: t('actions:keys.down'),
      Left: t('actions:keys.left'),
      Right: t('actions:keys.right'),
    }
    return keys.map((key) => names[key] ?? key).join(' ')
  }
}

/** The value of `aria-keyshortcuts` for keys pressed together, such as `Control+N`. */
export function ariaKeys(keys: readonly Key[]): string {
  const modifier = window.parley.platform === 'darwin' ? 'Meta' : 'Control'
  const names: Record<string, string> = {
    Mod: modifier,
    Super: 'Meta',
    Esc: 'Escape',
    Up: 'ArrowUp',
    Down: 'ArrowDown',
    Left: 'ArrowLeft',
    Right: 'ArrowRight',
  }
  return keys.map((key) => names[key] ?? key).join('+')
}

function isDrawn(key: Key, isMac: boolean): key is keyof typeof ICONS {
  if (key === 'Mod' || key === 'Shift' || key === 'Alt' || key === 'Control') return isMac
  return Object.hasOwn(ICONS, key)
}

function nameOf(key: Key): string {
  if (key === 'Super') return window.parley.platform === 'win32' ? 'Win' : 'Super'
  return key === 'Mod' ? 'Ctrl' : key
}
