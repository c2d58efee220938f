import { createHash, randomUUID } from 'node:crypto'
import { readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fold, type AssistantMessage, type Conversation } from '../../../src/shared/conversation'
import { portable } from '../../../src/main/transfer/portable'
import { conversationOf, anyPart, newAnswer, userMessage } from '../../support/conversation-samples'
import { writeGenerated } from '../../support/generated-library'
import { png } from '../../support/images'
import { mp4 } from '../../support/sounds'
import { backupOf, choiceOf, restoreFile, transferHouse, type TransferHouse } from '../../support/transfer-house'
import { zipOf } from '../../support/zips'

const sorted = (all: Map<string, Conversation>) =>
  [...all.values()].map(portable).sort((a, b) => (a.id < b.id ? -1 : 1))

/** Some conversations, one with a picture in its question and a film in its answer. */
async function filledHouse(): Promise<TransferHouse & { pictureId: string; filmId: string }> {
  const house = await transferHouse()
  const added = await house.attachments.addFile({ name: 'sunset.png', bytes: png() })
  if (!added.ok || !('attachment' in added)) throw new Error('no picture')
  const film = await house.attachments.keepResult({ body: chunks(mp4()), host: null })
  const withMedia = conversationOf(randomUUID(), [['What is this?', 'A sunset.']])
  const [question, answer] = withMedia.messages
  if (question?.role !== 'user' || answer?.role !== 'assistant') throw new Error('no messages')
  question.attachments = [added.attachment]
  answer.content.push({
    type: 'media',
    kind: 'video',
    sources: ['/media/a.mp4'],
    alt: 'a film',
    files: { '/media/a.mp4': film },
  })
  answer.sessions = { Lab: { token: 'CANARY-session' } }
  await house.library.create(withMedia)
  await house.library.create({ ...conversationOf(randomUUID(), [['Привет', 'Здравствуйте']]), title: 'Привет' })
  await house.library.create(
    conversationOf(randomUUID(), [
      ['One', 'Two'],
      ['Three', 'Four'],
    ]),
  )
  return { ...house, pictureId: added.attachment.id, filmId: film.id }
}

async function* chunks(bytes: Uint8Array) {
  yield bytes
}

