import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Attachments } from '../../../src/main/attachments'
import { diskFileSystem, type FileSystem } from '../../../src/main/library/files'
import { writeConversation } from '../../../src/main/library/schema'
import { silentLogger } from '../../../src/main/logger'
import type { Conversation } from '../../../src/shared/conversation'
import { toAppError } from '../../../src/shared/errors'
import { conversationOf, userMessage } from '../../support/conversation-samples'
import { faultyDisk } from '../../support/faulty-disk'
import { gradient } from '../../support/images'
import { openRooms } from '../../support/kept-rooms'
import { filesUnder, hastyDisk, libraryOn, setClock, temporaryFolder } from '../../support/temporary-library'
import { countTurns } from '../../support/pace'

const DAY_MS = 86_400_000
const sample = (title = 'Why?'): Conversation => ({ ...conversationOf(randomUUID(), [[title, 'So.']]), title })

/** A library with one conversation that names one image, old enough for a repair to look at. */
async function withImage(fs: FileSystem = diskFileSystem) {
  const folder = await temporaryFolder()
  const root = join(folder, 'library')
  const media = new Attachments(join(folder, 'attachments'), silentLogger)
  const added = await media.addFile({ name: 'a.png', bytes: gradient(3, 3) })
  if (!('attachment' in added)) throw new Error('not added')
  const image = added.attachment
  const old = (Date.now() - 2 * 3_600_000) / 1000
  await utimes(join(folder, 'attachments', `${image.id}.png`), old, old)
  const question = { ...userMessage('Look'), attachments: [image] }
  const conversation = { ...sample(), headId: question.id, messages: [question] }
  await mkdir(join(root, 'conversations'), { recursive: true })
  await writeFile(join(root, 'conversations', `${conversation.id}.json`), writeConversation(conversation))
  const library = libraryOn(root, fs, setClock(Date.now()))
  const outside = { media, named: () => Promise.resolve([]) }
  const isThere = async (): Promise<boolean> => (await media.file(image.id)) !== null
  return { folder, root, library, media, image, conversation, outside, isThere }
}

describe('a repair never takes what anything may still name (R04)', () => {
  it('while the folder of the conversations is away', async () => {
    const { root, library, outside, isThere } = await withImage()
    await rename(join(root, 'conversations'), join(root, 'moved'))
    const { faults } = await library.check(outside)
    expect(faults).toEqual([{ kind: 'unreadable-folder', folder: 'conversations' }])
    expect((await library.repair(outside)).faults).toEqual(faults)
    expect(await isThere()).toBe(true)
  })

  it.each(['conversations', 'trash', 'earlier', 'journals'])('while %s cannot be listed', async (folder) => {
    const fs = faultyDisk(({ name, path }) => (name === 'readdir' && path.endsWith(folder) ? 'EMFILE' : null))
    const { library, conversation, outside, isThere } = await withImage(fs)
    if (folder !== 'conversations') await library.trash(conversation.id)
    expect((await library.check(outside)).faults).toContainEqual({ kind: 'unreadable-folder', folder })
    await library.repair(outside)
    expect(await isThere()).toBe(true)
    expect(await library.namedMedia(outside)).toBeNull()
  })

  it('that lies behind a link, which opens like any other, or behind one that leads nowhere now', async () => {
    const { folder, root, library, conversation, outside, isThere } = await withImage()
    const [path, elsewhere] = [join(root, 'conversations', `${conversation.id}.json`), join(folder, 'elsewhere.json')]
    await rename(path, elsewhere)
    await symlink(elsewhere, path)
    expect((await library.check(outside)).faults).toEqual([])
    await library.repair(outside)
    expect(await isThere()).toBe(true)
    await rename(elsewhere, `${elsewhere}.gone`)
    const later = libraryOn(root, undefined, setClock(Date.now()))
    await later.repair(outside)
    expect(await isThere()).toBe(true)
  })

  it('and what it takes it sets aside for 30 days: it comes back when something names it after all', async () => {
    const { folder, root, image, conversation } = await withImage()
    const clock = setClock(Date.now())
    const rooms = openRooms(folder, { clock })
    const path = join(root, 'conversations', `${conversation.id}.json`)
    await rename(path, join(folder, 'away.json'))
    expect((await rooms.upkeep.repair()).faults).toEqual([])
    const aside = join(folder, 'attachments', `stray-${clock.nowMs}`)
    expect(await readdir(aside)).toEqual([`${image.id}.png`])
    await rename(join(folder, 'away.json'), path)
    clock.nowMs += 40 * DAY_MS
    await rooms.upkeep.round()
    expect(await rooms.attachments.file(image.id)).not.toBeNull()
    await rm(path)
    await rooms.upkeep.check()
    await rooms.upkeep.repair()
    clock.nowMs += 29 * DAY_MS
    await rooms.upkeep.round()
    expect((await readdir(join(folder, 'attachments'))).filter((name) => name.startsWith('stray-'))).toHaveLength(1)
    clock.nowMs += 2 * DAY_MS
    await rooms.upkeep.round()
    expect(await readdir(join(folder, 'attachments'))).toEqual([])
  })
})

