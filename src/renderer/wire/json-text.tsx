import { useMemo } from 'react'
import { useHighlight } from '../markdown/highlight'
import { chunkLines } from '../markdown/lines'
import '../markdown/markdown.css'

/** JSON in the inks of code, once its colours are known; as it is until then, and for ever when it is very long. */
export function JsonText({ text }: { text: string }) {
  const chunks = useMemo(() => chunkLines(text), [text])
  const colours = useHighlight(text, 'json')
  return chunks.map((chunk, index) => {
    const lines = colours?.[index]
    if (lines === undefined) return <span key={index}>{chunk}</span>
    return (
      <span key={index}>
        {lines.map((line, at) => (
          <span key={at}>
            {line.map((token, place) => (
              <span key={place} className={token.ink === null ? undefined : `md-syn-${token.ink}`}>
                {token.text}
              </span>
            ))}
            {at < lines.length - 1 || chunk.endsWith('\n') ? '\n' : ''}
          </span>
        ))}
      </span>
    )
  })
}
