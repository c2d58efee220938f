import { CircleAlert } from 'lucide-react'
import { useId, type ComponentPropsWithRef, type ReactNode } from 'react'
import { Icon } from './icon'
import { Ring } from './ring'

export interface TextFieldProps extends Omit<ComponentPropsWithRef<'input'>, 'value' | 'onChange' | 'disabled'> {
  value: string
  onValueChange: (value: string) => void
  /** Accessible name where no visible `<label htmlFor>` names the field. */
  label?: string
  /** A sentence beneath, in danger; the edge turns with it. */
  error?: string | null
  /** The edge alone, where a `<FieldNote>` of the caller says why. */
  isInvalid?: boolean
  /** A sentence beneath, while there is no error. */
  help?: ReactNode
  isBusy?: boolean
  isDisabled?: boolean
  /** Addresses, keys and headers are set in the code font. */
  isCode?: boolean
  /** Classes of the field itself; `className` is for the outer box. */
  fieldClassName?: string
}

/** One line of text, 36 px high. */
export function TextField({
  value,
  onValueChange,
  label,
  error = null,
  isInvalid = false,
  help,
  isBusy = false,
  isDisabled = false,
  isCode = false,
  className = '',
  fieldClassName = '',
  ...rest
}: TextFieldProps) {
  const noteId = useId()
  const hasNote = error !== null || help !== undefined
  return (
    <div className={`min-w-0 ${className}`}>
      <div className="relative">
        <input
          type="text"
          // Addresses and keys go from left to right in every language.
          dir={isCode ? 'ltr' : undefined}
          value={value}
          onChange={(event) => onValueChange(event.currentTarget.value)}
          className={`h-9 w-full rounded-m border border-field bg-raised px-3 text-ui text-ellipsis text-ink-1 transition-colors hover:border-ink-2 focus:outline-2 focus:-outline-offset-1 focus:outline-focus disabled:border-line disabled:bg-transparent disabled:text-ink-3 aria-invalid:outline-2 aria-invalid:-outline-offset-1 aria-invalid:outline-danger ${isCode ? 'font-code [font-variant-ligatures:none]' : ''} ${isBusy ? 'pe-9' : ''} ${fieldClassName}`}
          aria-label={label}
          aria-invalid={isInvalid || error !== null || undefined}
          aria-describedby={hasNote ? noteId : undefined}
          disabled={isDisabled}
          {...rest}
        />
        {isBusy && <Ring className="absolute inset-e-3 top-1/2 -mt-1.75 text-ink-2" />}
      </div>
      {hasNote && <FieldNote id={noteId} error={error} help={help} />}
    </div>
  )
}

/** The sentence beneath a field: its error with an icon, else its help. Name it in `aria-describedby`. */
export function FieldNote({ id, error, help }: { id: string; error: string | null; help: ReactNode }) {
  if (error === null) {
    return (
      <p id={id} className="mt-1.5 text-meta text-ink-3">
        {help}
      </p>
    )
  }
  return (
    <p id={id} className="mt-1.5 flex gap-1.5 text-meta text-danger">
      <Icon of={CircleAlert} size={14} className="mt-px" />
      <span className="min-w-0 break-words" role="alert">
        {error}
      </span>
    </p>
  )
}
