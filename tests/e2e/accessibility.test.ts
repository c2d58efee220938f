import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { closing, hold, opening, say, stream } from '../support/player/scenarios'
import { startScenarioServer, type ScenarioServer } from '../support/scenario-server'
import { launchApp, type RunningApp } from './app'
import {
  answerHas,
  ask,
  begins,
  button,
  composer,
  connectTo,
  isSettled,
  isState,
  setTheme,
  shows,
  t,
  themes,
} from './chat'

interface Violation {
  id: string
  impact: string | null
  nodes: { target: unknown[]; failureSummary?: string }[]
}

const axeSource = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Serious and critical findings of axe. Its source comes in through the debugger, past the page's CSP. */
async function findings(page: Page): Promise<string[]> {
  await page.evaluate(axeSource)
  const violations = await page.evaluate(async () => {
    const { axe } = window as unknown as {
      axe: { run(root: Document, options: object): Promise<{ violations: Violation[] }> }
    }
    const { violations: found } = await axe.run(document, { resultTypes: ['violations'] })
    return found
  })
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes.map((node) => `${id}: ${JSON.stringify(node.target)} ${node.failureSummary ?? ''}`),
    )
}

const overflow = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)

describe('accessibility', () => {
  let app: RunningApp
  let server: ScenarioServer
  beforeAll(async () => {
    server = await startScenarioServer()
    app = await launchApp()
  })
  afterAll(async () => {
    await app.close()
    await server.close()
  })

  const holdsInBothThemes = async (page: Page, what: string): Promise<void> => {
    for (const theme of themes) {
      await setTheme(app.window, page, theme)
      expect(await findings(page), `${what}, ${theme}`).toEqual([])
    }
  }

  it('first run: no serious finding in either theme', async () => {
    await shows(app.window.getByRole('heading').first())
    await holdsInBothThemes(app.window, 'first run')
  })

  it('an empty chat, a running answer, a finished one and a failed one', async () => {
    const { window } = app
    await connectTo(window, server.url)
    await holdsInBothThemes(window, 'new chat')
    server.next(
      stream([
        ...opening(),
        ...say('# A heading\n\nText with `code` and [a link](https://example.org).\n\n```ts\nconst a = 1\n```\n\n'),
        hold,
        ...say('| a | b |\n| - | - |\n| 1 | 2 |\n\n- one\n- two\n'),
        ...closing(5),
      ]),
    )
    await ask(window, 'Show me everything')
    await answerHas(window, 'A heading')
    await holdsInBothThemes(window, 'running answer')
    server.release()
    await isState(window, 'complete')
    await isSettled(window)
    await holdsInBothThemes(window, 'finished answer')
    server.next(stream([...opening(), ...say('Half an '), { do: 'reset' }]))
    await ask(window, 'And now?')
    await isState(window, 'interrupted')
    await isSettled(window)
    await holdsInBothThemes(window, 'interrupted answer')
  })

  it('the wire view beside an answer', async () => {
    const { window } = app
    await window.keyboard.press('Control+Shift+Y')
    await shows(window.locator('aside[data-region="wire"]').getByRole('treegrid'))
    await holdsInBothThemes(window, 'wire view')
    await window.keyboard.press('Escape')
  })

  it('each page of the settings', async () => {
    const { window } = app
    await window.keyboard.press('Control+,')
    const pages = ['backends', 'appearance', 'general', 'quick-ask', 'shortcuts', 'privacy', 'about']
    for (const page of pages) {
      await window
        .getByRole('navigation')
        .getByRole('button', { name: t(`settings:pages.${page}`), exact: true })
        .click()
      await holdsInBothThemes(window, `settings, ${page}`)
    }
    await window.keyboard.press('Escape')
    await shows(composer(window))
  })

  it('quick ask', async () => {
    const page = await app.quickAsk()
    await app.window.evaluate(() => window.parley.request['quickAsk.show']())
    await shows(page.getByRole('textbox'))
    await holdsInBothThemes(page, 'quick ask')
    await page.keyboard.press('Escape')
  })

  it('420 pixels wide: nothing is wider than the window', async () => {
    const { window } = app
    const resize = (width: number) =>
      app.electron.evaluate(({ BrowserWindow }, wanted) => {
        for (const each of BrowserWindow.getAllWindows()) {
          if (!each.webContents.getURL().includes('index.html')) continue
          each.setMinimumSize(320, 320)
          each.setSize(wanted, 800)
        }
      }, width)
    await resize(420)
    await expect.poll(() => window.evaluate(() => innerWidth)).toBeLessThanOrEqual(420)
    expect(await overflow(window)).toBe(0)
    expect(await findings(window)).toEqual([])
    await window.keyboard.press('Control+,')
    await shows(
      button(window, t('settings:back'))
        .or(window.getByText(t('settings:back')))
        .first(),
    )
    expect(await overflow(window)).toBe(0)
    await window.keyboard.press('Escape')
    await resize(1280)
  })
})

describe('by keyboard alone', () => {
  it('from the first run to an answer, settings and back, without a pointer', async () => {
    const server = await startScenarioServer()
    const app = await launchApp()
    const { window } = app
    const tabTo = async (name: string | RegExp) => {
      const target = window.getByRole('button', { name })
      await shows(target.first())
      for (let presses = 0; presses < 30; presses += 1) {
        if (await target.first().evaluate((element) => element === document.activeElement)) return
        await window.keyboard.press('Tab')
      }
      throw new Error(`Tab never reaches ${String(name)}`)
    }
    await tabTo(t('first-run:startGuide'))
    await window.keyboard.press('Enter')
    await shows(composer(window))
    await expect.poll(() => composer(window).evaluate((field) => field === document.activeElement)).toBe(true)
    await window.keyboard.type('Which keys are there?')
    await window.keyboard.press('Shift+Enter')
    await window.keyboard.type('All of them.')
    await begins(window, () => window.keyboard.press('Enter'))
    await isState(window, 'complete')
    await window.keyboard.press('Control+,')
    await shows(window.getByText(t('settings:back')).first())
    await window.keyboard.press('Escape')
    await expect.poll(() => composer(window).evaluate((field) => field === document.activeElement)).toBe(true)
    await window.keyboard.press('Control+n')
    expect(await composer(window).inputValue()).toBe('')
    // F6 walks through the areas and comes back to where it began.
    const areas = new Set<string>()
    for (let presses = 0; presses < 4; presses += 1) {
      await window.keyboard.press('F6')
      areas.add(
        await window.evaluate(
          () => document.activeElement?.closest('nav, header, [role=log], form, main')?.tagName ?? '',
        ),
      )
    }
    expect(areas.size).toBeGreaterThan(1)
    await app.close()
    await server.close()
  })
})
