import { randomUUID } from 'node:crypto'
import { mkdir, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AttachmentInfo, Conversation } from '../../../src/shared/conversation'
import { readableText } from '../../../src/main/library/readable-text'
import { writeConversation } from '../../../src/main/library/schema'
import { conversationOf, newAnswer, userMessage } from '../../support/conversation-samples'
import { gradient } from '../../support/images'
import { openRooms } from '../../support/kept-rooms'
import { filesUnder, temporaryFolder } from '../../support/temporary-library'
import { countTurns } from '../../support/pace'
import { shortestMs } from '../../support/shortest'

const HOUR_MS = 3_600_000

async function addImage(rooms: ReturnType<typeof openRooms>, folder: string, size: number): Promise<AttachmentInfo> {
  const added = await rooms.attachments.addFile({ name: 'a.png', bytes: gradient(size, size) })
  if (!('attachment' in added)) throw new Error('not added')
  await makeOld(join(folder, 'attachments', `${added.attachment.id}.png`))
  return added.attachment
}

/** Older than what a check lets be. */
async function makeOld(path: string): Promise<void> {
  const seconds = (Date.now() - 2 * HOUR_MS) / 1000
  await utimes(path, seconds, seconds)
}

function withImages(images: AttachmentInfo[]): Conversation {
  const question = { ...userMessage('Look at these'), attachments: images }
  return { ...conversationOf(randomUUID(), []), title: 'Pictures', headId: question.id, messages: [question] }
}

