import { Check, Copy } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { Button, type ButtonProps } from './button'
import { useCopied } from './copied'

export interface CopyButtonProps extends Pick<ButtonProps, 'size' | 'className' | 'aria-label'> {
  /** What is copied. */
  text: string
  /** "Copy" without it. */
  label?: string
}

/** Copies a text, and says so for 1.6 s. */
export function CopyButton({ text, label, ...rest }: CopyButtonProps) {
  const { t } = useTranslation()
  const [isCopied, copied] = useCopied()
  return (
    <Button
      variant="quiet"
      icon={isCopied ? Check : Copy}
      onClick={() => void navigator.clipboard.writeText(text).then(copied)}
      {...rest}
    >
      <span aria-live="polite">{isCopied ? t('common:copied') : (label ?? t('common:copy'))}</span>
    </Button>
  )
}
