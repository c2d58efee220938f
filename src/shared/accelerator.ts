/**
 * Keys to press together, as one text: modifiers in the order `Mod`, `Control`, `Super`, `Alt`, `Shift`, then the key,
 * such as `Mod+Shift+N`. `Mod` is ⌘ on macOS and Ctrl elsewhere, so that `Control` is a key of its own on macOS only and
 * `Super` elsewhere only.
 */
export type Accelerator = string

export type Platform = 'darwin' | 'win32' | 'linux'

/** A key press, as far as a shortcut needs it. */
export interface Press {
  key: string
  code: string
  ctrlKey: boolean
  metaKey: boolean
  altKey: boolean
  shiftKey: boolean
}

const MODIFIERS = ['Mod', 'Control', 'Super', 'Alt', 'Shift'] as const
type Modifier = (typeof MODIFIERS)[number]

/** Keys that write nothing, by the name that a page gives them. */
const NAMED: Readonly<Record<string, string>> = {
  ' ': 'Space',
  Tab: 'Tab',
  Enter: 'Enter',
  Escape: 'Escape',
  Backspace: 'Backspace',
  Delete: 'Delete',
  Insert: 'Insert',
  Home: 'Home',
  End: 'End',
  PageUp: 'PageUp',
  PageDown: 'PageDown',
  ArrowUp: 'Up',
  ArrowDown: 'Down',
  ArrowLeft: 'Left',
  ArrowRight: 'Right',
}

/** What the other keys write on a US keyboard, by their place. */
const PLACES: Readonly<Record<string, string>> = {
  Minus: '-',
  Equal: '=',
  BracketLeft: '[',
  BracketRight: ']',
  Semicolon: ';',
  Quote: "'",
  Backquote: '`',
  Backslash: '\\',
  Comma: ',',
  Period: '.',
  Slash: '/',
  Space: 'Space',
}

const KEYS: ReadonlySet<string> = new Set([
  ...Object.values(NAMED),
  ...Object.values(PLACES),
  ...Array.from({ length: 26 }, (_each, index) => String.fromCharCode(65 + index)),
  ...Array.from({ length: 10 }, (_each, index) => String(index)),
  ...Array.from({ length: 24 }, (_each, index) => `F${index + 1}`),
])

/**
 * What a key press can mean, the likeliest first; empty while only modifiers are held. A Latin letter counts as it is
 * written. Of a keyboard that writes another alphabet the place of the key counts, as on a US keyboard. A sign that needs
 * Shift, such as `/` on a German keyboard, also counts as that sign without Shift.
 *
 * @param isOtherAlphabet the keyboard writes no Latin letters: its signs lie elsewhere, and only places count first
 */
export function acceleratorsOf(press: Press, platform: Platform, isOtherAlphabet = false): Accelerator[] {
  const isMac = platform === 'darwin'
  const held: Record<Modifier, boolean> = {
    Mod: isMac ? press.metaKey : press.ctrlKey,
    Control: isMac && press.ctrlKey,
    Super: !isMac && press.metaKey,
    Alt: press.altKey,
    Shift: press.shiftKey,
  }
  const joined = (key: string, without?: Modifier): Accelerator =>
    [...MODIFIERS.filter((each) => held[each] && each !== without), key].join('+')

  const { key } = press
  const named = Object.hasOwn(NAMED, key) ? NAMED[key] : /^F\d{1,2}$/u.test(key) && KEYS.has(key) ? key : undefined
  if (named !== undefined) return [joined(named)]
  const place = placeOf(press.code)
  const isSign = key.length === 1 && key <= '~'
  // With Alt a Mac writes other signs, and a dead key writes none.
  if (!isSign || (isMac && press.altKey && !/^[a-z]$/iu.test(key))) return place === null ? [] : [joined(place)]
  const written = key.toUpperCase()
  const isLetter = /^[A-Z]$/u.test(written)
  if (isLetter || place === null) return KEYS.has(written) ? [joined(written)] : []
  if (!KEYS.has(written)) return [joined(place)]
  if (press.shiftKey) return place === written ? [joined(place)] : [joined(place), joined(written, 'Shift')]
  return isOtherAlphabet && place !== written ? [joined(place), joined(written)] : [joined(written)]
}

function placeOf(code: string): string | null {
  const letter = /^Key([A-Z])$/u.exec(code)?.[1] ?? /^(?:Digit|Numpad)(\d)$/u.exec(code)?.[1]
  if (letter !== undefined) return letter
  return Object.hasOwn(PLACES, code) ? (PLACES[code] ?? null) : null
}

/** Whether a press tells that the keyboard writes Latin letters, or another alphabet; null when it does not tell. */
export function alphabetOf({ key, code }: Pick<Press, 'key' | 'code'>): 'latin' | 'other' | null {
  if (!code.startsWith('Key') || key.length !== 1) return null
  return /^[a-z]$/iu.test(key) ? 'latin' : key > '\u007f' ? 'other' : null
}

/** Whether a text is an accelerator in its one form. */
export function isAccelerator(text: string): boolean {
  // The key may be `+` nowhere: it is written with Shift, or on the number pad.
  const parts = text.split('+')
  const key = parts.pop() ?? ''
  const modifiers = MODIFIERS.filter((each) => parts.includes(each))
  return KEYS.has(key) && modifiers.join('+') === parts.join('+')
}

/** Whether it may be given to an action: with Ctrl, Alt or ⌘, or a function key, or else it would keep a key from writing. */
export function isFreeToUse(accelerator: Accelerator): boolean {
  const parts = accelerator.split('+')
  const key = parts.at(-1) ?? ''
  if (key === 'Escape' || key === 'Tab') return false
  return /^F\d+$/u.test(key) || parts.some((part) => part === 'Mod' || part === 'Alt' || part === 'Control')
}

/** As Electron takes it. */
export function electronAccelerator(accelerator: Accelerator, platform: Platform): string {
  const names: Record<string, string> = { Mod: platform === 'darwin' ? 'Command' : 'Control', Enter: 'Return' }
  return accelerator
    .split('+')
    .map((part) => names[part] ?? part)
    .join('+')
}

/** Electron's form in ours; a text that is no accelerator comes back as it is, so that it can be shown. */
export function fromElectron(accelerator: string, platform: Platform): Accelerator {
  const isMac = platform === 'darwin'
  const names: Record<string, string> = {
    CommandOrControl: 'Mod',
    CmdOrCtrl: 'Mod',
    Command: isMac ? 'Mod' : 'Super',
    Cmd: isMac ? 'Mod' : 'Super',
    Super: isMac ? 'Mod' : 'Super',
    Meta: isMac ? 'Mod' : 'Super',
    Control: isMac ? 'Control' : 'Mod',
    Ctrl: isMac ? 'Control' : 'Mod',
    Option: 'Alt',
    Return: 'Enter',
  }
  const parts = accelerator.split('+').map((part) => (Object.hasOwn(names, part) ? (names[part] ?? part) : part))
  const key = parts.pop() ?? ''
  return [...MODIFIERS.filter((each) => parts.includes(each)), key].join('+')
}
