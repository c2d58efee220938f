import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Result } from '../../shared/errors'
import { Button } from '../controls/button'
import { tellError } from '../controls/tell-error'
import { useDates } from '../dates'
import { useFigures } from '../figures'
import { useSettings } from '../settings/data'
import { Row } from '../settings/row'
import { backUp, exportAll } from './state'

/** Back up: all chats into one file, and when that was last done. */
export function BackupRow() {
  const { t } = useTranslation()
  const figures = useFigures()
  const { day } = useDates()
  const { lastBackup: last } = useSettings()
  const { isBusy, run } = useRun(backUp)
  const help =
    last === null
      ? t('transfer:backup.help')
      : t('transfer:backup.last', { date: day(last.atMs), size: figures.bytes(last.bytes) })
  return (
    <Row name={t('transfer:backup.title')} help={help}>
      <Button isBusy={isBusy} onClick={() => void run()}>
        {t('transfer:backup.button')}
      </Button>
    </Row>
  )
}

/** Export all: every chat in the forms that people and other programs read. */
export function ExportAllRow() {
  const { t } = useTranslation()
  const { isBusy, run } = useRun(exportAll)
  return (
    <Row name={t('transfer:exportAll.title')} help={t('transfer:exportAll.help')}>
      <Button isBusy={isBusy} onClick={() => void run()}>
        {t('transfer:exportAll.button')}
      </Button>
    </Row>
  )
}

/** Runs one at a time; an error that nobody else tells is told. */
function useRun(task: () => Promise<Result<unknown>>): { isBusy: boolean; run: () => Promise<void> } {
  const [isBusy, setIsBusy] = useState(false)
  const run = async (): Promise<void> => {
    setIsBusy(true)
    const result = await task()
    setIsBusy(false)
    if (!result.ok) tellError(result.error)
  }
  return { isBusy, run }
}
