import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Locator, Page } from 'playwright-core'
import {
  answerHas,
  ask,
  button,
  composer,
  dropFiles,
  hides,
  isSettled,
  isState,
  lastAnswer,
  set,
  shows,
  t,
} from '../e2e/chat'
import { protocolOf } from '../e2e/app'
import { eventually } from '../support/eventually'
import { picture } from '../support/images'
import { send, type Answer, type Step } from '../support/player/answer'
import * as wire from '../support/player/events'
import { closing, hold, opening, say, scenario, stream } from '../support/player/scenarios'
import type { ShortcutState } from '../../src/shared/contract'
import type { Scenario } from '../support/scenario-server'
import { tokensOf } from '../support/player/prose'
import { ANSWER_BEGIN, ANSWER_END, ARABIC, QUESTION, SPECIMEN, SUGGESTIONS, THOUGHT } from './sample'
import { layGround, leaveOverlay, openOverlay } from '../e2e/overlay'
import { BACKEND_ID, NARROW, resize, WIDE, type Scene, type Stage } from './stage'

const PROVIDER = 'DeepInfra'
const MODEL = 'llama-3.3-70b'
export const events = (...list: wire.WireEvent[]): Step[] => list.map((event) => send(wire.eventText(event)))
export const begunBy = (provider: string, model: string): Step[] => [
  ...opening(model, provider),
  ...events({ type: 'title', title: 'Bursty tokens behind nginx' }),
]
export const begun = (): Step[] => begunBy(PROVIDER, MODEL)
export const ended = (words: number): Step[] => closing(words, MODEL, PROVIDER)
const suggestions = events({ type: 'suggestions', suggestions: SUGGESTIONS })
const thinks = (ms: number): Step[] => [
  ...events(wire.thought(THOUGHT)),
  { do: 'wait', ms },
  ...events(wire.thoughtEnd),
]

const writing = (): Answer =>
  stream([
    ...begun(),
    ...thinks(1200),
    ...say(...tokensOf(ANSWER_BEGIN, 4)),
    hold,
    ...say(ANSWER_END),
    ...suggestions,
    ...ended(180),
  ])
export const finished = (): Answer =>
  stream([...begun(), ...thinks(0), ...say(ANSWER_BEGIN, ANSWER_END), ...suggestions, ...ended(180)])
/** The same at the speed of a model, with one long gap. */
const unhurried = (): Answer =>
  stream([
    ...begun(),
    ...thinks(300),
    ...tokensOf(ANSWER_BEGIN, 12).flatMap((token, index): Step[] => [
      ...say(token),
      { do: 'wait', ms: index === 9 ? 310 : 24 },
    ]),
    ...say(ANSWER_END),
    ...suggestions,
    ...ended(180),
  ])
export const short = (...words: string[]): Answer => stream([...begun(), ...say(...words), ...ended(words.length)])

const menuItem = (stage: Stage, name: string | RegExp): Locator => stage.window.getByRole('menuitem', { name })

/** Asks, and waits for the end. */
export async function talk({ window, server }: Stage, question: string, answer: Scenario): Promise<void> {
  server.next(answer)
  await ask(window, question)
  await eventually(
    () =>
      isState(window, 'complete', 500).then(
        () => true,
        () => false,
      ),
    Boolean,
    'an answer that is complete',
    10_000,
  )
  await isSettled(window)
}

async function drop(stage: Stage, files: Record<string, Uint8Array | string>): Promise<void> {
  const paths = await Promise.all(
    Object.entries(files).map(async ([name, bytes]) => {
      const where = path.join(stage.folder, name)
      await writeFile(where, bytes)
      return where
    }),
  )
  await dropFiles(stage.window, paths)
}

