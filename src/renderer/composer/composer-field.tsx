import { useEffect, useId, useLayoutEffect, useRef, useState, type KeyboardEvent, type RefObject } from 'react'
import { pathOf, titleFrom } from '../../shared/conversation'
import { tellError } from '../controls/tell-error'
import {
  emptySlot,
  fillPrompt,
  findPrompts,
  isEmptySlot,
  MAX_PROMPT_NAME,
  MAX_PROMPT_TEXT,
  type Prompt,
} from '../../shared/prompts'
import { useAction } from '../actions/offers'
import { ChoiceList } from '../prompts/choice-list'
import { MarkedText } from '../prompts/marked-text'
import { PromptMenu, type MenuRow } from '../prompts/prompt-menu'
import { replaceText } from '../prompts/replace-text'
import { moveSlots, nextSlot, slashWordAt, slotAt } from '../prompts/slots'
import { fillingOf, needPrompts, newPrompt, savePrompt, usePrompts } from '../prompts/state'
import { showPrompts } from '../store/conversations'
import { changeDraft } from '../store/drafts'
import { conversationOf, EMPTY_DRAFT, useStore, type Filling } from '../store/state'

export interface ComposerFieldProps {
  conversationId: string
  fieldRef: RefObject<HTMLTextAreaElement | null>
  label: string
  placeholder: string
  isReadOnly: boolean
  describedBy: string | undefined
  /** Keys that neither the menu of prompts nor a slot has used. */
  onKeyDown: (event: KeyboardEvent<HTMLTextAreaElement>) => void
  /** Send what stands there, as Mod Enter in the menu asks for. */
  onSend: () => void
}

const MOST_ROWS = 50
const TYPE = 'px-4 pt-3 pb-2 text-[length:var(--input-size)] leading-[1.6]'

