import { randomUUID } from 'node:crypto'
import { BrowserWindow, session, type Session } from 'electron'
import { APP_ORIGIN } from '../app-protocol'
import type { Logger } from '../logger'
import { lockSession } from './lock'

/** Chromium fills these two in; styles of the document do not reach here. */
const FOOTER =
  '<div style="width:100%;text-align:center;font:8px system-ui,sans-serif;color:#6f6a60">' +
  '<span class="pageNumber"></span> / <span class="totalPages"></span></div>'

/** A document of this size takes seconds; one that has not come by then never will. */
const PRINT_LIMIT_MS = 120_000

/** What is being drawn, by its address. */
const documents = new Map<string, string>()
let printing: Session | null = null

/**
 * Makes a PDF of an HTML document. It is drawn in a window that nobody sees, in a session for nothing else: no script, no
 * preload, no network, no file; the addresses that answer are those of the documents themselves, which nobody could guess.
 * The gate does not know this window.
 *
 * @throws when Chromium cannot draw it
 */
export async function printToPdf(html: string, logger: Logger): Promise<Uint8Array> {
  printing ??= openSession(logger)
  const address = `${APP_ORIGIN}/${randomUUID()}.html`
  documents.set(address, html)
  const window = new BrowserWindow({
    show: false,
    webPreferences: {
      session: printing,
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
    await window.loadURL(address)
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
    documents.delete(address)
  }
}

// One for all of them: Electron keeps every session as long as it runs.
function openSession(logger: Logger): Session {
  // Without `persist:` it is in memory only.
  const locked = session.fromPartition('print', { cache: false })
  lockSession(locked, [APP_ORIGIN], logger)
  locked.protocol.handle('app', ({ url }) => {
    const html = documents.get(url)
    if (html === undefined) return new Response(null, { status: 404 })
    const headers = { 'content-type': 'text/html; charset=utf-8', 'x-content-type-options': 'nosniff' }
    return new Response(html, { headers })
  })
  return locked
}
