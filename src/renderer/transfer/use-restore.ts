import { useState } from 'react'
import { planRestore } from './state'
import { tellError } from '../controls/tell-error'

/** Restore and import: a file is picked and read; what it would change is then said by TransferDialog, wherever the person is. */
export function useRestore(): { isReading: boolean; pick: () => Promise<void> } {
  const [isReading, setIsReading] = useState(false)
  const pick = async (): Promise<void> => {
    setIsReading(true)
    const result = await planRestore()
    setIsReading(false)
    if (!result.ok) tellError(result.error)
  }
  return { isReading, pick }
}
