import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { RestoreChoice, TransferState } from '../../src/shared/contract'
import type { Conversation } from '../../src/shared/conversation'
import { translator } from '../../src/shared/i18n'
import { defaultSettings, newBackendProfile, type Settings } from '../../src/shared/settings'
import { Attachments } from '../../src/main/attachments'
import type { Library } from '../../src/main/library/library'
import { Drafts } from '../../src/main/drafts'
import { Storage } from '../../src/main/library/storage'
import { Prompts } from '../../src/main/prompts'
import { silentLogger } from '../../src/main/logger'
import { Transfer, type TransferDesk } from '../../src/main/transfer/transfer'
import { hastyDisk, libraryOn, setClock, temporaryFolder, type SetClock } from './temporary-library'

/** A library with its media on a real disk, the rooms that take it in and out, and the person's choices as fields. */
export interface TransferHouse {
  folder: string
  library: Library
  attachments: Attachments
  drafts: Drafts
  prompts: Prompts
  transfer: Transfer
  clock: SetClock
  desk: TransferDesk & { place: string | null; file: string | null; names: string[]; printed: string[] }
  /** What the person picks. */
  window: object
  settings: Settings
  /** What the windows were told. */
  told: TransferState[]
  /** All conversations that are here now, by id. */
  all(): Promise<Map<string, Conversation>>
  /** Puts a file where it can be picked. */
  put(name: string, content: string | Uint8Array): Promise<string>
}

export async function transferHouse(): Promise<TransferHouse> {
  const folder = await temporaryFolder()
  const clock = setClock()
  const library = libraryOn(join(folder, 'library'), hastyDisk, clock)
  const attachments = new Attachments(join(folder, 'attachments'), silentLogger)
  let settings: Settings = {
    ...defaultSettings('linux'),
    activeBackendId: 'home',
    backends: [
      {
        ...newBackendProfile('home', 'Home', 'http://localhost:1337'),
        headers: [{ id: 'h', name: 'x-key', isSecret: true, value: '' }],
      },
    ],
  }
  const drafts = new Drafts({
    fs: hastyDisk,
    path: join(folder, 'drafts.json'),
    clock,
    storage: new Storage(silentLogger),
    logger: silentLogger,
    isTemporary: (key) => library.isTemporary(key),
  })
  onTestFinished(() => drafts.close())
  const prompts = new Prompts({
    fs: hastyDisk,
    folder,
    clock,
    logger: silentLogger,
    onChange: () => undefined,
    onSetAside: () => undefined,
  })
  const told: TransferState[] = []
  const transfer = new Transfer({
    folder,
    library,
    openLive: (id) => library.open(id),
    attachments,
    drafts,
    prompts,
    settings: () => settings,
    changeSettings: (change) => {
      settings = change(settings)
    },
    adoptBackends: async (profiles) => {
      settings = { ...settings, backends: [...settings.backends, ...profiles] }
      return profiles.length
    },
    platform: 'linux',
    onProgress: (state) => told.push(state),
    translate: () => translator('en'),
    locale: () => 'en',
    clock,
    version: '0.1.0',
  })
  const desk: TransferHouse['desk'] = {
    place: join(folder, 'out.zip'),
    file: null,
    names: [],
    printed: [],
    pickPlace: async (name) => {
      desk.names.push(name)
      return desk.place
    },
    pickFile: async () => desk.file,
    print: async (html) => {
      desk.printed.push(html)
      return Buffer.from('%PDF-1.7')
    },
  }
  return {
    folder,
    library,
    attachments,
    drafts,
    prompts,
    transfer,
    clock,
    desk,
    window: {},
    get settings() {
      return settings
    },
    set settings(next) {
      settings = next
    },
    told,
    all: async () => {
      const found = new Map<string, Conversation>()
      for await (const { id, conversation } of library.readAll()) found.set(id, conversation)
      return found
    },
    put: async (name, content) => {
      const path = join(folder, name)
      await writeFile(path, content)
      desk.file = path
      return path
    },
  }
}

/** Of a plan: no more than it says. */
export function choiceOf(planId: string, choice: Partial<RestoreChoice> = {}): RestoreChoice {
  return { planId, overwrite: [], withBackends: false, withSettings: false, ...choice }
}

/** Plans and does what a file says; the plan and what was done. */
export async function restoreFile(house: TransferHouse, content?: { name: string; bytes: string | Uint8Array }) {
  if (content !== undefined) await house.put(content.name, content.bytes)
  const plan = await house.transfer.planRestore(house.window, house.desk)
  if (plan === null) throw new Error('no file was picked')
  return { plan, done: await house.transfer.restore(house.window, choiceOf(plan.planId)) }
}

/** The backup of a house, as its bytes. */
export async function backupOf(house: TransferHouse): Promise<Buffer> {
  house.desk.place = join(house.folder, 'backup.zip')
  await house.transfer.backUp(house.desk)
  return readFile(house.desk.place)
}
