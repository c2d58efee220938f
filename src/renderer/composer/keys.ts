import type { Settings } from '../../shared/settings'

/** What a key does in the composer; null leaves it to the field. */
export type ComposerAction = 'send' | 'stop-and-send' | 'edit-last' | 'take-back' | null

export interface ComposerKey {
  key: string
  keyCode: number
  isComposing: boolean
  shiftKey: boolean
  altKey: boolean
  ctrlKey: boolean
  metaKey: boolean
}

export interface ComposerMoment {
  sendKey: Settings['sendKey']
  isMac: boolean
  isRunning: boolean
  isEmpty: boolean
  hasQueued: boolean
}

/**
 * Reads a key. While an input method composes, every key is its own: the Enter that ends a word must not send (keyCode
 * 229 is how some of them say so).
 */
export function actionOf(event: ComposerKey, moment: ComposerMoment): ComposerAction {
  if (event.isComposing || event.keyCode === 229 || event.altKey) return null
  const isMod = moment.isMac ? event.metaKey : event.ctrlKey
  switch (event.key) {
    case 'Enter':
      return enterAction(event, isMod, moment)
    case 'ArrowUp':
      return moment.isEmpty && !isMod && !event.shiftKey ? 'edit-last' : null
    case 'Escape':
      return moment.hasQueued ? 'take-back' : null
    default:
      return null
  }
}

// With Mod+Enter as the sending key, Enter is a new line, and Shift is what makes it interrupt.
function enterAction({ shiftKey }: ComposerKey, isMod: boolean, moment: ComposerMoment): ComposerAction {
  const { sendKey, isRunning } = moment
  if (sendKey === 'enter') {
    if (!isMod) return shiftKey ? null : 'send'
    return isRunning ? 'stop-and-send' : 'send'
  }
  if (!isMod) return null
  return shiftKey && isRunning ? 'stop-and-send' : 'send'
}
