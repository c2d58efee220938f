import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startScenarioServer, type ScenarioServer } from '../support/scenario-server'
import { launchApp, type RunningApp } from './app'
import { ask, begins, button, composer, connectTo, hides, isState, shows, t } from './chat'

let app: RunningApp
let server: ScenarioServer
beforeAll(async () => {
  server = await startScenarioServer()
  app = await launchApp()
  app.window.setDefaultTimeout(5000)
  await connectTo(app.window, server.url, { model: 'plain', parameters: '{"temperature": 0.1, "top_p": 0.5}' })
})
afterAll(async () => {
  await app.close()
  await server.close()
})

const sent = (): Record<string, unknown> =>
  JSON.parse(server.conversations().at(-1)?.body ?? '{}') as Record<string, unknown>
const settingsOf = (page: Page): Locator => page.getByRole('dialog', { name: t('prompts:chat.title') })

/** Opens the settings of the chat by keyboard, from wherever the focus is. */
async function openSettings(page: Page): Promise<Locator> {
  await button(page, t('chat:header.actions')).focus()
  await page.keyboard.press('Enter')
  await page.getByRole('menuitem', { name: t('prompts:chat.title') }).press('Enter')
  await shows(settingsOf(page))
  return settingsOf(page)
}

describe('the settings of a chat', () => {
  it('a new chat is set up before its first message; all of it is in the first request', async () => {
    const page = app.window
    const dialog = await openSettings(page)
    // The first field has the focus.
    await page.keyboard.type('Give the exact command first.')
    await shows(dialog.getByText('5 words'))
    await dialog.getByRole('slider').focus()
    await page.keyboard.press('ArrowLeft')
    await dialog.getByLabel(t('prompts:chat.maxTokens'), { exact: true }).fill('900')
    await dialog.getByLabel(t('prompts:chat.parameters'), { exact: true }).fill('{\n  "seed": 42\n}')
    await page.keyboard.press('Escape')
    await hides(dialog)
    await button(page, t('prompts:web.label')).click()
    await ask(page, 'Why?')
    await isState(page, 'complete')
    expect(sent()).toMatchObject({
      messages: [
        { role: 'system', content: 'Give the exact command first.' },
        { role: 'user', content: 'Why?' },
      ],
      temperature: 0.9,
      max_tokens: 900,
      top_p: 0.5,
      seed: 42,
      web_search: true,
    })
  })

  it('what is no JSON is shown where it is wrong, and the last good version is sent', async () => {
    const page = app.window
    const dialog = await openSettings(page)
    await dialog.getByLabel(t('prompts:chat.parameters'), { exact: true }).fill('{\n  "seed": 43,\n}')
    await shows(dialog.getByText(t('settings:parameters.problems.comma-last', { line: 2 })))
    await app.screenshot('chat-settings-light')
    await page.keyboard.press('Escape')
    await ask(page, 'And now?')
    await isState(page, 'complete')
    expect(sent()).toMatchObject({ seed: 42, max_tokens: 900 })
  })

  it('are of this chat only, and Reset all takes them back from the next message on', async () => {
    const page = app.window
    const dialog = await openSettings(page)
    await button(dialog, t('prompts:chat.resetAll')).click()
    await page.keyboard.press('Escape')
    await ask(page, 'Without?')
    await isState(page, 'complete')
    expect(sent()).toMatchObject({ temperature: 0.1, top_p: 0.5 })
    for (const name of ['seed', 'max_tokens', 'web_search']) expect(sent()).not.toHaveProperty(name)
    expect(JSON.stringify(sent())).not.toContain('"system"')
  })
})

