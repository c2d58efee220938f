import { contextBridge, ipcRenderer, webUtils, type IpcRendererEvent } from 'electron'
import { contract, type ParleyApi } from '../shared/contract'

/** One byte more than main takes, so that a larger file is refused there and never read whole here. */
const READ_BYTES = 20 * 1024 * 1024 + 1

const requests = Object.entries(contract)
  .filter(([, channel]) => channel.kind === 'request')
  .map(([name]) => [name, (payload: unknown): Promise<unknown> => ipcRenderer.invoke(name, payload)] as const)

const events = Object.entries(contract)
  .filter(([, channel]) => channel.kind === 'event')
  .map(
    ([name]) =>
      [
        name,
        (listener: (payload: unknown) => void) => {
          const forward = (_event: IpcRendererEvent, payload: unknown): void => listener(payload)
          ipcRenderer.on(name, forward)
          return () => void ipcRenderer.off(name, forward)
        },
      ] as const,
  )

// A path comes from the file the system handed over; a File that a page made up has none, and its bytes go instead.
const attach: ParleyApi['attach'] = async (files, temporary) => {
  const read = [...files].map(async (file) => {
    const path = webUtils.getPathForFile(file as File)
    if (path !== '') return { name: file.name, path }
    return { name: file.name, bytes: new Uint8Array(await (file as File).slice(0, READ_BYTES).arrayBuffer()) }
  })
  return ipcRenderer.invoke('attachment.add', { files: await Promise.all(read), temporary }) as ReturnType<
    ParleyApi['attach']
  >
}

const api = {
  platform: process.platform,
  // For the page's looks only: what a window may ask for is decided in main, by the window.
  role: { '/quick-ask.html': 'quick-ask', '/capture.html': 'capture' }[location.pathname] ?? 'main',
  request: Object.freeze(Object.fromEntries(requests)),
  on: Object.freeze(Object.fromEntries(events)),
  attach,
}

contextBridge.exposeInMainWorld('parley', Object.freeze(api))
