import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { RestorePlan } from '../../shared/contract'
import { Button } from '../controls/button'
import { Row } from '../settings/row'
import { useTellError } from '../wire/tell-error'
import { RestoreDialog } from './restore-dialog'

/** Restore and import: a file is picked and read, then a dialog says what it would change. */
export function RestoreRow({ onChange }: { onChange: () => void }) {
  const { t } = useTranslation()
  const tell = useTellError()
  const [isReading, setIsReading] = useState(false)
  const [plan, setPlan] = useState<RestorePlan | null>(null)
  const pick = async (): Promise<void> => {
    setIsReading(true)
    const result = await window.parley.request['library.planRestore']()
    setIsReading(false)
    if (!result.ok) tell(result.error)
    else setPlan(result.value)
  }
  return (
    <Row name={t('transfer:restore.title')} help={t('transfer:restore.help')}>
      <Button isBusy={isReading} onClick={() => void pick()}>
        {t('transfer:restore.button')}
      </Button>
      {plan !== null && (
        <RestoreDialog
          key={plan.planId}
          plan={plan}
          onClose={() => {
            setPlan(null)
            onChange()
          }}
        />
      )}
    </Row>
  )
}
