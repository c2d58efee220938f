import { create } from 'zustand'
import { answerText, type MediaFile } from '../../shared/conversation'
import type { AppError } from '../../shared/errors'
import { picturesIn, ShownPictures, TriedPictures } from '../../shared/markdown/pictures'
import { loadMedia } from '../store/media'
import { conversationOf, useStore } from '../store/state'
import type { ShownAnswers } from './shown-answers'

type Loading =
  | { kind: 'loading' }
  | { kind: 'failed'; error: AppError }
  /** Main fetches it only when a person names it. */
  | { kind: 'left' }

/** What is on its way or did not come, by conversation and address; for as long as the window lives. */
const useLoading = create<{ pictures: ReadonlyMap<string, Loading> }>()(() => ({ pictures: new Map() }))

/** Asked for at the same time; a page of pictures is asked for one after the other. */
const MAX_AT_ONCE = 4
let running = 0
const waiting: (() => Promise<void>)[] = []

const shown = new ShownPictures()
const tried = new TriedPictures()

const keyOf = (conversationId: string, url: string): string => `${conversationId} ${url}`

/** How the loading of a picture stands; null before it was asked for, and when it is there. */
export function usePictureLoading(answers: ShownAnswers | null, url: string): Loading | null {
  return useLoading(({ pictures }) =>
    answers === null ? null : (pictures.get(keyOf(answers.conversationId, url)) ?? null),
  )
}

/** The same, without following it. */
export function pictureLoading({ conversationId }: ShownAnswers, url: string): Loading | null {
  return useLoading.getState().pictures.get(keyOf(conversationId, url)) ?? null
}

/** The stored copy of a picture, if these answers have one. */
export function storedPicture({ messages }: ShownAnswers, url: string): MediaFile | null {
  for (const { pictures } of messages) {
    if (pictures !== undefined && Object.hasOwn(pictures, url)) return pictures[url] ?? null
  }
  return null
}

/**
 * Has a picture loaded by main. Harmless when it is on its way.
 *
 * @param isAutomatic no person named this picture: nothing happens when its answer has had its number of these
 */
export function loadPicture({ conversationId, messages }: ShownAnswers, url: string, isAutomatic = false): void {
  const key = keyOf(conversationId, url)
  if (useLoading.getState().pictures.get(key)?.kind === 'loading') return
  // A text that goes on in the next answer is drawn as one. What no answer before the last shows is the last one's:
  // most often there is only that one, and nothing needs to be read.
  const owner =
    messages.slice(0, -1).find((message) => shown.has(message.id, answerText(message), url)) ?? messages.at(-1)
  if (owner === undefined || (isAutomatic && !tried.add(owner.id, url, owner.pictures))) return
  note(key, { kind: 'loading' })
  waiting.push(async () => {
    const error = await loadMedia(conversationId, owner.id, url, isAutomatic)
    const isLeft = error?.code === 'media' && error.reason === 'unasked'
    note(key, error === null ? null : isLeft ? { kind: 'left' } : { kind: 'failed', error })
  })
  next()
}

/** All pictures of the web that the open conversation has now, but those of blocked hosts. */
export function loadAllPictures(conversationId: string): void {
  const state = useStore.getState()
  const { blocked } = state.settings.webPictures
  for (const message of conversationOf(state, conversationId)?.messages ?? []) {
    if (message.role !== 'assistant') continue
    const answers = { conversationId, messages: [message] }
    for (const url of picturesIn(answerText(message))) {
      const isWanted = !blocked.includes(new URL(url).host) && storedPicture(answers, url) === null
      if (isWanted) loadPicture(answers, url, true)
    }
  }
}

function note(key: string, loading: Loading | null): void {
  useLoading.setState(({ pictures }) => {
    const next = new Map(pictures)
    if (loading === null) next.delete(key)
    else next.set(key, loading)
    return { pictures: next }
  })
}

function next(): void {
  while (running < MAX_AT_ONCE) {
    const task = waiting.shift()
    if (task === undefined) return
    running += 1
    void task().finally(() => {
      running -= 1
      next()
    })
  }
}
