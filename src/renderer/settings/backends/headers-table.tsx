import { Plus, X } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { AppError } from '../../../shared/errors'
import type { BackendHeader, SecretState } from '../../../shared/settings'
import { Button } from '../../controls/button'
import { Icon } from '../../controls/icon'
import { IconButton } from '../../controls/icon-button'
import { Switch } from '../../controls/switch'
import { useErrorText } from '../error-text'
import { SecretEntry } from './secret-field'

export interface HeadersTableProps {
  backendId: string
  headers: BackendHeader[]
  secrets: Record<string, SecretState>
  /** The refusal of the last save, if it was for a header. */
  error: Extract<AppError, { code: 'bad-header' }> | null
  onChange: (headers: BackendHeader[]) => void
  /** Saves the present profile at once; a secret can only be stored for a header that main knows. */
  onFlush: () => Promise<void>
}

const CELL =
  'h-9 w-full min-w-0 bg-transparent px-3.5 font-code text-code text-ink-1 [font-variant-ligatures:none] -outline-offset-2 focus:outline-2 focus:outline-focus aria-invalid:outline-2 aria-invalid:outline-danger'

/** Name, value, whether the value is secret. A row without a name is not saved and not sent. */
export function HeadersTable({ backendId, headers, secrets, error, onChange, onFlush }: HeadersTableProps) {
  const { t } = useTranslation()
  const errorText = useErrorText()
  const replace = (header: BackendHeader) => onChange(headers.map((each) => (each.id === header.id ? header : each)))

  const setSecret = async (header: BackendHeader, isSecret: boolean) => {
    // Turning Secret off clears the value: it cannot come back out to be shown.
    replace({ ...header, isSecret, value: '' })
    const name = { backendId, field: 'header', headerId: header.id } as const
    if (!isSecret) {
      await window.parley.request['backend.clearSecret'](name)
      return
    }
    await onFlush()
    if (header.value !== '' && header.name.trim() !== '') {
      await window.parley.request['backend.setSecret']({ name, value: header.value, storeUnprotected: false })
    }
  }

  return (
    <div>
      {headers.length > 0 && (
        <table className="w-full table-fixed overflow-hidden rounded-l border border-separate border-spacing-0 border-line-2 bg-raised text-ui">
          <thead>
            <tr className="bg-sunk text-start text-meta text-ink-3">
              <th scope="col" className="h-8 w-[46%] px-3.5 text-start font-normal">
                {t('settings:headers.name')}
              </th>
              <th scope="col" className="px-3.5 text-start font-normal">
                {t('settings:headers.value')}
              </th>
              <th scope="col" className="w-18 px-2 text-start font-normal">
                {t('settings:headers.secret')}
              </th>
              <td className="w-10" />
            </tr>
          </thead>
          <tbody>
            {headers.map((header, index) => {
              const name = header.name.trim() === '' ? t('settings:headers.unnamed') : header.name
              return (
                <tr key={header.id} className="[&>td]:border-t [&>td]:border-line">
                  <td>
                    <input
                      className={CELL}
                      value={header.name}
                      spellCheck={false}
                      autoComplete="off"
                      aria-label={t('settings:headers.nameOf', { index: index + 1 })}
                      aria-invalid={(error !== null && error.name === header.name) || undefined}
                      onChange={(event) => replace({ ...header, name: event.currentTarget.value })}
                    />
                  </td>
                  <td>
                    {header.isSecret ? (
                      <SecretCell
                        backendId={backendId}
                        header={header}
                        label={t('settings:headers.valueOf', { name })}
                        state={secrets[header.id] ?? { kind: 'unset' }}
                        onFlush={onFlush}
                      />
                    ) : (
                      <input
                        className={CELL}
                        value={header.value}
                        spellCheck={false}
                        autoComplete="off"
                        aria-label={t('settings:headers.valueOf', { name })}
                        onChange={(event) => replace({ ...header, value: event.currentTarget.value })}
                      />
                    )}
                  </td>
                  <td className="px-2">
                    <Switch
                      isOn={header.isSecret}
                      label={t('settings:headers.secretOf', { name })}
                      onChange={(isSecret) => void setSecret(header, isSecret)}
                    />
                  </td>
                  <td>
                    <IconButton
                      icon={X}
                      label={t('settings:headers.remove', { name })}
                      onClick={() => onChange(headers.filter((each) => each.id !== header.id))}
                    />
                  </td>
                </tr>
              )
            })}
          </tbody>
        </table>
      )}
      {error !== null && (
        <p role="alert" className="mt-1.5 text-meta text-danger">
          {errorText(error).title}. {errorText(error).detail}
        </p>
      )}
      <Button
        variant="quiet"
        icon={Plus}
        className={headers.length === 0 ? '-ms-2.5' : 'mt-2 -ms-2.5'}
        onClick={() => onChange([...headers, { id: crypto.randomUUID(), name: '', value: '', isSecret: false }])}
      >
        {t('settings:headers.add')}
      </Button>
    </div>
  )
}

interface SecretCellProps {
  backendId: string
  header: BackendHeader
  label: string
  state: SecretState
  onFlush: () => Promise<void>
}

function SecretCell({ backendId, header, label, state, onFlush }: SecretCellProps) {
  const { t } = useTranslation()
  const [isEntering, setIsEntering] = useState(false)
  if (isEntering) {
    return (
      <div className="p-2">
        <SecretEntry
          name={{ backendId, field: 'header', headerId: header.id }}
          label={label}
          onDone={() => setIsEntering(false)}
        />
      </div>
    )
  }
  return (
    <button
      type="button"
      className={`${CELL} flex items-center gap-2 text-start hover:bg-hovered`}
      onClick={() => void onFlush().then(() => setIsEntering(true))}
    >
      {state.kind === 'set' ? (
        <>
          <span>••••{state.tail}</span>
          <span className="sr-only">{t('settings:secret.replaceOf', { name: label })}</span>
        </>
      ) : (
        <span className="flex items-center gap-1.5 font-sans text-ui text-accent-text">
          <Icon of={Plus} size={14} />
          {t('settings:headers.enterValue')}
        </span>
      )}
    </button>
  )
}
