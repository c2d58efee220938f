import { LoaderCircle, Square, Volume2 } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { create } from 'zustand'
import type { AssistantMessage } from '../../shared/conversation'
import { describe, type AppError } from '../../shared/errors'
import { IconButton } from '../controls/icon-button'
import { useStore } from '../store/state'

type Spoken = { messageId: string } & (
  { phase: 'loading' } | { phase: 'playing' } | { phase: 'failed'; error: AppError | null }
)

/** One answer speaks at a time, in the whole window. `error` is null when the sound came and cannot be played. */
const useSpeech = create<{ spoken: Spoken | null }>()(() => ({ spoken: null }))

let player: HTMLAudioElement | null = null

function stop(): void {
  player?.pause()
  player = null
  useSpeech.setState({ spoken: null })
}

async function speak(conversationId: string, messageId: string): Promise<void> {
  stop()
  useSpeech.setState({ spoken: { messageId, phase: 'loading' } })
  const loading = useSpeech.getState().spoken
  const result = await window.parley.request['media.speak']({ conversationId, messageId })
  // Stopped, or another answer speaks.
  if (useSpeech.getState().spoken !== loading) return
  if (!result.ok) {
    useSpeech.setState({ spoken: { messageId, phase: 'failed', error: result.error } })
    return
  }
  const audio = new Audio(`app://local/attachment/${result.value.id}`)
  player = audio
  audio.addEventListener('ended', () => {
    if (player === audio) stop()
  })
  useSpeech.setState({ spoken: { messageId, phase: 'playing' } })
  try {
    await audio.play()
  } catch {
    // A pause while it was about to begin lands here too.
    if (player === audio) useSpeech.setState({ spoken: { messageId, phase: 'failed', error: null } })
  }
}

// Whoever leaves the chat would not find the button that ends it.
useStore.subscribe((state, before) => {
  if (state.currentId !== before.currentId && useSpeech.getState().spoken !== null) stop()
})

export interface SpeakButtonProps {
  message: AssistantMessage
  conversationId: string
}

/** Reads an answer aloud, as its backend offers it; while it speaks, the button ends that. */
export function SpeakButton({ message, conversationId }: SpeakButtonProps) {
  const { t } = useTranslation()
  const phase = useSpeech(({ spoken }) => (spoken?.messageId === message.id ? spoken.phase : null))
  if (message.synthesize === null) return null
  switch (phase) {
    case 'loading':
      return (
        <IconButton
          icon={LoaderCircle}
          label={t('chat:speak.loading')}
          aria-busy
          data-speaking
          className="motion-safe:[&_svg]:animate-[turn_0.9s_linear_infinite]"
          onClick={stop}
        />
      )
    case 'playing':
      return (
        <IconButton
          icon={Square}
          label={t('chat:speak.stop')}
          data-speaking
          className="[&_svg]:fill-current"
          onClick={stop}
        />
      )
    case 'failed':
    case null:
      return (
        <IconButton
          icon={Volume2}
          label={t('chat:speak.start')}
          onClick={() => void speak(conversationId, message.id)}
        />
      )
  }
}

/** Why an answer could not be read aloud, beneath it. */
export function SpeechError({ messageId }: { messageId: string }) {
  const { t } = useTranslation()
  const failed = useSpeech(({ spoken }) =>
    spoken?.messageId === messageId && spoken.phase === 'failed' ? spoken : null,
  )
  if (failed === null) return null
  const { title, detail } =
    failed.error === null
      ? { title: t('chat:speak.failed'), detail: t('chat:speak.unplayable') }
      : describe(failed.error, (key, values) => t(key, values ?? {}))
  return (
    <p role="alert" dir="auto" className="text-meta break-words text-danger select-text">
      {title}. {detail}
    </p>
  )
}
