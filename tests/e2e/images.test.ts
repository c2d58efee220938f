import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import type { Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type {} from '../../src/renderer/parley'
import { inspectImage } from '../../src/main/image'
import { DEFAULT_IMAGE_SETTINGS } from '../../src/shared/settings'
import { eventually } from '../support/eventually'
import { gif, jpeg, picture, png, tiff, webp } from '../support/images'
import { receivedMedia } from '../support/player/scenarios'
import { wav } from '../support/sounds'
import { startScenarioServer, type ScenarioServer } from '../support/scenario-server'
import { launchApp, type RunningApp } from './app'
import {
  ask,
  backends,
  begins,
  button,
  composer,
  connectTo,
  dropFiles,
  hides,
  isState,
  set,
  shows,
  t,
  tRu,
} from './chat'

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const chip = (page: Page, name: string | RegExp): Locator =>
  page.getByRole('group', { name, ...(typeof name === 'string' ? { exact: true } : {}) })
const chipNames = (page: Page): Promise<(string | null)[]> =>
  page.locator('[data-chip]').evaluateAll((chips) => chips.map((each) => each.getAttribute('aria-label')))
const viewer = (page: Page): Locator => page.getByRole('dialog')

/** A JPEG as a camera makes it: larger than the limits, turned on its side, with a position. Its left half is red. */
async function photo(page: Page, width: number, height: number): Promise<Buffer> {
  const base64 = await page.evaluate(
    async ([w, h]) => {
      const canvas = new OffscreenCanvas(w, h)
      const context = canvas.getContext('2d')!
      context.fillStyle = 'red'
      context.fillRect(0, 0, w / 2, h)
      context.fillStyle = 'blue'
      context.fillRect(w / 2, 0, w / 2, h)
      const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: 'image/jpeg' })).arrayBuffer())
      return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
    },
    [width, height] as const,
  )
  const plain = Buffer.from(base64, 'base64')
  const exif = jpeg({ exif: tiff({ orientation: 6, gps: 'position' }) })
  const segment = exif.subarray(2, 4 + exif.readUInt16BE(4))
  return Buffer.concat([plain.subarray(0, 2), segment, plain.subarray(2)])
}

/** The colours in the middle of each quarter, and the size, as the browser draws it. */
function seen(page: Page, bytes: Uint8Array, mime: string) {
  return page.evaluate(
    async ([base64, type]) => {
      const data = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
      const image = await createImageBitmap(new Blob([data], { type }))
      const canvas = new OffscreenCanvas(image.width, image.height)
      const context = canvas.getContext('2d')!
      context.drawImage(image, 0, 0)
      const at = (x: number, y: number) =>
        Array.from(context.getImageData(Math.floor(x * image.width), Math.floor(y * image.height), 1, 1).data)
      const all = context.getImageData(0, 0, image.width, image.height).data
      const digest = await crypto.subtle.digest('SHA-256', all)
      return {
        width: image.width,
        height: image.height,
        quarters: [at(0.25, 0.25), at(0.75, 0.25), at(0.25, 0.75), at(0.75, 0.75)],
        pixels: Array.from(new Uint8Array(digest)).join(),
      }
    },
    [Buffer.from(bytes).toString('base64'), mime] as const,
  )
}

