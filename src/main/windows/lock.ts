import type { Session, WebContents } from 'electron'
import { APP_ORIGIN, developmentPolicy, DIAGRAM_PATH, DIAGRAM_POLICY } from '../app-protocol'
import type { Logger } from '../logger'

/** What a page may do that Chromium asks about. Everything else is refused (S13). */
const PERMISSIONS: readonly string[] = ['clipboard-sanitized-write']

/**
 * Closes a session: no permission but one, no device, no download, and no request of a page to anywhere but itself. The
 * content security policy says the same; this holds even where a page has got round it.
 *
 * @param origins where our pages come from
 */
export function lockSession(session: Session, origins: readonly string[], logger: Logger): void {
  session.setPermissionCheckHandler(
    (_contents, permission, origin) => PERMISSIONS.includes(permission) && origins.includes(origin.replace(/\/$/u, '')),
  )
  session.setPermissionRequestHandler((_contents, permission, answer) => answer(PERMISSIONS.includes(permission)))
  session.setDevicePermissionHandler(() => false)
  session.on('will-download', (event) => event.preventDefault())
  // Nothing is checked until the settings are asked; see applySpelling().
  session.setSpellCheckerEnabled(false)
  const isOurs = (url: string): boolean => origins.some((origin) => url.startsWith(`${origin}/`))
  // Only these schemes reach the network or the disk; our own is not looked at, which would cost every request time.
  const filter = { urls: ['http://*/*', 'https://*/*', 'ws://*/*', 'wss://*/*', 'ftp://*/*', 'file://*/*'] }
  session.webRequest.onBeforeRequest(filter, ({ url, resourceType }, answer) => {
    const isAllowed = isOurs(url.replace(/^ws/u, 'http'))
    if (!isAllowed) logger.error('request of a page refused', { resourceType })
    answer({ cancel: !isAllowed })
  })
  const server = origins.find((origin) => origin.startsWith('http'))
  if (server === undefined) return
  session.webRequest.onHeadersReceived(({ url, responseHeaders }, answer) => {
    const policy = url === server + DIAGRAM_PATH ? DIAGRAM_POLICY : developmentPolicy(server)
    answer({ responseHeaders: { ...responseHeaders, 'content-security-policy': [policy] } })
  })
}

/** Keeps a page where it is: no navigation, no redirect, no new window, no webview (S11, S12, S14). */
export function lockContents(contents: WebContents, logger: Logger): void {
  const refuse = (what: string) => (event: { preventDefault: () => void }) => {
    logger.warn('page refused', { what })
    event.preventDefault()
  }
  contents.on('will-navigate', refuse('navigation'))
  contents.on('will-frame-navigate', (event) => {
    // The frame in which diagrams are drawn, loaded from where the page itself is from; it can go nowhere else.
    const isDiagram = !event.isMainFrame && originsOf(contents).some((origin) => event.url === origin + DIAGRAM_PATH)
    if (!isDiagram) refuse('frame navigation')(event)
  })
  contents.on('will-redirect', refuse('redirect'))
  contents.on('will-attach-webview', refuse('webview'))
  contents.setWindowOpenHandler(() => {
    logger.warn('page refused', { what: 'new window' })
    return { action: 'deny' }
  })
}

function originsOf(contents: WebContents): string[] {
  const page = contents.getURL()
  return [APP_ORIGIN, ...(page.startsWith('http://') ? [new URL(page).origin] : [])]
}
