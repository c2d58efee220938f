import { useId, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '../controls/button'
import { Dialog } from '../controls/dialog'
import { TextField } from '../controls/text-field'
import { tellError } from '../controls/tell-error'
import { exportAll } from './state'

/** The last thing on the page: a dialog with a word to type, and an export as the other way out. */
export function DeleteEverything() {
  const { t } = useTranslation()
  const [isAsked, setIsAsked] = useState(false)
  return (
    <section
      data-setting={t('transfer:delete.title')}
      className="flex flex-wrap items-center justify-between gap-x-6 gap-y-3 rounded-l border border-danger/50 px-4 py-3.5 data-wanted:bg-mark data-wanted:[&_p]:text-ink-1"
    >
      <div className="min-w-48 flex-1">
        <h2 className="text-ui font-label text-ink-1">{t('transfer:delete.title')}</h2>
        <p className="mt-0.5 text-meta text-ink-3">{t('transfer:delete.help')}</p>
      </div>
      <Button variant="danger" onClick={() => setIsAsked(true)}>
        {t('transfer:delete.button')}
      </Button>
      {isAsked && <DeleteDialog onClose={() => setIsAsked(false)} />}
    </section>
  )
}

function DeleteDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation()
  const [typed, setTyped] = useState('')
  const [isDeleting, setIsDeleting] = useState(false)
  const fieldId = useId()
  const word = t('transfer:delete.word')
  const isMeant = typed.trim().toLowerCase() === word.toLowerCase()
  /** The other way out: this question goes, and can be asked again. */
  const exportFirst = async (): Promise<void> => {
    onClose()
    const result = await exportAll()
    if (!result.ok) tellError(result.error)
  }
  const erase = async (): Promise<void> => {
    setIsDeleting(true)
    // When it has worked nobody is left to hear it: Parley starts anew.
    const result = await window.parley.request['app.deleteEverything']()
    setIsDeleting(false)
    if (!result.ok) tellError(result.error)
  }
  return (
    <Dialog
      isOpen
      onClose={onClose}
      isSticky={isDeleting}
      title={t('transfer:delete.question')}
      description={t('transfer:delete.help')}
      actions={
        <>
          <Button className="me-auto" isDisabled={isDeleting} onClick={() => void exportFirst()}>
            {t('transfer:delete.first')}
          </Button>
          <Button onClick={onClose}>{t('common:cancel')}</Button>
          <Button variant="danger" isDisabled={!isMeant} isBusy={isDeleting} onClick={() => void erase()}>
            {t('transfer:delete.confirm')}
          </Button>
        </>
      }
    >
      <p className="mt-3 text-ui text-ink-1">{t('transfer:delete.detail')}</p>
      <label htmlFor={fieldId} className="mt-4 mb-1.5 block text-meta text-ink-2">
        {t('transfer:delete.type', { word })}
      </label>
      <TextField id={fieldId} value={typed} onValueChange={setTyped} autoComplete="off" />
    </Dialog>
  )
}