/** The chart of the question: a few bars far apart. */
async function chart({ window }: Stage): Promise<Buffer> {
  const base64 = await window.evaluate(async () => {
    const canvas = new OffscreenCanvas(1920, 1080)
    const context = canvas.getContext('2d')
    if (context === null) return ''
    context.fillStyle = '#fff'
    context.fillRect(0, 0, 1920, 1080)
    context.fillStyle = '#ddd'
    for (let y = 250; y < 1000; y += 187) context.fillRect(120, y, 1680, 3)
    context.fillStyle = '#333'
    context.font = '600 60px sans-serif'
    context.fillText('Chunks per 100 ms', 120, 130)
    context.fillStyle = '#c47a1a'
    for (const [at, height] of [560, 480, 660, 500, 660].entries()) {
      context.fillRect(340 + at * 310, 1000 - height, 24, height)
      context.fillRect(375 + at * 310, 1000 - height / 4, 24, height / 4)
    }
    const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: 'image/png' })).arrayBuffer())
    return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
  })
  return Buffer.from(base64, 'base64')
}

/** The chart as it goes, with its chip. */
async function attachChart(stage: Stage): Promise<void> {
  await set(stage.window, {
    images: {
      maxSidePx: 1920,
      maxBytes: 20 * 1024 * 1024,
      qualityPercent: 82,
      isOriginalSent: false,
      isMetadataRemoved: true,
      maxCount: 10,
    },
  })
  await drop(stage, { 'dashboard.png': await chart(stage) })
  await shows(stage.window.getByText('1920×1080').first())
}

/** Another model for this chat and the next, by the list of models. */
export async function chooseModel({ window }: Stage, model: string): Promise<void> {
  await window.keyboard.press('Control+/')
  await shows(window.getByRole('combobox'))
  await window.keyboard.type(model)
  await shows(window.getByRole('option', { name: new RegExp(model, 'u') }).first())
  await window.keyboard.press('Enter')
  await hides(window.getByRole('combobox'))
}

export async function openSettings({ window }: Stage, page: string): Promise<void> {
  await window.keyboard.press('Control+,')
  await window
    .getByRole('navigation')
    .getByRole('button', { name: t(`settings:pages.${page}`), exact: true })
    .click()
}

const SHORTCUT = 'Control+Shift+Space'

/** A state of the shortcut that this display does not get into by itself; told to the page as main tells it. */
const shortcutScene = (name: string, state: ShortcutState): Scene => {
  const tell = (stage: Stage, told: ShortcutState) =>
    stage.app.electron.evaluate(
      ({ BrowserWindow }, payload) => {
        for (const { webContents } of BrowserWindow.getAllWindows()) {
          webContents.send('quickAsk.shortcutChanged', payload)
        }
      },
      { 'quick-ask': told, 'ask-region': { kind: 'off' } },
    )
  return {
    name,
    show: async (stage) => {
      await openSettings(stage, 'quick-ask')
      await tell(stage, state)
    },
    leave: (stage) => tell(stage, { kind: 'registered', accelerator: SHORTCUT, trigger: null }),
    also: ['russian'],
  }
}

const settingsScene = (name: string, page: string, also: Scene['also'] = ['narrow', 'russian']): Scene => ({
  name,
  show: (stage) => openSettings(stage, page),
  also,
})

/** As tall as the page of the settings that is on show. */
const wholePage = (name: string, page: string): Scene => ({
  name,
  show: async (stage) => {
    await openSettings(stage, page)
    const height = await stage.window.evaluate(() =>
      Math.max(
        ...[...document.querySelectorAll('main, main *')].map(
          (each) => each.getBoundingClientRect().top + each.scrollHeight,
        ),
      ),
    )
    await resize(stage, { ...WIDE, height: Math.min(4000, height) })
  },
  leave: (stage) => resize(stage, WIDE),
})

async function quickAsk(stage: Stage): Promise<Locator> {
  const page = await stage.app.quickAsk()
  await stage.window.evaluate(() => window.parley.request['quickAsk.show']())
  const field = page.getByRole('textbox')
  await shows(field)
  return field
}

const hideQuickAsk = async ({ app }: Stage): Promise<void> => {
  const page = await app.quickAsk()
  await page.keyboard.press('Escape')
}

