import { Check, Code, Copy, Workflow } from 'lucide-react'
import { lazy, memo, Suspense, useCallback, useEffect, useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Icon } from '../controls/icon'
import { Dot } from './dot'
import type { HighlightedLine } from './colours'
import { useHighlight } from './highlight'
import { chunkLines } from './lines'
import { Scroller } from './scroller'

const COPIED_FOR_MS = 1_600

// Drawing takes a program of its own, larger than all else here: loaded when somebody asks for it.
const Diagram = lazy(async () => ({ default: (await import('./diagram')).Diagram }))

export interface CodeBlockProps {
  text: string
  /** As the answer named it; empty when it did not. */
  language: string
  /** More lines are to come: colour waits until the block is whole. */
  isOpen: boolean
  hasDot: boolean
}

/** Code with its language and a way to copy it. */
export function CodeBlock({ text, language, isOpen, hasDot }: CodeBlockProps) {
  const { t } = useTranslation('common')
  const chunks = useMemo(() => chunkLines(text), [text])
  const [isSeen, setIsSeen] = useState(false)
  // Far from the window the colours are kept, but not in the page: they are most of its elements.
  const [isColoured, setIsColoured] = useState(false)
  const see = useCallback((isNear: boolean) => {
    if (isNear) setIsSeen(true)
    // What somebody selects may begin far from the window, in text that must not be made anew.
    if (isNear || !isAnythingSelected()) setIsColoured(isNear)
  }, [])
  // One that is being written cannot be drawn yet.
  const isDiagram = !isOpen && language === 'mermaid'
  const [isDrawn, setIsDrawn] = useState(false)
  const highlighted = useHighlight(isOpen || !isSeen ? null : text, language)
  return (
    <figure className="md-figure" dir="ltr" aria-label={language === '' ? t('markdown.code') : language}>
      <figcaption className="md-figure-head">
        <span className="md-language">{language === '' ? t('markdown.code') : language}</span>
        <span className="md-figure-tools">
          {isDiagram && (
            <button type="button" className="md-copy" onClick={() => setIsDrawn(!isDrawn)}>
              <Icon of={isDrawn ? Code : Workflow} size={14} />
              <span>{t(isDrawn ? 'thread:diagram.code' : 'thread:diagram.show')}</span>
            </button>
          )}
          <CopyCode text={text} />
        </span>
      </figcaption>
      {isDiagram && isDrawn && (
        <Suspense fallback={null}>
          <Diagram text={text} />
        </Suspense>
      )}
      <Scroller className="md-pre" onNear={see}>
        <pre>
          <code>
            {chunks.map((lines, index) => (
              <Chunk
                key={index}
                text={lines}
                colours={isColoured ? highlighted?.[index] : undefined}
                hasDot={hasDot && index === chunks.length - 1}
              />
            ))}
          </code>
        </pre>
      </Scroller>
    </figure>
  )
}

let isSelected: boolean | null = null

/** Whether words are selected. The selection itself is asked only when it changes: to answer it lays the page out. */
function isAnythingSelected(): boolean {
  if (isSelected === null) {
    const look = (): void => void (isSelected = getSelection()?.isCollapsed === false)
    look()
    document.addEventListener('selectionchange', look)
  }
  return isSelected === true
}

interface ChunkProps {
  text: string
  colours: readonly HighlightedLine[] | undefined
  hasDot: boolean
}

const Chunk = memo(function Chunk({ text, colours, hasDot }: ChunkProps) {
  return (
    <span className="md-lines">
      {colours === undefined
        ? text
        : colours.map((line, index) => (
            <span key={index}>
              {line.map((token, at) =>
                token.ink === null ? (
                  token.text
                ) : (
                  <span key={at} className={`md-syn-${token.ink}`}>
                    {token.text}
                  </span>
                ),
              )}
              {'\n'}
            </span>
          ))}
      {hasDot && <Dot />}
    </span>
  )
})

function CopyCode({ text }: { text: string }) {
  const { t } = useTranslation('common')
  const [isCopied, setIsCopied] = useState(false)
  useEffect(() => {
    if (!isCopied) return undefined
    const timer = setTimeout(() => setIsCopied(false), COPIED_FOR_MS)
    return () => clearTimeout(timer)
  }, [isCopied])
  const copy = async () => {
    await navigator.clipboard.writeText(text)
    setIsCopied(true)
  }
  return (
    <button type="button" className="md-copy" onClick={() => void copy()}>
      <Icon of={isCopied ? Check : Copy} size={14} />
      <span aria-live="polite">{t(isCopied ? 'copied' : 'copy')}</span>
    </button>
  )
}
