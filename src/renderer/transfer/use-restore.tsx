import { useState, type ReactNode } from 'react'
import type { RestorePlan } from '../../shared/contract'
import { useTellError } from '../wire/tell-error'
import { planRestore } from './state'
import { RestoreDialog } from './restore-dialog'

/**
 * Restore and import: a file is picked and read, then a dialog says what it would change.
 *
 * @param onEnd is told when the dialog has gone
 */
export function useRestore(onEnd: () => void): { isReading: boolean; pick: () => Promise<void>; dialog: ReactNode } {
  const tell = useTellError()
  const [isReading, setIsReading] = useState(false)
  const [plan, setPlan] = useState<RestorePlan | null>(null)
  const pick = async (): Promise<void> => {
    setIsReading(true)
    const result = await planRestore()
    setIsReading(false)
    if (!result.ok) tell(result.error)
    else setPlan(result.value)
  }
  const dialog = plan !== null && (
    <RestoreDialog
      key={plan.planId}
      plan={plan}
      onClose={() => {
        setPlan(null)
        onEnd()
      }}
    />
  )
  return { isReading, pick, dialog }
}
