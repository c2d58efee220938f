import { Popover } from '@base-ui/react/popover'
import { Slider } from '@base-ui/react/slider'
import { BookOpen } from 'lucide-react'
import { useEffect, useId, useRef, useState, type ReactNode, type RefObject } from 'react'
import { useTranslation } from 'react-i18next'
import { DEFAULT_CHAT_SETTINGS, isSameChatSettings } from '../../shared/conversation'
import { fillPrompt } from '../../shared/prompts'
import { Button } from '../controls/button'
import { useFinalFocus } from '../controls/final-focus'
import { TextField } from '../controls/text-field'
import { Menu, MenuItem } from '../controls/menu'
import { useFigures } from '../figures'
import { needPrompts, usePrompts } from '../prompts/state'
import { forgetUnfinished, ParametersField } from '../settings/backends/parameters-field'
import { changeChatSettings, flushChatSettings } from '../store/chat-settings'
import { showChatSettings } from '../store/conversations'
import { chatSettingsOf, useStore } from '../store/state'
import { HangingPanel } from './hanging-panel'

const MAX_TOKENS = 10_000_000
const MAX_SYSTEM = 100_000
/** Where the mark of the slider stands while the model decides. */
const NEUTRAL_TEMPERATURE = 1

export interface ChatSettingsProps {
  conversationId: string
  /** The button that it hangs from. */
  anchor: RefObject<HTMLElement | null>
}