describe('backup', () => {
  it('R46 S42: brings everything back into an empty library, without sessions', async () => {
    const house = await filledHouse()
    const bytes = await backupOf(house)
    expect(bytes.includes('CANARY-session')).toBe(false)
    const other = await transferHouse()
    const { plan, done } = await restoreFile(other, { name: 'b.zip', bytes })
    expect(plan).toMatchObject({
      source: 'parley',
      fileName: 'b.zip',
      bytes: bytes.length,
      same: 0,
      problems: [],
      media: 2,
    })
    expect(plan.items.map(({ outcome }) => outcome)).toEqual(['new', 'new', 'new'])
    expect(done).toMatchObject({ added: 3, updated: 0, kept: 0, missing: 0, problems: [] })
    expect(sorted(await other.all())).toEqual(sorted(await house.all()))
    for (const id of [house.pictureId, house.filmId]) {
      const [mine, theirs] = [await house.attachments.file(id), await other.attachments.file(id)]
      expect(await readFile(theirs!.path)).toEqual(await readFile(mine!.path))
    }
    const again = await restoreFile(other, { name: 'b.zip', bytes })
    expect(again.plan).toMatchObject({ items: [], same: 3 })
    expect(again.done).toMatchObject({ added: 0, updated: 0, kept: 0, problems: [] })
  })

  it('names each entry with its hash, and is for its owner only', async () => {
    const house = await filledHouse()
    house.desk.place = join(house.folder, 'out.zip')
    const made = await house.transfer.backUp(house.desk)
    const { size, mode } = await stat(house.desk.place)
    expect(made).toEqual({ fileName: 'out.zip', bytes: size, conversations: 3, media: 2, damaged: 0 })
    expect(mode & 0o777).toBe(0o600)
    expect(house.desk.names[0]).toMatch(/^parley-\d{4}-\d\d-\d\d\.zip$/)
    expect((await readdir(house.folder)).filter((name) => name.endsWith('.tmp'))).toEqual([])
  })

  it('leaves out temporary conversations and media that are not what they were', async () => {
    const house = await filledHouse()
    await house.library.create({ ...conversationOf(randomUUID(), [['secret', 'CANARY-temporary']]), isTemporary: true })
    const film = await house.attachments.file(house.filmId)
    await writeFile(film!.path, 'rotten')
    const bytes = await backupOf(house)
    expect(bytes.includes('CANARY-temporary')).toBe(false)
    const other = await transferHouse()
    const { plan } = await restoreFile(other, { name: 'b.zip', bytes })
    expect(plan.media).toBe(1)
    expect(plan.problems.map(({ error }) => error)).toEqual([{ code: 'not-found', what: 'attachment' }])
  })

  it('S20: takes the place of what is there only when it is good, and never follows a link', async () => {
    const house = await filledHouse()
    const target = join(house.folder, 'precious.txt')
    await writeFile(target, 'precious')
    house.desk.place = join(house.folder, 'link.zip')
    await symlink(target, house.desk.place)
    await house.transfer.backUp(house.desk)
    expect(await readFile(target, 'utf8')).toBe('precious')
    house.desk.place = join(house.folder, 'precious.txt', 'nowhere.zip')
    await expect(house.transfer.backUp(house.desk)).rejects.toMatchObject({ error: { code: 'storage' } })
    expect(await readFile(target, 'utf8')).toBe('precious')
  })

  it('has all of a large library that nobody has listed yet', async () => {
    const house = await transferHouse()
    await writeGenerated(join(house.folder, 'library'), { conversations: 150, messages: 2 })
    const bytes = await backupOf(house)
    const other = await transferHouse()
    await writeGenerated(join(other.folder, 'library'), { conversations: 100, messages: 2 })
    const { plan, done } = await restoreFile(other, { name: 'b.zip', bytes })
    expect([plan.same, plan.items.length]).toEqual([100, 50])
    expect(done).toMatchObject({ added: 50, kept: 0, problems: [] })
  })

  it('does one thing at a time', async () => {
    const house = await filledHouse()
    const first = house.transfer.backUp(house.desk)
    await expect(house.transfer.backUp(house.desk)).rejects.toMatchObject({ error: { code: 'busy' } })
    await first
  })

  it('round trip of random conversations', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(anyPart, { maxLength: 12 }), { minLength: 1, maxLength: 4 }),
        async (answers) => {
          const house = await transferHouse()
          for (const parts of answers) {
            const question = userMessage('Question?')
            const begun: AssistantMessage = { ...newAnswer(), parentId: question.id }
            const answer = parts.reduce<AssistantMessage>(
              (message, part, index) => fold(message, { atMs: index, part }),
              begun,
            )
            await house.library.create({
              ...conversationOf(randomUUID(), []),
              headId: answer.id,
              messages: [question, answer],
            })
          }
          const other = await transferHouse()
          await restoreFile(other, { name: 'b.zip', bytes: await backupOf(house) })
          expect(sorted(await other.all())).toEqual(sorted(await house.all()))
        },
      ),
      { numRuns: 25 },
    )
  })
})

