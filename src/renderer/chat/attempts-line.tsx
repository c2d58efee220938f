import { ChevronDown, ChevronRight, CircleCheck, CircleX, Globe, Info, Wrench } from 'lucide-react'
import { lazy, Suspense } from 'react'
import { useTranslation } from 'react-i18next'
import type { AssistantMessage, Attempt, ToolCall } from '../../shared/conversation'
import { Icon } from '../controls/icon'
import { Ring } from '../controls/ring'
import { LiveDot } from '../controls/status-dot'
import { useFigures } from '../figures'
import { useDisclosure } from './disclosure'
import { textOfAttempt } from './find-text'
import { FoldedLine } from './folded-line'
import { plainReason, withoutClassNames } from './reason'
import { nameOf } from './status'
import { isWhole, readableArguments, tellingArgument } from './tool-argument'

const JsonText = lazy(async () => ({ default: (await import('../wire/json-text')).JsonText }))

/** Which providers were tried before the one that answers; not there when the first one did. */
export function AttemptsLine({ message }: { message: AssistantMessage }) {
  const { t } = useTranslation()
  const figures = useFigures()
  const [isOpen, toggle] = useDisclosure(`${message.id}:attempts`)
  const { attempts, provider, timing, state } = message
  if (attempts.length === 0) return null
  const reasonOf = ({ reason }: Attempt): { words: string; inFull?: string } =>
    reason === null
      ? { words: t('chat:attempts.movedOn') }
      : { words: plainReason(reason, (key, values) => t(key, values ?? {})), inFull: reason }
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
            find={`attempt:${index}`}
            name={nameOf(attempt.provider)}
            model={attempt.provider.model}
            {...reasonOf(attempt)}
            text={textOfAttempt(attempt)}
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
  /** The name under which its parts are found; without it they are not. */
  find?: string
  name: string
  model: string | null
  words: string
  /** The server's own words, where `words` are plainer. */
  inFull?: string
  /** What it had written before it gave up. */
  text?: string
  time: string
}

function AttemptRow({ outcome, find, name, model, words, inFull, text = '', time }: AttemptRowProps) {
  return (
    <li className="py-1">
      <div className="flex min-h-6 items-center gap-3 text-ui">
        {outcome === 'running' ? (
          <LiveDot />
        ) : (
          <Icon
            of={outcome === 'failed' ? CircleX : CircleCheck}
            className={outcome === 'failed' ? 'text-danger' : 'text-accent-text'}
          />
        )}
        <span className="min-w-0 flex-1 break-words text-ink-3" dir="auto" title={inFull}>
          <span data-find={find && `${find}:who`}>
            <bdi className="text-ink-1">{name}</bdi> {model !== null && <bdi>{model}</bdi>}
          </span>
          <span aria-hidden> · </span>
          <span data-find={inFull !== undefined && find ? `${find}:reason` : undefined}>{words}</span>
        </span>
        <span className="tabular flex-none text-meta text-ink-3">{time}</span>
      </div>
      {text !== '' && (
        <p
          dir="auto"
          data-find={find && `${find}:text`}
          className="ms-7 mt-0.5 line-clamp-4 text-ui break-words whitespace-pre-wrap text-ink-3 select-text"
          title={text}
        >
          {text}
        </p>
      )}
    </li>
  )
}

/** What the backend said beside the answer, one line each. */
export function Notices({ message }: { message: AssistantMessage }) {
  const { t } = useTranslation()
  if (message.notices.length === 0) return null
  return (
    <div className="flex flex-col gap-1 py-1">
      {message.notices.map((notice, index) => (
        <p key={index} className="flex items-start gap-2.5 ps-0.5 text-ui text-ink-2">
          <Icon of={Info} className="mt-0.5" />
          <span data-find={`notice:${index}`} className="min-w-0 break-words select-text" dir="auto">
            {t('chat:notice', { text: withoutClassNames(notice.text) })}
          </span>
        </p>
      ))}
    </div>
  )
}

/** One call of a tool: its name and what it was asked with, folded. It is shown, never run. */
export function ToolBlock({ messageId, call, isRunning }: { messageId: string; call: ToolCall; isRunning: boolean }) {
  const { t } = useTranslation()
  const [isOpen, toggle] = useDisclosure(`${messageId}:tool:${call.index}`)
  const name = call.name === '' ? t('chat:tool.unnamed') : call.name
  const isArriving = isRunning && !isWhole(call.arguments)
  return (
    <div className="mt-2 overflow-hidden rounded-l border border-line">
      <button
        type="button"
        aria-expanded={isOpen}
        className="focus-inset flex min-h-10 w-full items-center gap-2.5 px-3.5 py-1 text-start text-ui hover:bg-hovered"
        onClick={toggle}
      >
        {isArriving ? (
          <Ring className="mx-px text-ink-2" />
        ) : (
          <Icon of={/search|web|brows/iu.test(name) ? Globe : Wrench} className="text-ink-2" />
        )}
        <span className="min-w-0 flex-1 truncate text-ink-3">
          <bdi data-find={`tool:${call.index}:name`} className="text-ink-1">
            {name}
          </bdi>{' '}
          <bdi>{tellingArgument(call.arguments)}</bdi>
        </span>
        <Icon of={isOpen ? ChevronDown : ChevronRight} size={14} className="text-ink-3 rtl:-scale-x-100" />
      </button>
      {isOpen && (
        <div className="border-t border-line bg-sunk px-3.5 py-2">
          <p className="text-meta text-ink-3">{t('chat:tool.askedWith')}</p>
          <pre
            dir="ltr"
            tabIndex={0}
            data-find={`tool:${call.index}`}
            className="focus-inset mt-1 max-h-50 overflow-auto font-code text-[12px]/[19px] break-words whitespace-pre-wrap text-ink-1 select-text"
          >
            <Suspense fallback={readableArguments(call.arguments)}>
              <JsonText text={readableArguments(call.arguments)} />
            </Suspense>
          </pre>
        </div>
      )}
    </div>
  )
}
