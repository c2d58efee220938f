import { useEffect, useState } from 'react'
import { tokenizer, type HighlightedLine, type LineState } from './colours'
import { languages } from './languages'
import { chunkLines } from './lines'

/** Beyond this, code stays plain: a grammar needs about 0.4 s for a thousand lines (platform.md section 3). */
const MAX_LENGTH = 60_000

/** Per chunk of `chunkLines`, as far as they are known. */
export type HighlightedChunks = readonly (readonly HighlightedLine[])[]

/**
 * The colours of a code. They come chunk by chunk in idle time, and never for a language without a grammar here.
 *
 * @param text null while the code is not whole
 */
export function useHighlight(text: string | null, language: string): HighlightedChunks | null {
  const [result, setResult] = useState<{ text: string; chunks: HighlightedChunks } | null>(null)
  useEffect(() => {
    if (text === null || text.length > MAX_LENGTH || !Object.hasOwn(languages, language)) return undefined
    const abort = new AbortController()
    void highlight(text, language, abort.signal, (chunks) => setResult({ text, chunks }))
    return () => abort.abort()
  }, [text, language])
  return result !== null && result.text === text ? result.chunks : null
}

/** Colours a code in idle time and reports each chunk; ends early, with what it has, when `signal` says so. */
export async function highlight(
  text: string,
  language: string,
  signal: AbortSignal,
  report: (chunks: HighlightedChunks) => void,
): Promise<void> {
  if (!(await idle(signal))) return
  const tokenize = await tokenizer(language)
  if (tokenize === null) return
  const done: HighlightedLine[][] = []
  let state: LineState | null = null
  for (const chunk of chunkLines(text)) {
    // Fifty lines take about 20 ms: all of a long code at once would hold up the page for half a second.
    if (!(await idle(signal))) return
    const lines: HighlightedLine[] = []
    for (const line of (chunk.endsWith('\n') ? chunk.slice(0, -1) : chunk).split('\n')) {
      let result = tokenize(line, state)
      while (result === null) {
        if (!(await idle(signal))) return
        result = tokenize(line, state)
      }
      lines.push(result.line)
      state = result.state
    }
    done.push(lines)
    report([...done])
  }
}

/** Waits for idle time. Whether the work is still wanted then. */
function idle(signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    requestIdleCallback(() => resolve(!signal.aborted), { timeout: 1_000 })
  })
}
