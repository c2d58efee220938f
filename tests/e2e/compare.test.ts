import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { answerText, pathOf, type AssistantMessage } from '../../src/shared/conversation'
import { eventually } from '../support/eventually'
import { startScenarioServer, type ScenarioServer } from '../support/scenario-server'
import { launchApp, type RunningApp } from './app'
import { answerHas, button, composer, connectTo, conversations, hides, isSettled, set, shows, t } from './chat'

const SLOW = 'drip:count=600,ms=100'
const SLOWER = 'drip:count=500,ms=150'
const LOST = 'rate-limit'

const column = (page: Page, name: string) => page.getByRole('region', { name, exact: true })
const keep = (page: Page, name: string) => button(page, t('compare:keepOf', { name }))

async function storedAnswers(page: Page): Promise<AssistantMessage[]> {
  const [newest] = await conversations(page)
  return (newest?.conversation.messages ?? []).flatMap((message) => (message.role === 'assistant' ? [message] : []))
}

describe('comparing models [37]', () => {
  let app: RunningApp
  let server: ScenarioServer
  let backendId: string
  beforeAll(async () => {
    server = await startScenarioServer()
    app = await launchApp({ isProfileKept: true })
    const view = await connectTo(app.window, server.url, { provider: 'Lab', model: 'plain' })
    backendId = view.profile.id
  })
  afterAll(async () => {
    await app.close()
    await server.close()
  })

  /** By keyboard alone: three columns, the third chosen in the list of models. */
  async function compareThree(page: Page, third: string): Promise<void> {
    await set(page, { recents: [{ backendId, provider: 'Lab', model: SLOW }] })
    await page.keyboard.press('Control+n')
    await composer(page).press('Control+Shift+M')
    await shows(button(page, t('compare:chip', { count: 2 })))
    await button(page, t('compare:chip', { count: 2 })).focus()
    await page.keyboard.press('Enter')
    await shows(page.getByRole('menuitem', { name: t('compare:add') }))
    const focused = () => page.evaluate(() => document.activeElement?.textContent ?? '')
    const focusedRole = () => page.evaluate(() => document.activeElement?.getAttribute('role') ?? '')
    // The first item has the focus a moment after the menu is there: a key before that would count as none.
    await eventually(focusedRole, (role) => role.startsWith('menuitem'), 'the first item')
    for (let key = 0; key < 2; key += 1) {
      const before = await focused()
      await page.keyboard.press('ArrowDown')
      await eventually(focused, (text) => text !== before, 'the next item')
    }
    await eventually(focused, (text) => text === t('compare:add'), 'the item that adds a model')
    await page.keyboard.press('Enter')
    await shows(page.getByRole('combobox'))
    await page.keyboard.type(third)
    await page.keyboard.press('Enter')
    await shows(button(page, t('compare:chip', { count: 3 })))
    await eventually(
      () => composer(page).getAttribute('placeholder'),
      (text) => text === t('compare:ask.three'),
      'the field that asks all three',
    )
  }

  it('asks three at once; one fails, the others go on; a key keeps one, the rest are its versions', async () => {
    const { window } = app
    await compareThree(window, LOST)
    await composer(window).fill('Which of you?')
    await composer(window).press('Enter')
    await shows(keep(window, 'plain'))
    await shows(column(window, SLOW).getByText('00003'))
    await shows(column(window, LOST).getByText(t('chat:line.notAnswered')))
    await eventually(
      () => keep(window, 'plain').getAttribute('aria-disabled'),
      (isDisabled) => isDisabled === null,
      'an answer that can be kept',
    )
    expect(await keep(window, LOST).getAttribute('aria-disabled')).toBe('true')
    await eventually(
      () => storedAnswers(window),
      (all) =>
        all
          .map(({ state }) => state)
          .sort()
          .join() === 'complete,failed,running',
      'one done, one failed, one running',
    )
    // One report for all, and no alert of its own for the one that failed.
    await shows(window.getByRole('status').getByText('one still writing'))
    expect(await window.getByRole('alert').count()).toBe(0)

    // F6 goes through the columns.
    await composer(window).press('Shift+F6')
    const region = () => window.evaluate(() => document.activeElement?.getAttribute('data-region') ?? '')
    await expect.poll(region).toBe('column-3')
    await window.keyboard.press('Shift+F6')
    await expect.poll(region).toBe('column-2')

    // The key that selects all means the column that has the focus; a passage of a column is quoted to all.
    const plain = window.locator('[data-region=column-1]')
    await plain.focus()
    await window.keyboard.press('Control+a')
    const selected = () => window.evaluate(() => getSelection()?.toString() ?? '')
    await expect.poll(selected).toContain('This is an ordinary answer')
    expect(await selected()).not.toContain('00003')
    expect(await selected()).not.toContain('Which of you?')
    const bar = window.getByRole('toolbar', { name: t('thread:quote.bar') })
    await hides(bar)
    await plain
      .locator('p')
      .first()
      .evaluate((element) => {
        getSelection()?.selectAllChildren(element)
      })
    await shows(bar)
    await app.screenshot('compare-quote')
    await button(bar, t('thread:quote.quote')).click()
    const quotes = window.getByRole('list', { name: t('thread:quote.quoted') })
    await shows(quotes.getByText('This is an ordinary answer').first())
    await expect.poll(() => composer(window).evaluate((element) => element === document.activeElement)).toBe(true)
    await quotes.getByRole('button').first().click()
    await hides(quotes)
    await composer(window).focus()

    // The third has nothing to keep: its key does nothing.
    await window.keyboard.press('Control+3')
    await window.keyboard.press('Control+1')
    await hides(keep(window, 'plain'))
    await answerHas(window, 'This is an ordinary answer')
    await shows(window.getByRole('group', { name: t('thread:variants.label', { number: '1', of: '3' }) }))
    const newest = async () => (await conversations(window))[0]!.conversation
    // The window shows the choice before main has it.
    await expect.poll(async () => (await newest()).model).toBe('plain')
    const head = pathOf(await newest()).at(-1)
    expect(head?.role === 'assistant' ? answerText(head) : '').toMatch(/^This is an ordinary answer/u)
    expect((await storedAnswers(window)).filter(({ state }) => state === 'running')).toHaveLength(1)
  })

  it('the way back: all versions side by side, one is stopped by its menu and tried again, leaving keeps all', async () => {
    const { window } = app
    await button(window, t('compare:versions')).click()
    await shows(column(window, SLOW).getByText('00003'))
    await button(window, t('compare:menu', { name: SLOW })).click()
    await window.getByRole('menuitem', { name: t('compare:stop') }).click()
    await shows(column(window, SLOW).getByText(t('chat:line.stopped')))
    await button(window, t('compare:menu', { name: SLOW })).click()
    await window.getByRole('menuitem', { name: t('chat:actions.retry') }).click()
    await eventually(
      () => storedAnswers(window),
      (all) => all.length === 4 && all.filter(({ state }) => state === 'running').length === 1,
      'a fourth answer',
    )
    // Stop of the composer stops whatever runs.
    await button(window, t('chat:composer.stop')).click()
    await isSettled(window)
    await composer(window).press('Escape')
    await hides(keep(window, 'plain'))
    expect(await storedAnswers(window)).toHaveLength(4)
  })

  it('three that run outlive the main process, and stand side by side again', async () => {
    const { window } = app
    await compareThree(window, SLOWER)
    await composer(window).fill('Who survives?')
    await composer(window).press('Enter')
    await shows(column(window, SLOW).getByText('00003'))
    await eventually(
      () => storedAnswers(window),
      (all) =>
        all.filter((each) => answerText(each).length > 20 && each.state === 'running').length === 2 &&
        all.filter(({ state }) => state === 'complete').length === 1,
      'some words of both slow ones, and the end of the other',
    )
    await app.kill9()
    app = await launchApp({ userDataDir: app.userDataDir, isProfileKept: true })
    await app.window.getByRole('navigation').getByText('Who survives?').first().click()
    await button(app.window, t('compare:versions')).click()
    await shows(column(app.window, SLOW).getByText('00003'))
    await shows(column(app.window, SLOWER).getByText('00003'))
    await shows(column(app.window, 'plain').getByText('This is an ordinary answer'))
    const states = (await storedAnswers(app.window)).map(({ state }) => state)
    expect(states).toEqual(['complete', 'interrupted', 'interrupted'])
  })

  it('in a window below 640 one column at a time, with tabs', async () => {
    const { window } = app
    await app.electron.evaluate(({ BrowserWindow }) => {
      for (const each of BrowserWindow.getAllWindows()) if (each.isVisible()) each.setSize(520, 760)
    })
    const tabs = window.getByRole('tab')
    await shows(tabs.first())
    await expect.poll(() => tabs.count()).toBe(3)
    // F6 reaches the tabs too, and stays at the one on show.
    const region = () =>
      window.evaluate(() => document.activeElement?.closest('[data-region]')?.getAttribute('data-region') ?? '')
    await composer(window).press('Shift+F6')
    await expect.poll(region).toBe('column-1')
    await window.keyboard.press('Shift+F6')
    await expect.poll(region).toBe('tabs')
    expect(await window.evaluate(() => document.activeElement?.getAttribute('aria-selected'))).toBe('true')
    await window.keyboard.press('F6')
    await expect.poll(region).toBe('column-1')
    await tabs.first().focus()
    await window.keyboard.press('ArrowRight')
    await shows(column(window, SLOW))
    await hides(column(window, 'plain'))
    await window.keyboard.press('ArrowLeft')
    await shows(keep(window, 'plain'))
    await keep(window, 'plain').click()
    await answerHas(window, 'This is an ordinary answer')
  })
})