describe('putting back what has something at its place', () => {
  it('keeps both, each time as a conversation of its own with a marked title', async () => {
    const root = await temporaryFolder()
    const library = libraryOn(root)
    const old = sample('OLD')
    await library.create(old)
    await library.update(old.id, (present) => ({ ...present, title: 'NEW' }))
    await library.trash(old.id)
    await library.merge(old)
    const newId = await library.restore(old.id)
    expect(newId).not.toBe(old.id)
    const titles = async (): Promise<string[]> => (await library.list()).map(({ title }) => title).sort()
    expect(await titles()).toEqual(['NEW (2)', 'OLD'])
    expect(await library.listTrash()).toEqual([])
    expect((await library.open(newId)).messages.map(({ role }) => role)).toEqual(['user', 'assistant'])
    // Two of one conversation in the trash, put back at once: neither goes over the other.
    await library.trash(old.id)
    await library.merge({ ...old, title: 'OLDER' })
    await library.trash(old.id)
    const files = (await library.listTrash()).map(({ file }) => file)
    const ids = await Promise.all(files.map((file) => library.restore(file)))
    expect(new Set(ids).size).toBe(2)
    expect((await titles()).map((title) => title.replace(' (2)', ''))).toEqual(['NEW', 'OLD', 'OLDER'])
    expect(await library.restore(old.id)).toBe(old.id)
    await expect(library.restore(files[0] ?? '')).rejects.toMatchObject({ error: { code: 'not-found' } })
  })
})

describe('a disk that cannot be read for a moment', () => {
  it('leaves no conversation damaged behind (R04)', async () => {
    const root = await temporaryFolder()
    const conversation = sample('whole')
    await libraryOn(root).create(conversation)
    let isBad = true
    const fs = faultyDisk(({ name, path }) =>
      isBad && name === 'readFile' && path.includes(conversation.id) ? 'EMFILE' : null,
    )
    const library = libraryOn(root, fs)
    expect(await library.list()).toMatchObject([{ isDamaged: true }])
    await library.compared()
    await library.flush()
    isBad = false
    expect((await library.open(conversation.id)).title).toBe('whole')
    expect(await library.list()).toMatchObject([{ isDamaged: false, title: 'whole' }])
    isBad = true
    const other = libraryOn(root, fs)
    await other.list()
    await rm(join(root, 'index.json'), { force: true })
    const second = libraryOn(root, fs)
    await second.list()
    await second.compared()
    await second.flush()
    const third = libraryOn(root)
    await third.list()
    await third.compared()
    expect(await third.list()).toMatchObject([{ isDamaged: false, title: 'whole' }])
  })
})

