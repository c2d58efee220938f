import { Radio } from '@base-ui/react/radio'
import { RadioGroup } from '@base-ui/react/radio-group'
import { useId } from 'react'
import { useTranslation } from 'react-i18next'
import type { Settings } from '../../shared/settings'
import { isStill } from '../appearance'
import { Segmented } from '../controls/segmented'
import { Select } from '../controls/select'
import { Slider } from '../controls/slider'
import { Switch } from '../controls/switch'
import { useSettings } from './data'
import { Row, Section } from './row'

const THEMES = ['system', 'light', 'dark'] as const

/** Looks, and what the thread does while an answer runs [18]. */
export function AppearancePage() {
  const { t } = useTranslation()
  const settings = useSettings()
  const headingId = useId()
  const sizeId = useId()
  const set = (part: Partial<Omit<Settings, 'backends'>>) => void window.parley.request['settings.set'](part)
  return (
    <>
      <section className="mb-6.5" aria-labelledby={headingId}>
        <h2 id={headingId} className="mb-3 text-[14px]/6 font-strong text-ink-1">
          {t('settings:appearance.theme')}
        </h2>
        <RadioGroup
          aria-labelledby={headingId}
          value={settings.theme}
          onValueChange={(value) => {
            const theme = THEMES.find((each) => each === value)
            if (theme !== undefined) set({ theme })
          }}
          className="grid grid-cols-3 gap-5 max-narrow:gap-3"
        >
          {THEMES.map((theme) => (
            <label key={theme} className="group flex flex-col gap-2.5 text-ui text-ink-1">
              <span className="block rounded-l outline-offset-2 group-has-[[data-checked]]:outline-2 group-has-[[data-checked]]:outline-accent">
                <ThemePicture theme={theme} />
              </span>
              <span className="flex items-center gap-2">
                <Radio.Root
                  value={theme}
                  className="inline-flex size-4 flex-none items-center justify-center rounded-full border border-field data-checked:border-transparent data-checked:bg-accent"
                >
                  <Radio.Indicator className="size-1.5 rounded-full bg-on-accent forced-colors:bg-[CanvasText]" />
                </Radio.Root>
                {t(`settings:appearance.${theme}`)}
              </span>
            </label>
          ))}
        </RadioGroup>
      </section>
      <Section title={t('settings:appearance.reading')}>
        <Row name={t('settings:appearance.textSize')} help={t('settings:appearance.textSizeHelp')} labelId={sizeId}>
          <span aria-hidden className="text-meta text-ink-2">
            A
          </span>
          <Slider
            labelledBy={sizeId}
            value={settings.textSizePx}
            min={13}
            max={22}
            onChange={(value) => set({ textSizePx: value })}
            className="mx-1 w-40"
          />
          <span aria-hidden className="text-[18px]/6 text-ink-2">
            A
          </span>
          <span className="w-14 text-end text-ui text-ink-2 tabular">
            {t('settings:appearance.pixels', { value: settings.textSizePx })}
          </span>
        </Row>
        <Row name={t('settings:appearance.columnWidth')}>
          <Segmented
            label={t('settings:appearance.columnWidth')}
            value={settings.columnWidth}
            options={[
              { value: 'narrow', label: t('settings:appearance.narrow') },
              { value: 'normal', label: t('settings:appearance.normal') },
              { value: 'wide', label: t('settings:appearance.wide') },
            ]}
            onChange={(columnWidth) => set({ columnWidth })}
          />
        </Row>
        <Row name={t('settings:appearance.code')}>
          <Segmented
            label={t('settings:appearance.code')}
            value={settings.wrapsCode ? 'wrap' : 'scroll'}
            options={[
              { value: 'scroll', label: t('settings:appearance.codeScroll') },
              { value: 'wrap', label: t('settings:appearance.codeWrap') },
            ]}
            onChange={(chosen) => set({ wrapsCode: chosen === 'wrap' })}
          />
        </Row>
      </Section>
      <Section title={t('settings:appearance.running')}>
        <Row name={t('settings:appearance.follow')} help={t('settings:appearance.followHelp')}>
          <Switch
            label={t('settings:appearance.follow')}
            isOn={settings.followsAnswer}
            onChange={(followsAnswer) => set({ followsAnswer })}
          />
        </Row>
        <Row name={t('settings:appearance.provider')} help={t('settings:appearance.providerHelp')}>
          <Switch
            label={t('settings:appearance.provider')}
            isOn={settings.showsProvider}
            onChange={(showsProvider) => set({ showsProvider })}
          />
        </Row>
        <Row
          name={t('settings:appearance.motion')}
          help={
            settings.motion === 'system'
              ? t(`settings:appearance.${isStill('system') ? 'motionFollowsOn' : 'motionFollowsOff'}`)
              : undefined
          }
        >
          <Select
            label={t('settings:appearance.motion')}
            isNarrow
            value={settings.motion}
            options={[
              { value: 'system', label: t('settings:appearance.motionSystem') },
              { value: 'reduced', label: t('settings:appearance.motionOn') },
              { value: 'full', label: t('settings:appearance.motionOff') },
            ]}
            onChange={(motion) => set({ motion })}
          />
        </Row>
      </Section>
    </>
  )
}

const LOOKS = {
  light: {
    side: '#F4F1EA',
    paper: '#FBF9F5',
    ink: '#6F6A60',
    bar: '#CFC8BA',
    bubble: '#F0ECE4',
    dot: '#1F7A6D',
    edge: '#D3CCBF',
  },
  dark: {
    side: '#0E1214',
    paper: '#121719',
    ink: '#949590',
    bar: '#363F43',
    bubble: '#1F2629',
    dot: '#5CC5B1',
    edge: '#363F43',
  },
} as const

/** A small window in the theme's own colours; both halves for "system". */
function ThemePicture({ theme }: { theme: Settings['theme'] }) {
  const clipId = useId()
  return (
    <svg viewBox="0 0 192 95" className="block w-full rounded-l" aria-hidden>
      {theme !== 'dark' && <MiniWindow look={LOOKS.light} />}
      {theme === 'system' && (
        <clipPath id={clipId}>
          <path d="M192 0V95H0Z" />
        </clipPath>
      )}
      {theme !== 'light' && (
        <g {...(theme === 'system' ? { clipPath: `url(#${clipId})` } : {})}>
          <MiniWindow look={LOOKS.dark} />
        </g>
      )}
    </svg>
  )
}

function MiniWindow({ look }: { look: (typeof LOOKS)[keyof typeof LOOKS] }) {
  return (
    <>
      <rect width="192" height="95" rx="9" fill={look.paper} />
      <path d="M9 0H65V95H9A9 9 0 0 1 0 86V9A9 9 0 0 1 9 0Z" fill={look.side} />
      <path d="M64.5 0V95" stroke={look.edge} opacity=".6" />
      <rect x="8" y="11" width="34" height="4" rx="2" fill={look.bar} />
      <rect x="8" y="22" width="24" height="4" rx="2" fill={look.bar} />
      <rect x="132" y="13" width="48" height="10" rx="4" fill={look.bubble} />
      <rect x="77" y="33" width="94" height="4" rx="2" fill={look.ink} />
      <rect x="77" y="44" width="82" height="4" rx="2" fill={look.ink} />
      <rect x="77" y="55" width="46" height="4" rx="2" fill={look.ink} />
      <circle cx="128" cy="57" r="2.25" fill={look.dot} />
      <rect x=".5" y=".5" width="191" height="94" rx="8.5" fill="none" stroke={look.edge} />
    </>
  )
}