/** The overlay over a screen that is not ours. */
const overlayScene = (name: string, choose: (overlay: Page) => Promise<void>): Scene => {
  let takeGround: () => Promise<void> = () => Promise.resolve()
  return {
    name,
    show: async ({ app }) => {
      takeGround = await layGround(app)
    },
    other: {
      open: async ({ app }) => {
        const overlay = await openOverlay(app)
        await choose(overlay)
        return overlay
      },
      leave: ({ app }, overlay) => leaveOverlay(app, overlay),
    },
    leave: () => takeGround(),
  }
}

/** A failed answer, as one of the server's modes makes it. */
const failing = (name: string, mode: Parameters<typeof scenario>[0], state: 'failed' | 'interrupted'): Scene => ({
  name,
  show: async ({ window, server }) => {
    server.next(scenario(mode))
    await ask(window, 'And behind a Cloudflare tunnel?')
    await isState(window, state)
    await isSettled(window)
  },
  also: ['narrow', 'russian'],
})

/** In the window with chats. */
export const SCENES: readonly Scene[] = [
  {
    name: '01-chat-streaming',
    show: async (stage) => {
      const { window, server } = stage
      await attachChart(stage)
      server.next(writing())
      await ask(window, QUESTION)
      await answerHas(window, /tunnel or CDN/)
      await attachChart(stage)
      await composer(window).fill('Same requests, this time through the tunnel')
    },
    leave: async ({ window, server }) => {
      server.release()
      await isState(window, 'complete')
      await isSettled(window)
    },
    also: ['narrow', 'russian'],
  },
  {
    name: '02-chat-finished',
    show: (stage) => talk(stage, QUESTION, finished()),
    also: ['narrow', 'russian'],
  },
  {
    name: '03-chat-scrolled',
    show: async (stage) => {
      const { window, server } = stage
      await talk(stage, QUESTION, finished())
      server.next(writing())
      await ask(window, 'And what about gzip?')
      await answerHas(window, /tunnel or CDN/)
      await window.getByRole('log').hover()
      await window.mouse.wheel(0, -700)
      await shows(button(window, new RegExp(t('chat:thread.jump'))))
    },
    leave: async ({ window, server }) => {
      server.release()
      await isState(window, 'complete')
    },
  },
  {
    name: '04-status-thinking',
    show: async ({ window, server }) => {
      server.next(stream([...begun(), ...events(wire.thought(THOUGHT)), hold, ...say('So.'), ...ended(1)]))
      await ask(window, QUESTION)
      await shows(
        lastAnswer(window)
          .getByText(/^Thinking/)
          .first(),
      )
    },
    leave: async ({ server }) => server.release(),
  },
  {
    name: '04-status-progress',
    show: async ({ window, server }) => {
      server.next(
        stream([
          ...begun(),
          ...events(wire.progress('Trying Blackbox, then DeepInfra…')),
          hold,
          ...say('So.'),
          ...ended(1),
        ]),
      )
      await ask(window, QUESTION)
      await shows(
        lastAnswer(window)
          .getByText(/Trying Blackbox/)
          .first(),
      )
    },
    leave: async ({ server }) => server.release(),
  },
  {
    name: '04-status-stopped',
    show: async ({ window, server }) => {
      server.next(stream([...begun(), ...say(ANSWER_BEGIN), hold]))
      await ask(window, QUESTION)
      await answerHas(window, /tunnel or CDN/)
      await window.keyboard.press('Control+.')
      await isState(window, 'stopped')
      await isSettled(window)
    },
  },
  {
    name: '05-markdown-specimen',
    show: async (stage) => {
      await attachChart(stage)
      await talk(stage, QUESTION, stream([...begun(), ...thinks(0), ...say(SPECIMEN), ...suggestions, ...ended(300)]))
      await lastAnswer(stage.window)
        .getByText(/^Thought/)
        .first()
        .click()
      const log = stage.window.getByRole('log')
      await resize(stage, { width: 1124, height: 1900 })
      const rest = await log.evaluate((each) => each.scrollHeight - each.clientHeight)
      await resize(stage, { width: 1124, height: 1900 + rest })
    },
    leave: (stage) => resize(stage, WIDE),
  },
  { name: '08-new-chat', show: async () => {}, also: ['narrow', 'russian'] },
  {
    name: '09-drop-overlay',
    show: async (stage) => {
      const { window, folder } = stage
      const files = ['a.png', 'b.png', 'c.png'].map((name) => path.join(folder, name))
      for (const [seed, file] of files.entries()) await writeFile(file, picture(40, 30, seed + 40))
      const protocol = await protocolOf(window)
      const data = { items: [], files, dragOperationsMask: 1 }
      for (const type of ['dragEnter', 'dragOver'] as const) {
        await protocol.send('Input.dispatchDragEvent', { type, x: 700, y: 400, data })
      }
      await protocol.detach()
      await shows(window.getByText(t('chat:drop.title', { count: 3 })))
    },
    leave: async ({ window, folder }) => {
      const protocol = await protocolOf(window)
      const files = ['a.png', 'b.png', 'c.png'].map((name) => path.join(folder, name))
      await protocol.send('Input.dispatchDragEvent', {
        type: 'drop',
        x: 700,
        y: 400,
        data: { items: [], files, dragOperationsMask: 1 },
      })
      await protocol.detach()
      await shows(window.getByRole('group', { name: 'c.png' }).getByText('40×30'))
    },
    also: ['russian'],
  },
  failing('10-error-interrupted', 'reset', 'interrupted'),
  failing('11-error-key', 'auth', 'failed'),
  {
    name: '12-error-image',
    show: async (stage) => {
      const { window } = stage
      await attachChart(stage)
      await drop(stage, {
        'whiteboard.heic': Buffer.concat([
          Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1'),
          Buffer.alloc(64),
        ]),
      })
      await shows(window.getByText(/HEIC cannot be read/).first())
    },
    also: ['narrow', 'russian'],
  },
  {
    name: '13-quick-idle',
    show: async (stage) => {
      await quickAsk(stage)
    },
    leave: hideQuickAsk,
    isQuickAsk: true,
  },
  {
    name: '13-quick-picker',
    show: async (stage) => {
      await quickAsk(stage)
      const page = await stage.app.quickAsk()
      await page.keyboard.press('Control+/')
      await shows(page.getByRole('option').first())
    },
    leave: async (stage) => {
      await (await stage.app.quickAsk()).keyboard.press('Escape')
      await hideQuickAsk(stage)
    },
    isQuickAsk: true,
    also: ['russian'],
  },
  {
    name: '15-quick-answer',
    show: async (stage) => {
      const field = await quickAsk(stage)
      const page = await stage.app.quickAsk()
      stage.server.next(
        short(
          '`EAI_AGAIN` is a DNS time-out: the resolver did not answer. ',
          'It is usually temporary.\n\n1. Try again in a minute.\n2. Check `/etc/resolv.conf`.\n3. In a container, look at the DNS of its host.\n',
        ),
      )
      await field.fill('What does EAI_AGAIN mean?')
      await page.keyboard.press('Enter')
      await shows(page.getByText('the resolver did not answer').first())
      await isSettled(page)
    },
    leave: hideQuickAsk,
    isQuickAsk: true,
  },
  settingsScene('16-settings-backends', 'backends'),
  wholePage('17-settings-backends-full', 'backends'),
  settingsScene('18-settings-appearance', 'appearance'),
  settingsScene('19-settings-general', 'general'),
  {
    name: '20-picker',
    show: async (stage) => {
      const { window } = stage
      await set(window, { favourites: [{ backendId: BACKEND_ID, provider: PROVIDER, model: MODEL }] })
      await talk(stage, QUESTION, finished())
      await window.keyboard.press('Control+/')
      await shows(window.getByRole('option').first())
    },
    also: ['narrow', 'russian'],
  },
  {
    name: '21-palette',
    show: async ({ window }) => {
      await window.keyboard.press('Control+k')
      const field = window.getByRole('dialog').getByRole('combobox')
      await shows(field)
      await field.pressSequentially('buffer')
      await shows(window.getByRole('option').getByText('Refactor the SSE parser').first())
    },
    also: ['narrow', 'russian'],
  },
  {
    name: '25-narrow-drawer',
    show: async (stage) => {
      await talk(stage, QUESTION, finished())
      await resize(stage, NARROW)
      await stage.window.keyboard.press('Control+\\')
      await shows(stage.window.getByRole('navigation', { name: t('chat:sidebar.label') }))
    },
    leave: async (stage) => {
      await stage.window.keyboard.press('Escape')
      await resize(stage, WIDE)
    },
  },
  {
    name: '29-chat-stalled',
    show: async ({ window, server }) => {
      server.next(stream([...begun(), ...say(ANSWER_BEGIN), hold, ...say('.'), ...ended(60)]))
      await ask(window, QUESTION)
      await shows(
        lastAnswer(window)
          .getByText(/^No data for/)
          .first(),
        15_000,
      )
    },
    leave: async ({ window, server }) => {
      server.release()
      await isState(window, 'complete')
    },
  },
  {
    name: '30-chat-waiting',
    show: async ({ window, server }) => {
      server.next(stream([hold, ...begun(), ...say('So.'), ...ended(1)]))
      await ask(window, QUESTION)
      await shows(
        lastAnswer(window)
          .getByText(/^Waiting for provider/)
          .first(),
      )
    },
    leave: async ({ window, server }) => {
      server.release()
      await isState(window, 'complete')
    },
  },
  settingsScene('31-settings-images', 'images'),
  settingsScene('32-settings-quick', 'quick-ask'),
  shortcutScene('32-shortcut-taken', { kind: 'taken', accelerator: SHORTCUT }),
  shortcutScene('32-shortcut-asking', { kind: 'asking', accelerator: SHORTCUT }),
  shortcutScene('32-shortcut-refused', { kind: 'refused', accelerator: SHORTCUT }),
  shortcutScene('32-shortcut-paused', { kind: 'paused', accelerator: SHORTCUT }),
  shortcutScene('32-shortcut-impossible', { kind: 'not-possible', reason: 'wayland', desktop: 'GNOME' }),
  {
    name: '32-shortcut-recording',
    show: async (stage) => {
      await openSettings(stage, 'quick-ask')
      await button(stage.window, new RegExp(`^${t('settings:quickAsk.record')}`, 'u')).click()
      await shows(stage.window.getByRole('textbox', { name: new RegExp(t('settings:quickAsk.press'), 'u') }))
    },
    leave: async ({ window }) => window.keyboard.press('Escape'),
    also: ['russian'],
  },
  settingsScene('33-settings-shortcuts', 'shortcuts'),
  overlayScene('48-capture', () => Promise.resolve()),
  overlayScene('48-capture-region', async (overlay) => {
    await overlay.keyboard.press('ArrowLeft')
    await shows(overlay.locator('.capture-region'))
  }),
  {
    name: '34-remote-picture',
    show: async (stage) => {
      const address = 'https://pictures.example/grafana/panel.png'
      await talk(
        stage,
        'Is there a chart of it?',
        short(`Yes:\n\n![Gaps between chunks, before and after](${address})\n\nIt is public.`),
      )
      await shows(lastAnswer(stage.window).locator('[data-picture]'))
      await button(stage.window, new RegExp(`^${t('privacy:pictures.load')}`, 'u')).click()
      await shows(menuItem(stage, /.+/u).first())
    },
    also: ['narrow', 'russian'],
  },
  settingsScene('34-settings-privacy', 'privacy'),
  wholePage('34-settings-privacy-full', 'privacy'),
  settingsScene('35-about', 'about'),
  {
    name: '36-wire',
    show: async (stage) => {
      await talk(stage, QUESTION, unhurried())
      await stage.window.keyboard.press('Control+Shift+Y')
      await shows(stage.window.locator('aside[data-region="wire"]').getByRole('treegrid'))
    },
    leave: async ({ window }) => {
      await window.keyboard.press('Escape')
      await hides(window.locator('aside[data-region="wire"]'))
    },
    also: ['russian'],
  },
  {
    name: '40-image-viewer',
    show: async (stage) => {
      const { window } = stage
      await attachChart(stage)
      await drop(stage, { 'second.png': picture(1200, 900, 8) })
      await shows(window.getByText('1200×900').first())
      await window.getByRole('group', { name: 'dashboard.png' }).focus()
      await window.keyboard.press('Enter')
      await shows(window.getByRole('dialog').getByText('1 of 2'))
    },
    also: ['narrow', 'russian'],
  },
  {
    name: '41-edit-resend',
    show: async (stage) => {
      const { window } = stage
      await talk(stage, QUESTION, finished())
      await talk(stage, 'And behind a Cloudflare tunnel?', short('Cloudflare does not buffer event streams.'))
      const question = window.getByRole('article', { name: t('chat:thread.you') }).last()
      await question.hover()
      await button(window, t('thread:question.edit')).last().click()
      await shows(window.getByText(t('thread:edit.stays', { number: '1' })))
    },
    also: ['narrow', 'russian'],
  },
  {
    name: '41-variants',
    show: async (stage) => {
      const { window, server } = stage
      await talk(stage, 'Is a comment line enough?', short('Yes, every fifteen seconds.'))
      server.next(short('A comment every **fifteen seconds** keeps the tunnel open.'))
      await button(lastAnswer(window), t('chat:actions.retry')).click()
      await answerHas(window, 'keeps the tunnel open')
      await isSettled(window)
      await shows(window.getByRole('group', { name: t('thread:variants.label', { number: '2', of: '2' }) }).first())
    },
    also: ['narrow'],
  },
  {
    name: '41-quote',
    show: async (stage) => {
      const { window } = stage
      await talk(stage, QUESTION, finished())
      await window.evaluate(() => {
        const paragraphs = document.querySelectorAll('[role=log] [data-find=text] p')
        getSelection()?.selectAllChildren([...paragraphs].at(-1) ?? document.body)
      })
      await shows(window.getByRole('toolbar', { name: t('thread:quote.bar') }))
    },
    leave: async ({ window }) => window.evaluate(() => getSelection()?.removeAllRanges()),
  },
  {
    name: '41-quoted',
    show: async (stage) => {
      const { window } = stage
      await talk(stage, QUESTION, finished())
      for (const at of [-2, -1]) {
        await window.evaluate((index) => {
          const paragraphs = document.querySelectorAll('[role=log] [data-find=text] p')
          getSelection()?.selectAllChildren([...paragraphs].at(index) ?? document.body)
        }, at)
        await shows(window.getByRole('toolbar', { name: t('thread:quote.bar') }))
        await window.keyboard.press('Control+Shift+.')
      }
      await shows(window.getByRole('list', { name: t('thread:quote.quoted') }))
    },
    also: ['narrow', 'russian'],
  },
  {
    name: '42-prompt-library',
    show: async ({ window }) => {
      await composer(window).pressSequentially('/')
      await window.getByRole('option', { name: t('prompts:menu.all', { count: 4 }) }).click()
      await shows(window.getByRole('heading', { name: t('prompts:library.title') }))
      await button(window, /^Release notes from/u).click()
    },
    also: ['narrow', 'russian'],
  },
  {
    name: '42-prompt-menu',
    show: async ({ window }) => {
      await composer(window).pressSequentially('/re')
      await shows(window.getByRole('option', { name: /Release notes/u }))
    },
    also: ['narrow', 'russian'],
  },
  {
    name: '42-prompt-variables',
    show: async ({ window }) => {
      await composer(window).pressSequentially('/rel')
      await shows(window.getByRole('option', { name: /Release notes/u }))
      await window.keyboard.press('Enter')
      await shows(window.getByText(t('prompts:slots.empty', { count: 1, total: 4 })))
      await window.keyboard.press('Shift+Tab')
      await shows(window.getByRole('listbox', { name: 'language' }))
    },
    also: ['narrow'],
  },
  {
    name: '43-temporary',
    show: async (stage) => {
      await stage.window.keyboard.press('Control+Shift+n')
      await talk(stage, 'How do I ask my landlord to repaint?', short('In writing, with a date, and politely.'))
    },
    leave: async ({ window }) => {
      await button(window, t('chat:temporary.keep')).click()
      await hides(button(window, t('chat:temporary.keep')))
    },
    also: ['narrow', 'russian'],
  },
  {
    name: '43-trash',
    show: async (stage) => {
      const { window } = stage
      const rows = window.locator('nav [data-conversation]')
      for (let deleted = 0; deleted < 3; deleted += 1) {
        await rows.last().focus()
        await window.keyboard.press('Delete')
      }
      await window
        .locator('nav')
        .getByRole('button', { name: /^Trash/u })
        .click()
      await shows(window.getByRole('heading', { level: 1, name: t('chat:trash.title') }))
      await shows(window.locator('[data-trashed]').first())
      await window.locator('[data-trashed]').first().hover()
    },
    also: ['narrow', 'russian'],
  },
  {
    name: '44-attempts',
    show: async (stage) => {
      const { window } = stage
      await talk(stage, 'Which of you answers?', scenario('fallback'))
      await lastAnswer(window)
        .getByRole('button', { name: /tried in/u })
        .click()
    },
    also: ['narrow', 'russian'],
  },
  {
    name: '44-tools',
    show: async (stage) => {
      await talk(stage, 'How cold is it in Oslo?', scenario('extras'))
      await lastAnswer(stage.window)
        .getByRole('button', { name: /weather/u })
        .click()
    },
    also: ['narrow', 'russian'],
  },
  {
    name: '45-chat-settings',
    show: async (stage) => {
      const { window } = stage
      await talk(stage, QUESTION, finished())
      await button(window, t('chat:header.actions')).click()
      await menuItem(stage, t('prompts:chat.title')).click()
      const dialog = window.getByRole('dialog', { name: t('prompts:chat.title') })
      await shows(dialog)
      await window.keyboard.type('You know nginx well. Give the exact directive first, then one sentence on why.')
      await dialog.getByLabel(t('prompts:chat.parameters'), { exact: true }).fill('{\n  "top_p": 0.9,\n}')
      await shows(dialog.getByText(t('settings:parameters.problems.comma-last', { line: 2 })))
    },
    also: ['narrow', 'russian'],
  },
  {
    name: '46-find',
    show: async (stage) => {
      const { window } = stage
      await talk(stage, QUESTION, finished())
      await window.keyboard.press('Control+f')
      const bar = window.getByRole('search', { name: t('search:find.label') })
      await shows(bar)
      await window.keyboard.type('buffer')
      await shows(bar.getByText(/^1 of/u))
    },
    also: ['narrow', 'russian'],
  },
  {
    name: '47-shortcut-sheet',
    show: async ({ window }) => {
      await window.keyboard.press('Control+Shift+/')
      await shows(window.getByRole('dialog', { name: t('actions:sheet.title') }))
    },
    also: ['narrow', 'russian'],
  },
  {
    name: '50-media',
    show: (stage) => talk(stage, 'Draw two pictures', scenario('media')),
    also: ['narrow', 'russian'],
  },
  {
    name: '39-restore-dry-run',
    show: async (stage) => {
      const { app, window, folder } = stage
      const zip = path.join(folder, 'parley-backup.zip')
      await app.electron.evaluate(({ dialog }, filePath) => {
        dialog.showSaveDialog = () => Promise.resolve({ canceled: false, filePath })
        dialog.showOpenDialog = () => Promise.resolve({ canceled: false, filePaths: [filePath] })
      }, zip)
      await openSettings(stage, 'privacy')
      await button(window, t('transfer:backup.button')).click()
      await shows(window.getByRole('dialog').getByText(/saved in/u))
      await window.keyboard.press('Escape')
      await window.evaluate(async () => {
        const list = await globalThis.window.parley.request['conversation.list']()
        const chosen = list.ok ? list.value.slice(0, 4) : []
        for (const { id } of chosen)
          await globalThis.window.parley.request['conversation.trash']({ conversationId: id })
      })
      await button(window, t('transfer:restore.button')).click()
      await shows(window.getByRole('dialog').getByText(t('transfer:restore.heading.parley')))
    },
    leave: async ({ window }) => {
      await window.keyboard.press('Escape')
      await hides(window.getByRole('dialog'))
    },
    also: ['narrow', 'russian'],
  },
]

