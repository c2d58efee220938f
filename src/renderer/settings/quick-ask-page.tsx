import { useEffect, useId, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { electronAccelerator, fromElectron } from '../../shared/accelerator'
import { capsOf } from '../actions/keys'
import { Button } from '../controls/button'
import { useKeyWords } from '../controls/kbd'
import { Switch } from '../controls/switch'
import { useSettings, useShortcutState } from './data'
import { QuickAnswers, QuickWindow } from './quick-ask-sections'
import { Row, Section } from './row'
import { NoShortcutField, RecordingField, ShortcutField } from './shortcut-recorder'
import { ShortcutFallback, ShortcutLine } from './shortcut-state'

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
    <>
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
                <ShortcutLine state={state} onCheck={check} />
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
              {(state.kind === 'asking' || state.kind === 'refused') && (
                <Button className="min-h-9" onClick={check}>
                  {t('settings:quickAsk.askAgain')}
                </Button>
              )}
            </>
          )}
        </Row>
        <ShortcutFallback state={state} />
        <Row name={t('settings:quickAsk.try')} help={t('settings:quickAsk.tryHelp')}>
          <Button onClick={() => void window.parley.request['quickAsk.show']()}>{t('settings:quickAsk.open')}</Button>
        </Row>
      </Section>
      <QuickAnswers />
      <QuickWindow />
    </>
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
