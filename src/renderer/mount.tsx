import { CSPProvider } from '@base-ui/react/csp-provider'
import { DirectionProvider } from '@base-ui/react/direction-provider'
import { Tooltip } from '@base-ui/react/tooltip'
import { StrictMode, useSyncExternalStore, type ReactNode } from 'react'
import { createRoot } from 'react-dom/client'
import { I18nextProvider } from 'react-i18next'
import { createI18n } from '../shared/i18n'
import { followAppearance } from './appearance'
import { Toaster } from './controls/toast'
import { bootStore } from './store/boot'
import { useStore } from './store/state'

/** Boots a window of ours and shows `content` in it, with what every surface needs around it. */
export async function mountWindow(content: ReactNode): Promise<void> {
  const element = document.getElementById('root')
  if (element === null) return
  const root = createRoot(element)
  followAppearance()
  const error = await bootStore()
  const { boot } = useStore.getState()
  const i18n = createI18n(boot?.locale ?? 'en')
  followLanguage((locale) => {
    document.documentElement.lang = locale
    if (i18n.language !== locale) void i18n.changeLanguage(locale)
  })
  root.render(
    <StrictMode>
      {/* The content security policy refuses style elements; all styles are in our files. */}
      <CSPProvider disableStyleElements>
        <Directed>
          <I18nextProvider i18n={i18n}>
            <Tooltip.Provider>
              {error === null ? content : <p className="p-12 text-body">{i18n.t('chat:bootFailed')}</p>}
              <Toaster />
            </Tooltip.Provider>
          </I18nextProvider>
        </Directed>
      </CSPProvider>
    </StrictMode>,
  )
}

/** Menus, tabs and sliders go on with ← where the page is read from right to left. */
function Directed({ children }: { children: ReactNode }) {
  const direction = useSyncExternalStore(followDirection, () =>
    document.documentElement.dir === 'rtl' ? 'rtl' : 'ltr',
  )
  return <DirectionProvider direction={direction}>{children}</DirectionProvider>
}

function followDirection(changed: () => void): () => void {
  const observer = new MutationObserver(changed)
  observer.observe(document.documentElement, { attributeFilter: ['dir'] })
  return () => observer.disconnect()
}

function followLanguage(speak: (locale: 'en' | 'ru') => void): void {
  const tell = (): void => {
    const { boot, settings } = useStore.getState()
    speak(settings.locale === 'system' ? (boot?.systemLocale ?? 'en') : settings.locale)
  }
  tell()
  useStore.subscribe((state, before) => {
    if (state.settings.locale !== before.settings.locale) tell()
  })
}
