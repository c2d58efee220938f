import { useTranslation } from 'react-i18next'
import { describe, type AppError } from '../../shared/errors'
import { showToast } from '../controls/toast'

/** Says in a toast why something in the wire view did not work. */
export function useTellError(): (error: AppError) => void {
  const { t } = useTranslation()
  return (error) => {
    const { title, detail } = describe(error, (key, values) => t(key, values ?? {}))
    showToast({ text: `${title}. ${detail}` })
  }
}
