import { createContext, use } from 'react'

/** Asks main to open an address of the web in the person's browser. What comes of it, main tells the person. */
export type OpenLink = (url: string) => void

function askMain(url: string): void {
  void window.parley.request['link.open']({ url })
}

export const OpenLinkContext = createContext<OpenLink>(askMain)

export function useOpenLink(): OpenLink {
  return use(OpenLinkContext)
}
