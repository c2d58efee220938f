import { useTranslation } from 'react-i18next'
import type { AssistantMessage } from '../../shared/conversation'
import { useFigures } from '../figures'
import { useElapsed } from './clock'
import { useDisclosure } from './disclosure'
import { FoldedLine } from './folded-line'

// Whoever opened it once wants to read along; all others see only how long it takes.
let wasOpenedLive = false

/** What the model thought, folded: "Thinking… 6 s" while it does, then "Thought for 6 s". */
export function ReasoningLine({ message }: { message: AssistantMessage }) {
  const { reasoning } = message
  const isThinking = message.state === 'running' && message.status.phase === 'thinking'
  if (reasoning === null) return isThinking ? <BareThinking generationId={message.generationId} /> : null
  const isLive = message.state === 'running' && reasoning.durationMs === null
  return <Thoughts message={message} reasoning={reasoning} isLive={isLive} />
}

interface ThoughtsProps {
  message: AssistantMessage
  reasoning: NonNullable<AssistantMessage['reasoning']>
  isLive: boolean
}

function Thoughts({ message, reasoning, isLive }: ThoughtsProps) {
  const { t } = useTranslation()
  const figures = useFigures()
  const [isOpen, toggle] = useDisclosure(`${message.id}:reasoning`, isLive && wasOpenedLive)
  const durationMs = reasoning.durationMs ?? 0
  const done =
    durationMs < 1000
      ? t('chat:reasoning.thoughtShort')
      : t('chat:reasoning.thought', { time: figures.seconds(durationMs) })
  return (
    <FoldedLine
      label={isLive ? <LiveLabel generationId={message.generationId} startMs={reasoning.startMs} /> : done}
      isOpen={isOpen}
      onToggle={() => {
        if (isLive) wasOpenedLive = !isOpen
        toggle()
      }}
    >
      <div
        dir="auto"
        data-find="reasoning"
        className="mt-1.5 mb-1.5 ms-px border-s-2 border-line ps-4 text-[14px]/[22px] break-words whitespace-pre-wrap text-ink-2 select-text"
      >
        {/* An empty line between two thoughts is a gap of 8; the break stays in the text, for whoever copies it. */}
        {paragraphsOf(reasoning.text).map((paragraph, index, all) => (
          <p key={index} className="not-first:mt-2">
            {index === all.length - 1 ? paragraph : `${paragraph}\n`}
          </p>
        ))}
      </div>
    </FoldedLine>
  )
}

function paragraphsOf(text: string): string[] {
  return text.trim().split(/\n{2,}/u)
}

function LiveLabel({ generationId, startMs }: { generationId: string; startMs: number }) {
  const { t } = useTranslation()
  const figures = useFigures()
  const elapsedMs = useElapsed(generationId)
  return <span className="tabular">{t('chat:status.thinking', { time: figures.seconds(elapsedMs - startMs) })}</span>
}

function BareThinking({ generationId }: { generationId: string }) {
  return (
    <p className="flex min-h-7 items-center ps-4.5 text-ui text-ink-3">
      <LiveLabel generationId={generationId} startMs={0} />
    </p>
  )
}
