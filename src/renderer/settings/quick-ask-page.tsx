import { CircleAlert, Copy, TriangleAlert } from 'lucide-react'
import { useEffect, useId, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { electronAccelerator, fromElectron } from '../../shared/accelerator'
import type { ShortcutState } from '../../shared/contract'
import { capsOf } from '../actions/keys'
import { Button } from '../controls/button'
import { Icon } from '../controls/icon'
import { useKeyWords } from '../controls/kbd'
import { StatusDot } from '../controls/status-dot'
import { Switch } from '../controls/switch'
import { showToast } from '../controls/toast'
import { useSettings, useShortcutState } from './data'
import { Row, Section } from './row'
import { NoShortcutField, RecordingField, ShortcutField } from './shortcut-recorder'

/** What to bind to a key in the desktop's own settings where no app may hold one. */
const COMMAND = 'parley --quick-ask'

/** The shortcut with its true state, and a way to try it [32]. */
export function QuickAskPage() {
  const { t } = useTranslation()
  const { quickAsk } = useSettings()
  const state = useShortcutState()
  const [recording, setRecording] = useState<{ isIncomplete: boolean } | null>(null)
  const helpId = useId()
  const record = useRef<HTMLButtonElement>(null)
  const words = useKeyWords()
  const wasRecording = useRef(false)
  useEffect(() => {
    // The button is Cancel while it records, and has the focus again after it.
    if (wasRecording.current && recording === null) record.current?.focus()
    wasRecording.current = recording !== null
  }, [recording])
  const set = (part: Partial<typeof quickAsk>) =>
    void window.parley.request['settings.set']({ quickAsk: { ...quickAsk, ...part } })
  const check = () => void window.parley.request['quickAsk.checkShortcut']()
  const accelerator = fromElectron(quickAsk.shortcut, window.parley.platform)
  const isPossible = state.kind !== 'not-possible'
  return (
    <Section title={t('settings:quickAsk.shortcut')}>
      <Row name={t('settings:quickAsk.isOn')} help={t('settings:quickAsk.isOnHelp')}>
        <Switch
          label={t('settings:quickAsk.isOn')}
          isOn={quickAsk.isEnabled}
          onChange={(isEnabled) => set({ isEnabled })}
        />
      </Row>
      <Row
        name={t('settings:quickAsk.open')}
        help={
          <span id={helpId}>
            {recording !== null ? (
              <RecordingLine isIncomplete={recording.isIncomplete} />
            ) : (
              isPossible && <StateLine state={state} onCheck={check} />
            )}
          </span>
        }
      >
        {!isPossible ? (
          <>
            <NoShortcutField>{t('settings:quickAsk.notAvailable')}</NoShortcutField>
            <Button className="min-h-9" onClick={check}>
              {t('settings:quickAsk.check')}
            </Button>
          </>
        ) : recording !== null ? (
          <>
            <RecordingField
              label={`${t('settings:quickAsk.open')}: ${t('settings:quickAsk.press')}`}
              describedBy={helpId}
              onRecord={(recorded) => {
                setRecording(null)
                set({ shortcut: electronAccelerator(recorded, window.parley.platform) })
              }}
              onCancel={() => setRecording(null)}
              onIncomplete={() => setRecording({ isIncomplete: true })}
            />
            <Button variant="quiet" className="min-h-9" onClick={() => setRecording(null)}>
              {t('common:cancel')}
            </Button>
          </>
        ) : (
          <>
            <ShortcutField accelerator={accelerator} isRefused={state.kind === 'taken'} />
            <Button
              ref={record}
              className="min-h-9"
              aria-label={`${t('settings:quickAsk.record')}: ${t('settings:quickAsk.open')}, ${words(capsOf(accelerator))}`}
              onClick={() => setRecording({ isIncomplete: false })}
            >
              {t('settings:quickAsk.record')}
            </Button>
          </>
        )}
      </Row>
      {state.kind === 'not-possible' && <NotPossible state={state} />}
      <Row name={t('settings:quickAsk.try')} help={t('settings:quickAsk.tryHelp')}>
        <Button onClick={() => void window.parley.request['quickAsk.show']()}>{t('settings:quickAsk.open')}</Button>
      </Row>
    </Section>
  )
}

function RecordingLine({ isIncomplete }: { isIncomplete: boolean }) {
  const { t } = useTranslation()
  const modifiers = t(`actions:shortcuts.modifiers.${window.parley.platform}`)
  return (
    <span className={isIncomplete ? 'text-danger' : ''} role="status">
      {t(isIncomplete ? 'actions:shortcuts.incomplete' : 'settings:quickAsk.pressHelp', { modifiers })}
    </span>
  )
}

function StateLine({
  state,
  onCheck,
}: {
  state: Exclude<ShortcutState, { kind: 'not-possible' }>
  onCheck: () => void
}) {
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
  }
}

/** Desktops with a known place for keys of one's own. */
const PLACES = ['GNOME', 'KDE', 'XFCE', 'Cinnamon', 'MATE', 'sway', 'Hyprland']

/** Why no key can be held, and how the desktop can give one to the command. */
function NotPossible({ state: { reason, desktop } }: { state: Extract<ShortcutState, { kind: 'not-possible' }> }) {
  const { t } = useTranslation()
  const session = reason === 'wayland' ? 'Wayland' : null
  const named = [desktop, session].filter((part) => part !== null)
  const where = desktop !== null && PLACES.includes(desktop) ? desktop : 'other'
  return (
    <div role="status" className="my-3 flex gap-3 rounded-l border border-line-2 bg-raised p-4">
      <Icon of={TriangleAlert} className="mt-0.5 flex-none text-warn" />
      <div className="min-w-0 flex-1">
        <p className="text-ui font-strong text-ink-1">{t('settings:quickAsk.notPossible')}</p>
        <p className="mt-0.5 text-ui text-ink-2">
          {named.length === 2 &&
            `${t('settings:quickAsk.session', { desktop: named[0] ?? '', session: named[1] ?? '' })} `}
          {t(`settings:quickAsk.where.${where}`)}
        </p>
        <div className="mt-2.5 flex items-center justify-between gap-3 rounded-m border border-line-2 bg-sunk py-1 ps-3 pe-1">
          <code className="min-w-0 font-code text-code break-words text-ink-1">{COMMAND}</code>
          <Button
            variant="quiet"
            icon={Copy}
            aria-label={t('settings:quickAsk.copyCommand')}
            onClick={() =>
              void navigator.clipboard.writeText(COMMAND).then(() => showToast({ text: t('common:copied') }))
            }
          >
            {t('settings:quickAsk.copy')}
          </Button>
        </div>
      </div>
    </div>
  )
}
