import { CircleAlert } from 'lucide-react'
import { useEffect, useState, useSyncExternalStore } from 'react'
import { useTranslation } from 'react-i18next'
import { Icon } from '../controls/icon'
import { Ring } from '../controls/ring'
import { drawDiagram, type DrawResult } from './draw-diagram'

/** A diagram drawn from its code, as an image; or why that is not possible, in words. Drawn again in another theme. */
export function Diagram({ text }: { text: string }) {
  const { t } = useTranslation()
  const theme = useSyncExternalStore(listenToTheme, () => document.documentElement.dataset.theme ?? '')
  const [result, setResult] = useState<DrawResult | null>(null)
  useEffect(() => {
    const drawing = new AbortController()
    let url: string | null = null
    void drawDiagram(text, drawing.signal).then((drawn) => {
      if (drawn.kind === 'drawn') url = drawn.drawing.url
      if (!drawing.signal.aborted) setResult(drawn)
      else if (url !== null) URL.revokeObjectURL(url)
    })
    return () => {
      drawing.abort()
      if (url !== null) URL.revokeObjectURL(url)
    }
  }, [text, theme])
  if (result === null) {
    return (
      <p role="status" className="md-diagram-note">
        <Ring />
        {t('thread:diagram.drawing')}
      </p>
    )
  }
  if (result.kind === 'failed') {
    const { reason, line } = result
    return (
      <p role="alert" className="md-diagram-note text-danger">
        <Icon of={CircleAlert} size={14} />
        {reason === 'unreadable' && line !== null
          ? t('thread:diagram.unreadableAt', { line })
          : t(`thread:diagram.${FAILURES[reason]}`)}
      </p>
    )
  }
  const { url, width, height } = result.drawing
  return (
    <div className="md-diagram">
      <img
        src={url}
        alt={t('thread:diagram.name')}
        width={width}
        height={height}
        draggable={false}
        onError={() => setResult({ kind: 'failed', reason: 'unreadable', line: null })}
      />
    </div>
  )
}

const FAILURES = { unreadable: 'unreadable', 'too-large': 'tooLarge', 'too-slow': 'tooSlow' } as const

function listenToTheme(notify: () => void): () => void {
  const observer = new MutationObserver(notify)
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] })
  return () => observer.disconnect()
}
