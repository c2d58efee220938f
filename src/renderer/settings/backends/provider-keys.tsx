import { ExternalLink, Plus, X } from 'lucide-react'
import { useEffect, useId, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { AUTOMATIC_PROVIDER } from '../../../shared/catalogue'
import type { CatalogueProvider } from '../../../shared/contract'
import type { BackendView } from '../../../shared/settings'
import { Button } from '../../controls/button'
import { IconButton } from '../../controls/icon-button'
import { TextField } from '../../controls/text-field'
import { needCatalogue } from '../../store/backends'
import { useStore } from '../../store/state'
import { TableFrame } from '../table-frame'
import { SecretCell, SecretNote, type SecretPlace } from './secret-field'

/** More rows than anybody reads are not drawn: letters narrow the list down. */
const MOST_SUGGESTIONS = 50

export interface ProviderKeysProps {
  view: BackendView
  keyedProviders: string[]
  place: SecretPlace
  onChange: (keyedProviders: string[]) => void
  /** Saves the present profile at once; a key can only be stored for a provider that main knows. */
  onFlush: () => Promise<unknown>
}

/** Keys of their own for providers behind the server; each goes only with questions to its provider. */
export function ProviderKeys({ view, keyedProviders, place, onChange, onFlush }: ProviderKeysProps) {
  const { t } = useTranslation()
  const { id: backendId } = view.profile
  const providers = useStore((state) => state.catalogues.get(backendId)?.catalogue?.providers)
  const [isAdding, setIsAdding] = useState(false)
  const [hasCancelled, setHasCancelled] = useState(false)
  /** Its key is what is entered next. */
  const [added, setAdded] = useState<string | null>(null)
  const addButton = useRef<HTMLButtonElement>(null)
  useEffect(() => needCatalogue(backendId), [backendId])
  const byName = new Map(providers?.map((provider) => [provider.name, provider]))

  const stateOf = (provider: string) =>
    view.providerKeys.find((each) => each.provider === provider)?.key ?? { kind: 'unset' as const }
  const add = (provider: string) => {
    setIsAdding(false)
    setHasCancelled(false)
    setAdded(provider)
    if (!keyedProviders.includes(provider)) onChange([...keyedProviders, provider])
  }

  return (
    <div>
      {keyedProviders.length > 0 && (
        <TableFrame
          className="min-w-90"
          columns={[
            { name: t('settings:providerKeys.provider'), className: 'w-[42%] px-3.5 text-start' },
            { name: t('settings:providerKeys.key'), className: 'px-3.5 text-start' },
          ]}
          hasButtons
        >
          {keyedProviders.map((name) => {
            const provider = byName.get(name)
            const label = labelOf(provider, name)
            const loginUrl = provider?.loginUrl ?? null
            return (
              <tr key={name} className="[&>td]:border-t [&>td]:border-line">
                <td className="px-3.5">
                  <div className="flex items-center gap-2">
                    <bdi className="min-w-0 truncate text-ink-1" title={label}>
                      {label}
                    </bdi>
                    {loginUrl !== null && (
                      <IconButton
                        icon={ExternalLink}
                        iconSize={14}
                        size={24}
                        label={t('settings:providerKeys.login', { provider: label })}
                        onClick={() => void window.parley.request['link.open']({ url: loginUrl })}
                      />
                    )}
                  </div>
                </td>
                <td>
                  <SecretCell
                    name={{ backendId, field: 'provider-key', provider: name }}
                    label={t('settings:providerKeys.keyOf', { provider: label })}
                    enterLabel={t('settings:secret.enterA.key')}
                    state={stateOf(name)}
                    isOpen={name === added}
                    onBefore={onFlush}
                  />
                </td>
                <td>
                  <IconButton
                    icon={X}
                    label={t('settings:providerKeys.remove', { provider: label })}
                    onClick={() => {
                      addButton.current?.focus()
                      onChange(keyedProviders.filter((each) => each !== name))
                    }}
                  />
                </td>
              </tr>
            )
          })}
        </TableFrame>
      )}
      {keyedProviders.map((name) => {
        const state = stateOf(name)
        const isPlain = state.kind === 'set' && state.kept === 'keychain' && state.origin === place.origin
        return isPlain ? null : (
          <SecretNote key={name} of={labelOf(byName.get(name), name)} state={state} place={place} />
        )
      })}
      {isAdding ? (
        <AddProvider
          providers={(providers ?? []).filter(
            ({ name }) => name !== AUTOMATIC_PROVIDER && !keyedProviders.includes(name),
          )}
          onAdd={add}
          onCancel={() => {
            setIsAdding(false)
            setHasCancelled(true)
          }}
        />
      ) : (
        <>
          <Button
            ref={addButton}
            variant="quiet"
            icon={Plus}
            autoFocus={hasCancelled}
            className={keyedProviders.length === 0 ? '-ms-2.5' : 'mt-2 -ms-2.5'}
            onClick={() => setIsAdding(true)}
          >
            {t('settings:providerKeys.add')}
          </Button>
          {keyedProviders.length === 0 && <p className="text-meta text-ink-3">{t('settings:providerKeys.help')}</p>}
        </>
      )}
    </div>
  )
}

function labelOf(provider: CatalogueProvider | undefined, name: string): string {
  return provider === undefined || provider.label === '' ? name : provider.label
}

interface AddProviderProps {
  providers: CatalogueProvider[]
  onAdd: (name: string) => void
  onCancel: () => void
}

/** A provider by name: those of the catalogue are offered, those that need a key first; any other name will do as well. */
function AddProvider({ providers, onAdd, onCancel }: AddProviderProps) {
  const { t } = useTranslation()
  const listId = useId()
  const [typed, setTyped] = useState('')
  /** Which suggestion the arrow keys have reached; -1 is the field itself. */
  const [at, setAt] = useState(-1)
  const field = useRef<HTMLInputElement>(null)
  useEffect(() => field.current?.focus(), [])
  const wanted = typed.trim().toLocaleLowerCase()
  const found = providers
    .filter(({ name, label }) => `${label}\n${name}`.toLocaleLowerCase().includes(wanted))
    .sort((a, b) => Number(b.needsKey) - Number(a.needsKey))
    .slice(0, MOST_SUGGESTIONS)
  const optionId = (index: number) => `${listId}-${index}`
  const submit = () => {
    const exact = providers.find(({ name, label }) => [name, label].some((each) => each.toLocaleLowerCase() === wanted))
    const name = found[at]?.name ?? exact?.name ?? typed.trim()
    if (name !== '') onAdd(name)
  }
  const move = (step: 1 | -1) => {
    const next = at + step < -1 ? found.length - 1 : at + step >= found.length ? -1 : at + step
    setAt(next)
    document.getElementById(optionId(next))?.scrollIntoView({ block: 'nearest' })
  }
  return (
    <form
      className="mt-2"
      onSubmit={(event) => {
        event.preventDefault()
        submit()
      }}
      onKeyDown={(event) => {
        if (event.key === 'Escape') {
          // The settings close with Esc as well.
          event.preventDefault()
          event.stopPropagation()
          onCancel()
        } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
          event.preventDefault()
          move(event.key === 'ArrowDown' ? 1 : -1)
        }
      }}
    >
      <div className="flex flex-wrap items-start gap-2">
        <TextField
          ref={field}
          role="combobox"
          aria-autocomplete="list"
          aria-expanded={found.length > 0}
          aria-controls={found.length > 0 ? listId : undefined}
          aria-activedescendant={at >= 0 ? optionId(at) : undefined}
          label={t('settings:providerKeys.provider')}
          placeholder={t('settings:providerKeys.placeholder')}
          autoComplete="off"
          spellCheck={false}
          maxLength={500}
          value={typed}
          className="min-w-40 flex-1"
          onValueChange={(next) => {
            setTyped(next)
            setAt(-1)
          }}
        />
        <Button type="submit" size={36} isDisabled={wanted === '' && at < 0}>
          {t('settings:providerKeys.addButton')}
        </Button>
        <Button variant="quiet" size={36} onClick={onCancel}>
          {t('common:cancel')}
        </Button>
      </div>
      {found.length > 0 && (
        <ul
          id={listId}
          role="listbox"
          aria-label={t('settings:providerKeys.provider')}
          className="mt-2 max-h-50 overflow-y-auto rounded-l border border-line-2 bg-raised p-1"
        >
          {found.map((provider, index) => (
            <li
              key={provider.name}
              id={optionId(index)}
              role="option"
              aria-selected={index === at}
              className="flex min-h-8 items-center gap-2.5 rounded-s px-2.5 py-1 text-ui text-ink-1 hover:bg-hovered aria-selected:bg-selected forced-colors:aria-selected:bg-[Highlight]"
              onClick={() => onAdd(provider.name)}
            >
              <bdi className="min-w-0 flex-1 truncate">{labelOf(provider, provider.name)}</bdi>
              {provider.needsKey && (
                <span className="flex-none text-meta text-ink-3">{t('settings:providerKeys.needsKey')}</span>
              )}
            </li>
          ))}
        </ul>
      )}
    </form>
  )
}
