import { LoaderCircle, Square, Volume2 } from 'lucide-react'
import { useSyncExternalStore } from 'react'
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
  if (typeof speechSynthesis !== 'undefined') speechSynthesis.cancel()
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
  // A pause while it was about to begin lands here too.
  const fail = (): void => {
    if (player === audio) useSpeech.setState({ spoken: { messageId, phase: 'failed', error: null } })
  }
  audio.addEventListener('error', fail)
  useSpeech.setState({ spoken: { messageId, phase: 'playing' } })
  await audio.play().catch(fail)
}

/** The voices of this computer; none on a system without a speech service. */
export function useVoices(): readonly SpeechSynthesisVoice[] {
  return useSyncExternalStore(listenToVoices, voicesNow)
}

let voices: readonly SpeechSynthesisVoice[] = []

function voicesNow(): readonly SpeechSynthesisVoice[] {
  if (typeof speechSynthesis === 'undefined') return voices
  const present = speechSynthesis.getVoices()
  // The browser makes a new list each time it is asked.
  if (present.length !== voices.length) voices = present
  return voices
}

function listenToVoices(notify: () => void): () => void {
  if (typeof speechSynthesis === 'undefined') return () => undefined
  speechSynthesis.addEventListener('voiceschanged', notify)
  return () => speechSynthesis.removeEventListener('voiceschanged', notify)
}

/** Longer pieces are cut off by some voices in the middle of a word. */
const PIECE_LENGTH = 240

/** Reads an answer aloud with a voice of this computer: nothing of it goes to a server for that. */
export async function speakText(messageId: string, markdown: string): Promise<void> {
  stop()
  useSpeech.setState({ spoken: { messageId, phase: 'playing' } })
  const playing = useSpeech.getState().spoken
  const { renderPlainText } = await import('../markdown')
  if (useSpeech.getState().spoken !== playing) return
  const pieces = spokenPieces(renderPlainText(markdown))
  const voice = voiceFor(pieces.join(' '))
  for (const [index, piece] of pieces.entries()) {
    const utterance = new SpeechSynthesisUtterance(piece)
    if (voice !== null) {
      utterance.voice = voice
      utterance.lang = voice.lang
    }
    const end = (): void => {
      if (useSpeech.getState().spoken === playing) stop()
    }
    if (index === pieces.length - 1) utterance.addEventListener('end', end)
    utterance.addEventListener('error', end)
    speechSynthesis.speak(utterance)
  }
  if (pieces.length === 0) stop()
}

/** A text in sentences, the long ones cut at a space. */
export function spokenPieces(text: string): string[] {
  return text
    .split(/(?<=[.!?…。！？])\s+|\n+/u)
    .flatMap(
      (sentence) => sentence.match(new RegExp(`.{1,${PIECE_LENGTH}}(?:\\s|$)|\\S{1,${PIECE_LENGTH}}`, 'gsu')) ?? [],
    )
    .map((piece) => piece.trim())
    .filter((piece) => /[\p{L}\p{N}]/u.test(piece))
}

/** A voice that knows the script of a text; null leaves it to the system. */
function voiceFor(text: string): SpeechSynthesisVoice | null {
  const cyrillic = text.match(/\p{Script=Cyrillic}/gu)?.length ?? 0
  const latin = text.match(/\p{Script=Latin}/gu)?.length ?? 0
  const language = cyrillic > latin ? 'ru' : document.documentElement.lang.startsWith('ru') ? 'en' : ''
  if (language === '') return null
  return voicesNow().find(({ lang }) => lang.toLowerCase().startsWith(language)) ?? null
}

// Whoever leaves the chat would not find the button that ends it.
useStore.subscribe((state, before) => {
  if (state.currentId !== before.currentId && useSpeech.getState().spoken !== null) stop()
})

/** Whether an answer is read aloud, or is about to be. */
export function useIsSpeaking(messageId: string): boolean {
  return useSpeech(({ spoken }) => spoken?.messageId === messageId && spoken.phase !== 'failed')
}

export interface SpeakButtonProps {
  message: AssistantMessage
  conversationId: string
}

/** Reads an answer aloud, as its backend offers it; while it speaks, the button ends that. */
export function SpeakButton({ message, conversationId }: SpeakButtonProps) {
  const { t } = useTranslation()
  const phase = useSpeech(({ spoken }) => (spoken?.messageId === message.id ? spoken.phase : null))
  // Without an offer of the backend it is begun in the menu, with a voice of this computer, and ended here.
  if (message.synthesize === null && phase === null) return null
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
