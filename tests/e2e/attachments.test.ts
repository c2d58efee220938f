import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { removeMetadata } from '../../src/main/image-metadata'
import { pathOf } from '../../src/shared/conversation'
import { gif, jpeg, picture, png, tiff, webp } from '../support/images'
import { receivedMedia } from '../support/player/scenarios'
import { startScenarioServer, type ScenarioServer } from '../support/scenario-server'
import { launchApp, type RunningApp } from './app'
import {
  answerHas,
  ask,
  begins,
  button,
  composer,
  connectTo,
  conversations,
  dropFiles,
  isState,
  shows,
  t,
} from './chat'

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** Waits until a file has been checked and could be sent: its chip then says how many pixels it has. */
const isReady = (page: Page, name: string): Promise<void> =>
  shows(page.getByRole('group', { name, exact: true }).getByText(/\d+×\d+/))

/** Takes a chip away with its button. */
const remove = (page: Page, name: string): Promise<void> =>
  button(page, t('chat:composer.remove', { name })).first().click()

describe('images', () => {
  let app: RunningApp
  let server: ScenarioServer
  let folder: string
  const file = async (name: string, bytes: Uint8Array): Promise<string> => {
    const where = path.join(folder, name)
    await writeFile(where, bytes)
    return where
  }
  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'parley-images-'))
    server = await startScenarioServer()
    app = await launchApp()
    await connectTo(app.window, server.url, { provider: 'Lab', model: 'echo' })
  })
  afterAll(async () => {
    await app.close()
    await server.close()
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  })
  beforeEach(async () => {
    server.requests.length = 0
    await app.window.keyboard.press('Control+n')
  })

  it('several dropped at once: a chip each, a refused one beside them, and the server gets the very bytes', async () => {
    const { window } = app
    const images = {
      'flow.png': picture(320, 200),
      'photo.jpg': jpeg({ exif: tiff({ orientation: 6, gps: 'position' }) }),
      'moving.gif': gif(),
      'small.webp': webp(),
    }
    const files = await Promise.all(Object.entries(images).map(([name, bytes]) => file(name, bytes)))
    const refused = await file(
      'note.png',
      Buffer.from('PK\x03\x04 this is no image, whatever its name says \0', 'latin1'),
    )
    await dropFiles(window, [...files, refused])
    for (const name of Object.keys(images)) await isReady(window, name)
    await shows(
      window
        .getByRole('main')
        .getByText(/note\.png/)
        .first(),
    )
    await shows(window.getByText(t('errors:attachment.format.detail')).first())

    // What cannot be sent holds the message back until it is taken away.
    await composer(window).fill('What is in these?')
    await composer(window).press('Enter')
    await remove(window, 'note.png')
    expect(server.conversations()).toHaveLength(0)
    await begins(window, () => composer(window).press('Enter'))
    await isState(window, 'complete')
    expect(server.conversations()).toHaveLength(1)
    const received = receivedMedia(server.conversations()[0]!.json)
    // Of the photo the position was taken out; the others have nothing to take.
    const photo = await removeMetadata(images['photo.jpg'], { mime: 'image/jpeg', orientation: 6, hasLocation: true })
    expect(photo.removed).toEqual(['location', 'camera'])
    expect(received.map(({ name, sha256: hash }) => [name, hash])).toEqual(
      Object.entries({ ...images, 'photo.jpg': photo.bytes }).map(([name, bytes]) => [name, sha256(bytes)]),
    )
    expect(received.map(({ mime }) => mime)).toEqual(['image/png', 'image/jpeg', 'image/gif', 'image/webp'])
    await answerHas(window, sha256(images['flow.png']))

    const [newest] = await conversations(window)
    const question = pathOf(newest!.conversation)[0]
    expect(
      question?.role === 'user' &&
        question.attachments.map(({ name, width, height, hasLocation }) => ({ name, width, height, hasLocation })),
    ).toEqual([
      { name: 'flow.png', width: 320, height: 200, hasLocation: false },
      // Orientation 6 lies on its side: as shown it is 4 wide and 6 high.
      { name: 'photo.jpg', width: 4, height: 6, hasLocation: false },
      { name: 'moving.gif', width: 6, height: 4, hasLocation: false },
      { name: 'small.webp', width: 6, height: 4, hasLocation: false },
    ])
  })

  it('the pictures are shown in the thread, from the store of the app', async () => {
    const { window } = app
    await dropFiles(window, [await file('seen.png', picture(240, 160, 3))])
    await isReady(window, 'seen.png')
    await ask(window, 'Look')
    await isState(window, 'complete')
    const image = window.getByRole('log').locator('img').first()
    await shows(image)
    expect(await image.getAttribute('src')).toMatch(/^app:\/\/local\/attachment\/[0-9a-f]{64}$/)
    await expect.poll(() => image.evaluate((element: HTMLImageElement) => element.naturalWidth)).toBe(240)
  })

  it('a chip is taken away with its button, and is not sent', async () => {
    const { window } = app
    await dropFiles(window, [await file('keep.png', picture(60, 40, 4)), await file('drop.png', picture(60, 40, 5))])
    await isReady(window, 'keep.png')
    await isReady(window, 'drop.png')
    await remove(window, 'drop.png')
    await ask(window, 'One only')
    await isState(window, 'complete')
    expect(receivedMedia(server.conversations()[0]!.json).map(({ name }) => name)).toEqual(['keep.png'])
  })

  it('S22, S24: what is no image, is damaged, empty, a folder or too large is refused one by one, with its reason', async () => {
    const { window } = app
    const nothing = path.join(folder, 'nothing')
    await mkdir(nothing)
    await dropFiles(window, [
      await file('empty.png', Buffer.alloc(0)),
      await file('cut.png', picture(300, 300).subarray(0, 200)),
      await file('bomb.png', png({ claimed: { width: 65_000, height: 65_000 } })),
      nothing,
      await file('good.png', picture(30, 30, 6)),
    ])
    await shows(window.getByText(t('errors:attachment.empty.detail')).first())
    await shows(window.getByText(t('errors:attachment.folder.detail')).first())
    await shows(window.getByText(/megapixels/).first())
    await isReady(window, 'good.png')
    for (const name of ['empty.png', 'cut.png', 'bomb.png', 'nothing']) await remove(window, name)
    await ask(window, 'Only the good one')
    await isState(window, 'complete')
    expect(receivedMedia(server.conversations()[0]!.json).map(({ name }) => name)).toEqual(['good.png'])
  })

  it('a question under edit takes files while it has the focus, and goes with them as a new version', async () => {
    const { window } = app
    const edit = window.getByRole('form', { name: t('thread:edit.label') })
    const isIn = (name: string): Promise<void> =>
      shows(edit.getByRole('group', { name, exact: true }).getByText(/\d+×\d+/))
    await dropFiles(window, [await file('first.png', picture(60, 40, 11))])
    await isReady(window, 'first.png')
    await ask(window, 'What is it?')
    await isState(window, 'complete')
    await composer(window).first().press('ArrowUp')
    await isIn('first.png')
    await expect.poll(() => edit.locator('textarea').evaluate((field) => field === document.activeElement)).toBe(true)

    await dropFiles(window, [await file('second.png', picture(60, 40, 12)), await file('broken.png', Buffer.alloc(0))])
    await isIn('second.png')
    await shows(edit.getByText(t('images:refused.title', { count: 1 })))
    await button(edit, t('images:refused.remove', { count: 1 })).click()
    await button(edit, t('chat:composer.remove', { name: 'first.png' })).click()
    server.requests.length = 0
    await edit.locator('textarea').focus()
    await begins(window, () => window.keyboard.press('Enter'))
    await isState(window, 'complete')
    expect(receivedMedia(server.conversations().at(-1)!.json).map(({ name }) => name)).toEqual(['second.png'])
  })

  it('an image from the clipboard is pasted', async () => {
    const { window } = app
    const bytes = picture(64, 48, 7)
    await app.electron.evaluate(async ({ clipboard, ClipboardItem, nativeImage }, base64) => {
      const image = Buffer.from(base64, 'base64')
      // Electron 45 has the asynchronous clipboard of the web; 33 has only what it replaced.
      const before = clipboard as unknown as { writeImage?: (image: Electron.NativeImage) => void }
      if (before.writeImage !== undefined) before.writeImage(nativeImage.createFromBuffer(image))
      else await clipboard.write([new ClipboardItem({ 'image/png': new Blob([image], { type: 'image/png' }) })])
    }, bytes.toString('base64'))
    await composer(window).focus()
    await window.keyboard.press('Control+v')
    await shows(
      window
        .getByRole('main')
        .getByText(/64\s*×\s*48/)
        .first(),
    )
    await ask(window, 'From the clipboard')
    await isState(window, 'complete')
    const [received] = receivedMedia(server.conversations()[0]!.json)
    expect(received?.mime).toBe('image/png')
    expect(received?.bytes).toBeGreaterThan(0)
  })
})
