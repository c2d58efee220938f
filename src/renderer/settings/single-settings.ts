import type { BackendView } from '../../shared/settings'
import type { SettingsPageId } from '../store/state'

/** One setting that can be looked for: the page it is on, and the i18n key of the name that its row has there. */
export interface SingleSetting {
  page: SettingsPageId
  name: string
  /** The i18n key of its sentence of help, looked through as well. */
  help?: string
}

/**
 * Every single setting, in the order of the pages. A row, a field or a part is found on its page by its name in the language
 * on show, which stands in its `data-setting`.
 */
const SINGLE_SETTINGS: readonly SingleSetting[] = [
  { page: 'backends', name: 'settings:backends.address' },
  { page: 'backends', name: 'settings:backends.key' },
  { page: 'backends', name: 'settings:backends.model' },
  { page: 'backends', name: 'settings:providerKeys.title' },
  { page: 'backends', name: 'settings:parameters.label', help: 'settings:parameters.help' },
  { page: 'backends', name: 'settings:headers.label' },
  { page: 'backends', name: 'settings:network.proxy' },
  { page: 'backends', name: 'settings:backends.limits' },
  { page: 'backends', name: 'settings:security.certificate' },
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
  { page: 'general', name: 'settings:general.graphics', help: 'settings:general.graphicsHelp' },
  { page: 'quick-ask', name: 'settings:quickAsk.isOn', help: 'settings:quickAsk.isOnHelp' },
  { page: 'quick-ask', name: 'settings:quickAsk.open' },
  { page: 'quick-ask', name: 'settings:quickAsk.try', help: 'settings:quickAsk.tryHelp' },
  { page: 'quick-ask', name: 'settings:quickAsk.backend' },
  { page: 'quick-ask', name: 'settings:quickAsk.model', help: 'settings:quickAsk.modelHelp' },
  { page: 'quick-ask', name: 'settings:quickAsk.instruction', help: 'settings:quickAsk.instructionHelp' },
  { page: 'quick-ask', name: 'settings:quickAsk.hides', help: 'settings:quickAsk.hidesHelp' },
  { page: 'quick-ask', name: 'settings:quickAsk.kept', help: 'settings:quickAsk.keptHelp' },
  { page: 'quick-ask', name: 'settings:quickAsk.opensOn' },
  { page: 'quick-ask', name: 'settings:quickAsk.clipboard', help: 'settings:quickAsk.clipboardHelp' },
  { page: 'quick-ask', name: 'settings:quickAsk.region', help: 'settings:quickAsk.regionHelp' },
  { page: 'images', name: 'images:settings.shrink' },
  { page: 'images', name: 'images:settings.quality' },
  { page: 'images', name: 'images:settings.originals', help: 'images:settings.originalsHelp' },
  { page: 'images', name: 'images:settings.metadata', help: 'images:settings.metadataHelp' },
  { page: 'images', name: 'images:settings.count' },
  { page: 'images', name: 'images:settings.formats' },
  { page: 'shortcuts', name: 'actions:names.ask-region' },
  { page: 'privacy', name: 'privacy:hosts.title', help: 'privacy:hosts.help' },
  { page: 'privacy', name: 'transfer:exportAll.title', help: 'transfer:exportAll.help' },
  { page: 'privacy', name: 'transfer:backup.title', help: 'transfer:backup.help' },
  { page: 'privacy', name: 'transfer:restore.title', help: 'transfer:restore.help' },
  { page: 'privacy', name: 'transfer:check.title', help: 'transfer:check.help' },
  { page: 'privacy', name: 'transfer:chats.temporary', help: 'transfer:chats.temporaryHelp' },
  { page: 'privacy', name: 'transfer:chats.trash' },
  { page: 'privacy', name: 'privacy:pictures.title', help: 'privacy:pictures.help' },
  { page: 'privacy', name: 'privacy:logs.keep', help: 'privacy:logs.keepHelp' },
  { page: 'privacy', name: 'settings:privacy.logFiles' },
  { page: 'privacy', name: 'transfer:delete.title', help: 'transfer:delete.help' },
]

/** Those that there are at present: the Guide has no address, key or model. */
export function settingsFor(backends: readonly Pick<BackendView, 'isBuiltIn'>[]): readonly SingleSetting[] {
  const hasForm = backends.some(({ isBuiltIn }) => !isBuiltIn)
  return hasForm ? SINGLE_SETTINGS : SINGLE_SETTINGS.filter(({ page }) => page !== 'backends')
}

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
