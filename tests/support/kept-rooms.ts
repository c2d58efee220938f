import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { StartedGeneration, StartGeneration } from '../../src/shared/contract'
import type { Part } from '../../src/shared/conversation'
import { failure } from '../../src/shared/errors'
import { Attachments } from '../../src/main/attachments'
import { Drafts } from '../../src/main/drafts'
import { Generations } from '../../src/main/generations'
import { diskFileSystem } from '../../src/main/library/files'
import { openLibrary } from '../../src/main/library/library'
import { Storage } from '../../src/main/library/storage'
import type { Logger } from '../../src/main/logger'
import { Upkeep } from '../../src/main/upkeep'
import { eventually } from './eventually'
import { scriptedSessions } from './scripted-session'
import { setClock, type SetClock } from './temporary-library'

/** The rooms of main that keep what a person says, on one folder, with sessions that the test speaks for. `ask` waits for its session. */
export function openRooms(folder: string, options: { clock?: SetClock; trashDays?: () => number | null } = {}) {
  const { clock = setClock(Date.now()), trashDays = () => 30 } = options
  const logged: unknown[] = []
  const note =
    (level: string) =>
    (...line: unknown[]): void =>
      void logged.push([level, ...line])
  const logger: Logger = { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') }
  const storage = new Storage(logger)
  const library = openLibrary({ root: join(folder, 'library'), clock, logger, storage, trashDays })
  const attachments = new Attachments(join(folder, 'attachments'), logger)
  const drafts = new Drafts({
    fs: diskFileSystem,
    path: join(folder, 'drafts.json'),
    clock,
    storage,
    logger,
    isTemporary: (key) => library.isTemporary(key),
  })
  const sessions = scriptedSessions()
  const generations = new Generations({
    library,
    openSession: sessions.openSession,
    findAttachments: async (ids, isTemporary) => {
      if (!isTemporary) await attachments.persist(ids)
      return Promise.all(
        ids.map(async (id) => {
          const info = await attachments.find(id)
          if (info === null) throw failure({ code: 'not-found', what: 'attachment' })
          return info
        }),
      )
    },
    clock,
    logger,
    isOnShow: () => true,
  })
  const forgotten: string[] = []
  const spoken = new Map<string, string>()
  const upkeep = new Upkeep({
    folder,
    logFolder: join(folder, 'logs'),
    library,
    generations,
    attachments,
    drafts,
    media: {
      forgetSpoken: (id) => {
        const file = spoken.get(id) ?? null
        spoken.delete(id)
        return file
      },
    },
    wire: { forget: (id) => void forgotten.push(id) },
    now: () => clock.now(),
    logger,
  })
  onTestFinished(async () => {
    drafts.close()
    upkeep.close()
    await library.close()
  })
  const ask = async (request: StartGeneration): Promise<StartedGeneration> => {
    const started = await generations.start(request)
    const isOpen = (): boolean =>
      sessions.opened.some(({ context, isPulled }) => isPulled && context.generationId === request.generationId)
    await eventually(isOpen, Boolean, 'the session')
    return started
  }
  return {
    ask,
    library,
    attachments,
    drafts,
    generations,
    upkeep,
    sessions: sessions.opened,
    logged,
    forgotten,
    spoken,
  }
}

export const says = (text: string): Part => ({ type: 'text-delta', text })
export const complete: Part = { type: 'finish', state: 'complete', error: null }
