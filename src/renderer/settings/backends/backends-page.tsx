import { Plus } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { GUIDE_BACKEND_ID, type BackendView } from '../../../shared/settings'
import { Button } from '../../controls/button'
import { Icon } from '../../controls/icon'
import { StatusDot } from '../../controls/status-dot'
import { Tooltip } from '../../controls/tooltip'
import { tellError } from '../../controls/tell-error'
import { connectionOf, loadCatalogue } from '../../store/backends'
import { useStore, type FormSection } from '../../store/state'
import { useBackends, useSettings } from '../data'
import { AddBackend } from './add-backend'
import { BackendForm, type FormStart } from './backend-form'

/** Stands in the list for a backend that is not there yet; no id looks like it. */
const NEW = 'new'

/** Asks the backends of which nothing is known yet how they are; nobody waits for it. */
function askUnknown(): void {
  for (const { profile, isBuiltIn, status } of useStore.getState().backends) {
    if (!isBuiltIn && status.kind === 'unknown') void loadCatalogue(profile.id)
  }
}

export interface BackendsPageProps {
  /** The one to show first. */
  backendId?: string | undefined
  /** The part of its form that is wanted. */
  section?: FormSection | undefined
  /** A field of a form is wanted: the Guide, which has none, gives way to the first that has. */
  needsForm?: boolean
}

/** The list of backends and the form of the chosen one [16, 17]. */
export function BackendsPage({ backendId: asked, section: askedSection, needsForm = false }: BackendsPageProps) {
  const { t } = useTranslation()
  const backends = useBackends()
  const settings = useSettings()
  const [chosen, setChosen] = useState<string | null>(asked ?? settings.activeBackendId)
  /** Where the focus goes in the form that opens: what was pressed for it is gone. */
  const [start, setStart] = useState<FormStart | null>(askedSection ?? null)
  const list = useRef<HTMLElement>(null)
  const [removals, setRemovals] = useState(0)
  // The form has gone with its dialog, which had the focus.
  useEffect(() => {
    if (removals > 0) list.current?.querySelector<HTMLElement>('[aria-current]')?.focus()
  }, [removals])
  // The Guide stands last, as the picture has it.
  const ordered = [...backends].sort((a, b) => Number(a.isBuiltIn) - Number(b.isBuiltIn))
  const view = ordered.find((each) => each.profile.id === chosen) ?? (chosen === NEW ? null : (ordered[0] ?? null))

  if (needsForm && view?.isBuiltIn !== false) {
    const first = ordered.find(({ isBuiltIn }) => !isBuiltIn)
    if (first !== undefined) setChosen(first.profile.id)
  }

  useEffect(askUnknown, [])

  const show = (backendId: string, startAt: FormStart | null) => {
    setChosen(backendId)
    setStart(startAt)
  }

  const use = (backendId: string) => void window.parley.request['settings.set']({ activeBackendId: backendId })

  const duplicate = async (backendId: string) => {
    const result = await window.parley.request['backend.duplicate']({ backendId })
    if (result.ok) show(result.value.profile.id, 'name')
    else tellError(result.error)
  }

  const remove = async (backendId: string) => {
    const result = await window.parley.request['backend.remove']({ backendId })
    if (!result.ok) {
      tellError(result.error)
      return
    }
    show(GUIDE_BACKEND_ID, null)
    setRemovals((before) => before + 1)
  }

  return (
    <div className="flex min-h-0 flex-1 flex-col max-drawer:overflow-y-auto drawer:flex-row">
      <nav
        ref={list}
        aria-label={t('settings:backends.list')}
        className="max-h-60 flex-none overflow-y-auto border-line p-2 max-drawer:border-b drawer:max-h-none drawer:w-62 drawer:border-e"
      >
        <ul>
          {ordered.map((each) => (
            <li key={each.profile.id}>
              <BackendRow
                view={each}
                isChosen={each === view}
                isActive={each.profile.id === settings.activeBackendId}
                onChoose={() => show(each.profile.id, null)}
              />
            </li>
          ))}
        </ul>
        <button
          type="button"
          aria-current={chosen === NEW || undefined}
          className="focus-inset mt-2 flex h-9 w-full items-center gap-2.5 rounded-m px-3 text-ui text-ink-2 hover:bg-hovered hover:text-ink-1 aria-current:bg-selected"
          onClick={() => show(NEW, null)}
        >
          <Icon of={Plus} size={14} />
          {t('settings:backends.add')}
        </button>
      </nav>
      <div className="min-h-0 min-w-0 flex-1 px-8 py-6 max-drawer:flex-none max-narrow:px-4 drawer:overflow-y-auto">
        {view === null ? (
          <AddBackend onAdded={(backendId, section) => show(backendId, section ?? 'name')} />
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
            // The one that was just added may not be in the list yet.
            start={view.profile.id === chosen ? start : null}
            isActive={settings.activeBackendId === view.profile.id}
            onUse={() => use(view.profile.id)}
            onDuplicate={() => void duplicate(view.profile.id)}
            onRemove={() => void remove(view.profile.id)}
          />
        )}
      </div>
    </div>
  )
}

interface BackendRowProps {
  view: BackendView
  isChosen: boolean
  isActive: boolean
  onChoose: () => void
}

function BackendRow({ view, isChosen, isActive, onChoose }: BackendRowProps) {
  const { t } = useTranslation()
  const connection = useStore((state) => connectionOf(state, view.profile.id))
  const host = view.isBuiltIn ? t('settings:backends.builtIn') : hostOf(view.profile.url)
  const status = t(`settings:backends.status.${connection}`)
  return (
    <Tooltip text={status} side="right">
      <button
        type="button"
        aria-current={isChosen || undefined}
        className="group focus-inset flex w-full items-start gap-3 rounded-m px-3 py-2 text-start hover:bg-hovered aria-current:bg-selected forced-colors:aria-current:bg-[Highlight]"
        onClick={onChoose}
      >
        <StatusDot connection={connection} className="mt-1.5" />
        <span className="min-w-0 flex-1">
          <bdi className="block truncate text-ui font-label text-ink-1">{view.profile.name}</bdi>
          <span className="block truncate text-meta text-ink-3 group-aria-current:text-ink-2">
            <bdi>{host}</bdi>
            {isActive && ` · ${t('settings:backends.inUse')}`}
          </span>
          <span className="sr-only">{status}</span>
        </span>
      </button>
    </Tooltip>
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

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url
}