describe('throwing away what is opened at the same moment', () => {
  it('never leaves it in both places', async () => {
    const root = await temporaryFolder()
    await mkdir(join(root, 'conversations'), { recursive: true })
    const ids: string[] = []
    for (let count = 0; count < 60; count += 1) {
      const conversation = { ...sample(), isUnread: true }
      ids.push(conversation.id)
      await writeFile(join(root, 'conversations', `${conversation.id}.json`), writeConversation(conversation))
    }
    const slow = {
      ...hastyDisk,
      rename: async (from: string, to: string) => {
        await new Promise((resolve) => setTimeout(resolve, 2))
        await diskFileSystem.rename(from, to)
        await new Promise((resolve) => setTimeout(resolve, 2))
      },
    } as FileSystem
    const library = libraryOn(root, slow)
    await library.list()
    for (const [index, id] of ids.entries()) {
      const open = async (): Promise<void> => {
        await new Promise((resolve) => setTimeout(resolve, index % 6))
        await library.markRead(id)
      }
      await Promise.all([library.trash(id), open().catch(toAppError)])
    }
    await library.flush()
    expect(await readdir(join(root, 'conversations'))).toEqual([])
    expect(await readdir(join(root, 'trash'))).toHaveLength(60)
    expect(await library.list()).toEqual([])
  })
})

describe('a folder that goes while Parley runs (R08)', () => {
  it('is made anew with all that memory has, and the person hears of it', async () => {
    const root = await temporaryFolder()
    const library = libraryOn(root)
    const all = [sample('a'), sample('b'), sample('c')]
    for (const each of all) await library.create(each)
    await rm(join(root, 'conversations'), { recursive: true, force: true, maxRetries: 5 })
    await library.pin(all[0]?.id ?? '', true)
    await library.flush()
    expect((await readdir(join(root, 'conversations'))).sort()).toEqual(all.map(({ id }) => `${id}.json`).sort())
    expect(library.storageState()).toEqual({ isSafe: false, reason: 'folder-gone' })
  })
})

describe('a file that somebody else writes while Parley holds it (R38)', () => {
  it.each([
    ['words', (c: Conversation) => writeConversation({ ...c, title: 'THEIRS' }), 'THEIRS (2)'],
    ['a file of a newer Parley', (c: Conversation) => JSON.stringify({ ...c, version: 9, title: 'THEIRS' }), 'THEIRS'],
    ['nothing that can be read', () => 'THEIRS', ''],
  ])('is kept as a conversation of its own: %s', async (_what, text, title) => {
    const root = await temporaryFolder()
    const library = libraryOn(root)
    const conversation = sample('mine')
    await library.create(conversation)
    const told: string[] = []
    library.onBeside((beside) => void told.push(beside.title))
    await writeFile(join(root, 'conversations', `${conversation.id}.json`), text(conversation))
    await library.pin(conversation.id, true)
    await library.pin(conversation.id, false)
    expect(told).toEqual([title])
    expect((await library.list()).map((summary) => summary.title).sort()).toEqual(['mine', title].sort())
    const files = Object.entries(await filesUnder(join(root, 'conversations')))
    expect(files.filter(([, each]) => each.includes('THEIRS'))).toHaveLength(1)
  })

  it('is kept once, and told of at once, while the file cannot be replaced', async () => {
    const root = await temporaryFolder()
    let isHeld = false
    const conversation = sample('mine')
    const path = join(root, 'conversations', `${conversation.id}.json`)
    // As on Windows, while another program has it open.
    const library = libraryOn(
      root,
      faultyDisk(({ name, path: from }) => (isHeld && name === 'rename' && from.startsWith(path) ? 'EPERM' : null)),
    )
    await library.create(conversation)
    const told: string[] = []
    library.onBeside((beside) => void told.push(beside.title))
    await writeFile(path, writeConversation({ ...conversation, title: 'THEIRS' }))
    isHeld = true
    await library.pin(conversation.id, true)
    // As the storage does every second.
    for (let tries = 0; tries < 3; tries += 1) await library.flush()
    expect(library.storageState()).toMatchObject({ isSafe: false })
    expect(told).toEqual(['THEIRS (2)'])
    isHeld = false
    await library.flush()
    expect(library.storageState()).toEqual({ isSafe: true })
    expect(told).toEqual(['THEIRS (2)'])
    expect(await readdir(join(root, 'conversations'))).toHaveLength(2)
    expect((await library.list()).map(({ title }) => title).sort()).toEqual(['THEIRS (2)', 'mine'])
  })

  it('is not taken for another when only its time has changed, or a write was told to have failed and had not', async () => {
    const root = await temporaryFolder()
    let isBad = false
    const library = libraryOn(
      root,
      faultyDisk(({ name, path }) => (isBad && name === 'open' && path.endsWith('conversations') ? 'EIO' : null)),
    )
    const conversation = sample('mine')
    await library.create(conversation)
    await utimes(join(root, 'conversations', `${conversation.id}.json`), 5, 5)
    await library.pin(conversation.id, true)
    isBad = true
    await library.rename(conversation.id, 'one')
    isBad = false
    await library.rename(conversation.id, 'two')
    await library.flush()
    expect(await readdir(join(root, 'conversations'))).toHaveLength(1)
  })
})