describe('a check', () => {
  it('of a library without a fault says so, and changes nothing', async () => {
    const folder = await temporaryFolder()
    const rooms = openRooms(folder)
    const image = await addImage(rooms, folder, 3)
    for (const each of [withImages([image]), conversationOf(randomUUID(), [['a', 'b']])])
      await rooms.library.create(each)
    await rooms.library.list()
    await rooms.library.flush()
    const before = await filesUnder(folder)
    const report = await rooms.upkeep.check()
    expect(report).toMatchObject({ conversations: 2, media: 1, faults: [] })
    const bytes = Object.entries(before)
      .filter(([name]) => name.startsWith('library/conversations'))
      .reduce((sum, [, text]) => sum + Buffer.byteLength(text), image.bytes)
    expect(report.bytes).toBe(bytes)
    expect(await filesUnder(folder)).toEqual(before)
    expect(await rooms.upkeep.repair()).toEqual(report)
    expect(await filesUnder(folder)).toEqual(before)
  })

  it('finds every kind of fault, and a repair mends what can be mended', async () => {
    const folder = await temporaryFolder()
    const rooms = openRooms(folder)
    const root = join(folder, 'library')
    const [gone, changed, stray, young] = [
      await addImage(rooms, folder, 3),
      await addImage(rooms, folder, 5),
      await addImage(rooms, folder, 7),
      await addImage(rooms, folder, 9),
    ]
    await rooms.library.create(withImages([gone, changed]))
    await rooms.library.list()
    await rooms.library.flush()
    await rm(join(folder, 'attachments', `${gone.id}.png`))
    await writeFile(join(folder, 'attachments', `${changed.id}.png`), Buffer.alloc(changed.bytes))
    await makeOld(join(folder, 'attachments', `${changed.id}.png`))
    await utimes(join(folder, 'attachments', `${young.id}.png`), new Date(), new Date())
    const strays = [
      join(root, 'conversations', `${randomUUID()}.json.0a0b0c0d.tmp`),
      join(root, 'index.json.0a0b0c0d.tmp'),
      join(folder, 'attachments', `result.new-${randomUUID()}`),
    ]
    for (const path of strays) {
      await writeFile(path, 'half')
      await makeOld(path)
    }
    const youngStray = join(root, 'conversations', `${randomUUID()}.json.11111111.tmp`)
    await writeFile(youngStray, 'being written')
    await writeFile(join(root, 'index.json'), '{"version": 1, "rows": []}')

    const report = await rooms.upkeep.check()
    expect(report.faults).toEqual([
      { kind: 'missing-media', conversationId: expect.any(String) as string, title: 'Pictures', count: 2 },
      { kind: 'stray-media', count: 1, bytes: stray.bytes },
      { kind: 'stray-files', count: 3 },
      { kind: 'stale-index' },
    ])
    const after = await rooms.upkeep.repair()
    expect(after.faults).toMatchObject([{ kind: 'missing-media', count: 2 }])
    const files = await filesUnder(folder)
    expect(Object.keys(files).filter((name) => strays.includes(join(folder, name)))).toEqual([])
    expect(files[youngStray.slice(folder.length + 1)]).toBe('being written')
    expect((await rooms.attachments.list()).map(({ id }) => id).sort()).toEqual([changed.id, young.id].sort())
    expect(JSON.parse(files['library/index.json']!)).toMatchObject({ rows: [{ summary: { title: 'Pictures' } }] })
  })

  it('calls nothing a stray that is named in the trash, in a draft, in a journal set aside, or in memory', async () => {
    const folder = await temporaryFolder()
    const rooms = openRooms(folder)
    const images: AttachmentInfo[] = []
    for (const size of [3, 5, 7, 9]) images.push(await addImage(rooms, folder, size))
    const [trashed, drafted, aside, temporary] = images as [
      AttachmentInfo,
      AttachmentInfo,
      AttachmentInfo,
      AttachmentInfo,
    ]
    const conversation = withImages([trashed])
    await rooms.library.create(conversation)
    await rooms.library.trash(conversation.id)
    await rooms.drafts.set({ key: 'new', text: '', attachments: [drafted], changedAt: 1 })
    await mkdir(join(folder, 'library', 'journals'), { recursive: true })
    await writeFile(join(folder, 'library', 'journals', `${randomUUID()}.jsonl.damaged`), `{"id": "${aside.id}", …`)
    await rooms.library.create({ ...withImages([temporary]), isTemporary: true })
    expect((await rooms.upkeep.repair()).faults).toEqual([])
    expect(await rooms.attachments.list()).toHaveLength(4)
  })

  it('leaves all images alone while a file cannot be read: who knows what it named (R04)', async () => {
    const folder = await temporaryFolder()
    const rooms = openRooms(folder)
    await addImage(rooms, folder, 3)
    const id = randomUUID()
    await mkdir(join(folder, 'library', 'conversations'), { recursive: true })
    await writeFile(join(folder, 'library', 'conversations', `${id}.json`), '{"version": 1, "title": "Torn')
    const report = await rooms.upkeep.repair()
    expect(report.faults).toEqual([
      { kind: 'damaged', conversationId: id, fileName: `${id}.json`, savedAs: join('recovered', `${id}.txt`) },
    ])
    expect(await rooms.library.list()).toMatchObject([{ isDamaged: true, title: '' }])
    expect(await rooms.attachments.list()).toHaveLength(1)
  })

  it('saves no text of a conversation that was brought back since the check', async () => {
    const folder = await temporaryFolder()
    const rooms = openRooms(folder)
    const conversation = conversationOf(randomUUID(), [['Why?', 'So.']])
    const path = join(folder, 'library', 'conversations', `${conversation.id}.json`)
    await mkdir(join(folder, 'library', 'conversations'), { recursive: true })
    await writeFile(path, '{"version": 1, "role": "user", "text": "Why?')
    expect((await rooms.upkeep.check()).faults).toHaveLength(1)
    await writeFile(path, writeConversation(conversation))
    expect((await rooms.upkeep.repair()).faults.filter(({ kind }) => kind === 'damaged')).toEqual([])
    expect(await readdir(join(folder, 'library', 'recovered')).catch(() => [])).toEqual([])
  })

  it('saves the text of a damaged file, and leaves the file as it is (R04)', async () => {
    const folder = await temporaryFolder()
    const rooms = openRooms(folder)
    const conversation = {
      ...conversationOf(randomUUID(), [['Почему "так"?', 'Line one.\nLine two: 🙂']]),
      title: 'Почему "так"',
    }
    const { id, title } = conversation
    const broken = writeConversation(conversation).slice(0, -40)
    const path = join(folder, 'library', 'conversations', `${conversation.id}.json`)
    await mkdir(join(path, '..'), { recursive: true })
    await writeFile(path, broken)
    expect((await rooms.upkeep.check()).faults).toEqual([
      { kind: 'damaged', conversationId: id, fileName: `${id}.json`, title, savedAs: null },
    ])
    const savedAs = join('recovered', `${conversation.id}.txt`)
    expect((await rooms.upkeep.repair()).faults).toEqual([
      { kind: 'damaged', conversationId: id, fileName: `${id}.json`, title, savedAs },
    ])
    expect(await rooms.library.list()).toMatchObject([{ isDamaged: true, title }])
    expect(rooms.library.recoveredPathOf(id)).toBe(join(folder, 'library', savedAs))
    const text = await readFile(join(folder, 'library', savedAs), 'utf8')
    expect(text).toContain('Почему "так"?')
    expect(text).toContain('Line one.\nLine two: 🙂')
    expect(text).not.toContain(conversation.messages[0]!.id)
    expect(await readFile(path, 'utf8')).toBe(broken)
    expect(await rooms.upkeep.check()).toMatchObject({ faults: [{ savedAs }] })
  })

  it('lets everything else have its turn', { timeout: 30_000 }, async () => {
    const folder = await temporaryFolder()
    const rooms = openRooms(folder)
    const conversations = join(folder, 'library', 'conversations')
    await mkdir(conversations, { recursive: true })
    for (let count = 0; count < 300; count += 1) {
      const conversation = conversationOf(randomUUID(), [['Why?', 'So. '.repeat(2000)]])
      await writeFile(join(conversations, `${conversation.id}.json`), writeConversation(conversation))
    }
    const turns = countTurns()
    const report = await rooms.upkeep.check()
    // At least one for each file that is read.
    expect(turns()).toBeGreaterThan(300)
    expect(report.conversations).toBe(300)
  })

  it('tells how much lies where', async () => {
    const folder = await temporaryFolder()
    const rooms = openRooms(folder)
    const image = await addImage(rooms, folder, 3)
    const [kept, trashed] = [withImages([image]), conversationOf(randomUUID(), [['a', 'b']])]
    for (const each of [kept, trashed]) await rooms.library.create(each)
    await rooms.library.trash(trashed.id)
    await rooms.library.create({ ...conversationOf(randomUUID(), []), isTemporary: true })
    await mkdir(join(folder, 'logs'))
    await writeFile(join(folder, 'logs', 'main.log'), '12345')
    await mkdir(join(folder, 'Cache', 'deep'), { recursive: true })
    await writeFile(join(folder, 'Cache', 'deep', 'f'), '1234567')
    const size = (conversation: Conversation): number => Buffer.byteLength(writeConversation(conversation))
    expect(await rooms.upkeep.sizes()).toMatchObject({
      folder,
      conversations: { count: 1, bytes: size(kept) },
      media: { count: 1, bytes: image.bytes },
      trash: { count: 1, bytes: size(trashed) },
      logs: { bytes: 5 },
      cache: { bytes: 7 },
    })
  })
})

