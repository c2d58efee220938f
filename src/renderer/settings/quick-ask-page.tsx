import { useEffect, useId, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { fromElectron, type Accelerator } from '../../shared/accelerator'
import { conflictOf, type KeyConflict } from '../../shared/actions'
import { capsOf, useActionKeys } from '../actions/keys'
import { Button } from '../controls/button'
import { useKeyWords } from '../controls/kbd'
import { Switch } from '../controls/switch'
import { useSettings, useShortcutState } from './data'
import { QuickAnswers, QuickWindow, setQuickAsk } from './quick-ask-sections'
import { Row, Section } from './row'
import { saveKeys } from './save-keys'
import { NoShortcutField, RecordingField, ShortcutConflict, ShortcutField } from './shortcut-recorder'
import { ShortcutFallback, ShortcutLine } from './shortcut-state'

type Recording = { isIncomplete: boolean } | { accelerator: Accelerator; conflict: KeyConflict }

/** The shortcut with its true state, and a way to try it [32]. */
export function QuickAskPage() {
  const { t } = useTranslation()
  const settings = useSettings()
  const { quickAsk } = settings
  const state = useShortcutState('quick-ask')
  const keys = useActionKeys()
  const [recording, setRecording] = useState<Recording | null>(null)
  const helpId = useId()
  const recordButton = useRef<HTMLButtonElement>(null)
  const words = useKeyWords()
  const wasRecording = useRef(false)
  useEffect(() => {
    // The button is Cancel while it records, and has the focus again after it.
    if (wasRecording.current && recording === null) recordButton.current?.focus()
    wasRecording.current = recording !== null
  }, [recording])
  const check = () => void window.parley.request['quickAsk.checkShortcut']()
  const record = (recorded: Accelerator): void => {
    const isSame = keys.get('quick-ask') === recorded
    const conflict = isSame ? null : conflictOf('quick-ask', recorded, keys, window.parley.platform)
    setRecording(conflict === null ? null : { accelerator: recorded, conflict })
    if (conflict === null) saveKeys(settings, 'quick-ask', recorded)
  }
  const accelerator = fromElectron(quickAsk.shortcut, window.parley.platform)
  const isPossible = state.kind !== 'not-possible'
  return (
    <>
      <Section title={t('settings:quickAsk.shortcut')}>
        <Row name={t('settings:quickAsk.isOn')} help={t('settings:quickAsk.isOnHelp')}>
          <Switch
            label={t('settings:quickAsk.isOn')}
            isOn={quickAsk.isEnabled}
            onChange={(isEnabled) => setQuickAsk({ isEnabled })}
          />
        </Row>
        <Row
          name={t('settings:quickAsk.open')}
          help={
            <span id={helpId}>
              {recording === null ? (
                <ShortcutLine state={state} onCheck={check} />
              ) : 'conflict' in recording ? (
                <ShortcutConflict
                  conflict={recording.conflict}
                  kept={words(capsOf(accelerator))}
                  onUse={(from) => {
                    setRecording(null)
                    saveKeys(settings, 'quick-ask', recording.accelerator, from)
                  }}
                  onAgain={() => setRecording({ isIncomplete: false })}
                  onKeep={() => setRecording(null)}
                />
              ) : (
                <RecordingLine isIncomplete={recording.isIncomplete} />
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
          ) : recording !== null && 'conflict' in recording ? (
            <ShortcutField accelerator={recording.accelerator} isRefused />
          ) : recording !== null ? (
            <>
              <RecordingField
                label={`${t('settings:quickAsk.open')}: ${t('settings:quickAsk.press')}`}
                describedBy={helpId}
                onRecord={record}
                onCancel={(isLeft) => {
                  if (isLeft) wasRecording.current = false
                  setRecording(null)
                }}
                onIncomplete={() => setRecording({ isIncomplete: true })}
              />
              <Button
                variant="quiet"
                className="min-h-9"
                // Taken from the field by the press, the focus would make another button of this one before it is let go.
                onPointerDown={(event) => event.preventDefault()}
                onClick={() => setRecording(null)}
              >
                {t('common:cancel')}
              </Button>
            </>
          ) : (
            <>
              <ShortcutField accelerator={accelerator} isRefused={state.kind === 'taken'} />
              <Button
                ref={recordButton}
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