describe.skipIf(process.platform === 'win32')('what is no file', () => {
  const pipe = (path: string): void => void execFileSync('mkfifo', [path])

  it('keeps nobody waiting in the place of a conversation', async () => {
    const { root, library, outside } = await withImage()
    const id = randomUUID()
    pipe(join(root, 'conversations', `${id}.json`))
    expect(await library.open(id).catch(toAppError)).toEqual({ code: 'storage', reason: 'damaged' })
    await library.check(outside)
    await library.repair(outside)
    expect(await library.merge({ ...sample(), id }).catch(toAppError)).toMatchObject({ code: 'storage' })
    await library.trash(id)
    expect(await library.mediaInTrash([id])).toEqual(new Set())
    expect(await library.listTrash()).toMatchObject([{ summary: { id, isDamaged: true } }])
  })

  it.each(['index.json', 'trash.json', 'leftovers.json'])('nor in that of %s', async (name) => {
    const { folder, root, conversation } = await withImage()
    pipe(join(root, name))
    const rooms = openRooms(folder)
    expect(await rooms.library.list()).toHaveLength(1)
    await rooms.upkeep.trash(conversation.id)
    expect(await rooms.library.listTrash()).toHaveLength(1)
    await rooms.upkeep.round()
    await rooms.library.flush()
  })

  it('is not read without end', async () => {
    const { root, library } = await withImage()
    await symlink('/dev/zero', join(root, 'index.json'))
    expect(await library.list()).toHaveLength(1)
  })
})

describe('a large trash', () => {
  it(
    'is listed without opening its files, and deleting 1,000 leaves everything else its turn',
    { timeout: 90_000 },
    async () => {
      const root = await temporaryFolder()
      await mkdir(join(root, 'trash'), { recursive: true })
      const text = 'x'.repeat(4000)
      for (let count = 0; count < 3000; count += 1) {
        const conversation = { ...sample(text), title: `chat ${count}` }
        await writeFile(
          join(root, 'trash', `${conversation.id}.${1_740_000_000_000 + count}.json`),
          writeConversation(conversation),
        )
      }
      const first = libraryOn(root, hastyDisk)
      expect(await first.listTrash()).toHaveLength(3000)
      await first.flush()
      let opened = 0
      const library = libraryOn(root, {
        ...hastyDisk,
        open: (...args) => {
          opened += 1
          return hastyDisk.open(...args)
        },
      })
      const listed = await library.listTrash()
      expect(opened).toBeLessThan(10)
      expect(listed[0]).toMatchObject({ summary: { title: 'chat 2999' }, messages: 2 })
      const turns = countTurns()
      await library.deleteFromTrash(listed.slice(0, 1000).map(({ file }) => file))
      // At least one for ten that are deleted.
      expect(turns()).toBeGreaterThan(100)
      expect(await library.listTrash()).toHaveLength(2000)
      // Of what is gone for good not even the title stays.
      await library.flush()
      const copy = await readFile(join(root, 'trash.json'), 'utf8')
      expect([copy.includes('"chat 2999"'), copy.includes('"chat 1999"')]).toEqual([false, true])
    },
  )
})
