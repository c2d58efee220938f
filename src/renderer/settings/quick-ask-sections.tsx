import { ChevronsUpDown } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useShallow } from 'zustand/react/shallow'
import type { ShortcutState } from '../../shared/contract'
import { MAX_QUICK_INSTRUCTION, type ModelChoice, type QuickAskSettings } from '../../shared/settings'
import { choiceFor } from '../chat/backend-items'
import { ModelListLayer } from '../chat/model-list-layer'
import { useChoiceNames } from '../chat/model-picker'
import { Icon } from '../controls/icon'
import { useOnLeave } from '../controls/leaving'
import { Segmented } from '../controls/segmented'
import { Select } from '../controls/select'
import { Switch } from '../controls/switch'
import { TextField } from '../controls/text-field'
import { needCatalogue } from '../store/backends'
import { backendOf, newChatChoice, useStore } from '../store/state'
import { useBackends, useSettings, useShortcutState } from './data'
import { Row, Section } from './row'

/** Stands for whom new chats ask; no id of a backend is empty. */
const LIKE_NEW_CHATS = ''

/** Who answers quick questions, and with which instruction [32]. */
export function QuickAnswers() {
  const { t } = useTranslation()
  const { quickAsk } = useSettings()
  const backends = useBackends()
  const likeNewChats = useStore((state) => newChatChoice(state).backendId)
  const backendId = quickAsk.choice?.backendId ?? likeNewChats
  const isGuide = backends.find(({ profile }) => profile.id === backendId)?.isBuiltIn === true
  return (
    <Section title={t('settings:quickAsk.answers')}>
      <Row name={t('settings:quickAsk.backend')}>
        <Select
          label={t('settings:quickAsk.backend')}
          className="w-80 max-w-full"
          value={quickAsk.choice?.backendId ?? LIKE_NEW_CHATS}
          options={[
            { value: LIKE_NEW_CHATS, label: t('settings:quickAsk.likeNewChats') },
            ...backends.map(({ profile, isBuiltIn }) => ({
              value: profile.id,
              label: isBuiltIn ? t('common:guide') : profile.name,
            })),
          ]}
          onChange={(id) => {
            const view = backendOf(useStore.getState(), id)
            setQuickAsk({ choice: view === null ? null : choiceFor(view) })
          }}
        />
      </Row>
      {!isGuide && (
        <Row name={t('settings:quickAsk.model')} help={t('settings:quickAsk.modelHelp')}>
          <QuickModel onChoose={(choice) => setQuickAsk({ choice })} />
        </Row>
      )}
      <Row name={t('settings:quickAsk.instruction')} help={t('settings:quickAsk.instructionHelp')}>
        <Instruction />
      </Row>
    </Section>
  )
}

/** A field that opens the list of models. A model that is chosen there is asked for, whatever new chats ask. */
function QuickModel({ onChoose }: { onChoose: (choice: ModelChoice) => void }) {
  const { t } = useTranslation()
  const anchor = useRef<HTMLButtonElement>(null)
  const [isOpen, setIsOpen] = useState(false)
  const own = useSettings().quickAsk.choice
  const likeNewChats = useStore(useShallow(newChatChoice))
  const choice = own ?? likeNewChats
  useEffect(() => needCatalogue(choice.backendId), [choice.backendId])
  const { provider, model } = useChoiceNames(choice)
  const name = [provider, model].filter((part) => part !== null).join(' · ')
  return (
    <>
      <button
        ref={anchor}
        type="button"
        aria-label={`${t('settings:quickAsk.model')}: ${name}`}
        aria-haspopup="dialog"
        aria-expanded={isOpen}
        className="flex h-8 w-80 max-w-full items-center justify-between gap-3 rounded-m border border-field bg-raised ps-3 pe-2.5 text-ui text-ink-1 transition-colors hover:border-ink-2"
        onClick={() => setIsOpen(!isOpen)}
      >
        <bdi className="min-w-0 truncate" title={name}>
          {name}
        </bdi>
        <Icon of={ChevronsUpDown} size={14} className="flex-none text-ink-2" />
      </button>
      {isOpen && (
        <ModelListLayer choice={choice} anchor={anchor} onChoose={onChoose} onClose={() => setIsOpen(false)} />
      )}
    </>
  )
}

/** After the last key; the field is left sooner than that at most. */
const WRITE_AFTER_MS = 300

