/** The real app as it stands for a picture: chats in the sidebar, a server that says what the design says, exact sizes. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import type { Page } from 'playwright-core'
import { writeConversation } from '../../src/main/library/schema'
import type { Conversation } from '../../src/shared/conversation'
import { defaultSettings, newBackendProfile, type Settings } from '../../src/shared/settings'
import { launchApp, type RunningApp } from '../e2e/app'
import { button, composer, hides, set, setTheme, shows, t, themes } from '../e2e/chat'
import { eventually } from '../support/eventually'
import { startScenarioServer, type ScenarioServer } from '../support/scenario-server'
import { PROMPTS, sampleConversations } from './sample'

export const BACKEND_ID = 'home'

/** The design's windows are 1280 × 820, its narrow ones 420 × 820, in CSS pixels. */
export const WIDE = { width: 1280, height: 820 }
export const NARROW = { width: 420, height: 820 }

export interface Stage {
  app: RunningApp
  window: Page
  server: ScenarioServer
  /** For files that are dropped, picked and saved; gone with the stage. */
  folder: string
  /** The chats it began with. */
  furnished: readonly string[]
  close(): Promise<void>
}

/** One state of the design. Scenes of a stage are shown one after the other, each from a new, empty chat. */
export interface Scene {
  /** As the design's picture of it: `01-chat-streaming`. */
  name: string
  /** Brings the window there. */
  show(stage: Stage): Promise<void>
  /** Undoes what Esc and a new chat do not undo. */
  leave?(stage: Stage): Promise<void>
  /** Also photographed 420 px wide, and in Russian. */
  also?: readonly ('narrow' | 'russian')[]
  /** The window of quick ask instead of the main one. */
  isQuickAsk?: boolean
  /** Another window, which is as it was opened: opened and left for each picture. */
  other?: { open: (stage: Stage) => Promise<Page>; leave: (stage: Stage, page: Page) => Promise<void> }
}

export interface StageOptions {
  /** As on the first day: nothing in it. */
  isEmpty?: boolean
  conversations?: Conversation[]
  /** Does something to its files before it starts. */
  prepare?: (userDataDir: string) => Promise<void>
  settings?: Partial<Settings>
}

export async function openStage({
  isEmpty = false,
  conversations,
  settings,
  prepare,
}: StageOptions = {}): Promise<Stage> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'parley-pictures-'))
  const userDataDir = path.join(folder, 'profile')
  const server = await startScenarioServer({ catalogue: 'sample' })
  const chats = conversations ?? sampleConversations(BACKEND_ID, Date.now())
  if (!isEmpty) {
    await furnish(userDataDir, chats, {
      ...defaultSettings(process.platform),
      activeBackendId: BACKEND_ID,
      backends: [
        {
          ...newBackendProfile(BACKEND_ID, 'Home server', server.url),
          provider: 'DeepInfra',
          model: 'llama-3.3-70b',
        },
      ],
      ...settings,
    })
  }
  await prepare?.(userDataDir)
  const app = await launchApp({ userDataDir, isProfileKept: true })
  app.window.setDefaultTimeout(6000)
  const stage: Stage = {
    app,
    window: app.window,
    server,
    folder,
    furnished: await eventually(
      () =>
        app.window.evaluate(async () => {
          const list = await window.parley.request['conversation.list']()
          return list.ok ? list.value.map(({ id }) => id) : []
        }),
      (ids) => ids.length >= (isEmpty ? 0 : chats.length),
      'the chats it begins with',
    ),
    close: async () => {
      await app.close()
      await server.close()
      await rm(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
  await resize(stage, WIDE)
  return stage
}

async function furnish(userDataDir: string, conversations: Conversation[], settings: Settings): Promise<void> {
  const library = path.join(userDataDir, 'library', 'conversations')
  await mkdir(library, { recursive: true })
  for (const each of conversations) await writeFile(path.join(library, `${each.id}.json`), writeConversation(each))
  await writeFile(path.join(userDataDir, 'prompts.json'), JSON.stringify({ version: 1, prompts: PROMPTS }))
  await writeFile(path.join(userDataDir, 'settings.json'), JSON.stringify(settings))
}

/** Gives the page of the main window this size, whatever the screen has room for. */
export async function resize({ window }: Stage, size: { width: number; height: number }): Promise<void> {
  await window.setViewportSize(size)
}

/** A new, empty chat with nothing over it, and the chats that were there at first. */
export async function goHome(stage: Stage): Promise<void> {
  const { window } = stage
  const field = composer(window)
  for (let presses = 0; presses < 5; presses += 1) await window.keyboard.press('Escape')
  await window.keyboard.press('Control+n')
  await shows(field)
  await field.fill('')
  for (let left = await window.locator('[data-chip]').count(); left > 0; left -= 1) {
    await window.locator('[data-chip]').first().press('Delete')
  }
  const quotes = window.getByRole('list', { name: t('thread:quote.quoted') })
  for (let left = await quotes.getByRole('button').count(); left > 0; left -= 1) {
    await quotes.getByRole('button').first().click()
  }
  await button(window, t('common:close'))
    .first()
    .click({ timeout: 100 })
    .catch(() => undefined)
  await hides(window.getByRole('dialog'))
  await window.evaluate(async (furnished) => {
    const { request } = globalThis.window.parley
    const list = await request['conversation.list']()
    for (const { id } of list.ok ? list.value : []) {
      if (!furnished.includes(id)) await request['conversation.trash']({ conversationId: id })
    }
  }, stage.furnished)
}

/** Takes a scene's pictures; `save` gets each with its name. */
export async function photograph(
  stage: Stage,
  scene: Scene,
  save: (name: string, page: Page) => Promise<void>,
): Promise<void> {
  if (scene.other !== undefined) {
    for (const [theme, locale] of [
      ['light', 'system'],
      ['dark', 'system'],
      ['light', 'ru'],
    ] as const) {
      await setTheme(stage.window, stage.window, theme)
      await set(stage.window, { locale })
      const other = await scene.other.open(stage)
      await save(`${scene.name}-${theme}${locale === 'ru' ? '-ru' : ''}`, other)
      await scene.other.leave(stage, other)
    }
    await set(stage.window, { locale: 'system' })
    return
  }
  const page = scene.isQuickAsk === true ? await stage.app.quickAsk() : stage.window
  for (const theme of themes) {
    await setTheme(stage.window, page, theme)
    await save(`${scene.name}-${theme}`, page)
  }
  await setTheme(stage.window, page, 'light')
  if (scene.also?.includes('russian') === true) {
    await set(stage.window, { locale: 'ru' })
    await eventually(
      () => page.evaluate(() => document.documentElement.lang),
      (lang) => lang === 'ru',
      'Russian',
    )
    await save(`${scene.name}-light-ru`, page)
    await set(stage.window, { locale: 'system' })
  }
  if (scene.also?.includes('narrow') === true) {
    await resize(stage, NARROW)
    await setTheme(stage.window, page, 'light')
    await save(`${scene.name}-light-narrow`, page)
    await resize(stage, WIDE)
  }
}
