import './app.css'
import { createRoot } from 'react-dom/client'
import { I18nextProvider } from 'react-i18next'
import { createI18n } from '../shared/i18n'
import './capture/capture.css'
import { Overlay } from './capture/overlay'

// Not mountWindow(): this page knows nothing of chats, settings and backends, and asks for nothing of them.
async function showOverlay(): Promise<void> {
  const element = document.getElementById('root')
  const opened = await window.parley.request['capture.open']()
  if (element === null || !opened.ok) return
  const { locale, theme } = opened.value
  const isDark = theme === 'system' ? matchMedia('(prefers-color-scheme: dark)').matches : theme === 'dark'
  document.documentElement.dataset.theme = isDark ? 'dark' : 'light'
  document.documentElement.dataset.platform = window.parley.platform
  document.documentElement.lang = locale
  createRoot(element).render(
    <I18nextProvider i18n={createI18n(locale)}>
      <Overlay view={opened.value} />
    </I18nextProvider>,
  )
}

void showOverlay()
