import { useCallback } from 'react'
import { useTranslation } from 'react-i18next'
import { describe, type AppError, type ErrorText } from '../../shared/errors'

/** The words for an error in the language on show. */
export function useErrorText(): (error: AppError) => ErrorText {
  const { t } = useTranslation()
  return useCallback((error: AppError) => describe(error, (key, values) => t(key, values ?? {})), [t])
}
