import { CircleAlert } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import type { ShortcutState } from '../../shared/contract'
import { Button } from '../controls/button'
import { Icon } from '../controls/icon'
import { StatusDot } from '../controls/status-dot'
import { Switch } from '../controls/switch'
import { showToast } from '../controls/toast'
import { useSettings, useShortcutState } from './data'
import { Row, Section } from './row'
import { ShortcutRecorder } from './shortcut-recorder'

/** What to bind to a key in the desktop's own settings where no app may hold one. */
const COMMAND = 'parley --quick-ask'

/** The shortcut with its true state, and a way to try it [32]. */
export function QuickAskPage() {
  const { t } = useTranslation()
  const { quickAsk } = useSettings()
  const state = useShortcutState()
  const set = (part: Partial<typeof quickAsk>) =>
    void window.parley.request['settings.set']({ quickAsk: { ...quickAsk, ...part } })
  return (
    <Section title={t('settings:quickAsk.shortcut')}>
      <Row name={t('settings:quickAsk.isOn')} help={t('settings:quickAsk.isOnHelp')}>
        <Switch
          label={t('settings:quickAsk.isOn')}
          isOn={quickAsk.isEnabled}
          onChange={(isEnabled) => set({ isEnabled })}
        />
      </Row>
      <Row name={t('settings:quickAsk.open')} help={<StateLine state={state} onCheck={() => set({})} />}>
        {state.kind === 'not-possible' ? (
          <span className="inline-flex h-9 w-37 items-center justify-center rounded-m border border-line text-ui text-ink-3">
            {t('settings:quickAsk.notAvailable')}
          </span>
        ) : (
          <ShortcutRecorder
            label={t('settings:quickAsk.open')}
            accelerator={quickAsk.shortcut}
            isTaken={state.kind === 'taken'}
            onRecord={(shortcut) => set({ shortcut })}
          />
        )}
      </Row>
      <Row name={t('settings:quickAsk.try')} help={t('settings:quickAsk.tryHelp')}>
        <Button onClick={() => void window.parley.request['quickAsk.show']()}>{t('settings:quickAsk.open')}</Button>
      </Row>
    </Section>
  )
}

function StateLine({ state, onCheck }: { state: ShortcutState; onCheck: () => void }) {
  const { t } = useTranslation()
  switch (state.kind) {
    case 'registered':
      return (
        <span className="inline-flex items-center gap-2" role="status">
          <StatusDot connection="connected" />
          {t('settings:quickAsk.registered')}
        </span>
      )
    case 'taken':
      return (
        <span className="flex flex-wrap items-center gap-x-2 text-danger" role="status">
          <Icon of={CircleAlert} size={14} />
          <span className="min-w-0 flex-1 basis-60">{t('settings:quickAsk.taken')}</span>
          <Button variant="quiet" onClick={onCheck}>
            {t('settings:quickAsk.check')}
          </Button>
        </span>
      )
    case 'off':
      return <span role="status">{t('settings:quickAsk.off')}</span>
    case 'not-possible':
      return (
        <span role="status" className="block">
          {t('settings:quickAsk.notPossible')}
          <span className="mt-1.5 flex flex-wrap items-center gap-2">
            <code className="rounded-xs bg-bubble px-1.5 py-0.5 text-ink-1">{COMMAND}</code>
            <Button
              variant="quiet"
              onClick={() =>
                void navigator.clipboard.writeText(COMMAND).then(() => showToast({ text: t('common:copied') }))
              }
            >
              {t('settings:quickAsk.copyCommand')}
            </Button>
          </span>
        </span>
      )
  }
}
