import { randomUUID } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Protocol } from 'electron'
import { describe, expect, it } from 'vitest'
import type { AttachmentInfo } from '../../../src/shared/conversation'
import { serveApp } from '../../../src/main/app-protocol'
import { MAX_HELD_BYTES, TemporaryMedia } from '../../../src/main/temporary-media'
import { toAppError } from '../../../src/shared/errors'
import { startOf } from '../../support/conversation-samples'
import { eventually } from '../../support/eventually'
import { gradient } from '../../support/images'
import { complete, openRooms, says } from '../../support/kept-rooms'
import { temporaryFolder } from '../../support/temporary-library'

type Rooms = ReturnType<typeof openRooms>

async function addTo(rooms: Rooms, chat: string | null, size: number): Promise<AttachmentInfo> {
  const added = await rooms.attachments.addFile({ name: 'a.png', bytes: gradient(size, size) }, chat)
  if (!('attachment' in added)) throw new Error('not added')
  return added.attachment
}

/** Every name in the folder that holds one of these ids, and every file with one in its text. */
async function traces(folder: string, ...ids: string[]): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const found: string[] = []
  for (const entry of entries.filter((each) => each.isFile())) {
    const path = join(entry.parentPath, entry.name)
    const text = `${entry.name} ${await readFile(path, 'latin1')}`
    if (ids.some((id) => text.includes(id))) found.push(path.slice(folder.length + 1))
  }
  return found
}

async function askWith(rooms: Rooms, id: string, image: AttachmentInfo, isTemporary = true): Promise<void> {
  const request = { ...startOf(id, { text: 'What is it?', attachmentIds: [image.id] }), isTemporary }
  await rooms.ask(request)
  rooms.sessions.at(-1)!.say(says('A gradient.'), complete)
  await eventually(
    () => rooms.generations.attach(request.generationId),
    ({ message }) => message.state !== 'running',
    'the end',
  )
}