/** What a chat asks of its answers, from the next message on [45]. There while it is open; each change applies at once. */
export function ChatSettings({ conversationId, anchor }: ChatSettingsProps) {
  const { t } = useTranslation()
  const finalFocus = useFinalFocus()
  const id = useId()
  const first = useRef<HTMLTextAreaElement>(null)
  const settings = useStore((state) => chatSettingsOf(state, conversationId))
  const isForNew = useStore((state) => isSameChatSettings(state.settings.newChat, settings))
  /** Fields that keep what is typed themselves begin anew with each. */
  const [resets, setResets] = useState(0)
  useEffect(() => () => void flushChatSettings(conversationId), [conversationId])

  const words = settings.system.match(/[\p{L}\p{N}]+(?:['’\-.][\p{L}\p{N}]+)*/gu)?.length ?? 0
  const { tenths } = useFigures()
  const isDefault = isSameChatSettings(settings, DEFAULT_CHAT_SETTINGS)
  const reset = (): void => {
    forgetUnfinished(conversationId)
    changeChatSettings(conversationId, DEFAULT_CHAT_SETTINGS)
    setResets((before) => before + 1)
  }
  return (
    <HangingPanel
      anchor={anchor}
      onClose={() => showChatSettings(null)}
      initialFocus={first}
      finalFocus={finalFocus}
      className="max-h-[min(100vh-64px,var(--available-height))] w-110"
    >
      <div className="flex min-h-0 flex-col gap-4.5 overflow-y-auto p-5 pt-4">
        <div className="flex flex-wrap items-baseline justify-between gap-x-4">
          <Popover.Title className="text-[15px]/6 font-strong text-ink-1">{t('prompts:chat.title')}</Popover.Title>
          <p className="text-meta text-ink-3">{t('prompts:chat.when')}</p>
        </div>

        <Item
          label={t('prompts:chat.system')}
          htmlFor={`${id}system`}
          note={words === 0 ? null : t('common:words', { count: words })}
        >
          <textarea
            ref={first}
            id={`${id}system`}
            dir="auto"
            rows={3}
            maxLength={MAX_SYSTEM}
            value={settings.system}
            placeholder={t('prompts:chat.systemPlaceholder')}
            className="block max-h-60 min-h-19.5 w-full resize-none [field-sizing:content] rounded-m border border-field bg-raised px-3 py-2 text-ui text-ink-1 transition-colors hover:border-ink-2 focus:outline-2 focus:-outline-offset-1 focus:outline-focus"
            onChange={(event) => changeChatSettings(conversationId, { system: event.currentTarget.value })}
          />
          <FromPrompt onPick={(system) => changeChatSettings(conversationId, { system })} field={first} />
        </Item>

        <Item label={t('prompts:chat.temperature')} labelId={`${id}temperature`}>
          <div className="flex h-7 items-center gap-3">
            <Slider.Root
              value={settings.temperature ?? NEUTRAL_TEMPERATURE}
              min={0}
              max={2}
              step={0.1}
              onValueChange={(value) =>
                changeChatSettings(conversationId, { temperature: Math.round(value * 10) / 10 })
              }
              className="min-w-0 flex-1"
            >
              <Slider.Control className="flex h-7 items-center">
                <Slider.Track className="h-0.5 w-full rounded-full bg-field forced-colors:bg-[CanvasText]">
                  <Slider.Indicator
                    className={`rounded-full ${settings.temperature === null ? 'bg-transparent' : 'bg-accent'}`}
                  />
                  <Slider.Thumb
                    aria-labelledby={`${id}temperature`}
                    getAriaValueText={(formatted) =>
                      settings.temperature === null ? t('prompts:chat.own') : formatted
                    }
                    className={`size-4 rounded-full border has-focus-visible:outline-2 has-focus-visible:outline-offset-2 has-focus-visible:outline-focus ${settings.temperature === null ? 'border-field bg-raised' : 'border-transparent bg-accent'}`}
                  />
                </Slider.Track>
              </Slider.Control>
            </Slider.Root>
            {settings.temperature === null ? (
              <span className="text-ui text-ink-3">{t('prompts:chat.own')}</span>
            ) : (
              <>
                <span className="min-w-8 text-end text-ui text-ink-1 tabular">{tenths(settings.temperature)}</span>
                <DefaultButton
                  name={t('prompts:chat.temperature')}
                  onClick={() => changeChatSettings(conversationId, { temperature: null })}
                />
              </>
            )}
          </div>
        </Item>

        <Item label={t('prompts:chat.maxTokens')} htmlFor={`${id}tokens`} note={t('prompts:chat.maxTokensHelp')}>
          <TokensField
            key={`${conversationId}${resets}`}
            id={`${id}tokens`}
            value={settings.maxTokens}
            onChange={(maxTokens) => changeChatSettings(conversationId, { maxTokens })}
          />
        </Item>

        <Item label={t('prompts:chat.parameters')} htmlFor={`${id}parameters`} note={t('prompts:chat.parametersHelp')}>
          <ParametersField
            key={`${conversationId}${resets}`}
            id={`${id}parameters`}
            ownerId={conversationId}
            value={settings.parameters}
            error={null}
            leastLines={2}
            onChange={(parameters) => {
              if (parameters !== chatSettingsOf(useStore.getState(), conversationId).parameters) {
                changeChatSettings(conversationId, { parameters })
              }
            }}
          />
        </Item>
      </div>
      <div className="flex flex-none flex-wrap items-center justify-between gap-2 border-t border-line px-3 py-2">
        <Button variant="quiet" isDisabled={isDefault} onClick={reset}>
          {t('prompts:chat.resetAll')}
        </Button>
        <Button isDisabled={isForNew} onClick={() => void window.parley.request['settings.set']({ newChat: settings })}>
          {t(isForNew ? 'prompts:chat.isForNew' : 'prompts:chat.forNew')}
        </Button>
      </div>
    </HangingPanel>
  )
}

interface FromPromptProps {
  field: RefObject<HTMLTextAreaElement | null>
  onPick: (text: string) => void
}

/** Puts a prompt of the library into the field, its variables as they were filled in last. */
function FromPrompt({ field, onPick }: FromPromptProps) {
  const { t } = useTranslation()
  const prompts = usePrompts((state) => state.prompts)
  useEffect(() => void needPrompts(), [])
  if (prompts.length === 0) return null
  return (
    <Menu
      align="start"
      finalFocus={field}
      className="max-h-80 max-w-80"
      trigger={
        <Button variant="quiet" size={28} icon={BookOpen} className="mt-1.5 -ms-2.5">
          {t('prompts:chat.fromPrompt')}
        </Button>
      }
    >
      {prompts.map((prompt) => (
        <MenuItem key={prompt.id} onSelect={() => onPick(fillPrompt(prompt).text.slice(0, MAX_SYSTEM))}>
          <bdi>{prompt.name === '' ? t('prompts:library.untitled') : prompt.name}</bdi>
        </MenuItem>
      ))}
    </Menu>
  )
}

interface ItemProps {
  label: string
  htmlFor?: string
  labelId?: string
  /** At the end of the label's line. */
  note?: string | null
  children: ReactNode
}

function Item({ label, htmlFor, labelId, note = null, children }: ItemProps) {
  const Name = htmlFor === undefined ? 'p' : 'label'
  return (
    <div>
      <div className="mb-1.5 flex flex-wrap items-baseline justify-between gap-x-4">
        <Name
          {...(htmlFor === undefined ? {} : { htmlFor })}
          {...(labelId === undefined ? {} : { id: labelId })}
          className="text-ui font-label text-ink-1"
        >
          {label}
        </Name>
        {note !== null && <p className="text-meta text-ink-3">{note}</p>}
      </div>
      {children}
    </div>
  )
}

function DefaultButton({ name, onClick }: { name: string; onClick: () => void }) {
  const { t } = useTranslation()
  return (
    <Button
      variant="quiet"
      size={28}
      aria-label={t('prompts:chat.defaultOf', { name })}
      className="-me-2 flex-none"
      onClick={onClick}
    >
      {t('prompts:chat.default')}
    </Button>
  )
}

interface TokensFieldProps {
  id: string
  value: number | null
  onChange: (value: number | null) => void
}

/** A number, or nothing. While it is neither, the last good one counts. */
function TokensField({ id, value, onChange }: TokensFieldProps) {
  const { t } = useTranslation()
  const [text, setText] = useState(value === null ? '' : String(value))
  const isGood = text === '' || (/^\d{1,8}$/u.test(text) && Number(text) >= 1 && Number(text) <= MAX_TOKENS)
  const take = (next: string): void => {
    const typed = next.replace(/\s/gu, '')
    setText(typed)
    if (typed === '') onChange(null)
    else if (/^\d{1,8}$/u.test(typed) && Number(typed) >= 1 && Number(typed) <= MAX_TOKENS) onChange(Number(typed))
  }
  return (
    <div className="flex items-start gap-1">
      <TextField
        id={id}
        className="flex-1"
        fieldClassName="h-8!"
        value={text}
        inputMode="numeric"
        placeholder={t('prompts:chat.own')}
        error={isGood ? null : t('prompts:chat.maxTokensWrong')}
        onValueChange={take}
      />
      {text !== '' && (
        <div className="pt-1">
          <DefaultButton name={t('prompts:chat.maxTokens')} onClick={() => take('')} />
        </div>
      )}
    </div>
  )
}