describe('images before they are sent', () => {
  let app: RunningApp
  let server: ScenarioServer
  let folder: string
  const file = async (name: string, bytes: Uint8Array | string): Promise<string> => {
    const where = path.join(folder, name)
    await writeFile(where, bytes)
    return where
  }
  /** The files that the server got with the last question. */
  const sent = () =>
    (server.conversations()[0]!.json.media as [string, string][]).map(([uri, name]) => ({
      name,
      mime: /^data:([^;]+)/u.exec(uri)?.[1] ?? '',
      bytes: Buffer.from(uri.slice(uri.indexOf(',') + 1), 'base64'),
    }))
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
    await set(app.window, { images: DEFAULT_IMAGE_SETTINGS })
    await app.window.keyboard.press('Control+n')
    // What an earlier test has not sent stays in the new chat.
    const chips = app.window.locator('[data-chip]')
    await eventually(
      async () => {
        if ((await chips.count()) > 0) await chips.first().press('Delete')
        return chips.count()
      },
      (left) => left === 0,
      'an empty composer',
    )
  })

  it('S23: location and camera data go before anything is stored, and the chip says so; no pixel changes', async () => {
    const { window } = app
    const exif = tiff({ gps: 'position' })
    const originals = {
      'a.jpg': ['image/jpeg', jpeg({ exif })],
      'b.png': ['image/png', png({ exif })],
      'c.webp': ['image/webp', webp({ exif })],
    } as const
    const paths = await Promise.all(Object.entries(originals).map(([name, [, bytes]]) => file(name, bytes)))
    await dropFiles(window, paths)
    for (const name of Object.keys(originals)) {
      await shows(chip(window, name).getByText(t('images:chip.removed.location')))
    }
    await ask(window, 'Where was this?')
    await isState(window, 'complete')
    for (const { name, mime, bytes } of sent()) {
      const [type, original] = originals[name as keyof typeof originals]
      expect(mime).toBe(type)
      expect(await inspectImage(bytes, name)).toMatchObject({ ok: true, value: { hasLocation: false } })
      expect(bytes.length).toBeLessThan(original.length)
      expect((await seen(window, bytes, mime)).pixels).toBe((await seen(window, original, mime)).pixels)
    }
  })

  it('S23: with the switch off the very bytes go, and the chip warns', async () => {
    const { window } = app
    await set(window, { images: { ...DEFAULT_IMAGE_SETTINGS, isMetadataRemoved: false } })
    const bytes = jpeg({ exif: tiff({ gps: 'position' }) })
    await dropFiles(window, [await file('kept.jpg', bytes)])
    await shows(chip(window, 'kept.jpg').getByText(t('images:chip.withLocation')))
    await ask(window, 'Where was this?')
    await isState(window, 'complete')
    expect(receivedMedia(server.conversations()[0]!.json).map((each) => each.sha256)).toEqual([sha256(bytes)])
  })

  it('a large photo is shrunk upright, the chip shows before and after, and those bytes leave', async () => {
    const { window } = app
    const original = await photo(window, 2400, 1800)
    await dropFiles(window, [await file('large.jpg', original)])
    await shows(chip(window, 'large.jpg').getByText('→'))
    await ask(window, 'What is it?')
    await isState(window, 'complete')
    const [received] = sent()
    expect(received?.mime).toBe('image/jpeg')
    const shown = await seen(window, received!.bytes, 'image/jpeg')
    expect([shown.width, shown.height]).toEqual([1200, 1600])
    // Orientation 6: what was left is above.
    expect(shown.quarters.map(([red = 0, , blue = 0]) => (red > blue ? 'red' : 'blue'))).toEqual([
      'red',
      'red',
      'blue',
      'blue',
    ])
    // The thread shows it, and the viewer says what was really sent.
    await window
      .getByRole('log')
      .getByRole('button', { name: t('images:viewer.open', { name: 'large.jpg' }) })
      .click()
    await shows(viewer(window).getByText(/1800×2400 · sent as 1200×1600/))
    await window.keyboard.press('Escape')
    await hides(viewer(window))
    await expect.poll(() => window.evaluate(() => document.activeElement?.getAttribute('aria-haspopup'))).toBe('dialog')
  })

  it('the original is sent when the person says so, and can be shrunk again', async () => {
    const { window } = app
    const bytes = picture(2000, 500, 9)
    // Its ending follows what it is shrunk to.
    const wide = chip(window, /^wide\.(?:png|jpg)$/)
    await dropFiles(window, [await file('wide.png', bytes)])
    await shows(wide.getByText('→'))
    await button(wide, /^Actions for wide/).click()
    await window.getByRole('menuitem').first().click()
    await shows(wide.getByText('2000×500'))
    await button(wide, /^Actions for wide/).click()
    await window.getByRole('menuitem', { name: t('images:chip.shrink') }).click()
    await shows(wide.getByText('→'))
    await button(wide, /^Actions for wide/).click()
    await window.getByRole('menuitem').first().click()
    await shows(wide.getByText('2000×500'))
    await ask(window, 'Whole')
    await isState(window, 'complete')
    expect(receivedMedia(server.conversations()[0]!.json).map((each) => each.sha256)).toEqual([sha256(bytes)])
  })

  it('S22: SVG, BMP and ICO are drawn as PNG without running or loading anything; HEIC and TIFF say the way out', async () => {
    const { window } = app
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="200" height="100" onload="fetch('${server.url}/loaded')">
      <script>fetch('${server.url}/ran')</script><image href="${server.url}/picture.png" width="10" height="10"/>
      <circle cx="50" cy="50" r="40" fill="#f00"/></svg>`
    await dropFiles(window, [
      await file('flow.svg', svg),
      await file('old.bmp', bmp(40, 20)),
      await file(
        'photo.heic',
        Buffer.concat([Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1'), Buffer.alloc(64)]),
      ),
      await file('scan.tif', tiff({ orientation: 1 })),
    ])
    await shows(chip(window, 'flow.png').getByText('SVG → PNG'))
    await shows(chip(window, 'flow.png').getByText('1600×800'))
    await shows(chip(window, 'old.png').getByText('BMP → PNG'))
    await shows(chip(window, 'photo.heic').getByText(/HEIC cannot be read\. .*JPEG/))
    await shows(chip(window, 'scan.tif').getByText(/TIFF cannot be read\./))
    for (const name of ['photo.heic', 'scan.tif']) {
      await button(window, t('chat:composer.remove', { name })).click()
    }
    await ask(window, 'Two')
    await isState(window, 'complete')
    const [first, second] = sent()
    expect([first?.name, first?.mime, second?.name, second?.mime]).toEqual([
      'flow.png',
      'image/png',
      'old.png',
      'image/png',
    ])
    const drawn = await seen(window, first!.bytes, 'image/png')
    // Transparent beside the circle.
    expect([drawn.quarters[0], drawn.quarters[1]?.[3]]).toEqual([[255, 0, 0, 255], 0])
    expect((await seen(window, second!.bytes, 'image/png')).width).toBe(40)
    expect(
      server.requests.map(({ path: asked }) => asked).filter((asked) => /loaded|ran|picture/u.test(asked)),
    ).toEqual([])
  })

  it('of an animation that is too large the first frame goes, and the chip says so', async () => {
    const { window } = app
    await set(window, { images: { ...DEFAULT_IMAGE_SETTINGS, maxSidePx: 256 } })
    await dropFiles(window, [await file('moving.gif', animation(600, 400)), await file('small.gif', gif())])
    await shows(chip(window, /^moving/).getByText(` · ${t('images:chip.firstFrame')}`))
    await shows(chip(window, 'small.gif').getByText('6×4'))
  })

  it('chips are put in order with Alt and arrows, and by dragging; that is the order in which they go', async () => {
    const { window } = app
    const names = ['1.png', '2.png', '3.png']
    await dropFiles(window, await Promise.all(names.map((name, index) => file(name, picture(40, 30, index + 11)))))
    for (const name of names) await shows(chip(window, name).getByText('40×30'))
    await chip(window, '3.png').focus()
    await window.keyboard.press('Alt+ArrowLeft')
    await eventually(
      () => chipNames(window),
      (found) => found.join() === '1.png,3.png,2.png',
      'the third one as second',
    )
    await window.keyboard.press('Alt+ArrowLeft')
    await eventually(
      () => chipNames(window),
      (found) => found.join() === '3.png,1.png,2.png',
      'the third one as first',
    )
    await expect.poll(() => window.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('3.png')
    await chip(window, '2.png').dragTo(chip(window, '3.png'))
    await eventually(
      () => chipNames(window),
      (found) => found.join() === '2.png,3.png,1.png',
      'the second one as first',
    )
    await ask(window, 'In order')
    await isState(window, 'complete')
    expect(sent().map(({ name }) => name)).toEqual(['2.png', '3.png', '1.png'])
  })

  it('200 files at once: ten chips, one sentence for the rest', async () => {
    const { window } = app
    const files = await Promise.all(
      Array.from({ length: 200 }, (_, index) => file(`many-${index}.png`, picture(20, 20, index + 30))),
    )
    await dropFiles(window, files)
    await shows(chip(window, t('images:chip.left', { count: 190 })))
    await eventually(
      () => chipNames(window),
      (names) => names.length === 11,
      'eleven chips',
    )
    await shows(window.getByText(t('images:chip.leftHelp', { limit: 10 })))
    await button(window, t('chat:composer.remove', { name: t('images:chip.left', { count: 190 }) })).click()
    await ask(window, 'Ten')
    await isState(window, 'complete')
    expect(sent()).toHaveLength(10)
  })

  it('a folder gives its images in the order of their names; what is none in it is passed over', async () => {
    const { window } = app
    const trip = path.join(folder, 'trip')
    await mkdir(path.join(trip, 'inner'), { recursive: true })
    for (const name of ['10.png', '2.png', '1.png'])
      await writeFile(path.join(trip, name), picture(20, 10, Number.parseInt(name) + 70))
    await writeFile(path.join(trip, 'notes.txt'), 'no image')
    await dropFiles(window, [trip])
    await eventually(
      () => chipNames(window),
      (names) => names.join() === '1.png,2.png,10.png',
      'three chips',
    )
  })

  it('the viewer: keys for zoom and pictures, copy and save; Esc gives the focus back', async () => {
    const { window } = app
    const names = ['x.png', 'y.png']
    await dropFiles(window, await Promise.all(names.map((name, index) => file(name, picture(1200, 900, index + 90)))))
    for (const name of names) await shows(chip(window, name).getByText('1200×900'))
    await chip(window, 'x.png').focus()
    await window.keyboard.press('Enter')
    await shows(viewer(window).getByText('1 of 2'))
    const zoom = viewer(window).getByRole('button', { name: /^Zoom \d/ })
    await shows(viewer(window).getByRole('img', { name: 'x.png' }))
    const fitted = await zoom.textContent()
    await window.keyboard.press('+')
    await eventually(
      () => zoom.textContent(),
      (text) => text !== fitted,
      'another zoom',
    )
    await window.keyboard.press('0')
    await eventually(
      () => zoom.textContent(),
      (text) => text === fitted,
      'the whole picture',
    )
    await viewer(window).locator('img').first().dblclick()
    await eventually(
      () => zoom.textContent(),
      (text) => text === '100%',
      'its own size',
    )
    await window.keyboard.press('ArrowRight')
    await shows(viewer(window).getByText('2 of 2'))
    await window.keyboard.press('Home')
    await shows(viewer(window).getByText('1 of 2'))

    await window.keyboard.press('Control+c')
    await shows(viewer(window).getByRole('button', { name: t('images:viewer.copied') }))
    const copied = await app.electron.evaluate(({ clipboard }) => {
      const before = clipboard as unknown as { readImage?: () => Electron.NativeImage }
      return before.readImage === undefined ? null : before.readImage().getSize()
    })
    if (copied !== null) expect(copied).toEqual({ width: 1200, height: 900 })

    const where = path.join(folder, 'saved.png')
    await app.electron.evaluate(({ dialog }, filePath) => {
      dialog.showSaveDialog = () => Promise.resolve({ canceled: false, filePath })
    }, where)
    await window.keyboard.press('Control+s')
    const saved = () => readFile(where).then(sha256, () => 'nothing yet')
    await expect.poll(saved).toBe(sha256(picture(1200, 900, 90)))

    await window.keyboard.press('Escape')
    await hides(viewer(window))
    await expect.poll(() => window.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('x.png')
  })

  it('a sound goes as input_audio beside the images, and is played in the thread', async () => {
    const { window } = app
    const sound = wav()
    await dropFiles(window, [await file('voice.wav', sound), await file('beside.png', picture(50, 40, 60))])
    await shows(chip(window, 'voice.wav').getByText(/^WAV · 8 KB/))
    await shows(chip(window, 'beside.png').getByText('50×40'))
    await ask(window, 'What is said?')
    await isState(window, 'complete')
    const { messages, media } = server.conversations()[0]!.json as { messages: unknown[]; media?: unknown }
    expect(media).toBeUndefined()
    expect(messages).toEqual([
      {
        role: 'user',
        content: [
          { type: 'input_audio', input_audio: { data: sound.toString('base64'), format: 'wav' } },
          {
            type: 'image_url',
            image_url: { url: `data:image/png;base64,${picture(50, 40, 60).toString('base64')}` },
          },
          { type: 'text', text: 'What is said?' },
        ],
      },
    ])
    const player = window.getByRole('log').locator('audio')
    // The answer repeats the question with the sound in it, and fills more than the window.
    await window.getByRole('log').hover()
    await window.mouse.wheel(0, -100_000)
    await shows(player)
    await eventually(
      () => player.evaluate((element: HTMLAudioElement) => element.duration),
      (seconds) => Math.abs(seconds - 1) < 0.05,
      'one second of sound',
    )
  })

  it('a model without eyes is warned of before sending: text only, or a model that can', async () => {
    const { window } = app
    const [view] = (await backends(window)).filter(({ isBuiltIn }) => !isBuiltIn)
    const choose = (model: string) =>
      window.evaluate((profile) => globalThis.window.parley.request['backend.save'](profile), {
        ...view!.profile,
        model,
      })
    await choose('markdown')
    await window.keyboard.press('Control+n')
    await dropFiles(window, [await file('eyes.png', picture(60, 40, 61))])
    await shows(window.getByText(t('images:vision.title', { model: 'markdown', count: 1 })))
    await button(window, t('images:vision.use', { model: 'echo' })).click()
    await hides(window.getByText(t('images:vision.title', { model: 'markdown', count: 1 })))
    await expect.poll(() => chipNames(window)).toEqual(['eyes.png'])
    await ask(window, 'Look')
    await isState(window, 'complete')
    expect(server.conversations()[0]!.json).toMatchObject({ model: 'echo' })

    server.requests.length = 0
    await window.keyboard.press('Control+n')
    await composer(window).fill('Only words')
    await dropFiles(window, [await file('eyes2.png', picture(60, 40, 62))])
    await button(window, t('images:vision.textOnly')).click()
    await expect.poll(() => chipNames(window)).toEqual([])
    await begins(window, () => composer(window).press('Enter'))
    await isState(window, 'complete')
    expect(server.conversations()[0]!.json).not.toHaveProperty('media')
    await choose('echo')
  })

  it('a picture from a browser that comes as an address is not fetched: it says what to do', async () => {
    const { window } = app
    await window.evaluate((url) => {
      const data = new DataTransfer()
      data.setData('text/uri-list', url)
      data.setData('text/html', `<img src="${url}">`)
      document
        .querySelector('main')
        ?.dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }))
    }, `${server.url}/cat.png`)
    await shows(window.getByText(t('images:web.detail')))
    expect(server.requests).toEqual([])
  })

  it('the settings page: limits, quality, switches and count apply at once, also in Russian', async () => {
    const { window } = app
    await window.keyboard.press('Control+,')
    await button(window, t('settings:pages.images')).click()
    const side = window.getByRole('spinbutton').first()
    await side.fill('900')
    await side.press('Enter')
    await window.getByRole('switch', { name: t('images:settings.metadata') }).click()
    await window.getByRole('slider').focus()
    await window.keyboard.press('Home')
    const settings = () => window.evaluate(() => globalThis.window.parley.request['settings.get']())
    await eventually(
      settings,
      (result) =>
        result.ok &&
        result.value.images.maxSidePx === 900 &&
        !result.value.images.isMetadataRemoved &&
        result.value.images.qualityPercent === 40,
      'the new settings',
    )
    await side.fill('99999')
    await side.press('Enter')
    await eventually(settings, (result) => result.ok && result.value.images.maxSidePx === 8192, 'the nearest limit')
    await set(window, { locale: 'ru' })
    await shows(window.getByText(tRu('images:settings.originals')).first())
    await set(window, { locale: 'system' })
    await window.keyboard.press('Escape')
    await shows(composer(window))
  })
})

/** 24 bits, one colour. */
function bmp(width: number, height: number): Buffer {
  const row = Math.ceil((width * 3) / 4) * 4
  const bytes = Buffer.alloc(54 + row * height, 0x80)
  bytes.fill(0, 0, 54)
  bytes.write('BM')
  bytes.writeUInt32LE(bytes.length, 2)
  bytes.writeUInt32LE(54, 10)
  bytes.writeUInt32LE(40, 14)
  bytes.writeInt32LE(width, 18)
  bytes.writeInt32LE(height, 22)
  bytes.writeUInt16LE(1, 26)
  bytes.writeUInt16LE(24, 28)
  return bytes
}

/** Two frames of one colour each. */
function animation(width: number, height: number): Buffer {
  const head = Buffer.from([...Buffer.from('GIF89a'), 0, 0, 0, 0, 0x81, 0, 0, 255, 0, 0, 0, 0, 255, 9, 9, 9, 0, 0, 0])
  head.writeUInt16LE(width, 6)
  head.writeUInt16LE(height, 8)
  const frame = (colour: number): Buffer => {
    const bounds = Buffer.alloc(10)
    bounds[0] = 0x2c
    bounds.writeUInt16LE(width, 5)
    bounds.writeUInt16LE(height, 7)
    const delay = Buffer.from([0x21, 0xf9, 4, 0, 10, 0, 0, 0])
    return Buffer.concat([delay, bounds, Buffer.from([2]), subBlocks(codes(width * height, colour)), Buffer.from([0])])
  }
  return Buffer.concat([head, frame(0), frame(1), Buffer.from([0x3b])])
}

/** Pixels without compression: a clear code (4) before every second one keeps all codes at three bits; 5 ends. */
function codes(pixels: number, colour: number): Buffer {
  const bits: number[] = []
  const put = (code: number): void => void bits.push(code & 1, (code >> 1) & 1, (code >> 2) & 1)
  for (let at = 0; at < pixels; at += 1) {
    if (at % 2 === 0) put(4)
    put(colour)
  }
  put(5)
  const bytes = Buffer.alloc(Math.ceil(bits.length / 8))
  for (const [at, bit] of bits.entries()) bytes[at >> 3] = (bytes[at >> 3] ?? 0) | (bit << (at & 7))
  return bytes
}

function subBlocks(data: Buffer): Buffer {
  const blocks: Buffer[] = []
  for (let at = 0; at < data.length; at += 255) {
    const block = data.subarray(at, at + 255)
    blocks.push(Buffer.from([block.length]), block)
  }
  return Buffer.concat(blocks)
}
