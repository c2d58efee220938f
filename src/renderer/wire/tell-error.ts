import { describe, type AppError } from '../../shared/errors'
import { showToast } from '../controls/toast'

/** Says in a toast why something did not work. */
function tellError(error: AppError): void {
  showToast({
    text: (t) => {
      const { title, detail } = describe(error, t)
      return `${title}. ${detail}`
    },
  })
}

/** The function that does it, for components that hand it on. */
export function useTellError(): (error: AppError) => void {
  return tellError
}