describe('restore', () => {
  it('never overwrites what is newer here, and puts what it replaces into the trash', async () => {
    const house = await filledHouse()
    const bytes = await backupOf(house)
    const [first, second, third] = [...(await house.all()).values()]
    const change = (of: Conversation, text: string, laterMs: number) =>
      house.library.update(of.id, (now) => ({
        ...now,
        updatedAt: now.updatedAt + laterMs,
        messages: [...now.messages, userMessage(text, now.headId)],
      }))
    await change(first!, 'said later', 1000)
    await change(second!, 'said earlier', -1000)
    const { plan, done } = await restoreFile(house, { name: 'b.zip', bytes })
    expect(plan.same).toBe(1)
    expect(Object.fromEntries(plan.items.map(({ title, outcome }) => [title, outcome]))).toEqual({
      [first!.title]: 'newer-here',
      [second!.title]: 'newer-there',
    })
    expect(done).toMatchObject({ added: 0, updated: 1, kept: 1, problems: [] })
    const now = await house.all()
    expect(JSON.stringify(now.get(first!.id))).toContain('said later')
    expect(JSON.stringify(now.get(second!.id))).not.toContain('said earlier')
    expect(now.get(third!.id)).toEqual(third)
    expect((await house.library.listTrash()).map(({ summary }) => summary.title)).toEqual([second!.title])
  })

  it('backs up the present state first, and keeps the last three of these', async () => {
    const house = await filledHouse()
    const bytes = await backupOf(house)
    for (let times = 0; times < 5; times += 1) {
      house.clock.nowMs += 1000
      await restoreFile(house, { name: 'b.zip', bytes })
    }
    const names = await readdir(join(house.folder, 'backups'))
    expect(names).toHaveLength(3)
    const other = await transferHouse()
    const kept = await readFile(join(house.folder, 'backups', names[0]!))
    await restoreFile(other, { name: 'b.zip', bytes: kept })
    expect(sorted(await other.all())).toEqual(sorted(await house.all()))
  })

  it('changes nothing when that copy cannot be written', async () => {
    const house = await filledHouse()
    const bytes = await backupOf(house)
    const other = await transferHouse()
    await other.library.create(conversationOf(randomUUID(), [['mine', 'too']]))
    await writeFile(join(other.folder, 'backups'), 'a file where the folder should be')
    const before = sorted(await other.all())
    await expect(restoreFile(other, { name: 'b.zip', bytes })).rejects.toMatchObject({ error: { code: 'storage' } })
    expect(sorted(await other.all())).toEqual(before)
  })

  it('takes a plan once, within an hour, from the window that made it, and of the same file', async () => {
    const house = await filledHouse()
    const bytes = await backupOf(house)
    const refused = { error: { code: 'bad-request' } }
    const plan = async () => {
      await house.put('b.zip', bytes)
      return (await house.transfer.planRestore(house.window, house.desk))!.planId
    }
    const old = await plan()
    const next = await plan()
    await expect(house.transfer.restore(house.window, choiceOf(old))).rejects.toMatchObject(refused)
    await expect(house.transfer.restore({}, choiceOf(next))).rejects.toMatchObject(refused)
    await house.transfer.restore(house.window, choiceOf(next))
    await expect(house.transfer.restore(house.window, choiceOf(next))).rejects.toMatchObject(refused)
    const late = await plan()
    house.clock.nowMs += 3_600_001
    await expect(house.transfer.restore(house.window, choiceOf(late))).rejects.toMatchObject(refused)
    const dropped = await plan()
    house.transfer.dropPlan(house.window, dropped)
    await expect(house.transfer.restore(house.window, choiceOf(dropped))).rejects.toMatchObject(refused)
    const changed = await plan()
    await house.put('b.zip', Buffer.concat([bytes, Buffer.from('!')]))
    await expect(house.transfer.restore(house.window, choiceOf(changed))).rejects.toMatchObject({
      error: { code: 'bad-archive' },
    })
  })

  it('can be stopped and done again: nothing is there twice, nothing is missing', async () => {
    const house = await filledHouse()
    const bytes = await backupOf(house)
    const other = await transferHouse()
    await other.put('b.zip', bytes)
    const plan = await other.transfer.planRestore(other.window, other.desk)
    const stopped: string[] = []
    const leave = other.library.onChange((changes) => {
      for (const change of changes) if (change.kind === 'upsert') stopped.push(change.summary.id)
      other.transfer.stop(other.transfer.state!.id)
    })
    const first = await other.transfer.restore(other.window, choiceOf(plan!.planId))
    leave()
    expect(first.added).toBe(1)
    const { done } = await restoreFile(other, { name: 'b.zip', bytes })
    expect(done.added).toBe(2)
    expect(sorted(await other.all())).toEqual(sorted(await house.all()))
  })

  it('brings back what cannot be read here any more', async () => {
    const house = await filledHouse()
    const bytes = await backupOf(house)
    const [first] = [...(await house.all()).values()]
    const other = await transferHouse()
    await restoreFile(other, { name: 'b.zip', bytes })
    await other.library.close()
    await writeFile(other.library.pathOf(first!.id), 'torn')
    const { libraryOn } = await import('../../support/temporary-library')
    const reopened = libraryOn(join(other.folder, 'library'))
    await reopened.list()
    await reopened.compared()
    expect(await reopened.merge(portable(first!))).toBe('replaced')
    expect(portable(await reopened.open(first!.id))).toEqual(portable(first!))
  })

  it('a corrupted backup never changes the library wrongly', { timeout: 120_000 }, async () => {
    const house = await filledHouse()
    const bytes = await backupOf(house)
    const originals = await house.all()
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 20 }),
        fc.option(fc.nat(bytes.length), { freq: 4 }),
        async (flips, cut) => {
          const torn = Buffer.from(bytes)
          for (const [at, xor] of flips) torn[at] = (torn[at] ?? 0) ^ xor
          const other = await transferHouse()
          const mine = conversationOf(randomUUID(), [['mine', 'stays']])
          await other.library.create(mine)
          try {
            await restoreFile(other, { name: 'b.zip', bytes: cut === null ? torn : torn.subarray(0, cut) })
          } catch (thrown) {
            expect(thrown).toMatchObject({ error: { code: 'bad-archive' } })
          }
          const now = await other.all()
          expect(now.get(mine.id)).toEqual(mine)
          now.delete(mine.id)
          for (const [id, conversation] of now) expect(conversation).toEqual(portable(originals.get(id)!))
        },
      ),
      { numRuns: 120 },
    )
  })
})

