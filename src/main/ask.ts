import { randomUUID } from 'node:crypto'
import { basename, isAbsolute } from 'node:path'
import * as v from 'valibot'
import { MAX_QUESTION_TEXT, type AddedAttachment } from '../shared/contract'
import type { FinishState, GenerationEvent, Part, Usage } from '../shared/conversation'
import { failure, toAppError, type AppError } from '../shared/errors'
import type { BackendView, Settings } from '../shared/settings'
import type { Generations } from './generations'

/**
 * A question that comes without a page: of the command line, asked as a page would ask it. Both sides of the hand-over
 * between two processes speak in these types (ask-channel.ts).
 */
export interface AskRequest {
  text: string
  /** Absolute paths. */
  images: string[]
  /** Name, id or address of a backend; null for that of new conversations. */
  backend: string | null
  provider: string | null
  model: string | null
}

/** What becomes of it, in this order: started, then anything, then ended; or refused alone, and nothing was sent. */
export type AskEvent =
  | { kind: 'started'; conversationId: string }
  | { kind: 'refused'; error: AppError }
  /** Who answers. What was written so far is another one's, who gave up, when the name is not the one before. */
  | { kind: 'provider'; name: string; model: string | null }
  | { kind: 'reasoning'; text: string }
  | { kind: 'text'; text: string }
  /** A result that is not text, where it is kept. */
  | { kind: 'file'; path: string; mime: string }
  | {
      kind: 'ended'
      state: FinishState
      error: AppError | null
      provider: string | null
      model: string | null
      usage: Usage | null
    }

/** @param signal stops the answer; what has arrived of it is kept, and nothing more is told */
export type Ask = (request: AskRequest, tell: (event: AskEvent) => void, signal: AbortSignal) => Promise<void>

const short = v.nullable(v.pipe(v.string(), v.minLength(1), v.maxLength(500)))

/** What another process may ask. */
export const askRequestSchema: v.GenericSchema<unknown, AskRequest> = v.strictObject({
  text: v.pipe(v.string(), v.maxLength(MAX_QUESTION_TEXT)),
  images: v.pipe(v.array(v.pipe(v.string(), v.maxLength(8192), v.check(isAbsolute))), v.maxLength(100)),
  backend: short,
  provider: short,
  model: short,
})

/** The rooms that a question needs. */
export interface AskRooms {
  generations: Pick<Generations, 'start' | 'stop' | 'attach' | 'onEvents'>
  settings: { readonly current: Settings }
  backends: { list(): BackendView[] }
  attachments: {
    addFile(file: { name: string; path: string }): Promise<AddedAttachment>
    file(id: string): Promise<{ path: string; mime: string } | null>
  }
  /** Nobody has to be told of the end of this answer: it is looked at where it was asked. */
  ignore: (generationId: string) => void
  library: { markRead(conversationId: string): Promise<unknown> }
}

/**
 * Asks as a new conversation, which is kept like any other, and tells what comes. Never rejects.
 *
 * Images go as they are: nothing is shrunk or converted here, because pages do that. A backend that cannot be asked ends
 * the answer as `failed`, as it does in a window.
 */
export function askIn(rooms: AskRooms): Ask {
  return async (request, tell, signal) => {
    try {
      await ask(rooms, request, tell, signal)
    } catch (thrown) {
      tell({ kind: 'refused', error: toAppError(thrown) })
    }
  }
}

async function ask(
  { generations, settings, backends, attachments, library, ignore }: AskRooms,
  request: AskRequest,
  tell: (event: AskEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  const { current } = settings
  const profile = findBackend(backends.list(), request.backend ?? current.activeBackendId, request.backend !== null)
  const attachmentIds: string[] = []
  const { maxCount } = current.images
  for (const path of request.images) {
    const name = basename(path)
    if (attachmentIds.length >= maxCount) throw refusedImage('too-many', name, null, maxCount)
    attachmentIds.push(idOf(await attachments.addFile({ name, path }), name))
  }
  if (signal.aborted) return

  const generationId = randomUUID()
  const conversationId = randomUUID()
  // Of a provider that was named the backend's own model is not meant.
  const isOwnModel = request.provider === null || request.provider === profile.provider
  const ended = new Promise<Extract<Part, { type: 'finish' }>>((resolve) => {
    const forget = generations.onEvents((events) => {
      for (const event of events) {
        if (event.generationId !== generationId) continue
        tellPart(event, tell)
        if (event.part.type !== 'finish') continue
        forget()
        resolve(event.part)
      }
    })
    void whenAborted(signal).then(forget)
  })
  ignore(generationId)
  await generations.start({
    generationId,
    answerId: randomUUID(),
    conversationId,
    origin: 'terminal',
    isTemporary: current.isTemporaryByDefault,
    settings: current.newChat,
    backendId: profile.id,
    provider: request.provider ?? profile.provider,
    model: request.model ?? (isOwnModel ? profile.model : null),
    question: { kind: 'new', messageId: randomUUID(), parentId: null, text: request.text, attachmentIds },
  })
  tell({ kind: 'started', conversationId })
  const stopped = whenAborted(signal).then(() => {
    generations.stop(generationId)
    return null
  })
  const end = await Promise.race([ended, stopped])
  if (end === null) return

  const { message } = await generations.attach(generationId)
  for (const part of message.content) {
    if (part.type !== 'media') continue
    for (const { id } of Object.values(part.files ?? {})) {
      const file = await attachments.file(id)
      if (file !== null) tell({ kind: 'file', path: file.path, mime: file.mime })
    }
  }
  // Whoever asked in a terminal has read it there.
  await library.markRead(conversationId).catch(() => undefined)
  tell({
    kind: 'ended',
    state: end.state,
    error: end.error,
    provider: message.provider?.name ?? null,
    model: message.provider?.model ?? null,
    usage: message.usage,
  })
}

/** Resolves when it aborts, or has aborted. */
export function whenAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

function tellPart({ part }: GenerationEvent, tell: (event: AskEvent) => void): void {
  if (part.type === 'text-delta') tell({ kind: 'text', text: part.text })
  else if (part.type === 'reasoning-delta') tell({ kind: 'reasoning', text: part.text })
  else if (part.type === 'provider') tell({ kind: 'provider', name: part.provider.name, model: part.provider.model })
}

function findBackend(views: readonly BackendView[], wanted: string | null, isNamed: boolean): BackendView['profile'] {
  // The first run has not been answered: nobody has said where a question may go.
  if (wanted === null) throw failure({ code: 'no-backend' })
  const profiles = views.map(({ profile }) => profile)
  const same = (text: string): boolean => text.toLowerCase() === wanted.toLowerCase()
  const found =
    profiles.find(({ id }) => id === wanted) ??
    (isNamed ? profiles.find(({ name, url }) => same(name) || same(url) || same(`${url}/`)) : undefined)
  if (found === undefined)
    throw failure(isNamed ? { code: 'not-found', what: 'named-backend' } : { code: 'no-backend' })
  return found
}

function idOf(added: AddedAttachment, name: string): string {
  if (!added.ok) throw failure(added.error)
  if ('attachment' in added) return added.attachment.id
  if ('source' in added) throw refusedImage('no-window', name, added.source.format, null)
  throw refusedImage('folder', name, null, null)
}

function refusedImage(
  reason: 'too-many' | 'no-window' | 'folder',
  name: string,
  format: string | null,
  limit: number | null,
): Error {
  return failure({ code: 'attachment', reason, name, format, limit })
}
