import { create } from 'zustand'

export interface PaletteState {
  isOpen: boolean
  /** What it is opened with, and what was typed since, until its field is there. */
  text: string
  /** Enter was pressed before its field was there. */
  isEntered: boolean
  /** What had the focus before, and gets it back. */
  opener: HTMLElement | null
  /** Counts how often it was asked for: also while it is open it may be for another text. */
  rounds: number
}

function initialPaletteState(): PaletteState {
  return { isOpen: false, text: '', isEntered: false, opener: null, rounds: 0 }
}

export const usePalette = create<PaletteState>()(initialPaletteState)

export function togglePalette(): void {
  if (usePalette.getState().isOpen) closePalette()
  else openWith('')
}

const MAX_TEXT = 200

/** Looks for a text; of a long one its beginning. */
export function openPalette(text: string): void {
  openWith(text.replace(/\s+/gu, ' ').trim().slice(0, MAX_TEXT))
}

export function closePalette(): void {
  stopCarrying()
  usePalette.setState(initialPaletteState())
}

/** What was typed before the field was there; from now on the field gets its keys itself. */
export function takeCarried(): string {
  stopCarrying()
  return usePalette.getState().text
}

function openWith(text: string): void {
  const { isOpen, rounds } = usePalette.getState()
  if (isOpen) {
    usePalette.setState({ text, rounds: rounds + 1 })
    return
  }
  const focused = document.activeElement
  const opener = focused instanceof HTMLElement && focused !== document.body ? focused : null
  usePalette.setState({ isOpen: true, text, isEntered: false, opener })
  window.addEventListener('keydown', carry, true)
}

function stopCarrying(): void {
  window.removeEventListener('keydown', carry, true)
}

/** The first time, the code of the palette may still be on its way: what is typed meanwhile is meant for it. */
function carry(event: KeyboardEvent): void {
  // What an input method composes can only be taken by a field.
  if (event.isComposing || event.key === 'Process' || event.key === 'Dead') return
  const { text } = usePalette.getState()
  const isMod = event.ctrlKey || event.metaKey
  const isSign = [...event.key].length === 1
  // A sign that is written with AltGr comes as Ctrl and Alt on Windows. Other keys with Ctrl are those of the window.
  if (isMod && !event.getModifierState('AltGraph')) return
  event.preventDefault()
  event.stopImmediatePropagation()
  if (isSign) usePalette.setState({ text: text + event.key, isEntered: false })
  else if (event.key === 'Backspace') usePalette.setState({ text: [...text].slice(0, -1).join(''), isEntered: false })
  else if (event.key === 'Enter') usePalette.setState({ isEntered: true })
  else if (event.key === 'Escape') closePalette()
}
