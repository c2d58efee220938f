import { randomUUID } from 'node:crypto'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import * as v from 'valibot'
import { Drafts, draftSchema } from '../../../src/main/drafts'
import { diskFileSystem, type FileSystem } from '../../../src/main/library/files'
import { Storage } from '../../../src/main/library/storage'
import { silentLogger } from '../../../src/main/logger'
import { MAX_DRAFT_TEXT, type StoredDraft } from '../../../src/shared/contract'
import { eventually } from '../../support/eventually'
import { faultyDisk } from '../../support/faulty-disk'
import { setClock, temporaryFolder } from '../../support/temporary-library'

const image = {
  id: 'a'.repeat(64),
  name: 'a.png',
  mime: 'image/png' as const,
  bytes: 70,
  width: 1,
  height: 1,
  orientation: 1,
  hasLocation: false,
}
const draft = (key: string, text = 'unsent', attachments: StoredDraft['attachments'] = []): StoredDraft => ({
  key,
  text,
  attachments,
  changedAt: 1,
})

function open(folder: string, fs: FileSystem = diskFileSystem, isTemporary = (_key: string): boolean => false) {
  const path = join(folder, 'drafts.json')
  const storage = new Storage(silentLogger)
  const drafts = new Drafts({ fs, path, clock: setClock(77), storage, logger: silentLogger, isTemporary })
  onTestFinished(() => {
    drafts.close()
    storage.close()
  })
  return { drafts, path, storage }
}

afterEach(() => {
  vi.useRealTimers()
})

