import {
  ArrowLeft,
  Image,
  Info,
  Keyboard,
  Palette,
  Server,
  Shield,
  SlidersHorizontal,
  Zap,
  type LucideIcon,
} from 'lucide-react'
import { useCallback, useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Icon } from '../controls/icon'
import { Kbd } from '../controls/kbd'
import { Mark } from '../controls/mark'
import type { FormSection, SettingsPageId } from '../store/state'
import { AboutPage } from './about-page'
import { AppearancePage } from './appearance-page'
import { BackendsPage } from './backends/backends-page'
import { GeneralPage } from './general-page'
import { ImagesPage } from './images-page'
import { PrivacyPage } from './privacy-page'
import { QuickAskPage } from './quick-ask-page'
import { FoundSettings, SettingsSearch, useFoundSettings, useWanted, type Wanted } from './settings-search'
import { ShortcutsPage } from './shortcuts-page'
import { SETTINGS_PAGES } from './single-settings'

const ICONS: Record<SettingsPageId, LucideIcon> = {
  backends: Server,
  appearance: Palette,
  general: SlidersHorizontal,
  'quick-ask': Zap,
  images: Image,
  shortcuts: Keyboard,
  privacy: Shield,
  about: Info,
}

export interface SettingsProps {
  onClose: () => void
  /** The page to open first. */
  page?: SettingsPageId
  /** The backend to show on its page. */
  backendId?: string | undefined
  /** The part of its form that is wanted. */
  section?: FormSection | undefined
  /** The one setting that is wanted, as the i18n key of its name. */
  setting?: string | undefined
}

/** The settings in place of sidebar and thread [16]. Each change applies at once; Esc goes back. */
export function Settings({ onClose, page: firstPage = 'backends', backendId, section, setting }: SettingsProps) {
  const { t } = useTranslation()
  const [page, setPage] = useState<SettingsPageId>(firstPage)
  const [wanted, setWanted] = useState<Wanted | null>(setting === undefined ? null : { name: setting })
  const [query, setQuery] = useState('')
  const list = useRef<HTMLUListElement>(null)
  const end = useCallback(() => setWanted(null), [])
  const main = useRef<HTMLElement>(null)
  const heading = useRef<HTMLHeadingElement>(null)
  // Before a setting that is wanted takes the focus. On the way back it would leave with the first Enter.
  useEffect(() => {
    if (main.current?.contains(document.activeElement) !== true) heading.current?.focus()
  }, [])
  useWanted(wanted === null ? null : t(wanted.name), wanted, main, end)
  const found = useFoundSettings(query)

  useEffect(() => {
    const close = (event: KeyboardEvent) => {
      // A layer or a field under edit takes Esc first and says so.
      if (event.key === 'Escape' && !event.defaultPrevented && !event.isComposing) onClose()
    }
    window.addEventListener('keydown', close)
    return () => window.removeEventListener('keydown', close)
  }, [onClose])

  return (
    <div className="flex h-full max-drawer:flex-col">
      <nav
        aria-label={t('settings:title')}
        className="flex flex-none flex-col border-line bg-side max-drawer:border-b drawer:w-(--sidebar) drawer:border-e"
      >
        <div className="drag-window flex h-(--titlebar) flex-none items-center gap-2 ps-4.5 text-ui font-strong text-ink-1 select-none">
          {window.parley.platform !== 'darwin' && (
            <>
              <Mark />
              {t('common:app')}
            </>
          )}
        </div>
        <div className="px-2 max-drawer:pb-2">
          <button
            type="button"
            className="focus-inset flex h-8 w-full items-center gap-2.5 rounded-m px-2.5 text-ui text-ink-1 hover:bg-hovered"
            onClick={onClose}
          >
            <Icon of={ArrowLeft} className="text-ink-2 rtl:-scale-x-100" />
            <span className="flex-1 text-start">{t('settings:back')}</span>
            <Kbd keys={['Esc']} />
          </button>
          <SettingsSearch
            query={query}
            onQuery={setQuery}
            onDown={() => list.current?.querySelector('button')?.focus()}
          />
          {query.trim() !== '' && (
            <FoundSettings
              ref={list}
              found={found}
              query={query.trim()}
              onPick={({ page: foundOn, setting: one }) => {
                setPage(foundOn)
                setWanted(one === null ? null : { name: one.name })
              }}
            />
          )}
          <p
            hidden={query.trim() !== ''}
            className="px-2.5 pt-3.5 pb-1 text-meta font-medium text-ink-3 max-drawer:hidden"
          >
            {t('settings:title')}
          </p>
          <ul
            hidden={query.trim() !== ''}
            className="flex flex-col gap-px max-drawer:flex-row max-drawer:overflow-x-auto max-drawer:[scrollbar-width:none] [[hidden]]:hidden"
          >
            {SETTINGS_PAGES.map((id) => (
              <li key={id} className="flex-none">
                <button
                  type="button"
                  aria-current={page === id ? 'page' : undefined}
                  className="focus-inset flex h-8 w-full items-center gap-2.5 rounded-m px-2.5 text-ui text-ink-1 hover:bg-hovered aria-[current]:bg-selected aria-[current]:font-label forced-colors:aria-[current]:bg-[Highlight]"
                  onClick={() => setPage(id)}
                >
                  <Icon of={ICONS[id]} className="text-ink-2" />
                  {t(`settings:pages.${id}`)}
                </button>
              </li>
            ))}
          </ul>
        </div>
      </nav>
      <main ref={main} className="flex min-h-0 min-w-0 flex-1 flex-col bg-paper">
        <header className="drag-window flex h-(--titlebar) flex-none items-center border-b border-line px-6">
          <h1 ref={heading} tabIndex={-1} className="text-ui outline-none font-strong text-ink-1">
            {t(`settings:pages.${page}`)}
          </h1>
        </header>
        {page === 'backends' ? (
          <BackendsPage backendId={backendId} section={section} needsForm={wanted !== null} />
        ) : (
          // A page without a single button, such as the shortcuts, is scrolled by keyboard as well.
          <div
            tabIndex={0}
            className="focus-inset min-h-0 flex-1 overflow-y-auto narrow:[scrollbar-gutter:stable_both-edges]"
          >
            <div className="mx-auto w-full max-w-155 py-6.5 max-[668px]:px-4">
              <PageOf page={page} />
            </div>
          </div>
        )}
      </main>
    </div>
  )
}

function PageOf({ page }: { page: Exclude<SettingsPageId, 'backends'> }) {
  switch (page) {
    case 'appearance':
      return <AppearancePage />
    case 'general':
      return <GeneralPage />
    case 'quick-ask':
      return <QuickAskPage />
    case 'images':
      return <ImagesPage />
    case 'shortcuts':
      return <ShortcutsPage />
    case 'privacy':
      return <PrivacyPage />
    case 'about':
      return <AboutPage />
  }
}
