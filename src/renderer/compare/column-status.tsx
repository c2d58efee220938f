import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import type { AssistantMessage } from '../../shared/conversation'
import { describe } from '../../shared/errors'
import { useElapsed } from '../chat/clock'
import { rateOf } from '../chat/status'
import { Segments, StatusLine } from '../chat/status-line'
import { countWords, textOf } from '../chat/turns'
import { useFigures } from '../figures'

export interface ColumnStatusProps {
  /** Null before it is asked. */
  answer: AssistantMessage | null
  /** The answer with what it continues. */
  turn: readonly AssistantMessage[]
  conversationId: string
}

/** Where an answer of a comparison stands: what it is doing, or how it ended. */
export function ColumnStatus({ answer, turn, conversationId }: ColumnStatusProps) {
  if (answer === null) return <Line>{[]}</Line>
  if (answer.state !== 'running') return <Ended answer={answer} turn={turn} />
  return answer.status.phase === 'thinking' ? (
    <Thinking answer={answer} />
  ) : (
    <StatusLine message={answer} conversationId={conversationId} />
  )
}

function Thinking({ answer }: { answer: AssistantMessage }) {
  const { t } = useTranslation()
  const figures = useFigures()
  const elapsedMs = useElapsed(answer.generationId)
  const hasText = answer.content.length > 0
  return (
    <Line>
      {[t('compare:status.thinking'), figures.seconds(elapsedMs), ...(hasText ? [] : [t('compare:status.noText')])]}
    </Line>
  )
}

function Ended({ answer, turn }: Pick<ColumnStatusProps, 'turn'> & { answer: AssistantMessage }) {
  const { t } = useTranslation()
  const figures = useFigures()
  // Counting reads the whole text, and this is drawn again with every word of another column.
  const text = textOf(turn)
  const words = useMemo(() => countWords(text), [text])
  const rate = rateOf(answer)
  const { firstTextMs } = answer.timing
  const speed = [
    ...(rate === null ? [] : [figures.rate(rate.tokensPerSecond, rate.isEstimated)]),
    ...(firstTextMs === null ? [] : [t('chat:line.firstWord', { time: figures.secondsExact(firstTextMs) })]),
  ]
  const count = words === 0 ? [] : [figures.words(words)]
  const why = answer.error === null ? [] : [whyOf(answer.error, (key, values) => t(key, values ?? {}))]
  switch (answer.state) {
    case 'running':
      return null
    case 'complete':
    case 'complete-unconfirmed':
      return <Line>{[t('compare:status.done'), ...speed, ...count]}</Line>
    case 'stopped':
      return <Line>{[t('chat:line.stopped'), ...count]}</Line>
    case 'interrupted':
      return <Line>{[t('chat:line.interrupted'), ...why, ...count]}</Line>
    case 'failed':
      return <Line>{[t(words === 0 ? 'chat:line.notAnswered' : 'chat:line.interrupted'), ...why, ...count]}</Line>
  }
}

function whyOf(error: NonNullable<AssistantMessage['error']>, t: Parameters<typeof describe>[1]): string {
  const { title } = describe(error, t)
  return error.code === 'http' && !title.includes(String(error.status)) ? `${error.status} ${title}` : title
}

function Line({ children }: { children: readonly string[] }) {
  return (
    <p className="tabular flex min-h-7 items-center py-1 text-meta text-ink-3">
      <span className="min-w-0">
        <Segments of={children} />
      </span>
    </p>
  )
}