describe('drafts', () => {
  it('survive a restart, images included, for their owner only (S29)', async () => {
    const folder = await temporaryFolder()
    const first = open(folder)
    const all = [draft(randomUUID(), 'Привет 🙂'), draft('new', '', [image]), draft('quick-ask', 'a')]
    for (const each of all) await first.drafts.set(each)
    await first.drafts.flush()
    expect(await open(folder).drafts.list()).toEqual(all)
    expect((await stat(first.path)).mode & 0o777).toBe(0o600)
    expect(await first.drafts.media()).toEqual([image.id])
    expect((await readdir(folder)).sort()).toEqual(['drafts.json', 'drafts.json.backup'])
  })

  it('keep the question that is being written anew, with its files; those without one load as before (S29)', async () => {
    const folder = await temporaryFolder()
    const { drafts } = open(folder)
    const edited: StoredDraft = {
      ...draft(randomUUID(), ''),
      editing: { messageId: randomUUID(), text: 'anew', attachments: [image] },
    }
    await drafts.set(edited)
    await drafts.set(draft('old'))
    await drafts.flush()
    expect(await open(folder).drafts.list()).toEqual([edited, draft('old')])
    expect(await drafts.media()).toEqual([image.id])
    await drafts.set(draft(edited.key, ''))
    expect(await drafts.list()).toEqual([draft('old')])
    expect(v.is(draftSchema, { ...edited, editing: { text: 'of nothing', attachments: [] } })).toBe(false)
  })

  it('keep the slots of a prompt that is being filled (S29)', async () => {
    const folder = await temporaryFolder()
    const { drafts } = open(folder)
    const slots = [{ name: 'city', choices: ['Oslo', 'Rome'], from: 8, to: 14 }]
    const filled: StoredDraft = {
      ...draft('new', 'Weather {city}?'),
      filling: { promptId: randomUUID(), name: 'Weather', slots },
    }
    await drafts.set(filled)
    await drafts.flush()
    expect(await open(folder).drafts.list()).toEqual([filled])
    expect(v.is(draftSchema, { ...filled, filling: { ...filled.filling, slots: [{ ...slots[0], to: 7 }] } })).toBe(
      false,
    )
  })

  it('are on disk within half a second of a key, however long somebody types', async () => {
    const folder = await temporaryFolder()
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { drafts, path } = open(folder)
    for (let at = 0; at < 8; at += 1) {
      await drafts.set(draft('new', 'x'.repeat(at + 1)))
      vi.advanceTimersByTime(50)
    }
    vi.useRealTimers()
    const text = await eventually(
      () => readFile(path, 'utf8').catch(() => ''),
      (written) => written !== '',
      'a draft',
    )
    expect(text).toContain('"xxxxx')
  })

  it('are removed when they are empty, and when their conversation is', async () => {
    const folder = await temporaryFolder()
    const { drafts } = open(folder)
    for (const key of ['a', 'b', 'c']) await drafts.set(draft(key))
    await drafts.set(draft('a', ''))
    await drafts.set(draft('none', ''))
    await drafts.remove(['b', 'none'])
    await drafts.flush()
    expect(await open(folder).drafts.list()).toEqual([draft('c')])
    await drafts.set(draft('c', '', [image]))
    expect(await drafts.list()).toEqual([draft('c', '', [image])])
  })

  it('of temporary conversations stay in memory, until those are kept', async () => {
    const folder = await temporaryFolder()
    const temporary = new Set(['t'])
    const { drafts, path } = open(folder, undefined, (key) => temporary.has(key))
    await drafts.set(draft('t', 'secret'))
    await drafts.set(draft('o', 'ordinary'))
    await drafts.flush()
    expect(await readFile(path, 'utf8')).not.toContain('secret')
    expect(await drafts.list()).toHaveLength(2)
    temporary.clear()
    await drafts.keep('t')
    await drafts.flush()
    expect(await open(folder).drafts.list()).toHaveLength(2)
  })

  it('of 4 MiB are kept; one for which there is no room is refused, and no other one goes for it', async () => {
    const folder = await temporaryFolder()
    const { drafts } = open(folder)
    const long = (key: string, length = MAX_DRAFT_TEXT - 10_000): StoredDraft => draft(key, 'x'.repeat(length))
    for (const key of ['a', 'b', 'c', 'd']) await drafts.set(long(key))
    await expect(drafts.set(long('e', 100_000))).rejects.toMatchObject({ error: { code: 'storage', reason: 'full' } })
    await expect(drafts.set(draft('a', 'x'.repeat(MAX_DRAFT_TEXT + 90_000)))).rejects.toThrow()
    await drafts.set(draft('small'))
    await drafts.set(long('d', MAX_DRAFT_TEXT - 20_000))
    await drafts.flush()
    const kept = await open(folder).drafts.list()
    expect(kept.map(({ key, text }) => [key, text.length])).toEqual([
      ['a', MAX_DRAFT_TEXT - 10_000],
      ['b', MAX_DRAFT_TEXT - 10_000],
      ['c', MAX_DRAFT_TEXT - 10_000],
      ['small', 6],
      ['d', MAX_DRAFT_TEXT - 20_000],
    ])
  })

  it('more than 500 are all kept', async () => {
    const folder = await temporaryFolder()
    const { drafts } = open(folder)
    for (let at = 0; at < 510; at += 1) await drafts.set(draft(`k${at}`))
    await drafts.flush()
    expect(await open(folder).drafts.list()).toHaveLength(510)
  })

  it('that were removed, sent or written over are in no file any more, the backup included (M6)', async () => {
    const folder = await temporaryFolder()
    const { drafts } = open(folder)
    const all = async (): Promise<string> => {
      await drafts.flush()
      const names = await readdir(folder)
      return (await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')))).join('')
    }
    for (const key of ['a', 'b', 'c']) await drafts.set(draft(key, `secret of ${key}`))
    expect(await all()).toContain('secret of a')
    await drafts.set(draft('a', ''))
    expect(await all()).not.toContain('secret of a')
    await drafts.remove(['b'])
    expect(await all()).not.toContain('secret of b')
    await drafts.set(draft('c', 'something else'))
    expect(await all()).not.toContain('secret')
    expect(await all()).toContain('something else')
  })

  it.each([
    ['empty', ''],
    ['torn', '{"version": 1, "drafts": [{"key": "a'],
    ['NULs', '\0'.repeat(100)],
    ['a list', '[]'],
    ['of a newer version', '{"version": 2, "drafts": []}'],
    ['of wrong types', '{"version": 1, "drafts": 5}'],
  ])('whose file is damaged (%s) come from the backup, and the file is put aside', async (_what, damage) => {
    const folder = await temporaryFolder()
    const first = open(folder)
    await first.drafts.set(draft('a'))
    await first.drafts.flush()
    await writeFile(first.path, damage)
    const second = open(folder)
    expect(await second.drafts.list()).toEqual([draft('a')])
    await second.drafts.flush()
    expect(await readFile(join(folder, 'drafts.json.corrupt-77'), 'utf8')).toBe(damage)
    expect(await open(folder).drafts.list()).toEqual([draft('a')])
  })

  it('that cannot be read one by one hide only themselves; what is no file is none', async () => {
    const folder = await temporaryFolder()
    const rows = [draft('a'), { ...draft('b'), text: 5 }, { ...draft('c'), key: '../x' }, null, draft('d')]
    await writeFile(join(folder, 'drafts.json'), JSON.stringify({ version: 1, drafts: rows }))
    const { drafts, path } = open(folder)
    expect(await drafts.list()).toEqual([draft('a'), draft('d')])
    await drafts.set(draft('e'))
    await drafts.flush()
    // A newer Parley may be able to read them.
    const stored = JSON.parse(await readFile(path, 'utf8')) as { drafts: unknown[] }
    expect(stored.drafts).toEqual([rows[1], rows[2], null, draft('a'), draft('d'), draft('e')])
    await drafts.remove(['b'])
    await drafts.flush()
    expect(await readFile(path, 'utf8')).not.toContain('"b"')
    expect(await open(join(folder, 'missing')).drafts.list()).toEqual([])
  })

  it('stay in memory while the disk refuses, and are written when it takes them (R07)', async () => {
    const folder = await temporaryFolder()
    let isFull = true
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const disk = faultyDisk(({ name }) => (isFull && name === 'open' ? 'ENOSPC' : null))
    const { drafts, path, storage } = open(folder, disk)
    await drafts.set(draft('a'))
    await drafts.flush()
    expect(await drafts.list()).toEqual([draft('a')])
    expect(await readdir(folder)).toEqual([])
    // The banner says so.
    expect(storage.state()).toEqual({ isSafe: false, reason: 'full' })
    isFull = false
    vi.advanceTimersByTime(1000)
    vi.useRealTimers()
    await eventually(
      () => readFile(path, 'utf8').catch(() => ''),
      (text) => text.includes('unsent'),
      'the draft',
    )
  })

  it('are whole on disk at whichever step the process dies', async () => {
    for (let step = 0, isOver = false; !isOver; step += 1) {
      const folder = await temporaryFolder()
      const first = open(folder)
      await first.drafts.set(draft('a', 'before'))
      await first.drafts.flush()
      let call = 0
      const second = open(
        folder,
        faultyDisk(({ name }) => (['stat', 'readFile'].includes(name) ? null : call++ >= step ? 'EIO' : null)),
      )
      await second.drafts.set(draft('a', 'after'))
      await second.drafts.flush()
      isOver = call <= step
      const [found] = await open(folder).drafts.list()
      expect(['before', 'after']).toContain(found?.text)
      if (isOver) expect(found?.text).toBe('after')
    }
  })

  it('take nothing from a page that is no draft (S16)', () => {
    const isDraft = (value: unknown): boolean => v.is(draftSchema, value)
    expect(isDraft(draft('new', 'x', [image]))).toBe(true)
    for (const bad of [
      draft(''),
      draft('../x'),
      draft('x'.repeat(65)),
      draft('a', 'x'.repeat(MAX_DRAFT_TEXT + 1)),
      draft(
        'a',
        'x',
        Array.from({ length: 11 }, () => image),
      ),
      draft('a', 'x', [{ ...image, id: '../../etc/passwd' }]),
      { ...draft('a'), extra: 1 },
    ]) {
      expect(isDraft(bad)).toBe(false)
    }
    fc.assert(fc.property(fc.anything(), (value) => !isDraft(value)))
  })
})
