/** The window in which a region of the screen is chosen, for whoever looks at it and not at what is taken. */
import type { Page } from 'playwright-core'
import { eventually } from '../support/eventually'
import type { RunningApp } from './app'
import { shows } from './chat'

/** What is under our windows: a display with nothing on it counts as a refusal of the system. */
const GROUND =
  '<body style="margin:0;background:linear-gradient(120deg,#2f6f8f,#e8e4d8);font:26px/1.7 sans-serif"><p style="margin:15% 20%;padding:40px;background:#fff">proxy_buffering off;<br>proxy_cache off;<br>proxy_read_timeout 3600s;'
const GROUND_TITLE = 'ground'
const OVERLAY = 'app://local/capture.html'

/** Lays a window over the screen that is none of ours; the function takes it away. */
export async function layGround({ electron }: RunningApp): Promise<() => Promise<void>> {
  await electron.evaluate(
    async ({ BrowserWindow, screen }, [page, title]) => {
      const ground = new BrowserWindow({ ...screen.getPrimaryDisplay().bounds, frame: false, show: false })
      await ground.loadURL(`data:text/html,${encodeURIComponent(`<title>${title}</title>${page}`)}`)
      ground.showInactive()
    },
    [GROUND, GROUND_TITLE] as const,
  )
  return () =>
    electron.evaluate(({ BrowserWindow }, title) => {
      for (const window of BrowserWindow.getAllWindows()) if (window.getTitle() === title) window.destroy()
    }, GROUND_TITLE)
}

/** Begins to take a region, and waits until the overlay is seen and has the keys. */
export async function openOverlay(app: RunningApp): Promise<Page> {
  const { electron } = app
  await app.window.evaluate(() => void window.parley.request['capture.take']({ temporary: null }))
  const overlay = await eventually(
    () => electron.windows().find((each) => each.url() === OVERLAY && !each.isClosed()) ?? null,
    (page) => page !== null,
    'an overlay',
  )
  if (overlay === null) throw new Error('no overlay')
  // In whichever language.
  await shows(overlay.getByRole('main').getByText('Esc', { exact: true }))
  await eventually(() => overlay.evaluate(() => document.hasFocus()), Boolean, 'the keys')
  return overlay
}

/** Leaves it, and waits until the main window is back. */
export async function leaveOverlay({ electron }: RunningApp, overlay: Page): Promise<void> {
  // The page ends with the press.
  await overlay.keyboard.press('Escape').catch(() => undefined)
  await eventually(
    () =>
      electron.evaluate(({ BrowserWindow }) => {
        const at = (page: string) =>
          BrowserWindow.getAllWindows().find((each) => each.webContents.getURL().includes(page))
        return at('capture.html') === undefined && at('index.html')?.isVisible() === true
      }),
    Boolean,
    'the main window',
  )
}