describe('readable text', () => {
  const conversation = conversationOf(randomUUID(), [
    ['Question one', 'Answer one'],
    ['Question two', 'Answer two'],
  ])
  const whole = writeConversation(conversation)
  const said = ['Question one', 'Answer one', 'Question two', 'Answer two']

  it('is all that was said before the cut, wherever the file is cut, and nothing else', () => {
    for (let end = 0; end <= whole.length; end += 7) {
      const part = whole.slice(0, end)
      const text = readableText(part)
      for (const each of said) if (part.includes(`"${each}"`)) expect(text).toContain(each)
      for (const { id } of conversation.messages) expect(text).not.toContain(id)
    }
  })

  it('survives flipped bits: what is left of the words is there, in order', () => {
    const bytes = Buffer.from(whole)
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length - 1), { maxLength: 3 }), fc.nat(7), (places, bit) => {
        const flipped = Buffer.from(bytes)
        for (const at of places) flipped[at]! ^= 1 << bit
        const text = readableText(flipped.toString('utf8'))
        // Each flip costs the string that it hits, and at most the one beside it.
        expect(said.filter((each) => text.includes(each)).length).toBeGreaterThanOrEqual(
          said.length - 2 * places.length,
        )
      }),
      { numRuns: 500 },
    )
  })

  it('is none where there is none: NULs, noise, no words', () => {
    expect(readableText('\0'.repeat(5000))).toBe('')
    expect(readableText('')).toBe('')
    expect(readableText('{"role": "user"}')).toBe('')
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (noise) => {
        readableText(noise)
      }),
    )
  })

  it('reads an answer with its thinking, and takes long files in little time', () => {
    const answer = { ...newAnswer(), reasoning: { text: 'Let me think', startMs: 0, durationMs: null } }
    expect(readableText(writeConversation({ ...conversation, messages: [answer] }).slice(0, -5))).toContain(
      'Let me think',
    )
    const long = [`"text": "${'\\'.repeat(2_000_000)}`, '"'.repeat(2_000_000)]
    expect(shortestMs(2000, () => long.map(readableText))).toBeLessThan(2000)
  })

  it('R04: a string that has lost its beginning, or has no end for megabytes, holds nothing up', () => {
    // Each of these quotes could begin a string, and all of them have the same end.
    const quotes = String.raw`He said \"yes\" and went on about it. `
    const long = [
      `${quotes.repeat(10_000)}","text":"Left"`,
      String.raw`\"`.repeat(200_000),
      `"text":"${'a'.repeat(17_000_000)}`,
    ]
    const [left, none, all] = long.map(readableText)
    expect([left, none]).toEqual(['Left\n', ''])
    expect(all).toHaveLength(17_000_001)
    // Milliseconds; it was half a minute, and the last one was an error.
    expect(shortestMs(4000, () => long.map(readableText))).toBeLessThan(4000)
  })
})
