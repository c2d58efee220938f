/** A key press, as far as a shortcut needs it. */
export interface PressedKey {
  key: string
  code: string
  ctrlKey: boolean
  metaKey: boolean
  altKey: boolean
  shiftKey: boolean
}

const NAMED: Record<string, string> = {
  Space: 'Space',
  Tab: 'Tab',
  Enter: 'Return',
  NumpadEnter: 'Return',
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
}

/**
 * The Electron accelerator of a key press; null while only modifiers are held, for keys that cannot be part of one,
 * and for combinations without Ctrl, Alt or ⌘, which would take a letter away from every other program.
 */
export function recordedAccelerator(pressed: PressedKey): string | null {
  const key = keyName(pressed.code)
  if (key === null) return null
  const isFunctionKey = /^F\d+$/u.test(key)
  if (!pressed.ctrlKey && !pressed.altKey && !pressed.metaKey && !isFunctionKey) return null
  const modifiers = [
    pressed.ctrlKey ? 'Control' : null,
    pressed.altKey ? 'Alt' : null,
    pressed.shiftKey ? 'Shift' : null,
    pressed.metaKey ? 'Super' : null,
  ].filter((name) => name !== null)
  return [...modifiers, key].join('+')
}

// The physical key, because a letter of another script is no accelerator: Ctrl+Shift+Й is Ctrl+Shift+Q.
function keyName(code: string): string | null {
  const letter = /^Key([A-Z])$/u.exec(code)?.[1]
  if (letter !== undefined) return letter
  const digit = /^(?:Digit|Numpad)(\d)$/u.exec(code)?.[1]
  if (digit !== undefined) return digit
  if (/^F([1-9]|1\d|2[0-4])$/u.test(code)) return code
  return Object.hasOwn(NAMED, code) ? (NAMED[code] ?? null) : null
}

/** The names of an accelerator's keys as the platform writes them, in order. */
export function keysOf(accelerator: string, platform: 'darwin' | 'win32' | 'linux'): string[] {
  const isMac = platform === 'darwin'
  const names: Record<string, string> = {
    Control: isMac ? 'Control' : 'Ctrl',
    Alt: isMac ? 'Option' : 'Alt',
    Super: isMac ? 'Command' : platform === 'win32' ? 'Win' : 'Super',
    Command: 'Command',
    CommandOrControl: isMac ? 'Command' : 'Ctrl',
    Return: 'Enter',
  }
  return accelerator.split('+').map((key) => (Object.hasOwn(names, key) ? (names[key] ?? key) : key))
}