/** From right to left: the direction alone, since there is no Arabic text of Parley's own. */
export const RIGHT_TO_LEFT: readonly Scene[] = [
  {
    name: '26-rtl-arabic',
    show: async (stage) => {
      const { window } = stage
      await window.evaluate(() => (document.documentElement.dir = 'rtl'))
      await talk(stage, ARABIC.question, stream([...begun(), ...thinks(0), ...say(ARABIC.answer), ...ended(60)]))
      await shows(lastAnswer(window).getByRole('heading').first())
    },
    also: ['narrow'],
  },
  {
    name: '26-rtl-settings',
    show: (stage) => openSettings(stage, 'backends'),
    also: ['narrow'],
  },
  {
    name: '26-rtl-picker',
    show: async ({ window }) => {
      await window.keyboard.press('Control+/')
      await shows(window.getByRole('option').first())
    },
  },
]

/** Of an app without anything, in this order: the last one ends the first run. */
export function firstScenes(tls: { url: string; present(certificate: 'self-signed-2'): void }): readonly Scene[] {
  const host = new URL(tls.url).host
  const address = (stage: Stage) => stage.window.getByRole('textbox')
  return [
    {
      name: '06-first-run',
      show: async ({ window }) => shows(window.getByRole('heading', { name: t('first-run:title') })),
      also: ['narrow', 'russian'],
    },
    {
      name: '07-first-run-refused',
      show: async (stage) => {
        await address(stage).fill('127.0.0.1:9')
        await stage.window.keyboard.press('Enter')
        await shows(stage.window.getByRole('alert').first())
      },
      also: ['narrow', 'russian'],
    },
    {
      name: '38-certificate',
      show: async (stage) => {
        await address(stage).fill(tls.url)
        await stage.window.keyboard.press('Enter')
        await shows(stage.window.getByRole('dialog', { name: t('certificate:unknown.title', { name: host }) }))
      },
      also: ['narrow', 'russian'],
    },
    {
      name: '38-certificate-differs',
      show: async ({ window }) => {
        const dialog = window.getByRole('dialog')
        const shown = (await dialog.locator('code').innerText()).replaceAll('\n', ':').split(':')
        shown[4] = shown[4] === '00' ? '01' : '00'
        await dialog.getByRole('textbox').fill(shown.join(':'))
        await shows(dialog.getByText(/They differ/u))
      },
    },
    {
      name: '38-certificate-changed',
      show: async ({ window, server }) => {
        const dialog = window.getByRole('dialog')
        await dialog.getByRole('textbox').fill('')
        await button(dialog, t('certificate:unknown.trust', { name: host })).click()
        await shows(composer(window))
        server.next(short('Hello.'))
        await ask(window, 'Hello')
        await isState(window, 'complete')
        tls.present('self-signed-2')
        await ask(window, 'To whom do I speak?')
        await isState(window, 'failed')
        await shows(window.getByRole('alertdialog'))
      },
      also: ['narrow', 'russian'],
    },
  ]
}

/** Which scenes the tests go through each time: one of each kind of screen. */
export const EVERY_TIME: readonly string[] = ['01-chat-streaming', '16-settings-backends', '21-palette']
