import { BrowserWindow, session } from 'electron'
import { APP_ORIGIN } from '../app-protocol'
import type { Logger } from '../logger'
import { lockSession } from './lock'

/** Chromium fills these two in; styles of the document do not reach here. */
const FOOTER =
  '<div style="width:100%;text-align:center;font:8px system-ui,sans-serif;color:#6f6a60">' +
  '<span class="pageNumber"></span> / <span class="totalPages"></span></div>'

/** A document of this size takes seconds; one that has not come by then never will. */
const PRINT_LIMIT_MS = 120_000
const DOCUMENT_URL = `${APP_ORIGIN}/document.html`

let documents = 0

/**
 * Makes a PDF of an HTML document. It is drawn in a window that nobody sees, in a session of its own that ends with it: no
 * script, no preload, no network, no file; the one address that answers is the document itself. The gate does not know
 * this window.
 *
 * @throws when Chromium cannot draw it
 */
export async function printToPdf(html: string, logger: Logger): Promise<Uint8Array> {
  documents += 1
  // Without `persist:` it is in memory only.
  const locked = session.fromPartition(`print-${documents}`, { cache: false })
  lockSession(locked, [APP_ORIGIN], logger)
  locked.protocol.handle('app', ({ url }) =>
    url === DOCUMENT_URL
      ? new Response(html, {
          headers: { 'content-type': 'text/html; charset=utf-8', 'x-content-type-options': 'nosniff' },
        })
      : new Response(null, { status: 404 }),
  )
  const window = new BrowserWindow({
    show: false,
    webPreferences: {
      session: locked,
      javascript: false,
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      allowRunningInsecureContent: false,
      webviewTag: false,
      navigateOnDragDrop: false,
      spellcheck: false,
      devTools: false,
    },
  })
  const timer = setTimeout(() => window.destroy(), PRINT_LIMIT_MS)
  try {
    await window.loadURL(DOCUMENT_URL)
    return await window.webContents.printToPDF({
      printBackground: true,
      pageSize: 'A4',
      displayHeaderFooter: true,
      headerTemplate: '<span></span>',
      footerTemplate: FOOTER,
      // In inches: room for the footer, and what a binder takes.
      margins: { top: 0.7, bottom: 0.8, left: 0.75, right: 0.75 },
    })
  } finally {
    clearTimeout(timer)
    window.destroy()
    locked.protocol.unhandle('app')
  }
}
