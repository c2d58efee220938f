import {
  Activity,
  Check,
  Columns2,
  Copy,
  Ellipsis,
  GitBranch,
  Info,
  Play,
  RefreshCw,
  Replace,
  TextInitial,
  Trash2,
  Volume2,
} from 'lucide-react'
import { useMemo, useRef, useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { AssistantMessage } from '../../shared/conversation'
import { useCopied } from '../controls/copied'
import { useFinalFocus } from '../controls/final-focus'
import { IconButton } from '../controls/icon-button'
import { Menu, MenuItem, MenuSeparator } from '../controls/menu'
import { tellError } from '../controls/tell-error'
import { useFigures } from '../figures'
import { branchConversation } from '../store/conversations'
import { canCompareVersions, compareVersions } from '../store/comparison'
import { askColumn, continueAnswer, retryAnswer } from '../store/answers'
import { backendOf, useStore, type Choice } from '../store/state'
import { showWire } from '../wire/state'
import { DetailsDialog } from './details-dialog'
import { useChoice, useClosedReason, useHasModels, useReadOnlyReason } from './choice'
import { copyAnswer, copyPlainText } from './clipboard'
import { deleteMessageWithUndo } from './delete'
import { finishKindOf } from './end-note'
import { MessageActions } from './message-actions'
import { ModelListLayer } from './model-list-layer'
import { SpeakButton, SpeechError, speakText, useIsSpeaking, useVoices } from './speech'
import { nameOf, rateOf } from './status'
import { Segments } from './status-line'
import { countWords, lastOf, textOf } from './turns'

export interface ProviderLineProps {
  messages: readonly [AssistantMessage, ...AssistantMessage[]]
  conversationId: string
  /** The last answer shows its actions always, and can be gone on with. */
  isLast: boolean
}

/** Who answered and how fast, with what can be done with the answer at the line's end. */
export function ProviderLine({ messages, conversationId, isLast }: ProviderLineProps) {
  const { t } = useTranslation()
  const pieces = usePieces(messages)
  const isSpeaking = useIsSpeaking(lastOf(messages).id)
  return (
    <>
      <div className="group/line flex min-h-7 items-center gap-4 text-meta text-ink-3">
        <p className="min-w-0 flex-1 py-1.5">
          <Segments of={pieces} />
        </p>
        <MessageActions
          label={t('chat:actions.more')}
          isShown={isLast || isSpeaking}
          className={`-me-1.5 flex flex-none items-center gap-0.5 ${isLast ? '' : 'opacity-0 group-hover/answer:opacity-100 group-focus-within/answer:opacity-100 has-data-popup-open:opacity-100 has-data-speaking:opacity-100'}`}
        >
          <Actions messages={messages} conversationId={conversationId} isLast={isLast} />
        </MessageActions>
      </div>
      <SpeechError messageId={lastOf(messages).id} />
    </>
  )
}

/** Numbers stand in tabular figures; names of models keep their own. */
function usePieces(messages: ProviderLineProps['messages']): ReactNode[] {
  const { t } = useTranslation()
  const figures = useFigures()
  const message = lastOf(messages)
  const backendName = useBackendName(message.backendId)
  const isShown = useStore(({ settings }) => settings.showsProvider)
  const { provider, requested, state, timing, attempts, oddities } = message
  const model = provider?.model ?? requested.model
  const name = provider === null ? (requested.provider ?? backendName) : nameOf(provider)
  // Counting reads the whole text.
  const isCut = state === 'stopped' || state === 'failed'
  const words = useMemo(() => (isCut ? countWords(textOf(messages)) : 0), [isCut, messages])
  if (state === 'running') return []
  const rate = rateOf(message)
  const speed = [
    ...(rate === null ? [] : [figures.rate(rate.tokensPerSecond, rate.isEstimated)]),
    ...(timing.firstTextMs === null
      ? []
      : [t('chat:line.firstWord', { time: figures.secondsExact(timing.firstTextMs) })]),
  ].map((text) => (
    <span key={text} className="tabular">
      {text}
    </span>
  ))
  const unread = oddities.malformed === 0 ? [] : [t('chat:line.unreadable', { count: oddities.malformed })]
  const who = [...(name === '' ? [] : [name]), ...(model === null || model === name ? [] : [model])]
  switch (state) {
    case 'complete':
    case 'complete-unconfirmed': {
      if (!isShown) return []
      const place = attempts.length + 1
      const nth =
        place === 1
          ? []
          : place <= 4
            ? [t(`chat:line.provider.${place}`)]
            : [t('chat:line.provider.other', { number: figures.whole(place) })]
      return [t('chat:line.answered', { name }), ...who.slice(1), ...nth, ...speed, ...unread]
    }
    case 'stopped':
      return [t('chat:line.stopped'), ...who, ...(words === 0 ? [] : [figures.words(words)])]
    case 'interrupted':
      return [t('chat:line.interrupted'), ...who, ...speed]
    case 'failed':
      return [
        t(words === 0 ? 'chat:line.notAnswered' : 'chat:line.interrupted'),
        ...who,
        ...statusOf(message),
        ...speed,
      ]
  }
}

/** What the server answered instead, as it is written in every log: `401 Unauthorized` [11]. */
function statusOf({ error }: AssistantMessage): string[] {
  if (error?.code !== 'http' && error?.code !== 'unauthorized') return []
  return [`${error.status} ${STATUS_NAMES.get(error.status) ?? ''}`.trim()]
}

const STATUS_NAMES: ReadonlyMap<number, string> = new Map([
  [400, 'Bad Request'],
  [401, 'Unauthorized'],
  [403, 'Forbidden'],
  [404, 'Not Found'],
  [413, 'Content Too Large'],
  [429, 'Too Many Requests'],
  [500, 'Internal Server Error'],
  [502, 'Bad Gateway'],
  [503, 'Service Unavailable'],
  [504, 'Gateway Timeout'],
])

function Actions({ messages, conversationId, isLast }: ProviderLineProps) {
  const { t } = useTranslation()
  // Null until it is asked for the first time.
  const [isShowingDetails, setIsShowingDetails] = useState<boolean | null>(null)
  const isOpening = useRef(false)
  const usual = useFinalFocus()
  const [isCopied, copied] = useCopied()
  const message = lastOf(messages)
  const markdown = textOf(messages)
  const copy = async (copying: Promise<void>): Promise<void> => {
    await copying
    copied()
  }
  const more = useRef<HTMLButtonElement>(null)
  const [isChoosing, setIsChoosing] = useState<'retry' | 'compare' | null>(null)
  const choice = useChoice(conversationId)
  const hasModels = useHasModels(conversationId)
  const hasVoices = useVoices().length > 0
  const branch = async (): Promise<void> => {
    const error = await branchConversation(conversationId, message.id)
    if (error !== null) tellError(error)
  }
  const retry = (): void => void retryAnswer(conversationId, message.id)
  const compareWith = (chosen: Choice): void => {
    const key = compareVersions(conversationId, message.id, chosen)
    if (key !== null) void askColumn(conversationId, key)
  }
  const closedReason = useClosedReason(conversationId)
  const canCompare = useStore((state) => canCompareVersions(state, conversationId, message.id, true))
  const isReadOnly = useReadOnlyReason(conversationId) !== null
  return (
    <>
      {markdown !== '' && (
        <IconButton
          icon={isCopied ? Check : Copy}
          label={isCopied ? t('common:copied') : t('chat:actions.copy')}
          className={isCopied ? 'text-accent-text' : ''}
          onClick={() => void copy(copyAnswer(markdown))}
        />
      )}
      <SpeakButton message={message} conversationId={conversationId} />
      <IconButton
        icon={RefreshCw}
        label={t('chat:actions.retry')}
        hint={closedReason ?? undefined}
        isDisabled={closedReason !== null}
        onClick={retry}
      />
      <Menu
        trigger={<IconButton ref={more} icon={Ellipsis} label={t('chat:actions.more')} />}
        // The dialog takes the focus itself; the menu that opened it must not take it away again.
        finalFocus={() => (isOpening.current ? false : usual === true ? true : usual.current)}
        onOpenChange={(isOpen) => {
          if (isOpen) isOpening.current = false
        }}
      >
        {markdown !== '' && (
          <>
            <MenuItem icon={Copy} onSelect={() => void copy(navigator.clipboard.writeText(markdown))}>
              {t('chat:actions.copyMarkdown')}
            </MenuItem>
            <MenuItem icon={TextInitial} onSelect={() => void copy(copyPlainText(markdown))}>
              {t('chat:actions.copyText')}
            </MenuItem>
          </>
        )}
        {markdown !== '' && message.synthesize === null && hasVoices && (
          <MenuItem icon={Volume2} onSelect={() => void speakText(message.id, markdown)}>
            {t('chat:speak.start')}
          </MenuItem>
        )}
        <MenuSeparator />
        {hasModels && (
          <MenuItem
            icon={Replace}
            isDisabled={closedReason !== null}
            reason={closedReason}
            onSelect={() => {
              isOpening.current = true
              setIsChoosing('retry')
            }}
          >
            {t('thread:answer.retryWith')}
          </MenuItem>
        )}
        {hasModels && (
          <MenuItem
            icon={Columns2}
            isDisabled={closedReason !== null || !canCompare}
            reason={closedReason ?? t('compare:otherRuns')}
            onSelect={() => {
              isOpening.current = true
              setIsChoosing('compare')
            }}
          >
            {t('compare:with')}
          </MenuItem>
        )}
        {isLast && canContinue(message) && (
          <MenuItem
            icon={Play}
            isDisabled={closedReason !== null}
            reason={closedReason}
            onSelect={() => void continueAnswer(conversationId, message.id)}
          >
            {t('common:continue')}
          </MenuItem>
        )}
        <MenuItem icon={GitBranch} onSelect={() => void branch()}>
          {t('chat:actions.branch')}
        </MenuItem>
        <MenuItem
          icon={Activity}
          onSelect={() => {
            isOpening.current = true
            showWire(message.id)
          }}
        >
          {t('wire:title')}
        </MenuItem>
        <MenuItem
          icon={Info}
          onSelect={() => {
            isOpening.current = true
            setIsShowingDetails(true)
          }}
        >
          {t('chat:actions.details')}
        </MenuItem>
        <MenuSeparator />
        <MenuItem
          icon={Trash2}
          isDanger
          isDisabled={isReadOnly}
          onSelect={() => void deleteMessageWithUndo(conversationId, messages[0].id)}
        >
          {t('thread:answer.delete')}
        </MenuItem>
      </Menu>
      {isChoosing !== null && (
        <ModelListLayer
          choice={choice}
          anchor={more}
          onChoose={(chosen) => {
            if (isChoosing === 'retry') void retryAnswer(conversationId, message.id, chosen)
            else compareWith(chosen)
          }}
          onClose={() => setIsChoosing(null)}
        />
      )}
      {isShowingDetails !== null && (
        <DetailsDialog message={message} isOpen={isShowingDetails} onClose={() => setIsShowingDetails(false)} />
      )}
    </>
  )
}

/** Whether there is a rest to ask for: the answer was cut, by a person or by a limit. */
function canContinue({ state, finishReason, content }: AssistantMessage): boolean {
  return (
    content.length > 0 && (state === 'stopped' || state === 'interrupted' || finishKindOf(finishReason) === 'length')
  )
}

/** The name of a backend as people know it, or knew it before it was removed; the Guide's is in their language. */
export function useBackendName(backendId: string): string {
  const { t } = useTranslation()
  const view = useStore((state) => backendOf(state, backendId))
  const removedName = useStore((state) => state.removedNames.get(backendId))
  if (view === null) return removedName ?? t('common:removedBackend')
  return view.isBuiltIn ? t('common:guide') : view.profile.name
}