describe('hostile archives', () => {
  const id = randomUUID()
  const good = JSON.stringify(conversationOf(id, [['a', 'b']]))
  const manifestOf = (parts: readonly { name: string; content: string }[], change: object = {}): string =>
    JSON.stringify({
      format: 'parley-backup',
      version: 1,
      entries: parts.map(({ name, content }) => ({
        name,
        sha256: createHash('sha256').update(content).digest('hex'),
        bytes: Buffer.byteLength(content),
      })),
      ...change,
    })
  const base = [{ name: `conversations/${id}.json`, content: good }]
  const manifest = { name: 'manifest.json', content: manifestOf(base) }

  it('takes the good one that the others are made from', async () => {
    const { done } = await restoreFile(await transferHouse(), { name: 'x.zip', bytes: zipOf([...base, manifest]) })
    expect(done.added).toBe(1)
  })

  it.each([
    ['a path out of it', 'unsafe', () => zipOf([...base, manifest, { name: '../../evil.json', content: '1' }])],
    [
      'a path out of it, later on',
      'unsafe',
      () => zipOf([...base, manifest, { name: 'media/../../evil', content: '1' }]),
    ],
    ['an absolute path', 'unsafe', () => zipOf([...base, manifest, { name: '/etc/passwd', content: '1' }])],
    ['a drive', 'unsafe', () => zipOf([...base, manifest, { name: 'C:evil', content: '1' }])],
    ['a backslash', 'unsafe', () => zipOf([...base, manifest, { name: '..\\evil', content: '1' }])],
    ['a NUL', 'unsafe', () => zipOf([...base, manifest, { name: 'a\0b', content: '1' }])],
    ['a link', 'unsafe', () => zipOf([...base, manifest, { name: 'link', content: '/etc/passwd', mode: 0o120777 }])],
    ['a device', 'unsafe', () => zipOf([...base, manifest, { name: 'device', content: '', mode: 0o020666 }])],
    ['the same name twice', 'unsafe', () => zipOf([...base, ...base, manifest])],
    [
      'an encrypted file',
      'unsafe',
      () => zipOf([...base, { ...manifest, claims: { flags: 0x801, compressed: manifest.content.length + 12 } }]),
    ],
    [
      'a bomb',
      'unsafe',
      () =>
        zipOf([
          ...base,
          manifest,
          {
            name: 'bomb',
            content: Buffer.alloc(100_000),
            isDeflated: true,
            claims: { uncompressed: 120 * 1024 * 1024 },
          },
        ]),
    ],
    [
      'files that share their bytes',
      'unsafe',
      () => zipOf([...base, manifest, { name: 'again', content: good, sharesWith: 0 }]),
    ],
    ['no manifest', 'format', () => zipOf(base)],
    ['nothing', 'format', () => zipOf([])],
    [
      'another kind of manifest',
      'format',
      () => zipOf([...base, { name: 'manifest.json', content: '{"format":"x"}' }]),
    ],
    ['a manifest that is none', 'format', () => zipOf([...base, { name: 'manifest.json', content: '[[[[' }])],
    [
      'a newer one',
      'newer',
      () => zipOf([...base, { name: 'manifest.json', content: manifestOf(base, { version: 2 }) }]),
    ],
    [
      'entries of a wrong type',
      'damaged',
      () => zipOf([{ name: 'manifest.json', content: manifestOf([], { entries: 'x' }) }]),
    ],
    ['an unknown method', 'format', () => zipOf([...base, { ...manifest, claims: { method: 99 } }])],
    ['more files than it says', 'damaged', () => zipOf([...base, manifest], { entries: 7 })],
    ['half of it', 'damaged', () => zipOf([...base, manifest]).subarray(0, 200)],
    [
      'a size that goes beyond its end',
      'damaged',
      () => zipOf([{ ...manifest, claims: { compressed: 9e8, uncompressed: 9e8 } }]),
    ],
  ])('S42: refuses %s (%s), and changes nothing', async (_what, reason, make) => {
    const house = await transferHouse()
    const mine = conversationOf(id, [['mine', 'stays']])
    await house.library.create(mine)
    await expect(restoreFile(house, { name: 'x.zip', bytes: make() })).rejects.toMatchObject({
      error: { code: 'bad-archive', reason },
    })
    expect([...(await house.all()).values()]).toEqual([mine])
    expect(await readdir(house.folder)).not.toContain('attachments')
  })

  it('refuses more than 100,000 files', async () => {
    const bytes = zipOf([{ name: 'a', content: '' }], { entries: 0xfffe })
    await expect(restoreFile(await transferHouse(), { name: 'x.zip', bytes })).rejects.toMatchObject({
      error: { code: 'bad-archive' },
    })
  })

  it.each([
    ['a wrong hash', { ...base[0]!, content: good.replace('"a"', '"A"') }],
    ['a size that lies', { ...base[0]!, claims: { uncompressed: 5 }, isDeflated: true }],
    ['an id that is a path', { name: 'conversations/..%2f.json', content: good }],
    ['no JSON', { name: base[0]!.name, content: '{' }],
    ['too deep a nesting', { name: base[0]!.name, content: `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}` }],
  ])('says %s as a problem, and takes the others', async (what, part) => {
    const house = await transferHouse()
    const otherId = randomUUID()
    const other = {
      name: `conversations/${otherId}.json`,
      content: JSON.stringify(conversationOf(otherId, [['c', 'd']])),
    }
    const listed = what === 'a wrong hash' ? [...base, other] : [part, other]
    const bytes = zipOf([part, other, { name: 'manifest.json', content: manifestOf(listed) }])
    const { plan, done } = await restoreFile(house, { name: 'x.zip', bytes })
    expect(plan.problems).toHaveLength(1)
    expect(plan.problems[0]?.error.code).toBe('bad-archive')
    expect(done.added).toBe(1)
    expect([...(await house.all()).keys()]).toEqual([otherId])
  })

  it('S22: keeps no media that are not what they claim', async () => {
    const house = await transferHouse()
    const html = '<script>1</script>'.repeat(400)
    const mediaId = createHash('sha256').update(html).digest('hex')
    const conversation = conversationOf(id, [['a', 'b']])
    const [question] = conversation.messages
    if (question?.role === 'user') {
      question.attachments = [
        {
          id: mediaId,
          name: 'x.png',
          mime: 'image/png',
          bytes: html.length,
          width: 1,
          height: 1,
          orientation: 1,
          hasLocation: false,
        },
      ]
    }
    const parts = [
      { name: `conversations/${id}.json`, content: JSON.stringify(conversation) },
      { name: `media/${mediaId}.png`, content: html },
    ]
    const { done } = await restoreFile(house, {
      name: 'x.zip',
      bytes: zipOf([...parts, { name: 'manifest.json', content: manifestOf(parts) }]),
    })
    expect(done).toMatchObject({ added: 1, problems: [{ error: { code: 'media', reason: 'format' } }] })
    expect(await house.attachments.file(mediaId)).toBeNull()
  })
})
