import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { writeConversation } from '../../src/main/library/schema'
import { defaultSettings, type Settings } from '../../src/shared/settings'
import { eventually } from '../support/eventually'
import { generatedConversation, rareWord } from '../support/generated-library'
import { launchApp, type RunningApp } from './app'
import { composer, hides, shows, t, tRu } from './chat'

describe('by keyboard alone', () => {
  let app: RunningApp
  let userDataDir = ''
  afterEach(async () => {
    await app.close()
    await rm(userDataDir, { recursive: true, force: true, maxRetries: 5 })
  })

  async function launch(change: Partial<Settings> = {}): Promise<RunningApp['window']> {
    userDataDir = await mkdtemp(path.join(os.tmpdir(), 'parley-keyboard-'))
    const folder = path.join(userDataDir, 'library', 'conversations')
    await mkdir(folder, { recursive: true })
    for (const number of [2, 4]) {
      const conversation = generatedConversation(number, 6)
      await writeFile(path.join(folder, `${conversation.id}.json`), writeConversation(conversation))
    }
    const settings = { ...defaultSettings(process.platform), activeBackendId: 'guide', ...change }
    await writeFile(path.join(userDataDir, 'settings.json'), JSON.stringify(settings))
    app = await launchApp({ userDataDir, isProfileKept: true })
    await shows(composer(app.window))
    return app.window
  }

  /** What is written on what has the focus, for eyes and ears. */
  const focused = () => app.window.evaluate(() => document.activeElement?.textContent ?? '')
  const menuKeys = () =>
    app.electron.evaluate(({ Menu }) =>
      (Menu.getApplicationMenu()?.items ?? []).flatMap(({ submenu }) =>
        (submenu?.items ?? []).map(({ label, accelerator }) => `${label} ${accelerator ?? ''}`),
      ),
    )

  /** The key of the palette and a text in one go: all of it is on its way before the page has seen the first key. */
  const burst = (text: string) =>
    app.electron.evaluate(({ BrowserWindow }, signs) => {
      const window = BrowserWindow.getAllWindows().find(({ webContents }) =>
        webContents.getURL().includes('/index.html'),
      )
      const press = (keyCode: string, isMod: boolean): void => {
        const modifiers: 'control'[] = isMod ? ['control'] : []
        window?.webContents.sendInputEvent({ type: 'keyDown', keyCode, modifiers })
        if (!isMod) window?.webContents.sendInputEvent({ type: 'char', keyCode, modifiers })
        window?.webContents.sendInputEvent({ type: 'keyUp', keyCode, modifiers })
      }
      press('k', true)
      for (const sign of signs) press(sign, false)
    }, text)

  it('what is typed right after the key of the palette is in its field, the first time and later', async () => {
    const page = await launch()
    const palette = page.getByRole('dialog', { name: t('actions:palette.label') })
    const field = palette.getByRole('combobox')
    for (const text of ['everything', 'that is typed', 'in one go']) {
      await burst(text)
      await expect.poll(() => field.inputValue()).toBe(text)
      await page.keyboard.type(' and after')
      expect(await field.inputValue()).toBe(`${text} and after`)
      expect(await composer(page).inputValue()).toBe('')
      await page.keyboard.press('Escape')
      await hides(palette)
      await expect.poll(() => composer(page).evaluate((element) => element === document.activeElement)).toBe(true)
    }
    // Esc leaves the settings with one press, whatever hint is up.
    await page.keyboard.press('Control+,')
    await page
      .getByRole('main')
      .getByRole('button', { name: t('common:guide') })
      .first()
      .focus()
    await shows(page.locator('.layer-tooltip'))
    await page.keyboard.press('Escape')
    await shows(composer(page))
  })

  it('the palette finds messages, actions and settings, opens at the message, and gives the focus back', async () => {
    const page = await launch()
    const palette = page.getByRole('dialog', { name: t('actions:palette.label') })
    const field = palette.getByRole('combobox')
    const options = palette.getByRole('option')
    /** Enter takes the first one: this one, once everything that was asked has answered. */
    const leadsTo = async (name: string): Promise<void> => {
      await shows(palette.locator('[aria-busy=false]').getByRole('option', { selected: true }).getByText(name).first())
    }

    await page.keyboard.press('Control+k')
    await shows(palette)
    await expect.poll(() => field.evaluate((element) => element === document.activeElement)).toBe(true)
    await page.keyboard.press('Escape')
    await hides(palette)
    await expect.poll(() => composer(page).evaluate((element) => element === document.activeElement)).toBe(true)

    await page.keyboard.press('Control+k')
    await page.keyboard.type(rareWord(2))
    await shows(palette.locator('mark').getByText(rareWord(2)))
    await leadsTo(rareWord(2))
    await page.keyboard.press('Enter')
    await shows(page.getByRole('log').getByText(rareWord(2)).first())
    await hides(palette)

    // Over an open menu, which goes; and only what the person wrote, only what was answered.
    await page.getByRole('button', { name: t('chat:header.actions'), exact: true }).press('Enter')
    await shows(page.getByRole('menu'))
    await burst(rareWord(2))
    await hides(page.getByRole('menu'))
    await expect.poll(() => field.inputValue()).toBe(rareWord(2))
    await leadsTo(rareWord(2))
    await page.keyboard.press('Tab')
    await shows(palette.getByRole('button', { name: t('actions:palette.filter.titles'), pressed: true }))
    await page.keyboard.press('Escape')
    await hides(palette)

    await page.keyboard.press('Control+k')
    await page.keyboard.type('sidbar')
    await leadsTo(t('actions:names.sidebar'))
    await page.keyboard.press('Enter')
    await hides(page.getByRole('navigation', { name: t('chat:sidebar.label') }))

    await page.keyboard.press('Control+k')
    await page.keyboard.type('темпер')
    await leadsTo(t('actions:names.chat-settings'))
    await page.keyboard.press('Enter')
    await shows(page.getByRole('textbox', { name: t('prompts:chat.system') }))
    await page.keyboard.press('Escape')
    await hides(page.getByRole('textbox', { name: t('prompts:chat.system') }))

    await page.keyboard.press('Control+k')
    await page.keyboard.type('export pdf')
    await shows(options.getByText(t('actions:names.export-pdf')))
    await page.keyboard.press('Escape')
    await page.keyboard.press('Control+Shift+p')
    await shows(page.getByRole('heading', { name: t('prompts:library.title'), exact: true }))

    await page.keyboard.press('Control+k')
    await page.keyboard.type('text size')
    await leadsTo(t('settings:appearance.textSize'))
    await page.keyboard.press('Enter')
    await shows(
      page.locator('[data-setting][data-wanted]').getByText(t('settings:appearance.textSize'), { exact: true }),
    )

    await page.keyboard.press('Control+k')
    await page.keyboard.type('what is a buffer')
    await page.keyboard.press('Control+Enter')
    await eventually(
      () => composer(page).inputValue(),
      (value) => value === 'what is a buffer',
      'the new chat',
    )
    await expect.poll(() => composer(page).evaluate((element) => element === document.activeElement)).toBe(true)
  })

  it('a changed key holds at once in the window, in the menu and in the sheet; a conflict has two ways out', async () => {
    const page = await launch()
    const row = (id: string) => page.locator(`[data-shortcut="${id}"]`)
    const reach = async (id: string) => {
      // As often as there are stops before it.
      await eventually(
        async () => {
          await page.keyboard.press('Tab')
          return row(id).evaluate((element) => element === document.activeElement)
        },
        Boolean,
        `the row of ${id}`,
      )
    }
    await page.keyboard.press('Control+Shift+/')
    const sheet = page.getByRole('dialog', { name: t('actions:sheet.title') })
    await shows(sheet.getByText(t('actions:names.palette')))
    // The sheet takes the focus once it is there; a key before that is the page's. Its first button closes it.
    await expect.poll(() => sheet.evaluate((element) => element.contains(document.activeElement))).toBe(true)
    await page.keyboard.press('Tab')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await shows(page.getByRole('textbox', { name: t('actions:shortcuts.searchLabel') }))

    await reach('find')
    await page.keyboard.press('Enter')
    await page.keyboard.press('Control+d')
    await shows(page.getByRole('alert').getByText(t('actions:shortcuts.used', { name: t('actions:names.favourite') })))
    await page.keyboard.press('Escape')
    await eventually(focused, (name) => name.includes(t('actions:shortcuts.change', { keys: 'Ctrl F' })), 'the old key')

    await page.keyboard.press('Enter')
    await page.keyboard.press('Control+d')
    await page.keyboard.press('Enter')
    await eventually(focused, (name) => name.includes(t('actions:shortcuts.change', { keys: 'Ctrl D' })), 'the new key')
    await shows(row('favourite').getByText(t('actions:shortcuts.record')))
    await eventually(menuKeys, (keys) => keys.includes(`${t('actions:names.find')} Control+D`), 'the key in the menu')

    // A press elsewhere leaves the old keys, and has the focus.
    const keys = page.getByText(t('actions:shortcuts.press'), { exact: true })
    const search = page.getByRole('textbox', { name: t('actions:shortcuts.searchLabel') })
    await page.keyboard.press('Enter')
    await shows(keys)
    await search.click()
    await hides(keys)
    await expect.poll(() => search.evaluate((element) => element === document.activeElement)).toBe(true)
    await page.getByRole('button', { name: t('settings:pages.quick-ask'), exact: true }).click()
    await page.getByRole('button', { name: new RegExp(`^${t('settings:quickAsk.record')}`, 'u') }).click()
    await shows(keys)
    await page.getByRole('button', { name: t('common:cancel'), exact: true }).click()
    await hides(keys)
    await page.getByRole('button', { name: t('settings:pages.shortcuts'), exact: true }).click()
    await reach('find')

    await page.keyboard.press('Enter')
    await page.keyboard.press('Control+c')
    await shows(page.getByRole('alert').getByText(t('actions:shortcuts.usedFixed', { name: t('desktop:menu.copy') })))
    await page.keyboard.press('Escape')
    // Only the question was left, not the settings.
    await page.keyboard.press('Escape')
    await shows(composer(page))

    await page.keyboard.press('Alt+ArrowDown')
    await shows(page.getByRole('log'))
    await page.keyboard.press('Control+d')
    await shows(page.getByRole('search', { name: t('search:find.label') }))
    await page.keyboard.press('Escape')
    await page.keyboard.press('Control+f')
    await page.keyboard.press('Control+Shift+/')
    await shows(
      sheet
        .getByRole('listitem')
        .filter({ hasText: t('actions:names.find') })
        .filter({ hasText: 'Ctrl D' }),
    )
    expect(await page.getByRole('search').count()).toBe(0)
    await page.keyboard.press('Escape')
    await hides(sheet)
    const refused = await page.evaluate(() =>
      window.parley.request['settings.set']({ shortcuts: { find: 'Mod+N', stop: 'Mod+N' } }),
    )
    expect(refused).toMatchObject({ ok: false, error: { code: 'bad-request' } })
  })

  it('a setting is found by its words in the language on show, and Esc closes one layer at a time', async () => {
    const page = await launch({ locale: 'ru' })
    await page.keyboard.press('Control+,')
    const search = page.getByRole('textbox', { name: tRu('actions:settingsSearch.label') })
    await shows(search)
    await eventually(
      async () => {
        await page.keyboard.press('Tab')
        return search.evaluate((element) => element === document.activeElement)
      },
      Boolean,
      'the search by Tab',
    )
    await page.keyboard.type('размер тек')
    await shows(
      page
        .getByRole('listitem')
        .getByRole('button', { name: tRu('settings:appearance.textSize') })
        .first(),
    )
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await shows(
      page.locator('[data-setting][data-wanted]').getByText(tRu('settings:appearance.textSize'), { exact: true }),
    )
    await page.keyboard.press('Control+k')
    const palette = page.getByRole('dialog', { name: tRu('actions:palette.label') })
    await shows(palette)
    await page.keyboard.type('корз')
    await shows(palette.getByRole('option').getByText(tRu('actions:names.trash')))
    await page.keyboard.press('Escape')
    await hides(palette)
    await shows(search)
    await page.keyboard.press('Escape')
    await shows(page.getByRole('navigation', { name: tRu('chat:sidebar.label') }))
  })
})
