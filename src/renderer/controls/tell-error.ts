import { describe, type AppError } from '../../shared/errors'
import { showToast } from './toast'

/** Says in a toast why something did not work. */
export function tellError(error: AppError): void {
  showToast({
    text: (t) => {
      const { title, detail } = describe(error, t)
      return `${title}. ${detail}`
    },
  })
}

/** Says so when something that was begun does not work. */
export function tellFailure(action: Promise<AppError | null>): void {
  void action.then((error) => error !== null && tellError(error))
}
