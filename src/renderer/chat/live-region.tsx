import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { AssistantMessage } from '../../shared/conversation'
import { useFigures } from '../figures'
import { connectionOf } from '../store/backends'
import { choiceOf, conversationOf, useStore } from '../store/state'
import { useBackendName } from './provider-line'
import { countWords, textOf } from './turns'

const PAUSE_MS = 5000

/** Speaks changes of state to screen readers, never the words as they come. */
export function LiveRegion({ conversationId }: { conversationId: string }) {
  return (
    <>
      <SpokenLine say={useAnnouncement(conversationId)} />
      <ChosenBackend conversationId={conversationId} />
    </>
  )
}

/** Speaks at most every 5 s. What changes in between is not queued: only where things stand is worth saying. */
export function SpokenLine({ say }: { say: string }) {
  const [spoken, setSpoken] = useState('')
  const spokenAt = useRef(-Infinity)

  useEffect(() => {
    if (say === '') return
    const waitMs = Math.max(0, spokenAt.current + PAUSE_MS - performance.now())
    const timer = setTimeout(() => {
      spokenAt.current = performance.now()
      // The same words once more are no change, and nobody would hear them: "Answer complete, 86 words" twice.
      setSpoken((before) => (before === say ? `${say}\u00a0` : say))
    }, waitMs)
    return () => clearTimeout(timer)
  }, [say])

  return (
    <p role="status" aria-live="polite" className="sr-only">
      {spoken}
    </p>
  )
}

/** Says who answers from now on, once somebody has chosen another backend, and how that one stands. */
function ChosenBackend({ conversationId }: { conversationId: string }) {
  const { t } = useTranslation()
  const [chosenId, setChosenId] = useState<string | null>(null)
  useEffect(
    () =>
      useStore.subscribe((state, before) => {
        const chosen = state.choices.get(conversationId)
        if (chosen === undefined || chosen.backendId === choiceOf(before, conversationId).backendId) return
        setChosenId(chosen.backendId)
      }),
    [conversationId],
  )
  const name = useBackendName(chosenId ?? '')
  const connection = useStore((state) => connectionOf(state, chosenId ?? ''))
  return (
    <p role="status" aria-live="polite" className="sr-only">
      {chosenId === null ? '' : t('chat:header.backend', { name, status: t(`chat:header.connection.${connection}`) })}
    </p>
  )
}

/** Where the last answer stands, in a few words; empty for one that was over before it came into sight. */
function useAnnouncement(conversationId: string): string {
  const { t, i18n } = useTranslation()
  const figures = useFigures()
  const isQueued = useStore((state) => state.queued.has(conversationId))
  const answer = useStore((state): AssistantMessage | null => {
    const conversation = conversationOf(state, conversationId)
    const last = conversation?.messages.find(({ id }) => id === conversation.headId)
    return last?.role === 'assistant' ? last : null
  })
  const isRunning = answer?.state === 'running'
  const [followed, setFollowed] = useState<string | null>(null)
  if (isRunning && followed !== answer.id) setFollowed(answer.id)

  if (answer === null || answer.id !== followed) return ''
  switch (answer.state) {
    case 'complete':
    case 'complete-unconfirmed':
      return t('chat:live.complete', { words: figures.words(countWords(textOf([answer]))) })
    case 'stopped':
      return t('chat:live.stopped', { words: figures.words(countWords(textOf([answer]))) })
    case 'interrupted':
    case 'failed':
      // The error card is an alert of its own.
      return ''
    case 'running':
      break
  }
  if (isQueued) return t('chat:live.queued')
  const { status } = answer
  switch (status.phase) {
    case 'connecting':
    case 'waiting':
      return t('chat:live.waiting')
    case 'uploading':
      return t('files:live', { name: status.name })
    case 'progress':
      return status.text
    case 'thinking':
      return t('chat:live.thinking')
    case 'writing':
      return t('chat:live.writing')
    case 'retrying':
      // The whole wait, not what is left of it: it is said once.
      return status.cause === 'limit'
        ? t('chat:live.pause', { count: Math.ceil(status.inMs / 1000) })
        : t('chat:live.lost')
    case 'stalled':
      return t('chat:live.noData', { time: tenSeconds(i18n.language) })
  }
}

/** In full: "10 s" would be read as a letter. */
function tenSeconds(language: string): string {
  return new Intl.NumberFormat(language, { style: 'unit', unit: 'second', unitDisplay: 'long' }).format(10)
}
