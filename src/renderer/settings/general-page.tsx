import { useTranslation } from 'react-i18next'
import type { Settings } from '../../shared/settings'
import { Segmented } from '../controls/segmented'
import { Select } from '../controls/select'
import { Switch } from '../controls/switch'
import { useBoot, useSettings } from './data'
import { GraphicsRow } from './graphics-row'
import { Row, Section } from './row'

/** Languages in their own words. */
const LANGUAGES = { en: 'English', ru: 'Русский' } as const

const SPELLING = ['en-US', 'ru', 'en-US ru'] as const

/** Languages as one of the choices; what was set otherwise counts as the system's. */
function spellingChoiceOf(languages: readonly string[]): 'system' | (typeof SPELLING)[number] {
  return SPELLING.find((each) => each === languages.join(' ')) ?? 'system'
}

/** Send key, language, spelling, closing [19]. */
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
        <Row
          name={t('settings:general.spelling')}
          help={t(isMac ? 'settings:general.spellingHelpMac' : 'settings:general.spellingHelp')}
        >
          <Switch
            label={t('settings:general.spelling')}
            isOn={settings.checksSpelling}
            onChange={(checksSpelling) => set({ checksSpelling })}
          />
        </Row>
        {settings.checksSpelling && !isMac && (
          <Row name={t('settings:general.spellingLanguage')}>
            <Select
              label={t('settings:general.spellingLanguage')}
              value={spellingChoiceOf(settings.spellingLanguages)}
              options={[
                { value: 'system', label: t('settings:general.spellingSystem') },
                { value: 'en-US', label: LANGUAGES.en },
                { value: 'ru', label: LANGUAGES.ru },
                { value: 'en-US ru', label: `${LANGUAGES.en}, ${LANGUAGES.ru}` },
              ]}
              onChange={(chosen) => set({ spellingLanguages: chosen === 'system' ? [] : chosen.split(' ') })}
            />
          </Row>
        )}
      </Section>
      <Section title={t('settings:general.startUp')}>
        <Row name={t('settings:general.closeToTray')} help={t('settings:general.closeToTrayHelp')}>
          <Switch
            label={t('settings:general.closeToTray')}
            isOn={settings.closeToTray ?? false}
            onChange={(closeToTray) => set({ closeToTray })}
          />
        </Row>
        <Row name={t('settings:general.opensWith')}>
          <Select
            label={t('settings:general.opensWith')}
            value={settings.opensWith}
            options={[
              { value: 'new', label: t('settings:general.opensNew') },
              { value: 'last', label: t('settings:general.opensLast') },
            ]}
            onChange={(opensWith) => set({ opensWith })}
          />
        </Row>
        <Row name={t('settings:general.startsAtLogin')}>
          <Select
            label={t('settings:general.startsAtLogin')}
            value={isMac && settings.startsAtLogin === 'hidden' ? 'shown' : settings.startsAtLogin}
            options={[
              { value: 'never', label: t('settings:general.loginNever') },
              { value: 'shown', label: t('settings:general.loginShown') },
              // macOS starts a login item in one way only.
              ...(isMac ? [] : [{ value: 'hidden' as const, label: t('settings:general.loginHidden') }]),
            ]}
            onChange={(startsAtLogin) => set({ startsAtLogin })}
          />
        </Row>
        <Row name={t('settings:general.notifies')} help={t('settings:general.notifiesHelp')}>
          <Select
            label={t('settings:general.notifies')}
            value={settings.notifies}
            options={[
              { value: 'plain', label: t('settings:general.notifiesPlain') },
              { value: 'text', label: t('settings:general.notifiesText') },
              { value: 'never', label: t('settings:general.notifiesNever') },
            ]}
            onChange={(notifies) => set({ notifies })}
          />
        </Row>
        <Row name={t('settings:general.staysAwake')}>
          <Switch
            label={t('settings:general.staysAwake')}
            isOn={settings.staysAwake}
            onChange={(staysAwake) => set({ staysAwake })}
          />
        </Row>
        <GraphicsRow />
      </Section>
    </>
  )
}
