import i18next, { type i18n } from 'i18next'
import type { Locale } from '../settings'
import enActions from './en/actions.json'
import enCapture from './en/capture.json'
import enCertificate from './en/certificate.json'
import enChat from './en/chat.json'
import enCommon from './en/common.json'
import enCompare from './en/compare.json'
import enDesktop from './en/desktop.json'
import enErrors from './en/errors.json'
import enFiles from './en/files.json'
import enFirstRun from './en/first-run.json'
import enImages from './en/images.json'
import enGuide from './en/guide.json'
import enPrompts from './en/prompts.json'
import enPrivacy from './en/privacy.json'
import enQuickAsk from './en/quick-ask.json'
import enSearch from './en/search.json'
import enSettings from './en/settings.json'
import enTerminal from './en/terminal.json'
import enThread from './en/thread.json'
import enTransfer from './en/transfer.json'
import enWire from './en/wire.json'
import ruActions from './ru/actions.json'
import ruCapture from './ru/capture.json'
import ruCertificate from './ru/certificate.json'
import ruChat from './ru/chat.json'
import ruCommon from './ru/common.json'
import ruCompare from './ru/compare.json'
import ruDesktop from './ru/desktop.json'
import ruErrors from './ru/errors.json'
import ruFiles from './ru/files.json'
import ruFirstRun from './ru/first-run.json'
import ruImages from './ru/images.json'
import ruGuide from './ru/guide.json'
import ruPrompts from './ru/prompts.json'
import ruPrivacy from './ru/privacy.json'
import ruQuickAsk from './ru/quick-ask.json'
import ruSearch from './ru/search.json'
import ruSettings from './ru/settings.json'
import ruTerminal from './ru/terminal.json'
import ruThread from './ru/thread.json'
import ruTransfer from './ru/transfer.json'
import ruWire from './ru/wire.json'

/** All texts by language and namespace; a test holds that the languages have the same keys. */
export const texts = {
  en: {
    common: enCommon,
    actions: enActions,
    chat: enChat,
    compare: enCompare,
    search: enSearch,
    prompts: enPrompts,
    settings: enSettings,
    'quick-ask': enQuickAsk,
    errors: enErrors,
    desktop: enDesktop,
    guide: enGuide,
    images: enImages,
    files: enFiles,
    'first-run': enFirstRun,
    capture: enCapture,
    certificate: enCertificate,
    wire: enWire,
    terminal: enTerminal,
    thread: enThread,
    privacy: enPrivacy,
    transfer: enTransfer,
  },
  ru: {
    common: ruCommon,
    actions: ruActions,
    chat: ruChat,
    compare: ruCompare,
    search: ruSearch,
    prompts: ruPrompts,
    settings: ruSettings,
    'quick-ask': ruQuickAsk,
    errors: ruErrors,
    desktop: ruDesktop,
    guide: ruGuide,
    images: ruImages,
    files: ruFiles,
    'first-run': ruFirstRun,
    capture: ruCapture,
    certificate: ruCertificate,
    wire: ruWire,
    terminal: ruTerminal,
    thread: ruThread,
    privacy: ruPrivacy,
    transfer: ruTransfer,
  },
} as const

/** Text for a key `namespace:path`, with values put in and the plural form chosen by `count`. */
export type Translate = (key: string, values?: Record<string, string | number>) => string

/**
 * An i18next instance with every text in it, ready at once. Values are not escaped for HTML: all our surfaces show
 * text, never markup.
 */
export function createI18n(locale: Locale): i18n {
  const instance = i18next.createInstance()
  void instance.init({
    lng: locale,
    fallbackLng: 'en',
    resources: texts,
    ns: Object.keys(texts.en),
    defaultNS: 'common',
    interpolation: { escapeValue: false },
    initAsync: false,
  })
  return instance
}

/** A translator for code without React: menus, tray, notifications, the Guide, errors. */
export function translator(locale: Locale): Translate {
  const instance = createI18n(locale)
  return (key, values) => instance.t(key, values ?? {})
}

/** The language to use for a list of the system's preferred languages (BCP 47). */
export function chooseLocale(setting: 'system' | Locale, preferred: readonly string[]): Locale {
  if (setting !== 'system') return setting
  const known = preferred.map((tag) => tag.toLowerCase().split('-')[0]).find((tag) => tag === 'en' || tag === 'ru')
  return known === 'ru' ? 'ru' : 'en'
}
