import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '../controls/button'
import { keysOf, recordedAccelerator } from './accelerator'

export interface ShortcutRecorderProps {
  label: string
  accelerator: string
  isTaken: boolean
  onRecord: (accelerator: string) => void
}

/** Shows the shortcut as key caps; Record takes the next combination that can be one. */
export function ShortcutRecorder({ label, accelerator, isTaken, onRecord }: ShortcutRecorderProps) {
  const { t } = useTranslation()
  const [isRecording, setIsRecording] = useState(false)
  const field = useRef<HTMLDivElement>(null)

  useEffect(() => {
    if (isRecording) field.current?.focus()
  }, [isRecording])

  return (
    <div className="flex items-center gap-2">
      <div
        ref={field}
        tabIndex={isRecording ? 0 : -1}
        role="textbox"
        aria-readonly
        aria-label={isRecording ? t('settings:quickAsk.press') : `${label}: ${accelerator}`}
        className={`flex h-9 w-37 items-center justify-center gap-1.5 rounded-m border bg-raised text-ui -outline-offset-1 ${isTaken && !isRecording ? 'border-danger outline-2 outline-danger' : 'border-field'} ${isRecording ? 'outline-2 outline-accent' : ''}`}
        onBlur={() => setIsRecording(false)}
        onKeyDown={(event) => {
          if (!isRecording) return
          event.preventDefault()
          event.stopPropagation()
          if (event.key === 'Escape') {
            setIsRecording(false)
            return
          }
          const recorded = recordedAccelerator(event)
          if (recorded === null) return
          setIsRecording(false)
          onRecord(recorded)
        }}
      >
        {isRecording ? (
          <span className="text-ink-3">{t('settings:quickAsk.press')}</span>
        ) : (
          keysOf(accelerator, window.parley.platform).map((key) => (
            <span key={key} className="inline-flex h-5 items-center rounded-xs bg-bubble px-1.5 text-meta text-ink-1">
              {key}
            </span>
          ))
        )}
      </div>
      <Button className="min-h-9" onClick={() => setIsRecording(true)}>
        {t('settings:quickAsk.record')}
      </Button>
    </div>
  )
}
