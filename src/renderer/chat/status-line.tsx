import { Hourglass, Unplug } from 'lucide-react'
import { Fragment, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { AssistantMessage } from '../../shared/conversation'
import { useGiveFocus } from '../controls/final-focus'
import { Icon } from '../controls/icon'
import { useFigures } from '../figures'
import { useElapsed } from './clock'
import { LINK, OtherProvider } from './other-provider'
import { plainReason } from './reason'
import { statusOf } from './status'

/** Pieces of a line, broken only after a dot. */
export function Segments({ of: pieces }: { of: readonly ReactNode[] }) {
  return pieces.map((piece, index) => (
    <Fragment key={index}>
      <span className="whitespace-nowrap">
        {piece}
        {index < pieces.length - 1 && (
          <>
            <span className="px-1.5 text-ink-4" aria-hidden>
              ·
            </span>
            {/* Without it a screen reader makes one word of two. */}
            <span className="sr-only">, </span>
          </>
        )}
      </span>
      {index < pieces.length - 1 && <wbr />}
    </Fragment>
  ))
}

/** What a running answer is doing, in words and numbers; 28 high, as the provider line that takes its place. */
export function StatusLine({ message, conversationId }: { message: AssistantMessage; conversationId: string }) {
  const { t, i18n } = useTranslation()
  const figures = useFigures()
  const elapsedMs = useElapsed(message.generationId)
  const view = statusOf(message, elapsedMs)
  switch (view.kind) {
    case 'none':
      return <Line>{null}</Line>
    case 'waiting':
      return (
        <Line hasDot>
          <Segments
            of={[
              view.elapsedMs < 1000
                ? t('chat:status.waitingNow')
                : t('chat:status.waiting', { time: figures.seconds(view.elapsedMs) }),
              ...(view.isSlow ? [t('chat:status.slow')] : []),
            ]}
          />
        </Line>
      )
    case 'trying':
      return (
        <Line hasDot>
          <span className="break-words">
            {view.reason === null
              ? t('chat:status.trying', { next: view.next })
              : t('chat:status.tryingAfter', {
                  failed: view.failed,
                  reason: plainReason(view.reason, (key, values) => t(key, values ?? {})),
                  next: view.next,
                })}
          </span>
        </Line>
      )
    case 'uploading':
      return (
        <Line hasDot>
          {view.percent === null ? (
            <bdi className="break-words">{t('files:status.reading', { name: view.name })}</bdi>
          ) : (
            <Segments
              of={[
                <bdi key="name">{t('files:status.uploading', { name: view.name })}</bdi>,
                t('files:status.percent', {
                  percent: new Intl.NumberFormat(i18n.language, { style: 'percent' }).format(view.percent / 100),
                  size: figures.bytes(view.totalBytes),
                }),
              ]}
            />
          )}
        </Line>
      )
    case 'progress':
      return (
        <Line hasDot>
          <span className="break-words" dir="auto">
            {view.text}
          </span>
        </Line>
      )
    case 'writing':
      return (
        <Line>
          <Segments
            of={[
              t('chat:status.writing'),
              ...(view.tokensPerSecond === null ? [] : [figures.rate(view.tokensPerSecond, true)]),
              figures.seconds(view.elapsedMs),
            ]}
          />
        </Line>
      )
    case 'no-data':
      return (
        <Line isWarning icon={<Icon of={Hourglass} size={14} />}>
          <Segments
            of={[
              t('chat:status.noData', { time: figures.seconds(view.silentMs) }),
              t('chat:status.open'),
              <OtherProvider key="other" conversationId={conversationId} answer={message} look="link" />,
            ]}
          />
        </Line>
      )
    case 'lost':
      return (
        <Line isWarning icon={<Icon of={Unplug} size={14} />}>
          <Segments
            of={[
              t('chat:status.lost'),
              ...(view.inMs === null
                ? [t('chat:status.attemptNow', { attempt: view.attempt, of: view.ofAttempts })]
                : [
                    t('chat:status.attempt', {
                      attempt: view.attempt,
                      of: view.ofAttempts,
                      time: figures.secondsLeft(view.inMs),
                    }),
                    <TryNow key="now" generationId={message.generationId} />,
                  ]),
            ]}
          />
        </Line>
      )
    case 'pause':
      return (
        <Line isWarning icon={<Icon of={Hourglass} size={14} />}>
          <Segments
            of={[
              t('chat:status.pause'),
              t('chat:status.again', { time: figures.secondsLeft(view.inMs) }),
              <TryNow key="now" generationId={message.generationId} />,
            ]}
          />
        </Line>
      )
  }
}

/** Ends the wait: the question goes out now. */
function TryNow({ generationId }: { generationId: string }) {
  const { t } = useTranslation()
  const giveFocus = useGiveFocus()
  return (
    <button
      type="button"
      className={LINK}
      onClick={() => {
        giveFocus()
        void window.parley.request['generation.retryNow']({ generationId })
      }}
    >
      {t('chat:status.tryNow')}
    </button>
  )
}

interface LineProps {
  hasDot?: boolean
  isWarning?: boolean
  icon?: ReactNode
  children: ReactNode
}

function Line({ hasDot = false, isWarning = false, icon, children }: LineProps) {
  return (
    <div
      className={`flex min-h-7 items-center py-1.5 text-meta ${isWarning ? 'gap-2 text-warn' : 'gap-2.5 text-ink-3'}`}
    >
      {hasDot && (
        <span
          className="size-[9px] flex-none rounded-full bg-accent forced-color-adjust-none motion-safe:animate-[breathe_1.2s_ease-in-out_infinite] forced-colors:bg-[CanvasText]"
          aria-hidden
        />
      )}
      {icon}
      <span className="tabular min-w-0">{children}</span>
    </div>
  )
}
