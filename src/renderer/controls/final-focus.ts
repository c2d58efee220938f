import { createContext, use, type RefObject } from 'react'

/**
 * Where the focus goes when a menu or dialog closes. The chat provides its composer (DESIGN: "The composer has focus at
 * start and after each layer closes"); without a provider the element that opened the layer gets it back.
 */
export const FinalFocus = createContext<RefObject<HTMLElement | null> | null>(null)

/** Value for Base UI's `finalFocus`. */
export function useFinalFocus(): RefObject<HTMLElement | null> | true {
  return use(FinalFocus) ?? true
}

/**
 * Puts the focus there. For controls that go away when they are pressed, such as Continue: the keys that follow would else
 * be nobody's.
 */
export function useGiveFocus(): () => void {
  const place = use(FinalFocus)
  return () => place?.current?.focus()
}
