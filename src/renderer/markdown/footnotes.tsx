import { CornerLeftUp } from 'lucide-react'
import { createContext, use } from 'react'
import { useTranslation } from 'react-i18next'
import { IconButton } from '../controls/icon-button'
import { Blocks } from './block-view'
import type { Footnote } from '../../shared/markdown/reading'

interface Footnotes {
  /** Tells the footnotes of one answer from those of all others. */
  prefix: string
  footnotes: readonly Footnote[]
}

export const FootnotesContext = createContext<Footnotes>({ prefix: '', footnotes: [] })

/** The raised number of a footnote; its source as long as no text for it has come. */
export function FootnoteMark({ label, raw }: { label: string; raw: string }) {
  const { prefix, footnotes } = use(FootnotesContext)
  const { t } = useTranslation('common')
  const footnote = footnotes.find((each) => each.label === label)
  if (footnote === undefined) return raw
  return (
    <sup>
      <button
        type="button"
        id={`${prefix}mark${footnote.number}`}
        className="md-footnote-mark"
        aria-label={t('markdown.footnote', { number: footnote.number })}
        onClick={() => reveal(`${prefix}note${footnote.number}`)}
      >
        {footnote.number}
      </button>
    </sup>
  )
}

/** All footnotes of an answer, at its end. */
export function FootnoteList() {
  const { prefix, footnotes } = use(FootnotesContext)
  const { t } = useTranslation('common')
  if (footnotes.length === 0) return null
  return (
    <section className="md-footnotes" aria-label={t('markdown.footnotes')}>
      <ol>
        {footnotes.map((footnote) => (
          <li key={footnote.label} id={`${prefix}note${footnote.number}`} tabIndex={-1}>
            <div className="md-footnote">
              <div className="md-footnote-text">
                <Blocks blocks={footnote.blocks} />
              </div>
              <IconButton
                icon={CornerLeftUp}
                size={24}
                iconSize={14}
                label={t('markdown.backToText')}
                onClick={() => reveal(`${prefix}mark${footnote.number}`)}
              />
            </div>
          </li>
        ))}
      </ol>
    </section>
  )
}

function reveal(id: string): void {
  const target = document.getElementById(id)
  target?.scrollIntoView({ block: 'nearest' })
  target?.focus({ preventScroll: true })
}
