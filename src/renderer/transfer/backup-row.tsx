import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '../controls/button'
import { useFigures } from '../figures'
import { Row } from '../settings/row'
import { useTellError } from '../wire/tell-error'

/** Back up: all chats into one file. What came of it stands in place of the help. */
export function BackupRow() {
  const { t } = useTranslation()
  const { state, run } = useBackup()
  return (
    <Row name={t('transfer:backup.title')} help={<span role="status">{state.done ?? t('transfer:backup.help')}</span>}>
      <Button isBusy={state.isBusy} onClick={() => void run()}>
        {t('transfer:backup.button')}
      </Button>
    </Row>
  )
}

/** One backup at a time, and the sentence about the last one. */
export function useBackup(): { state: { isBusy: boolean; done: string | null }; run: () => Promise<void> } {
  const { t } = useTranslation()
  const figures = useFigures()
  const tell = useTellError()
  const [state, setState] = useState<{ isBusy: boolean; done: string | null }>({ isBusy: false, done: null })
  const run = async (): Promise<void> => {
    setState((now) => ({ ...now, isBusy: true }))
    const result = await window.parley.request['library.backUp']()
    const made = result.ok ? result.value : null
    setState((now) => ({
      isBusy: false,
      done:
        made === null
          ? now.done
          : t('transfer:backup.done', {
              count: made.conversations,
              file: made.fileName,
              size: figures.bytes(made.bytes),
            }),
    }))
    if (!result.ok) tell(result.error)
  }
  return { state, run }
}
