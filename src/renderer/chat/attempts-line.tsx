import { ChevronDown, ChevronRight, CircleCheck, CircleX, Info, Wrench } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import type { AssistantMessage, ToolCall } from '../../shared/conversation'
import { Icon } from '../controls/icon'
import { LiveDot } from '../controls/status-dot'
import { useFigures } from '../figures'
import { useDisclosure } from './disclosure'
import { FoldedLine } from './folded-line'
import { nameOf } from './status'

/** Which providers were tried before the one that answers; not there when the first one did. */
export function AttemptsLine({ message }: { message: AssistantMessage }) {
  const { t } = useTranslation()
  const figures = useFigures()
  const [isOpen, toggle] = useDisclosure(`${message.id}:attempts`)
  const { attempts, provider, timing, state } = message
  if (attempts.length === 0) return null
  const spentMs = attempts.reduce((sum, { durationMs }) => sum + durationMs, 0)
  const presentMs = Math.max(0, (timing.firstTextMs ?? timing.lastMs) - spentMs)
  return (
    <FoldedLine
      label={t('chat:attempts.tried', { count: attempts.length + 1, time: figures.secondsExact(spentMs + presentMs) })}
      isOpen={isOpen}
      onToggle={toggle}
    >
      <ul className="ms-px mt-1 border-s-2 border-line ps-4">
        {attempts.map((attempt, index) => (
          <AttemptRow
            key={index}
            outcome="failed"
            name={nameOf(attempt.provider)}
            model={attempt.provider.model}
            words={attempt.reason ?? t('chat:attempts.movedOn')}
            time={figures.secondsExact(attempt.durationMs)}
          />
        ))}
        {provider !== null && (
          <AttemptRow
            outcome={state === 'running' ? 'running' : state === 'failed' ? 'failed' : 'answered'}
            name={nameOf(provider)}
            model={provider.model}
            words={t(
              state === 'running'
                ? 'chat:attempts.writing'
                : state === 'failed'
                  ? 'chat:attempts.failed'
                  : 'chat:attempts.answered',
            )}
            time={figures.secondsExact(presentMs)}
          />
        )}
      </ul>
    </FoldedLine>
  )
}

interface AttemptRowProps {
  outcome: 'failed' | 'running' | 'answered'
  name: string
  model: string | null
  words: string
  time: string
}

function AttemptRow({ outcome, name, model, words, time }: AttemptRowProps) {
  return (
    <li className="flex min-h-8 items-center gap-3 py-1 text-ui">
      {outcome === 'running' ? (
        <LiveDot />
      ) : (
        <Icon
          of={outcome === 'failed' ? CircleX : CircleCheck}
          className={outcome === 'failed' ? 'text-danger' : 'text-accent-text'}
        />
      )}
      <span className="min-w-0 flex-1 break-words text-ink-3" dir="auto">
        <bdi className="text-ink-1">{name}</bdi> {model !== null && <bdi>{model}</bdi>}
        <span aria-hidden> · </span>
        {words}
      </span>
      <span className="tabular flex-none text-meta text-ink-3">{time}</span>
    </li>
  )
}

/** What the backend said beside the answer, one line each. */
export function Notices({ message }: { message: AssistantMessage }) {
  const { t } = useTranslation()
  return message.notices.map((notice, index) => (
    <p key={index} className="flex min-h-7 items-start gap-2.5 py-1 ps-0.5 text-ui text-ink-2">
      <Icon of={Info} className="mt-0.5" />
      <span className="min-w-0 break-words" dir="auto">
        {t('chat:notice', { text: notice.text })}
      </span>
    </p>
  ))
}

/** One call of a tool: its name and what it was asked with, folded. It is shown, never run. */
export function ToolBlock({ messageId, call, isRunning }: { messageId: string; call: ToolCall; isRunning: boolean }) {
  const { t } = useTranslation()
  const [isOpen, toggle] = useDisclosure(`${messageId}:tool:${call.index}`)
  const name = call.name === '' ? t('chat:tool.unnamed') : call.name
  return (
    <div className="mt-2 overflow-hidden rounded-l border border-line">
      <button
        type="button"
        aria-expanded={isOpen}
        className="focus-inset flex min-h-10 w-full items-center gap-2.5 px-3.5 py-1 text-start text-ui hover:bg-hovered"
        onClick={toggle}
      >
        {isRunning ? <LiveDot /> : <Icon of={Wrench} className="text-ink-2" />}
        <bdi className="max-w-1/2 flex-none truncate text-ink-1">{name}</bdi>
        <bdi className="min-w-0 flex-1 truncate text-ink-3">{isOpen ? '' : call.arguments}</bdi>
        <Icon of={isOpen ? ChevronDown : ChevronRight} size={14} className="text-ink-3" />
      </button>
      {isOpen && (
        <div className="border-t border-line bg-sunk px-3.5 py-2">
          <p className="text-meta text-ink-3">{t('chat:tool.askedWith')}</p>
          <pre
            dir="ltr"
            tabIndex={0}
            className="focus-inset mt-1 max-h-50 overflow-auto font-code text-[12px]/[19px] break-words whitespace-pre-wrap text-ink-1 select-text"
          >
            {prettyJson(call.arguments)}
          </pre>
        </div>
      )}
    </div>
  )
}

function prettyJson(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    // Not whole yet, or never JSON: as it came.
    return text
  }
}