describe('prompts', () => {
  const field = (name: string): Locator => app.window.getByLabel(name, { exact: true })

  it('an empty library shows how to make one, and one is made by keyboard', async () => {
    const page = app.window
    await composer(page).fill('/')
    await shows(page.getByRole('option', { name: t('prompts:menu.new') }))
    await page.keyboard.press('Enter')
    await shows(page.getByRole('heading', { name: t('prompts:library.title') }))
    await expect.poll(() => field(t('prompts:library.name')).evaluate((e) => e === document.activeElement)).toBe(true)
    await page.keyboard.type('Release notes')
    await field(t('prompts:library.command')).fill('/release')
    await field(t('prompts:library.text')).focus()
    // A brace brings its other one.
    await page.keyboard.type('Notes for {product} in {language}, without {what to skip}.')
    await expect
      .poll(() => field(t('prompts:library.text')).inputValue())
      .toBe('Notes for {product} in {language}, without {what to skip}.')
    await field(t('prompts:library.firstOf', { name: 'product' })).fill('Parley')
    await field(t('prompts:library.firstOf', { name: 'language' })).fill('English')
    await button(page, /^Choices of language/u).click()
    await page
      .getByRole('textbox', { name: t('prompts:library.choicesOf', { name: 'language' }) })
      .fill('English\nRussian\nGerman')
    await page.keyboard.press('Escape')
    await app.screenshot('prompt-library-light')
    await button(page, t('prompts:library.move', { name: 'language' })).focus()
    await page.keyboard.press('ArrowUp')
    await expect
      .poll(() => page.getByRole('rowheader').allInnerTexts())
      .toEqual(['language', 'product', 'what to skip'])
    await page.keyboard.press('Escape')
    await expect.poll(() => composer(page).evaluate((element) => element === document.activeElement)).toBe(true)
  })

  it('a slash finds it, Tab goes through its slots, and Send waits for the empty one', async () => {
    const page = app.window
    await page
      .getByRole('button', { name: t('chat:sidebar.newChat') })
      .first()
      .click()
    await composer(page).pressSequentially('/rel')
    await shows(page.getByRole('option', { name: /Release notes/u }))
    await app.screenshot('prompt-menu-light')
    await page.keyboard.press('Enter')
    await expect.poll(() => composer(page).inputValue()).toBe('Notes for Parley in English, without {what to skip}.')
    await shows(page.getByText(t('prompts:slots.empty', { count: 1, total: 3 })))
    // The empty one is chosen: Shift Tab goes back, in the order that was set.
    await page.keyboard.press('Shift+Tab')
    await page.keyboard.press('Shift+Tab')
    await shows(page.getByRole('listbox', { name: 'language' }))
    await app.screenshot('prompt-variables-light')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await expect.poll(() => composer(page).inputValue()).toContain('in Russian,')
    await page.keyboard.press('Escape')
    await composer(page).press('Enter')
    await shows(page.getByRole('alert').getByText(t('prompts:slots.empty', { count: 1, total: 3 })))
    // The empty one is chosen: what is typed goes there.
    await page.keyboard.type('chores and typos')
    await expect.poll(() => composer(page).inputValue()).toBe('Notes for Parley in Russian, without chores and typos.')
    // Its own history of edits goes through what was put in.
    await page.keyboard.press('Control+z')
    await expect.poll(() => composer(page).inputValue()).not.toContain('chores and typos')
    await page.keyboard.press('Control+Shift+z')
    await expect.poll(() => composer(page).inputValue()).toContain('chores and typos')
    await begins(page, () => composer(page).press('Enter'))
    await isState(page, 'complete')
    expect(sent().messages).toEqual([
      { role: 'user', content: 'Notes for Parley in Russian, without chores and typos.' },
    ])
  })

  it('remembers what was filled in; Mod Enter inserts and sends, Esc keeps what was typed', async () => {
    const page = app.window
    await composer(page).pressSequentially('/rel')
    await shows(page.getByRole('option', { name: /Release notes/u }))
    await page.keyboard.press('Escape')
    await hides(page.getByRole('option', { name: /Release notes/u }))
    expect(await composer(page).inputValue()).toBe('/rel')
    await composer(page).fill('')
    await composer(page).pressSequentially('/release')
    await shows(page.getByRole('option', { name: /Release notes/u }))
    await begins(page, () => page.keyboard.press('Control+Enter'))
    await isState(page, 'complete')
    expect(JSON.stringify(sent())).toContain('Notes for Parley in Russian, without chores and typos.')
  })

  it('come out as one file and in again (S20)', async () => {
    const page = app.window
    const path = join(app.userDataDir, 'out.json')
    await app.electron.evaluate(({ dialog }, filePath) => {
      dialog.showSaveDialog = async () => ({ canceled: false, filePath })
      dialog.showOpenDialog = async () => ({ canceled: false, filePaths: [filePath] })
    }, path)
    await composer(page).fill('/')
    await page.getByRole('option', { name: t('prompts:menu.all', { count: 1 }) }).click()
    await button(page, t('prompts:library.export')).click()
    await shows(page.getByText(t('prompts:library.exported')))
    await button(page, t('prompts:library.import')).click()
    await shows(page.getByText(t('prompts:library.nothingNew')))
    await writeFile(
      path,
      JSON.stringify({ kind: 'parley-prompts', version: 1, prompts: [{ name: 'Rewrite', text: 'Plainly.' }] }),
    )
    await button(page, t('prompts:library.import')).click()
    await shows(page.getByText(t('prompts:library.imported', { count: 1 })))
    await button(page, /^Rewrite/u).click()
    await button(page, t('prompts:library.delete')).click()
    await button(page.getByRole('dialog'), t('common:delete')).click()
    await hides(button(page, /^Rewrite/u))
    expect(await app.takeProblems()).toEqual([])
  })
})
