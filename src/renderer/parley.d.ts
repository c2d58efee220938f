import type { ParleyApi } from '../shared/contract'

declare global {
  interface Window {
    /** The one door to the main process, put there by the preload. */
    readonly parley: ParleyApi
  }
}
