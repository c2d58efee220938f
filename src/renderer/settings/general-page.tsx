import { useTranslation } from 'react-i18next'
import type { Settings } from '../../shared/settings'
import { Segmented } from '../controls/segmented'
import { Select } from '../controls/select'
import { Switch } from '../controls/switch'
import { useBoot, useSettings } from './data'
import { Row, Section } from './row'

/** Languages in their own words. */
const LANGUAGES = { en: 'English', ru: 'Русский' } as const

/** Send key, language, closing [19]. */
export function GeneralPage() {
  const { t } = useTranslation()
  const settings = useSettings()
  const boot = useBoot()
  const isMac = window.parley.platform === 'darwin'
  const set = (part: Partial<Omit<Settings, 'backends'>>) => void window.parley.request['settings.set'](part)
  return (
    <>
      <Section title={t('settings:general.writing')}>
        <Row name={t('settings:general.sendWith')} help={t('settings:general.sendWithHelp')}>
          <Segmented
            label={t('settings:general.sendWith')}
            value={settings.sendKey}
            options={[
              { value: 'enter', label: t(isMac ? 'settings:general.return' : 'settings:general.enter') },
              { value: 'mod-enter', label: t(isMac ? 'settings:general.modEnterMac' : 'settings:general.modEnter') },
            ]}
            onChange={(sendKey) => set({ sendKey })}
          />
        </Row>
        <Row name={t('settings:general.language')}>
          <Select
            label={t('settings:general.language')}
            value={settings.locale}
            options={[
              {
                value: 'system',
                label: t('settings:general.languageSystem', { name: LANGUAGES[boot?.systemLocale ?? 'en'] }),
              },
              { value: 'en', label: LANGUAGES.en },
              { value: 'ru', label: LANGUAGES.ru },
            ]}
            onChange={(locale) => set({ locale })}
          />
        </Row>
      </Section>
      <Section title={t('settings:general.window')}>
        <Row name={t('settings:general.closeToTray')} help={t('settings:general.closeToTrayHelp')}>
          <Switch
            label={t('settings:general.closeToTray')}
            isOn={settings.closeToTray ?? false}
            onChange={(closeToTray) => set({ closeToTray })}
          />
        </Row>
      </Section>
    </>
  )
}