describe('an image of a temporary chat', () => {
  it('is added, shown, drawn, sent and discarded without touching the disk (privacy)', async () => {
    const folder = await temporaryFolder()
    const rooms = openRooms(folder)
    const id = randomUUID()
    const image = await addTo(rooms, id, 40)
    expect(await rooms.attachments.file(image.id)).toBeNull()
    const drawn = await rooms.attachments.addDrawn({ sourceId: image.id, name: 'a.png', bytes: gradient(20, 20) })
    if (!('attachment' in drawn)) throw new Error('not drawn')
    const sent = await rooms.attachments.sendable(image.id, image.bytes)
    expect(sent).toEqual(Uint8Array.from(gradient(40, 40)))
    expect(await rooms.attachments.sendable(image.id, image.bytes + 1)).toBeNull()

    await askWith(rooms, id, image)
    expect((await rooms.library.open(id)).messages[0]).toMatchObject({ attachments: [{ id: image.id, name: 'a.png' }] })
    await rooms.library.flush()
    await rooms.upkeep.settled()
    expect(await traces(folder, image.id, drawn.attachment.id)).toEqual([])

    await rooms.upkeep.discard(id)
    await rooms.upkeep.settled()
    expect(await rooms.attachments.open(image.id)).toBeNull()
    expect(await rooms.attachments.find(image.id)).toBeNull()
    expect(await traces(folder, image.id, drawn.attachment.id)).toEqual([])
  })

  it('is on disk before the chat that is kept', async () => {
    const folder = await temporaryFolder()
    const rooms = openRooms(folder)
    const id = randomUUID()
    const image = await addTo(rooms, id, 30)
    await askWith(rooms, id, image)
    await rooms.upkeep.keep(id)
    expect((await traces(folder, image.id)).sort()).toEqual([
      join('attachments', `${image.id}.png`),
      join('library', 'conversations', `${id}.json`),
    ])
    expect(await rooms.attachments.isWhole(image)).toBe(true)
  })

  it('is kept with the draft of a chat that was kept before anything was asked', async () => {
    const folder = await temporaryFolder()
    const rooms = openRooms(folder)
    const image = await addTo(rooms, randomUUID(), 30)
    await rooms.upkeep.setDraft({ key: 'new', text: '', attachments: [image], changedAt: 1 })
    expect(await rooms.attachments.isWhole(image)).toBe(true)
    // And with its question, whichever comes first.
    const other = await addTo(rooms, randomUUID(), 31)
    await askWith(rooms, randomUUID(), other, false)
    expect(await rooms.attachments.isWhole(other)).toBe(true)
  })

  it('stays as long as a copy of the chat names it', async () => {
    const rooms = openRooms(await temporaryFolder())
    const id = randomUUID()
    const image = await addTo(rooms, id, 30)
    await askWith(rooms, id, image)
    const copy = await rooms.generations.duplicate(id)
    await rooms.upkeep.discard(id)
    expect(await rooms.attachments.open(image.id)).not.toBeNull()
    await rooms.upkeep.discard(copy.id)
    expect(await rooms.attachments.open(image.id)).toBeNull()
  })

  it('is served from memory, also in part, and never for a cache', async () => {
    const rooms = openRooms(await temporaryFolder())
    const image = await addTo(rooms, randomUUID(), 30)
    let handle: (request: Request) => Promise<Response> = () => Promise.reject(new Error('none'))
    const protocol = { handle: (_scheme: string, given: typeof handle) => (handle = given) }
    serveApp(protocol as unknown as Protocol, {
      pages: '/nowhere',
      attachment: (id) => rooms.attachments.open(id),
      capture: () => null,
    })
    const url = `app://local/attachment/${image.id}`
    const whole = await handle(new Request(url))
    expect(whole.headers.get('cache-control')).toBe('no-store')
    expect(whole.headers.get('content-type')).toBe('image/png')
    expect(Buffer.from(await whole.arrayBuffer()).equals(Buffer.from(gradient(30, 30)))).toBe(true)
    const part = await handle(new Request(url, { headers: { range: 'bytes=1-3' } }))
    expect([part.status, Buffer.from(await part.arrayBuffer()).toString()]).toEqual([206, 'PNG'])
  })

  it('has no room beyond 200 MB in all, and says so', () => {
    const media = new TemporaryMedia()
    const half = new Uint8Array(MAX_HELD_BYTES / 2)
    media.put('a', 'image/png', half, { owner: 'one', name: 'a.png' })
    media.put('a', 'image/png', half, { owner: 'two', name: 'a.png' })
    media.put('b', 'image/png', half, { owner: 'one', name: 'b.png' })
    const put = (): void => media.put('c', 'image/png', new Uint8Array(1), { owner: 'one', name: 'c.png' })
    let error: unknown = null
    try {
      put()
    } catch (thrown) {
      error = toAppError(thrown)
    }
    expect(error).toEqual({ code: 'attachment', reason: 'no-room', name: 'c.png', format: null, limit: 200 })
    expect(media.release('one', new Set())).toEqual(['b'])
    put()
    expect(media.get('c')).toMatchObject({ bytes: 1 })
  })
})

describe('a file that was taken out of the field of a temporary chat', () => {
  it('is let go, but not what a message of it names, nor what another chat has', async () => {
    const rooms = openRooms(await temporaryFolder())
    const [id, other] = [randomUUID(), randomUUID()]
    const sent = await addTo(rooms, id, 30)
    await askWith(rooms, id, sent)
    const [removed, shared] = [await addTo(rooms, id, 40), await addTo(rooms, id, 50)]
    await addTo(rooms, other, 50)
    rooms.upkeep.release(id, [sent.id, removed.id, shared.id, 'f'.repeat(64)])
    const isHeld = [sent, removed, shared].map((each) => rooms.attachments.isHeld(each.id))
    expect(isHeld).toEqual([true, false, true])
    expect(await rooms.attachments.open(removed.id)).toBeNull()
    // What it names goes when it goes itself.
    await rooms.upkeep.discard(id)
    expect(rooms.attachments.isHeld(sent.id)).toBe(false)
    rooms.upkeep.release(other, [shared.id])
    expect(rooms.attachments.isHeld(shared.id)).toBe(false)
  })

  it('leaves its room to others: a chat takes two hundred megabytes again and again', () => {
    const media = new TemporaryMedia()
    const whole = new Uint8Array(MAX_HELD_BYTES / 2)
    for (let round = 0; round < 3; round += 1) {
      media.put(`file ${round}`, 'image/png', whole, { owner: 'chat', name: 'a.png' })
      expect(media.release('chat', new Set(), [`file ${round}`])).toEqual([`file ${round}`])
    }
    expect(media.roomBytes).toBe(MAX_HELD_BYTES)
  })
})
