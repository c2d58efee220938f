import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { AssistantMessage } from '../../shared/conversation'
import { SpokenLine } from '../chat/live-region'
import { nameOf } from '../chat/status'
import { endsOnShow, useStore, type State } from '../store/state'
import { useShallow } from 'zustand/react/shallow'

/** One report for all columns to screen readers: who is done, who failed, and how many are still writing. */
export function ComparisonReport({ conversationId }: { conversationId: string }) {
  const { t, i18n } = useTranslation()
  const stands = useStore(useShallow((state) => standsOf(state, conversationId)))
  const writing = stands.filter((each) => each.startsWith('running ')).length
  // What was over before it came into sight is not news.
  const [hasRun, setHasRun] = useState(false)
  if (writing > 0 && !hasRun) setHasRun(true)
  const list = new Intl.ListFormat(i18n.language, { type: 'conjunction' })
  const named = (kind: string): string[] =>
    stands.flatMap((each) => (each.startsWith(`${kind} `) ? [each.slice(kind.length + 1)] : []))
  const pieces = (['done', 'stopped', 'failed'] as const).flatMap((kind) => {
    const names = named(kind)
    return names.length === 0 ? [] : [t(`compare:report.${kind}`, { count: names.length, names: list.format(names) })]
  })
  const rest =
    writing === 0
      ? []
      : [t(pieces.length === 0 ? 'compare:report.begun' : 'compare:report.writing', { count: writing })]
  return <SpokenLine say={hasRun ? [...pieces, ...rest].join(', ') : ''} />
}

/** How each answer stands and who gives it, in one word and a name. */
function standsOf(state: State, conversationId: string): string[] {
  return endsOnShow(state, conversationId).flatMap((message) =>
    message.role === 'assistant' ? [`${standOf(message)} ${whoIs(message)}`] : [],
  )
}

function standOf({ state }: AssistantMessage): 'running' | 'done' | 'stopped' | 'failed' {
  switch (state) {
    case 'running':
      return 'running'
    case 'complete':
    case 'complete-unconfirmed':
      return 'done'
    case 'stopped':
      return 'stopped'
    case 'interrupted':
    case 'failed':
      return 'failed'
  }
}

function whoIs({ provider, requested }: AssistantMessage): string {
  return requested.model ?? provider?.model ?? (provider === null ? (requested.provider ?? '') : nameOf(provider))
}
