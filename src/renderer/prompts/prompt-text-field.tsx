import { useId, useLayoutEffect, useRef, useState } from 'react'
import { MAX_PROMPT_TEXT, variablePlaces } from '../../shared/prompts'
import { FieldNote } from '../controls/text-field'
import { MarkedText } from './marked-text'
import { replaceText } from './replace-text'

const TYPE = 'px-3.5 py-2.5 text-[15px] leading-[28px]'

export interface PromptTextFieldProps {
  id: string
  value: string
  help: string
  onChange: (text: string) => void
}

/** The text of a prompt with its variables marked; a brace makes one. */
export function PromptTextField({ id, value, help, onChange }: PromptTextFieldProps) {
  const field = useRef<HTMLTextAreaElement>(null)
  const noteId = useId()
  const [scrollTop, setScrollTop] = useState(0)
  const [widthPx, setWidthPx] = useState<number | null>(null)
  useLayoutEffect(() => {
    if (field.current === null) return
    const { current } = field
    const measure = (): void => setWidthPx(current.clientWidth)
    const observer = new ResizeObserver(measure)
    observer.observe(current)
    return () => observer.disconnect()
  }, [])
  return (
    <div>
      <div className="relative rounded-m border border-field bg-raised transition-colors -outline-offset-1 focus-within:outline-2 focus-within:outline-focus hover:border-ink-2">
        <MarkedText
          text={value}
          scrollTop={scrollTop}
          widthPx={widthPx}
          className={`${TYPE} text-ink-1`}
          marks={variablePlaces(value).map(({ from, to }) => ({ from, to, look: 'filled', hasBraces: true }))}
        />
        <textarea
          ref={field}
          id={id}
          dir="auto"
          value={value}
          maxLength={MAX_PROMPT_TEXT}
          aria-describedby={noteId}
          className={`relative block max-h-100 min-h-36 w-full resize-none [field-sizing:content] bg-transparent text-transparent caret-accent outline-none selection:text-ink-1 forced-colors:text-[FieldText] ${TYPE}`}
          onChange={(event) => onChange(event.currentTarget.value)}
          onScroll={(event) => setScrollTop(event.currentTarget.scrollTop)}
          onKeyDown={(event) => {
            if (event.nativeEvent.isComposing) return
            const { selectionStart: from, selectionEnd: to } = event.currentTarget
            if (event.key === '{') {
              event.preventDefault()
              const chosen = value.slice(from, to)
              replaceText(event.currentTarget, from, to, `{${chosen}}`)
              event.currentTarget.setSelectionRange(from + 1, from + 1 + chosen.length)
            } else if (event.key === '}' && from === to && value[from] === '}') {
              event.preventDefault()
              event.currentTarget.setSelectionRange(from + 1, from + 1)
            }
          }}
        />
      </div>
      <FieldNote id={noteId} error={null} help={help} />
    </div>
  )
}