function Instruction() {
  const { t } = useTranslation()
  const { instruction } = useSettings().quickAsk
  const [text, setText] = useState<string | null>(null)
  useEffect(() => {
    if (text === null) return
    const timer = setTimeout(() => setQuickAsk({ instruction: text }), WRITE_AFTER_MS)
    return () => clearTimeout(timer)
  }, [text])
  const save = (): void => {
    if (text !== null) setQuickAsk({ instruction: text })
  }
  useOnLeave(save)
  return (
    <TextField
      label={t('settings:quickAsk.instruction')}
      className="w-80 max-w-full"
      fieldClassName="h-8!"
      value={text ?? instruction}
      maxLength={MAX_QUICK_INSTRUCTION}
      placeholder={t('settings:quickAsk.instructionExample')}
      dir="auto"
      onValueChange={setText}
      onBlur={() => {
        save()
        setText(null)
      }}
    />
  )
}

/** How the window behaves, and what becomes of its questions [32]. */
export function QuickWindow() {
  const { t } = useTranslation()
  const { quickAsk } = useSettings()
  const shortcut = useShortcutState('quick-ask')
  const canCapture = useCanCapture()
  return (
    <Section title={t('settings:quickAsk.window')}>
      <Row name={t('settings:quickAsk.hides')} help={t('settings:quickAsk.hidesHelp')}>
        <Switch
          label={t('settings:quickAsk.hides')}
          isOn={quickAsk.hidesOnBlur}
          onChange={(hidesOnBlur) => setQuickAsk({ hidesOnBlur })}
        />
      </Row>
      <Row
        name={t('settings:quickAsk.kept')}
        help={t(quickAsk.isKept ? 'settings:quickAsk.keptHelp' : 'settings:quickAsk.notKeptHelp')}
      >
        <Switch
          label={t('settings:quickAsk.kept')}
          isOn={quickAsk.isKept}
          onChange={(isKept) => setQuickAsk({ isKept })}
        />
      </Row>
      {!isPlacedByDesktop(shortcut) && (
        <Row name={t('settings:quickAsk.opensOn')}>
          <Segmented
            label={t('settings:quickAsk.opensOn')}
            value={quickAsk.opensOn}
            options={[
              { value: 'pointer', label: t('settings:quickAsk.opensOnPointer') },
              { value: 'main', label: t('settings:quickAsk.opensOnMain') },
            ]}
            onChange={(opensOn) => setQuickAsk({ opensOn })}
          />
        </Row>
      )}
      {canCapture && (
        <Row name={t('settings:quickAsk.region')} help={t('settings:quickAsk.regionHelp')}>
          <Switch
            label={t('settings:quickAsk.region')}
            isOn={quickAsk.offersRegion}
            onChange={(offersRegion) => setQuickAsk({ offersRegion })}
          />
        </Row>
      )}
      <Row name={t('settings:quickAsk.clipboard')} help={t('settings:quickAsk.clipboardHelp')}>
        <Switch
          label={t('settings:quickAsk.clipboard')}
          isOn={quickAsk.offersClipboard}
          onChange={(offersClipboard) => setQuickAsk({ offersClipboard })}
        />
      </Row>
    </Section>
  )
}

/** Whether this session lets Parley take a picture of the screen: what it cannot keep is not offered. */
function useCanCapture(): boolean {
  const [canCapture, setCanCapture] = useState(true)
  useEffect(() => {
    let isGone = false
    void window.parley.request['capture.blocker']().then((result) => {
      if (!isGone) setCanCapture(result.ok && result.value === null)
    })
    return () => {
      isGone = true
    }
  }, [])
  return canCapture
}

/** Under Wayland no program knows where the pointer is, or puts a window anywhere. There the desktop holds the keys. */
function isPlacedByDesktop(state: ShortcutState): boolean {
  switch (state.kind) {
    case 'asking':
    case 'refused':
      return true
    case 'registered':
      return state.trigger !== null
    case 'not-possible':
      return state.reason === 'wayland'
    case 'taken':
    case 'paused':
    case 'off':
      return false
  }
}

/** Changes some of what is set for quick questions; the rest stays as this window knows it. */
export function setQuickAsk(part: Partial<QuickAskSettings>): void {
  const { quickAsk } = useStore.getState().settings
  void window.parley.request['settings.set']({ quickAsk: { ...quickAsk, ...part } })
}
