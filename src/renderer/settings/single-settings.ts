import type { SettingsPageId } from '../store/state'

/** One setting that can be looked for: the page it is on, and the i18n key of the name that its row has there. */
export interface SingleSetting {
  page: SettingsPageId
  name: string
  /** The i18n key of its sentence of help, looked through as well. */
  help?: string
}

/** Every single setting, in the order of the pages. A row is found on its page by its name in the language on show. */
export const SINGLE_SETTINGS: readonly SingleSetting[] = [
  { page: 'appearance', name: 'settings:appearance.theme' },
  { page: 'appearance', name: 'settings:appearance.textSize', help: 'settings:appearance.textSizeHelp' },
  { page: 'appearance', name: 'settings:appearance.columnWidth' },
  { page: 'appearance', name: 'settings:appearance.code' },
  { page: 'appearance', name: 'settings:appearance.follow', help: 'settings:appearance.followHelp' },
  { page: 'appearance', name: 'settings:appearance.provider', help: 'settings:appearance.providerHelp' },
  { page: 'appearance', name: 'settings:appearance.motion' },
  { page: 'general', name: 'settings:general.sendWith', help: 'settings:general.sendWithHelp' },
  { page: 'general', name: 'settings:general.language' },
  { page: 'general', name: 'settings:general.spelling', help: 'settings:general.spellingHelp' },
  { page: 'general', name: 'settings:general.closeToTray', help: 'settings:general.closeToTrayHelp' },
  { page: 'general', name: 'settings:general.opensWith' },
  { page: 'general', name: 'settings:general.startsAtLogin' },
  { page: 'general', name: 'settings:general.notifies', help: 'settings:general.notifiesHelp' },
  { page: 'general', name: 'settings:general.staysAwake' },
  { page: 'quick-ask', name: 'settings:quickAsk.isOn', help: 'settings:quickAsk.isOnHelp' },
  { page: 'quick-ask', name: 'settings:quickAsk.open' },
  { page: 'quick-ask', name: 'settings:quickAsk.try', help: 'settings:quickAsk.tryHelp' },
]

/** The pages, in the order of the navigation. */
export const SETTINGS_PAGES: readonly SettingsPageId[] = [
  'backends',
  'appearance',
  'general',
  'quick-ask',
  'images',
  'shortcuts',
  'privacy',
  'about',
]
