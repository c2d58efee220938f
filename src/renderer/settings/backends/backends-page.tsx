import { Plus } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { GUIDE_BACKEND_ID, type BackendView } from '../../../shared/settings'
import { Button } from '../../controls/button'
import { Icon } from '../../controls/icon'
import { StatusDot, type Connection } from '../../controls/status-dot'
import { TextField } from '../../controls/text-field'
import { useBackends, useConnection, useSettings } from '../data'
import { useErrorText } from '../error-text'
import { BackendForm } from './backend-form'

/** Stands in the list for a backend that is not there yet; no id looks like it. */
const NEW = 'new'

/** The list of backends and the form of the chosen one [16, 17]. */
export function BackendsPage() {
  const { t } = useTranslation()
  const backends = useBackends()
  const settings = useSettings()
  const [chosen, setChosen] = useState<string | null>(settings.activeBackendId)
  const [tested, setTested] = useState<Record<string, Connection>>({})
  // The Guide stands last, as the picture has it.
  const ordered = [...backends].sort((a, b) => Number(a.isBuiltIn) - Number(b.isBuiltIn))
  const view = ordered.find((each) => each.profile.id === chosen) ?? (chosen === NEW ? null : (ordered[0] ?? null))

  const use = (backendId: string) => void window.parley.request['settings.set']({ activeBackendId: backendId })

  const duplicate = async (original: BackendView) => {
    const profile = {
      ...original.profile,
      id: crypto.randomUUID(),
      name: t('settings:backends.copyName', { name: original.profile.name }),
      // Secrets do not come along: they cannot be read back.
      headers: original.profile.headers.map((header) => ({ ...header, id: crypto.randomUUID() })),
    }
    const result = await window.parley.request['backend.save'](profile)
    if (result.ok) setChosen(profile.id)
  }

  const remove = async (backendId: string) => {
    const result = await window.parley.request['backend.remove']({ backendId })
    if (result.ok) setChosen(GUIDE_BACKEND_ID)
  }

  return (
    <div className="flex min-h-0 flex-1 flex-col drawer:flex-row">
      <nav
        aria-label={t('settings:backends.list')}
        className="max-h-60 flex-none overflow-y-auto border-line p-2 max-drawer:border-b drawer:max-h-none drawer:w-62 drawer:border-e"
      >
        <ul>
          {ordered.map((each) => (
            <li key={each.profile.id}>
              <BackendRow
                view={each}
                tested={tested[each.profile.id]}
                isChosen={each === view}
                isActive={each.profile.id === settings.activeBackendId}
                onChoose={() => setChosen(each.profile.id)}
              />
            </li>
          ))}
        </ul>
        <button
          type="button"
          aria-current={chosen === NEW || undefined}
          className="focus-inset mt-2 flex h-9 w-full items-center gap-2.5 rounded-m px-3 text-ui text-ink-2 hover:bg-hovered hover:text-ink-1 aria-current:bg-selected"
          onClick={() => setChosen(NEW)}
        >
          <Icon of={Plus} size={14} />
          {t('settings:backends.add')}
        </button>
      </nav>
      <div className="min-h-0 min-w-0 flex-1 overflow-y-auto px-8 py-6 max-narrow:px-4">
        {view === null ? (
          <AddBackend onAdded={setChosen} />
        ) : view.isBuiltIn ? (
          <GuideAbout
            isActive={settings.activeBackendId === view.profile.id}
            onUse={() => use(view.profile.id)}
            name={view.profile.name}
          />
        ) : (
          <BackendForm
            key={view.profile.id}
            view={view}
            isActive={settings.activeBackendId === view.profile.id}
            onUse={() => use(view.profile.id)}
            onDuplicate={() => void duplicate(view)}
            onRemove={() => void remove(view.profile.id)}
            onTested={(isReachable) =>
              setTested((now) => ({ ...now, [view.profile.id]: isReachable ? 'connected' : 'offline' }))
            }
          />
        )}
      </div>
    </div>
  )
}

interface BackendRowProps {
  view: BackendView
  tested: Connection | undefined
  isChosen: boolean
  isActive: boolean
  onChoose: () => void
}

function BackendRow({ view, tested, isChosen, isActive, onChoose }: BackendRowProps) {
  const { t } = useTranslation()
  const known = useConnection(view.profile.id)
  const connection: Connection | null = view.isBuiltIn ? 'built-in' : (tested ?? known)
  const host = view.isBuiltIn ? t('settings:backends.builtIn') : hostOf(view.profile.url)
  return (
    <button
      type="button"
      aria-current={isChosen || undefined}
      className="focus-inset flex w-full items-start gap-3 rounded-m px-3 py-2 text-start hover:bg-hovered aria-current:bg-selected forced-colors:aria-current:bg-[Highlight]"
      onClick={onChoose}
    >
      {connection === null ? (
        <span className="mt-1.5 size-2 flex-none rounded-full border border-dashed border-ink-3" aria-hidden />
      ) : (
        <StatusDot connection={connection} className="mt-1.5" />
      )}
      <span className="min-w-0 flex-1">
        <bdi className="block truncate text-ui font-label text-ink-1">{view.profile.name}</bdi>
        <span className="block truncate text-meta text-ink-2">
          {isActive ? `${host} · ${t('settings:backends.inUse')}` : host}
        </span>
        <span className="sr-only">{t(`settings:backends.status.${connection ?? 'unknown'}`)}</span>
      </span>
    </button>
  )
}

function GuideAbout({ name, isActive, onUse }: { name: string; isActive: boolean; onUse: () => void }) {
  const { t } = useTranslation()
  return (
    <div className="max-w-170">
      <h2 className="mb-2 text-h2 font-heading text-ink-1">{name}</h2>
      <p className="mb-6 max-w-130 text-ui text-ink-2">{t('settings:backends.guideAbout')}</p>
      <Button isDisabled={isActive} onClick={onUse}>
        {t(isActive ? 'settings:backends.used' : 'settings:backends.use')}
      </Button>
    </div>
  )
}

/** An address, tried at once: what answers is saved and opened. */
function AddBackend({ onAdded }: { onAdded: (backendId: string) => void }) {
  const { t } = useTranslation()
  const errorText = useErrorText()
  const [address, setAddress] = useState('')
  const [error, setError] = useState<string | null>(null)
  const [isBusy, setIsBusy] = useState(false)
  const connect = async () => {
    setIsBusy(true)
    setError(null)
    const result = await window.parley.request['backend.connect']({ address })
    setIsBusy(false)
    if (result.ok) onAdded(result.value.view.profile.id)
    else setError(errorText(result.error).detail)
  }
  return (
    <form
      className="max-w-170"
      onSubmit={(event) => {
        event.preventDefault()
        void connect()
      }}
    >
      <h2 className="mb-4 text-h2 font-heading text-ink-1">{t('settings:backends.addTitle')}</h2>
      <div className="flex items-start gap-2">
        <TextField
          autoFocus
          isCode
          className="flex-1"
          label={t('settings:backends.address')}
          placeholder="localhost:1337"
          spellCheck={false}
          value={address}
          onValueChange={setAddress}
          error={error}
          help={t('settings:backends.addHelp')}
        />
        <Button type="submit" variant="primary" className="min-h-9" isBusy={isBusy}>
          {t('settings:backends.connect')}
        </Button>
      </div>
    </form>
  )
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url
}