/** The text of a message: grows to ten lines; a slash at the start of a line opens the prompts, Tab goes through slots. */
export function ComposerField(props: ComposerFieldProps) {
  const { conversationId, fieldRef, label, placeholder, isReadOnly, describedBy, onKeyDown, onSend } = props
  const id = useId()
  const { text, filling } = useStore((state) => state.drafts.get(conversationId) ?? EMPTY_DRAFT)
  const [caret, setCaret] = useState({ start: 0, end: 0 })
  const [isFocused, setIsFocused] = useState(false)
  const box = useRef<HTMLDivElement>(null)
  const marked = useRef<HTMLDivElement>(null)
  const [widthPx, setWidthPx] = useState<number | null>(null)
  const slots = filling?.slots ?? NO_SLOTS
  const present = isFocused ? slotAt(slots, caret.start, caret.end) : -1

  const write = (field: HTMLTextAreaElement, isUndo: boolean): void => {
    const next = field.value
    const end = field.selectionEnd
    changeDraft(conversationId, (before) => {
      const { filling: kept, ...rest } = before
      const moved = kept === undefined ? [] : moveSlots(kept.slots, before.text, next, end)
      return {
        ...rest,
        text: next,
        ...(kept !== undefined && moved.length > 0 && { filling: { ...kept, slots: moved } }),
      }
    })
    setCaret({ start: field.selectionStart, end })
    if (!isUndo) queueMicrotask(() => refill(conversationId, field))
  }
  const replace = (from: number, to: number, words: string): void => {
    if (fieldRef.current !== null) replaceText(fieldRef.current, from, to, words)
  }
  const goTo = (slot: { from: number; to: number }): void => {
    fieldRef.current?.setSelectionRange(slot.from, slot.to)
  }

  // ---- the prompts of a slash ----

  const slash = isFocused && !isReadOnly && caret.start === caret.end ? slashWordAt(text, caret.end) : null
  const [closedAt, setClosedAt] = useState<number | null>(null)
  if (slash === null && closedAt !== null) setClosedAt(null)
  const hasSlash = slash !== null
  useEffect(() => {
    if (hasSlash) void needPrompts()
  }, [hasSlash])
  const { prompts, isLoaded } = usePrompts()
  const question = useStore((state) => (hasSlash ? lastQuestion(conversationOf(state, conversationId)) : null))
  const rows = slash === null ? NO_ROWS : rowsOf(prompts, slash.query, question !== null)
  const isMenuOpen = slash !== null && isLoaded && closedAt !== slash.from && rows.length > 0
  const [active, setActive] = useState({ query: '', index: 0 })
  const activeIndex = active.query === slash?.query ? Math.min(active.index, rows.length - 1) : 0
  const point = (index: number): void => {
    if (slash !== null) setActive({ query: slash.query, index })
  }
  const insert = (prompt: Prompt, shallSend: boolean): void => {
    if (slash === null) return
    const filled = fillPrompt(prompt)
    replace(slash.from, slash.to, filled.text)
    const made = fillingOf(prompt, filled.slots, slash.from)
    if (made.slots.length > 0) changeDraft(conversationId, (draft) => ({ ...draft, filling: made }))
    const isOpen = filled.slots.some((slot) => isEmptySlot(slot, filled.text))
    if (shallSend && !isOpen) {
      onSend()
      return
    }
    const wholeText = fieldRef.current?.value ?? ''
    const first = made.slots.find((slot) => isEmptySlot(slot, wholeText)) ?? made.slots[0]
    if (first !== undefined) goTo(first)
  }
  const pick = async (row: MenuRow, shallSend: boolean): Promise<void> => {
    if (row.kind === 'prompt') {
      insert(row.prompt, shallSend)
      return
    }
    if (slash !== null) replace(slash.from, slash.to, '')
    if (row.kind === 'all') {
      showPrompts()
      return
    }
    const words = row.kind === 'save' ? (question ?? '').slice(0, MAX_PROMPT_TEXT) : ''
    const made = newPrompt({ name: titleFrom(words).slice(0, MAX_PROMPT_NAME), text: words })
    const error = await savePrompt(made)
    showPrompts(made.id)
    if (error !== null) tellError(error)
  }

  useAction(
    'insert-prompt',
    isReadOnly
      ? null
      : () => {
          const field = fieldRef.current
          if (field === null) return
          const { value: written } = field
          replace(written.length, written.length, written === '' || written.endsWith('\n') ? '/' : '\n/')
        },
  )

  // ---- the choices of a slot ----

  const slot = slots[present]
  const choices = slot?.choices ?? []
  const [closedSlot, setClosedSlot] = useState<string | null>(null)
  if (closedSlot !== null && closedSlot !== slot?.name) setClosedSlot(null)
  const value = slot === undefined ? '' : text.slice(slot.from, slot.to)
  const hasChoices = slot !== undefined && choices.length > 0 && closedSlot !== slot.name && !isMenuOpen && !isReadOnly
  const [pointed, setPointed] = useState({ name: '', index: 0 })
  const choiceIndex = pointed.name === slot?.name ? pointed.index : Math.max(0, choices.indexOf(value))
  const [place, setPlace] = useState<{ leftPx: number; bottomPx: number } | null>(null)
  const slotIndex = slots.indexOf(slot ?? NO_SLOT)
  useLayoutEffect(() => {
    const mark = marked.current?.querySelector(`[data-slot="${slotIndex}"]`)
    const around = box.current?.getBoundingClientRect()
    if (!hasChoices || mark === null || mark === undefined || around === undefined) return
    const there = mark.getClientRects()[0] ?? mark.getBoundingClientRect()
    const leftPx = Math.max(0, Math.min(there.left - around.left - 6, around.width - LIST_PX))
    setPlace({ leftPx, bottomPx: Math.min(around.height, around.bottom - there.top) + 6 })
  }, [hasChoices, slotIndex, text, widthPx])
  const choose = (choice: string): void => {
    if (slot === undefined) return
    replace(slot.from, slot.to, choice)
    const { text: now, filling: left } = useStore.getState().drafts.get(conversationId) ?? EMPTY_DRAFT
    const next = nextSlot(left?.slots ?? [], present, 1, now)
    setClosedSlot(slot.name)
    if (next !== null) goTo(next)
  }

  const steer = (event: KeyboardEvent<HTMLTextAreaElement>): void => {
    if (event.nativeEvent.isComposing || event.keyCode === 229) return onKeyDown(event)
    const isMod = window.parley.platform === 'darwin' ? event.metaKey : event.ctrlKey
    const isPlain = !isMod && !event.altKey && !event.shiftKey
    const take = (doing: () => void): void => {
      event.preventDefault()
      doing()
    }
    if (isMenuOpen) {
      const row = rows[activeIndex]
      if (isPlain && event.key === 'ArrowDown') return take(() => point((activeIndex + 1) % rows.length))
      if (isPlain && event.key === 'ArrowUp') return take(() => point((activeIndex + rows.length - 1) % rows.length))
      if (event.key === 'Enter' && !event.shiftKey && !event.altKey && row !== undefined) {
        return take(() => void pick(row, isMod))
      }
      if (isPlain && event.key === 'Tab' && row !== undefined) return take(() => void pick(row, false))
      if (isPlain && event.key === 'Escape') return take(() => setClosedAt(slash.from))
    }
    if (hasChoices) {
      const point = (index: number): void => setPointed({ name: slot.name, index })
      const choice = choices[choiceIndex]
      if (isPlain && event.key === 'ArrowDown') return take(() => point((choiceIndex + 1) % choices.length))
      if (isPlain && event.key === 'ArrowUp')
        return take(() => point((choiceIndex + choices.length - 1) % choices.length))
      if (isPlain && event.key === 'Enter' && choice !== undefined) return take(() => choose(choice))
      if (isPlain && event.key === 'Escape') return take(() => setClosedSlot(slot.name))
    }
    if (event.key === 'Tab' && slots.length > 0 && !isMod && !event.altKey) {
      const next = nextSlot(slots, present, event.shiftKey ? -1 : 1, text)
      if (next !== null) return take(() => goTo(next))
    }
    onKeyDown(event)
    if (event.key !== 'Enter' || !event.defaultPrevented) return
    // Sending waits for what is empty: what is typed next belongs there.
    const { text: now, filling: left } = useStore.getState().drafts.get(conversationId) ?? EMPTY_DRAFT
    const missing = left?.slots.find((each) => isEmptySlot(each, now))
    if (missing !== undefined) goTo(missing)
  }

  // ---- the field ----

  const [scrollTop, setScrollTop] = useState(0)
  const hasMarks = slots.length > 0
  useLayoutEffect(() => {
    const field = fieldRef.current
    if (field === null || !hasMarks) return
    const measure = (): void => setWidthPx(field.clientWidth)
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(field)
    return () => observer.disconnect()
  }, [fieldRef, hasMarks])
  const listId = isMenuOpen ? `${id}menu` : hasChoices ? `${id}choices` : undefined
  return (
    <div ref={box} className="relative">
      {hasMarks && (
        <MarkedText
          ref={marked}
          text={text}
          scrollTop={scrollTop}
          widthPx={widthPx}
          className={`${TYPE} text-ink-1`}
          marks={slots.map((each, index) => {
            const isEmpty = isEmptySlot(each, text)
            return {
              from: each.from,
              to: each.to,
              look: index === present ? 'present' : isEmpty ? 'empty' : 'filled',
              hasBraces: text.slice(each.from, each.to) === emptySlot(each.name),
            }
          })}
        />
      )}
      <textarea
        ref={fieldRef}
        data-after-trust
        rows={1}
        dir="auto"
        value={text}
        placeholder={placeholder}
        aria-label={label}
        readOnly={isReadOnly}
        aria-describedby={describedBy}
        aria-autocomplete={listId === undefined ? undefined : 'list'}
        aria-controls={listId}
        aria-activedescendant={listId === undefined ? undefined : `${listId}-${isMenuOpen ? activeIndex : choiceIndex}`}
        className={`relative block max-h-60 min-h-11 w-full resize-none [field-sizing:content] bg-transparent outline-none placeholder:truncate ${TYPE} ${hasMarks ? 'text-transparent caret-accent selection:text-ink-1 forced-colors:text-[FieldText]' : 'text-ink-1'}`}
        onChange={(event) => {
          const { nativeEvent } = event
          const kind = nativeEvent instanceof InputEvent ? nativeEvent.inputType : ''
          const isComposing = nativeEvent instanceof InputEvent && nativeEvent.isComposing
          write(event.currentTarget, kind.startsWith('history') || isComposing)
        }}
        onSelect={(event) => {
          const field = event.currentTarget
          const { selectionStart: start, selectionEnd: end } = field
          setCaret({ start, end })
          // What is empty is one thing: whoever comes into it writes in its place.
          const inside = slots.find(({ from, to }) => start === end && start > from && start < to)
          if (inside !== undefined && text.slice(inside.from, inside.to) === emptySlot(inside.name)) goTo(inside)
        }}
        onFocus={() => setIsFocused(true)}
        onBlur={() => setIsFocused(false)}
        onScroll={(event) => setScrollTop(event.currentTarget.scrollTop)}
        onKeyDown={steer}
      />
      {isMenuOpen && (
        <PromptMenu
          id={`${id}menu`}
          rows={rows}
          count={prompts.length}
          activeIndex={activeIndex}
          typed={text.slice(slash.from, slash.to)}
          onPoint={point}
          onPick={(row) => void pick(row, false)}
        />
      )}
      {hasChoices && place !== null && (
        <ChoiceList
          id={`${id}choices`}
          label={slot.name}
          choices={choices}
          value={value}
          activeIndex={choiceIndex}
          place={place}
          onPoint={(index) => setPointed({ name: slot.name, index })}
          onPick={choose}
        />
      )}
    </div>
  )
}

