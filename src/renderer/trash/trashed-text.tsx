import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { TrashedConversation, TrashedMessages } from '../../shared/contract'
import { Button } from '../controls/button'
import { Dialog } from '../controls/dialog'

export interface TrashedTextProps {
  item: TrashedConversation
  title: string
  onPutBack: () => void
  onClose: () => void
}

/** The beginning of a deleted conversation as text, to see whether it is the one. */
export function TrashedText({ item: { file }, title, onPutBack, onClose }: TrashedTextProps) {
  const { t } = useTranslation()
  const [read, setRead] = useState<TrashedMessages | 'unreadable' | null>(null)
  /** The row beside the one that goes has the focus then. */
  const isPuttingBack = useRef(false)
  useEffect(() => {
    let isGone = false
    void window.parley.request['trash.read']({ file }).then((result) => {
      if (!isGone) setRead(result.ok ? result.value : 'unreadable')
    })
    return () => {
      isGone = true
    }
  }, [file])
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title={title}
      finalFocus={() => !isPuttingBack.current}
      className="w-140"
      actions={
        <>
          <Button onClick={onClose}>{t('common:close')}</Button>
          <Button
            variant="primary"
            onClick={() => {
              isPuttingBack.current = true
              onPutBack()
            }}
          >
            {t('chat:trash.putBack')}
          </Button>
        </>
      }
    >
      <div
        tabIndex={0}
        role="group"
        aria-label={title}
        className="focus-inset mt-3 max-h-[min(420px,50vh)] min-h-16 overflow-y-auto rounded-m border border-line px-4 py-2 select-text"
      >
        {read === 'unreadable' ? (
          <p className="py-2 text-ui text-ink-2">{t('chat:trash.unreadable')}</p>
        ) : (
          read !== null && (
            <>
              {read.messages.map(({ who, text }, index) => (
                <div key={index} className="py-2">
                  <p className="text-meta font-label text-ink-2">
                    {who === null ? (
                      t('transfer:document.you')
                    ) : (
                      <bdi>{who === '' ? t('transfer:document.answer') : who}</bdi>
                    )}
                  </p>
                  <p dir="auto" className="text-ui break-words whitespace-pre-wrap text-ink-1">
                    {text}
                  </p>
                </div>
              ))}
              {read.left > 0 && (
                <p className="py-2 text-meta text-ink-3">{t('chat:trash.more', { count: read.left })}</p>
              )}
            </>
          )
        )}
      </div>
    </Dialog>
  )
}
