import script from 'mermaid/dist/mermaid.min.js?url'

/** A drawn diagram: an image by its own address, which whoever asked revokes, and its size. */
export interface Drawing {
  url: string
  width: number
  height: number
}

export type DrawResult =
  | { kind: 'drawn'; drawing: Drawing }
  /** `line` is where it cannot be read, when that is known. */
  | { kind: 'failed'; reason: 'unreadable' | 'too-large' | 'too-slow'; line: number | null }

/** More is no diagram that anybody reads, and Mermaid's time grows with the square of it. */
const MAX_SOURCE = 50_000
const LIMIT_MS = 5000
const MAX_SVG = 8 * 1024 * 1024
const MAX_SIDE_PX = 8000

/**
 * Draws a diagram in a frame of its own: without an origin, under a policy that lets it fetch nothing, and in another
 * process, so that one that never ends is taken away after 5 s and holds up nobody. What comes back is shown as an image, in
 * which nothing runs and which loads nothing (S05, S07).
 *
 * @param signal takes the frame away
 */
export async function drawDiagram(text: string, signal: AbortSignal): Promise<DrawResult> {
  if (text.length > MAX_SOURCE) return failed('too-large')
  const frame = document.createElement('iframe')
  frame.setAttribute('sandbox', 'allow-scripts')
  frame.title = 'Diagram'
  frame.tabIndex = -1
  frame.setAttribute('aria-hidden', 'true')
  frame.className = 'md-diagram-frame'
  frame.src = new URL('diagram/frame.html', document.baseURI).href
  const listening = new AbortController()
  try {
    return await new Promise<DrawResult>((resolve) => {
      const timer = setTimeout(() => resolve(failed('too-slow')), LIMIT_MS)
      listening.signal.addEventListener('abort', () => clearTimeout(timer))
      signal.addEventListener('abort', () => resolve(failed('too-slow')), { signal: listening.signal })
      const hear = ({ source, data }: MessageEvent<unknown>): void => {
        // Only this frame: its origin is "null", as that of every other frame without one.
        if (source === null || source !== frame.contentWindow) return
        const said = readMessage(data)
        if (said?.kind === 'ready') {
          frame.contentWindow.postMessage({ script, text, theme: themeOf() }, '*')
        } else if (said !== null) resolve(said)
      }
      window.addEventListener('message', hear, { signal: listening.signal })
      document.body.append(frame)
    })
  } finally {
    listening.abort()
    frame.remove()
  }
}

function failed(reason: 'unreadable' | 'too-large' | 'too-slow', line: number | null = null): DrawResult {
  return { kind: 'failed', reason, line }
}

/** What the frame says; null for what it cannot have said. */
function readMessage(data: unknown): DrawResult | { kind: 'ready' } | null {
  if (typeof data !== 'object' || data === null) return null
  const fields = new Map<string, unknown>(Object.entries(data))
  const kind = fields.get('kind')
  if (kind === 'ready') return { kind }
  if (kind === 'failed') {
    const words = fields.get('words')
    const line = typeof words === 'string' ? /line (\d{1,5})/iu.exec(words)?.[1] : undefined
    return failed('unreadable', line === undefined ? null : Number(line))
  }
  const svg = fields.get('svg')
  const [width, height] = [fields.get('width'), fields.get('height')]
  if (kind !== 'drawn' || typeof svg !== 'string' || typeof width !== 'number' || typeof height !== 'number')
    return null
  const isShown = width > 0 && height > 0 && width <= MAX_SIDE_PX * 4 && height <= MAX_SIDE_PX * 4
  if (svg.length > MAX_SVG || !isShown) return failed('too-large')
  const url = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }))
  return { kind: 'drawn', drawing: { url, width: Math.ceil(width), height: Math.ceil(height) } }
}

/** Colours and letters of the page. The letters are the system's: an image knows no font of the page. */
function themeOf(): Record<string, string | boolean> {
  const style = getComputedStyle(document.documentElement)
  const ink = (name: string): string => style.getPropertyValue(`--${name}`).trim()
  return {
    darkMode: document.documentElement.dataset.theme === 'dark',
    background: ink('paper'),
    primaryColor: ink('bubble'),
    primaryTextColor: ink('ink-1'),
    primaryBorderColor: ink('field'),
    secondaryColor: ink('side'),
    tertiaryColor: ink('sunk'),
    lineColor: ink('ink-2'),
    textColor: ink('ink-1'),
    noteBkgColor: ink('sunk'),
    noteTextColor: ink('ink-1'),
    noteBorderColor: ink('line-2'),
    fontFamily: 'system-ui, sans-serif',
    fontSize: '14px',
  }
}
