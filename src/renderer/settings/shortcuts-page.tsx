import { RotateCcw, Search, X } from 'lucide-react'
import { useEffect, useId, useRef, useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { isFreeToUse, type Accelerator } from '../../shared/accelerator'
import {
  ACTIONS,
  actionOf,
  conflictOf,
  isChangeable,
  isGlobal,
  type Action,
  type ActionGroup,
  type ActionId,
  type GlobalShortcutId,
  type KeyConflict,
} from '../../shared/actions'
import type { ShortcutState } from '../../shared/contract'
import { capsOf, readPress, useActionKeys } from '../actions/keys'
import { Button } from '../controls/button'
import { Icon } from '../controls/icon'
import { IconButton } from '../controls/icon-button'
import { KeyCaps, useKeyWords } from '../controls/kbd'
import { StatusDot } from '../controls/status-dot'
import { useSettings, useShortcutState } from './data'
import { saveKeys } from './save-keys'
import { RecordingField, ShortcutConflict, ShortcutField } from './shortcut-recorder'
import { ShortcutLine } from './shortcut-state'

const GROUPS: readonly ActionGroup[] = ['chats', 'writing', 'reading', 'window', 'anywhere']
const ALL: readonly Action[] = ACTIONS

/** The one row that is being changed. */
type Editing =
  | { kind: 'recording'; id: ActionId; isIncomplete: boolean }
  | { kind: 'conflict'; id: ActionId; accelerator: Accelerator; conflict: KeyConflict }

/** Every key that does something, as it is really set; a click or Enter records another one in place [33]. */
export function ShortcutsPage() {
  const { t } = useTranslation()
  const settings = useSettings()
  const keys = useActionKeys()
  const words = useKeyWords()
  const [editing, setEditing] = useState<Editing | null>(null)
  const [said, setSaid] = useState('')
  const [query, setQuery] = useState('')
  const [pressed, setPressed] = useState<Accelerator | null>(null)
  const returnTo = useRef<ActionId | null>(null)
  const { platform } = window.parley

  useEffect(() => {
    // The row's button is back only after the recording field has gone.
    if (editing !== null || returnTo.current === null) return
    document.querySelector<HTMLElement>(`[data-shortcut="${returnTo.current}"]`)?.focus()
    returnTo.current = null
  }, [editing])

  const name = (id: ActionId): string => t(`actions:names.${id}`)
  const wordsOf = (accelerator: Accelerator): string => words(capsOf(accelerator))
  const stop = (id: ActionId, isLeft = false): void => {
    if (!isLeft) returnTo.current = id
    setEditing(null)
  }
  const give = (id: ActionId, accelerator: Accelerator | null, from?: ActionId): void => {
    saveKeys(settings, id, accelerator, from)
    setSaid(
      accelerator === null
        ? t('actions:shortcuts.emptied', { name: name(id) })
        : t('actions:shortcuts.recorded', { name: name(id), keys: wordsOf(accelerator) }),
    )
    stop(id)
  }
  const wish = (id: ActionId, accelerator: Accelerator): void => {
    const conflict = keys.get(id) === accelerator ? null : conflictOf(id, accelerator, keys, platform)
    if (conflict === null) give(id, accelerator)
    else setEditing({ kind: 'conflict', id, accelerator, conflict })
  }

  const needle = query.trim().toLowerCase()
  const isWanted = ({ id }: Action): boolean => {
    const present = keys.get(id) ?? null
    if (pressed !== null) return present === pressed
    if (needle === '') return true
    return `${name(id)} ${present === null ? '' : wordsOf(present)}`.toLowerCase().includes(needle)
  }
  const groups = GROUPS.map((group) => ({
    group,
    rows: ALL.filter((action) => action.group === group && isWanted(action)),
  })).filter(({ rows }) => rows.length > 0)

  return (
    <>
      <div className="mb-4 flex flex-wrap items-center gap-3">
        <SearchField
          value={pressed === null ? query : wordsOf(pressed)}
          onText={(text) => {
            setPressed(null)
            setQuery(text)
          }}
          onPress={(accelerator) => {
            setQuery('')
            setPressed(accelerator)
          }}
        />
        <Button
          variant="quiet"
          className="-me-2.5"
          isDisabled={Object.keys(settings.shortcuts).length === 0}
          onClick={() => {
            setEditing(null)
            void window.parley.request['settings.set']({ shortcuts: {} })
          }}
        >
          {t('actions:shortcuts.resetAll')}
        </Button>
      </div>
      <p role="status" className="sr-only">
        {said}
      </p>
      {groups.length === 0 && (
        <p role="status" className="py-2 text-ui text-ink-2">
          {t('actions:shortcuts.none')}
        </p>
      )}
      {groups.map(({ group, rows }) => (
        <section key={group} aria-label={t(`actions:groups.${group}`)} className="mb-8">
          <h2 className="border-b border-line pb-2 text-meta font-medium text-ink-3">{t(`actions:groups.${group}`)}</h2>
          <ul>
            {rows.map(({ id }) => (
              <li
                key={id}
                data-setting={name(id)}
                className="border-b border-line last:border-b-0 data-wanted:bg-mark data-wanted:shadow-[0_0_0_8px_var(--mark)] data-wanted:[&_span]:text-ink-1 forced-colors:data-wanted:outline-2"
              >
                <ShortcutRow
                  id={id}
                  name={name(id)}
                  accelerator={keys.get(id) ?? null}
                  editing={editing?.id === id ? editing : null}
                  onEdit={setEditing}
                  onStop={(isLeft) => stop(id, isLeft)}
                  onWish={(accelerator) => wish(id, accelerator)}
                  onGive={(accelerator, from) => give(id, accelerator, from)}
                />
              </li>
            ))}
          </ul>
        </section>
      ))}
    </>
  )
}

interface ShortcutRowProps {
  id: ActionId
  name: string
  accelerator: Accelerator | null
  editing: Editing | null
  onEdit: (editing: Editing) => void
  /** `isLeft` when the focus is elsewhere and stays there. */
  onStop: (isLeft?: boolean) => void
  onWish: (accelerator: Accelerator) => void
  onGive: (accelerator: Accelerator | null, from?: ActionId) => void
}

function ShortcutRow({ id, name, accelerator, editing, onEdit, onStop, onWish, onGive }: ShortcutRowProps) {
  const { t } = useTranslation()
  const settings = useSettings()
  const words = useKeyWords()
  const helpId = useId()
  const isQuickAsk = id === 'quick-ask'
  const shown = accelerator === null ? '' : words(capsOf(accelerator))

  if (editing?.kind === 'recording') {
    return (
      <div className="flex min-h-13 flex-wrap items-center justify-between gap-x-4 gap-y-1 py-2">
        <div className="min-w-40 flex-1">
          <p className="text-ui text-ink-1">{name}</p>
          <p id={helpId} className={`text-meta ${editing.isIncomplete ? 'text-danger' : 'text-ink-3'}`} role="status">
            {editing.isIncomplete
              ? t('actions:shortcuts.incomplete', {
                  modifiers: t(`actions:shortcuts.modifiers.${window.parley.platform}`),
                })
              : isQuickAsk
                ? t('settings:quickAsk.pressHelp', {
                    modifiers: t(`actions:shortcuts.modifiers.${window.parley.platform}`),
                  })
                : t('actions:shortcuts.pressHelp', {
                    key: t(`actions:shortcuts.${window.parley.platform === 'darwin' ? 'delete' : 'backspace'}`),
                  })}
          </p>
        </div>
        <RecordingField
          label={`${name}: ${t('actions:shortcuts.press')}`}
          describedBy={helpId}
          onRecord={onWish}
          {...(isQuickAsk ? {} : { onClear: () => onGive(null) })}
          onCancel={onStop}
          onIncomplete={() => onEdit({ kind: 'recording', id, isIncomplete: true })}
        />
      </div>
    )
  }
  if (editing !== null) {
    return (
      <div className="py-2">
        <div className="flex flex-wrap items-center justify-between gap-x-4 gap-y-1">
          <p className="text-ui text-ink-1">{name}</p>
          <ShortcutField accelerator={editing.accelerator} isRefused />
        </div>
        <ShortcutConflict
          conflict={editing.conflict}
          kept={shown}
          onUse={(from) => onGive(editing.accelerator, from)}
          onAgain={() => onEdit({ kind: 'recording', id, isIncomplete: false })}
          onKeep={() => onStop()}
        />
      </div>
    )
  }
  if (!isChangeable(id) && !isGlobal(id)) {
    return (
      <div className="flex min-h-9.75 items-center justify-between gap-4">
        <span className="text-ui text-ink-1">{name}</span>
        <Caps accelerator={accelerator} />
        <span className="sr-only">{shown}</span>
      </div>
    )
  }
  const isChanged = Object.hasOwn(settings.shortcuts, id) || (id === 'ask-region' && accelerator !== null)
  const first = actionOf(id).keys
  const row = (
    <div className="flex min-h-9.75 items-center gap-1">
      <button
        type="button"
        data-shortcut={id}
        className="focus-inset -mx-2 flex min-h-9.5 min-w-0 flex-1 flex-wrap items-center justify-between gap-x-4 rounded-s px-2 py-1 text-start text-ui text-ink-1 hover:bg-hovered"
        onClick={() => onEdit({ kind: 'recording', id, isIncomplete: false })}
      >
        {name}
        {accelerator !== null && <span className="sr-only">{t('actions:shortcuts.change', { keys: shown })}</span>}
        <span className="ms-auto flex items-center gap-4">
          {isGlobal(id) && <GlobalState id={id} />}
          {accelerator === null ? (
            <span className="font-label text-ink-2">{t('actions:shortcuts.record')}</span>
          ) : (
            <Caps accelerator={accelerator} />
          )}
        </span>
      </button>
      {isChanged && (
        <IconButton
          icon={RotateCcw}
          label={
            first === null
              ? t('actions:shortcuts.resetNone', { name })
              : t('actions:shortcuts.reset', { name, keys: words(capsOf(first)) })
          }
          onClick={() => (first === null ? onGive(null) : onWish(first))}
        />
      )}
    </div>
  )
  if (id !== 'ask-region' || accelerator === null) return row
  return (
    <>
      {row}
      <RegionTrouble />
    </>
  )
}

/** What keeps the keys of the region from working, and what can be done about it: they have no page of their own. */
function RegionTrouble() {
  const state = useShortcutState('ask-region')
  const check = () => void window.parley.request['quickAsk.checkShortcut']()
  if (state.kind === 'off' || (state.kind === 'registered' && state.trigger !== '')) return null
  return (
    <div className="pb-2 text-meta text-ink-2">
      <ShortcutLine state={state} onCheck={check} onAskAgain={check} />
    </div>
  )
}

function Caps({ accelerator }: { accelerator: Accelerator | null }): ReactNode {
  return accelerator === null ? null : <KeyCaps keys={capsOf(accelerator)} />
}

const STATES: Record<ShortcutState['kind'], string> = {
  registered: 'worksAnywhere',
  taken: 'takenShort',
  asking: 'askingShort',
  refused: 'refusedShort',
  paused: 'paused',
  'not-possible': 'notPossibleShort',
  off: 'off',
}

/** Whether the keys work from any app, in two words. */
function GlobalState({ id }: { id: GlobalShortcutId }) {
  const { t } = useTranslation()
  const state = useShortcutState(id)
  const { kind } = state
  const isHeld = kind === 'registered' && state.trigger !== ''
  // Of the region it is said under the row, with what can be done.
  if (id === 'ask-region' && !isHeld) return null
  return (
    <span className={`flex items-center gap-2 text-meta ${kind === 'taken' ? 'text-danger' : 'text-ink-2'}`}>
      {isHeld && <StatusDot connection="connected" />}
      {t(`actions:shortcuts.${kind === 'registered' && !isHeld ? 'noTrigger' : STATES[kind]}`)}
    </span>
  )
}

interface SearchFieldProps {
  value: string
  onText: (text: string) => void
  onPress: (accelerator: Accelerator) => void
}

/** Text is looked for in names; keys that could be a shortcut are looked for as such. */
function SearchField({ value, onText, onPress }: SearchFieldProps) {
  const { t } = useTranslation()
  const field = useRef<HTMLInputElement>(null)
  return (
    <label className="flex h-9 min-w-48 flex-1 items-center gap-2.5 rounded-m border border-field bg-raised px-3 focus-within:outline-2 focus-within:-outline-offset-1 focus-within:outline-focus">
      <Icon of={Search} className="text-ink-3" />
      <input
        ref={field}
        type="text"
        value={value}
        aria-label={t('actions:shortcuts.searchLabel')}
        placeholder={t('actions:shortcuts.search')}
        className="min-w-0 flex-1 bg-transparent text-ui text-ink-1 outline-none placeholder:text-ink-3"
        onChange={(event) => onText(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape' && value !== '') {
            event.preventDefault()
            onText('')
            return
          }
          const accelerator = readPress(event.nativeEvent)[0]
          if (accelerator === undefined || !isFreeToUse(accelerator) || isEditing(accelerator)) return
          event.preventDefault()
          onPress(accelerator)
        }}
      />
      {value !== '' && (
        <IconButton
          icon={X}
          label={t('actions:shortcuts.clear')}
          size={24}
          className="-me-1"
          onClick={() => {
            onText('')
            field.current?.focus()
          }}
        />
      )}
    </label>
  )
}

/** Keys that a field of text needs for itself, such as those of Copy and of going word by word. */
function isEditing(accelerator: Accelerator): boolean {
  const isMenu = conflictOf('quick-ask', accelerator, new Map(), window.parley.platform)?.kind === 'menu'
  return isMenu || /\+(?:Left|Right|Home|End|Backspace|Delete)$/u.test(accelerator)
}
