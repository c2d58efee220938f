import { useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { endRenaming } from '../store/conversations'
import { tellFailure } from '../controls/tell-error'

export interface TitleFieldProps {
  title: string
  className: string
  /** After Enter or Esc, when the field leaves the focus nowhere. */
  onKeyEnd?: () => void
}

/** A title under edit, in place. Enter and leaving it keep what was written, Esc keeps what was there. */
export function TitleField({ title, className, onKeyEnd }: TitleFieldProps) {
  const { t } = useTranslation()
  const field = useRef<HTMLInputElement>(null)
  const isOver = useRef(false)
  const end = (value: string | null): void => {
    if (isOver.current) return
    isOver.current = true
    tellFailure(endRenaming(value))
  }

  useEffect(() => {
    isOver.current = false
    field.current?.focus()
    field.current?.select()
  }, [])

  return (
    <input
      ref={field}
      type="text"
      defaultValue={title}
      maxLength={200}
      dir="auto"
      aria-label={t('chat:sidebar.renameLabel')}
      className={`drag-none min-w-0 bg-raised text-ui text-ink-1 outline-2 -outline-offset-2 outline-focus ${className}`}
      onBlur={(event) => end(event.currentTarget.value)}
      onKeyDown={(event) => {
        // The list must not take arrows and Delete, and an input method's Enter only ends its word.
        event.stopPropagation()
        if (event.nativeEvent.isComposing) return
        if (event.key !== 'Enter' && event.key !== 'Escape') return
        event.preventDefault()
        end(event.key === 'Enter' ? event.currentTarget.value : null)
        onKeyEnd?.()
      }}
    />
  )
}
