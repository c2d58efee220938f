import { useTranslation } from 'react-i18next'
import { Button } from '../controls/button'
import { Row } from '../settings/row'
import { useRestore } from './use-restore'

/** Restore and import, on the page of the settings. */
export function RestoreRow() {
  const { t } = useTranslation()
  const { isReading, pick } = useRestore()
  return (
    <Row name={t('transfer:restore.title')} help={t('transfer:restore.help')}>
      <Button isBusy={isReading} onClick={() => void pick()}>
        {t('transfer:restore.button')}
      </Button>
    </Row>
  )
}