const NO_SLOTS: Filling['slots'] = []
const NO_SLOT: Filling['slots'][number] = { name: '', choices: [], from: -1, to: -1 }
const NO_ROWS: readonly MenuRow[] = []
/** The width of the list of choices. */
const LIST_PX = 200

function rowsOf(prompts: readonly Prompt[], query: string, hasQuestion: boolean): readonly MenuRow[] {
  const found = findPrompts(prompts, query).slice(0, MOST_ROWS)
  // A path or a comment that begins with a slash is not in the way of the menu's own rows.
  if (found.length === 0 && query !== '') return NO_ROWS
  const save: MenuRow[] = hasQuestion ? [{ kind: 'save' }] : []
  if (prompts.length === 0) return [{ kind: 'new' }, ...save]
  return [...found.map((prompt): MenuRow => ({ kind: 'prompt', prompt })), ...save, { kind: 'all' }]
}

function lastQuestion(conversation: ReturnType<typeof conversationOf>): string | null {
  if (conversation === null) return null
  const question = pathOf(conversation).findLast(({ role }) => role === 'user')
  return question?.role === 'user' && question.text.trim() !== '' ? question.text : null
}

/** A slot whose words were deleted says again what belongs there. */
function refill(conversationId: string, field: HTMLTextAreaElement): void {
  const { text, filling } = useStore.getState().drafts.get(conversationId) ?? EMPTY_DRAFT
  const gone = filling?.slots.find(({ from, to }) => from === to)
  if (gone === undefined || field.value !== text || document.activeElement !== field) return
  replaceText(field, gone.from, gone.to, emptySlot(gone.name))
  field.setSelectionRange(gone.from, gone.from + emptySlot(gone.name).length)
}
