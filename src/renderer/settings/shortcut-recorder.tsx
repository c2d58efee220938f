import { CircleAlert } from 'lucide-react'
import { useEffect, useRef, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { isFreeToUse, type Accelerator } from '../../shared/accelerator'
import type { ActionId, KeyConflict } from '../../shared/actions'
import { capsOf, readPress } from '../actions/keys'
import { Button } from '../controls/button'
import { Icon } from '../controls/icon'
import { KeyCaps } from '../controls/kbd'

const FIELD = 'flex h-9 w-37 flex-none items-center justify-center rounded-m border text-ui -outline-offset-1'

/** A shortcut as it is set, in a field; `isRefused` while it cannot be used [32], [33]. */
export function ShortcutField({ accelerator, isRefused }: { accelerator: Accelerator; isRefused: boolean }) {
  return (
    <span className={`${FIELD} bg-raised ${isRefused ? 'border-danger outline-2 outline-danger' : 'border-field'}`}>
      <KeyCaps keys={capsOf(accelerator)} />
    </span>
  )
}

/** In place of a shortcut where none can be held. */
export function NoShortcutField({ children }: { children: ReactNode }) {
  return <span className={`${FIELD} border-line-2 text-ink-3`}>{children}</span>
}

export interface RecordingFieldProps {
  label: string
  /** Ids of what says how it ends. */
  describedBy?: string
  onRecord: (accelerator: Accelerator) => void
  /** Backspace and Delete leave the action without keys; without this they are keys like others. */
  onClear?: () => void
  /** Esc, or the focus went elsewhere, where it belongs when `isLeft`: the old keys stay. */
  onCancel: (isLeft: boolean) => void
  /** Pressed without a modifier, or still incomplete. */
  onIncomplete?: () => void
}

/** Takes the next keys that can be a shortcut. It has the focus as long as it is there. */
export function RecordingField({ label, describedBy, onRecord, onClear, onCancel, onIncomplete }: RecordingFieldProps) {
  const { t } = useTranslation()
  const field = useRef<HTMLDivElement>(null)
  const isOver = useRef(false)
  useEffect(() => field.current?.focus(), [])
  const end = (tell: () => void): void => {
    // The field goes away with what it tells, and takes its focus with it: that is no cancel.
    if (isOver.current) return
    isOver.current = true
    tell()
  }
  return (
    <div
      ref={field}
      tabIndex={0}
      role="textbox"
      aria-readonly
      aria-label={label}
      aria-placeholder={t('actions:shortcuts.press')}
      aria-describedby={describedBy}
      className={`${FIELD} border-accent bg-raised text-ink-3 outline-2 outline-accent`}
      onBlur={({ relatedTarget }) => end(() => onCancel(relatedTarget !== null))}
      onKeyDown={(event) => {
        const isPlain = !event.ctrlKey && !event.altKey && !event.metaKey && !event.shiftKey
        if (event.key === 'Tab' && !event.ctrlKey && !event.altKey && !event.metaKey) return
        event.preventDefault()
        event.stopPropagation()
        if (isPlain && event.key === 'Escape') {
          end(() => onCancel(false))
          return
        }
        if (isPlain && (event.key === 'Backspace' || event.key === 'Delete') && onClear !== undefined) {
          end(onClear)
          return
        }
        const accelerator = readPress(event.nativeEvent)[0]
        if (accelerator === undefined) return
        if (isFreeToUse(accelerator)) end(() => onRecord(accelerator))
        else onIncomplete?.()
      }}
    >
      {t('actions:shortcuts.press')}
    </div>
  )
}

export interface ShortcutConflictProps {
  conflict: KeyConflict
  /** The keys that stay, in words; empty for none. */
  kept: string
  onUse: (from: ActionId) => void
  onAgain: () => void
  onKeep: () => void
}

/** Why these keys cannot be had, and the two ways out. */
export function ShortcutConflict({ conflict, kept, onUse, onAgain, onKeep }: ShortcutConflictProps) {
  const { t } = useTranslation()
  const first = useRef<HTMLButtonElement>(null)
  useEffect(() => first.current?.focus(), [])
  const isFree = conflict.kind === 'used' && !conflict.isFixed
  const text = (): string => {
    switch (conflict.kind) {
      case 'used': {
        const name = t(`actions:names.${conflict.by}`)
        return t(conflict.isFixed ? 'actions:shortcuts.usedFixed' : 'actions:shortcuts.used', { name })
      }
      case 'system':
        return t('actions:shortcuts.system', { system: t(`actions:shortcuts.systems.${window.parley.platform}`) })
      case 'menu':
        return t('actions:shortcuts.usedFixed', { name: t(`desktop:menu.${conflict.name}`) })
    }
  }
  return (
    <div
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return
        event.preventDefault()
        onKeep()
      }}
    >
      <p role="alert" className="mt-1 flex items-center gap-2 text-meta text-danger">
        <Icon of={CircleAlert} size={14} className="flex-none" />
        {text()}
      </p>
      <div className="mt-2 flex flex-wrap gap-2">
        <Button
          ref={first}
          onClick={() => {
            if (conflict.kind === 'used' && isFree) onUse(conflict.by)
            else onAgain()
          }}
        >
          {t(isFree ? 'actions:shortcuts.useHere' : 'actions:shortcuts.again')}
        </Button>
        <Button variant="quiet" onClick={onKeep}>
          {kept === '' ? t('actions:shortcuts.keepNone') : t('actions:shortcuts.keep', { keys: kept })}
        </Button>
      </div>
    </div>
  )
}
