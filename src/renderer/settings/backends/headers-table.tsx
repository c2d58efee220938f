import { Plus, X } from 'lucide-react'
import { useId, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { AppError } from '../../../shared/errors'
import type { BackendHeader, SecretState } from '../../../shared/settings'
import { Button } from '../../controls/button'
import { IconButton } from '../../controls/icon-button'
import { Switch } from '../../controls/switch'
import { tellError } from '../../controls/tell-error'
import { useErrorText } from '../error-text'
import { TableFrame } from '../table-frame'
import { SecretCell, SecretNote, type SecretPlace } from './secret-field'

export interface HeadersTableProps {
  backendId: string
  headers: BackendHeader[]
  secrets: Record<string, SecretState>
  place: SecretPlace
  /** The refusal of the last save, if it was for a header. */
  error: AppError | null
  onChange: (headers: BackendHeader[]) => void
  /** Saves the present profile at once; a secret can only be stored for a header that main knows. */
  onFlush: () => Promise<unknown>
}

const CELL =
  'h-9 w-full min-w-0 bg-transparent px-3.5 font-code text-code text-ink-1 [font-variant-ligatures:none] -outline-offset-2 focus:outline-2 focus:outline-focus aria-invalid:outline-2 aria-invalid:outline-danger'

/** Name, value, whether the value is secret. A row without a name is not saved and not sent. */
export function HeadersTable({ backendId, headers, secrets, place, error, onChange, onFlush }: HeadersTableProps) {
  const { t } = useTranslation()
  const errorText = useErrorText()
  const noteId = useId()
  const addButton = useRef<HTMLButtonElement>(null)
  /** Its name is what is typed next. */
  const [added, setAdded] = useState<string | null>(null)
  const replace = (header: BackendHeader) => onChange(headers.map((each) => (each.id === header.id ? header : each)))
  const refused = error?.code === 'bad-header' ? error.name : null

  const setSecret = async (header: BackendHeader, isSecret: boolean) => {
    // Turning Secret off clears the value: it cannot come back out to be shown.
    replace({ ...header, isSecret, value: '' })
    const name = { backendId, field: 'header', headerId: header.id } as const
    if (!isSecret) {
      await window.parley.request['backend.clearSecret'](name)
      return
    }
    await onFlush()
    if (header.value !== '') {
      const result = await window.parley.request['backend.setSecret']({
        name,
        value: header.value,
        storeUnprotected: false,
      })
      if (!result.ok) tellError(result.error)
    }
  }

  return (
    <div>
      {headers.length > 0 && (
        <TableFrame
          className="min-w-90"
          columns={[
            { name: t('settings:headers.name'), className: 'w-[42%] px-3.5 text-start' },
            { name: t('settings:headers.value'), className: 'px-3.5 text-start' },
            { name: t('settings:headers.secret'), className: 'w-20 px-2 text-start' },
          ]}
          hasButtons
        >
          {headers.map((header, index) => {
            const name = header.name.trim() === '' ? t('settings:headers.unnamed') : header.name
            const lacksName = header.name.trim() === '' && header.value !== ''
            return (
              <tr key={header.id} className="[&>td]:border-t [&>td]:border-line">
                <td>
                  <input
                    className={CELL}
                    autoFocus={header.id === added}
                    value={header.name}
                    spellCheck={false}
                    autoComplete="off"
                    maxLength={8000}
                    aria-label={t('settings:headers.nameOf', { index: index + 1 })}
                    aria-invalid={lacksName || (refused !== null && refused === header.name) || undefined}
                    aria-describedby={lacksName ? `${noteId}${header.id}` : undefined}
                    onChange={(event) => replace({ ...header, name: event.currentTarget.value })}
                  />
                  {lacksName && (
                    <p id={`${noteId}${header.id}`} role="status" className="px-3.5 pb-1.5 text-meta text-danger">
                      {t('settings:headers.nameNeeded')}
                    </p>
                  )}
                </td>
                <td>
                  {header.isSecret && header.name.trim() === '' ? (
                    <span className="block px-3.5 text-meta text-ink-3">{t('settings:headers.nameFirst')}</span>
                  ) : header.isSecret ? (
                    <SecretCell
                      name={{ backendId, field: 'header', headerId: header.id }}
                      label={t('settings:headers.valueOf', { name })}
                      enterLabel={t('settings:headers.enterValue')}
                      state={secrets[header.id] ?? { kind: 'unset' }}
                      onBefore={onFlush}
                    />
                  ) : (
                    <input
                      className={CELL}
                      value={header.value}
                      spellCheck={false}
                      autoComplete="off"
                      maxLength={8000}
                      aria-label={t('settings:headers.valueOf', { name })}
                      onChange={(event) => replace({ ...header, value: event.currentTarget.value })}
                    />
                  )}
                </td>
                <td className="px-2">
                  <Switch
                    isOn={header.isSecret}
                    // A secret is kept for a header that has a name; the value would be lost.
                    isDisabled={lacksName}
                    label={t('settings:headers.secretOf', { name })}
                    onChange={(isSecret) => void setSecret(header, isSecret)}
                  />
                </td>
                <td>
                  <IconButton
                    icon={X}
                    label={t('settings:headers.remove', { name })}
                    onClick={() => {
                      addButton.current?.focus()
                      onChange(headers.filter((each) => each.id !== header.id))
                    }}
                  />
                </td>
              </tr>
            )
          })}
        </TableFrame>
      )}
      {error !== null && (
        <p role="alert" className="mt-1.5 text-meta wrap-anywhere text-danger">
          {errorText(error).title}. {errorText(error).detail}
        </p>
      )}
      {headers.map((header) => {
        const state = secrets[header.id]
        const isPlain = state?.kind === 'set' && state.kept === 'keychain' && state.origin === place.origin
        if (!header.isSecret || state === undefined || isPlain) return null
        return <SecretNote key={header.id} of={header.name} state={state} place={place} />
      })}
      <Button
        ref={addButton}
        variant="quiet"
        icon={Plus}
        className={headers.length === 0 ? '-ms-2.5' : 'mt-2 -ms-2.5'}
        onClick={() => {
          const id = crypto.randomUUID()
          setAdded(id)
          onChange([...headers, { id, name: '', value: '', isSecret: false }])
        }}
      >
        {t('settings:headers.add')}
      </Button>
    </div>
  )
}
