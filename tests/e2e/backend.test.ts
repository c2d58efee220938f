import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startScenarioServer, type ScenarioServer } from '../support/scenario-server'
import { launchApp, readLog, type RunningApp } from './app'
import {
  answerHas,
  ask,
  begins,
  backends,
  button,
  composer,
  connectTo,
  everythingKnown,
  isState,
  lastAnswer,
  shows,
  t,
  titleOf,
} from './chat'

const KEY = 'sk-canary-0123456789abcdef'
const HEADER_VALUE = 'header-canary-fedcba987654'

/** A field by its exact name: of a password field, which has no role, as well. */
const field = (page: Page, name: string) => page.locator('input').and(page.getByLabel(name, { exact: true }))

describe('a backend with a key and headers', () => {
  let app: RunningApp
  let server: ScenarioServer
  beforeAll(async () => {
    server = await startScenarioServer({ apiKey: KEY })
    app = await launchApp()
    await connectTo(app.window, server.url)
  })
  afterAll(async () => {
    await app.close()
    await server.close()
  })

  it('without the key the answer says what is missing, and keeps the question', async () => {
    const { window } = app
    await ask(window, 'May I?')
    const answer = await isState(window, 'failed')
    expect(answer.error?.code).toBe('unauthorized')
    await shows(lastAnswer(window).getByText(titleOf(answer.error!)).first())
    await shows(window.getByText('May I?').first())
  })

  it('the settings take a key and a secret header; the server then gets both with the next question', async () => {
    const { window } = app
    await window.keyboard.press('Control+,')
    await button(window, t('settings:secret.enterA.key')).first().click()
    await field(window, t('settings:backends.key')).fill(KEY)
    await window.keyboard.press('Enter')
    await shows(window.getByText(t('settings:secret.set')).first())

    await button(window, t('settings:headers.add')).click()
    await field(window, t('settings:headers.nameOf', { index: 1 })).fill('X-Team')
    await field(window, t('settings:headers.valueOf', { name: 'X-Team' })).fill('blue')
    await button(window, t('settings:headers.add')).click()
    await field(window, t('settings:headers.nameOf', { index: 2 })).fill('X-Token')
    await window.getByRole('switch', { name: t('settings:headers.secretOf', { name: 'X-Token' }) }).click()
    await window.getByRole('button', { name: t('settings:headers.enterValue') }).click()
    await field(window, t('settings:headers.valueOf', { name: 'X-Token' })).fill(HEADER_VALUE)
    await window.keyboard.press('Enter')
    await expect
      .poll(async () =>
        (await backends(window)).flatMap((view) => Object.values(view.headerSecrets).map(({ kind }) => kind)),
      )
      .toEqual(['set'])
    await window.keyboard.press('Escape')
    await shows(composer(window))

    server.requests.length = 0
    await begins(window, () => button(lastAnswer(window), t('chat:actions.retry')).click())
    await isState(window, 'complete')
    await answerHas(window, 'This is an ordinary answer')
    const [request] = server.conversations()
    expect(request?.headers).toMatchObject({
      authorization: `Bearer ${KEY}`,
      'x-team': 'blue',
      'x-token': HEADER_VALUE,
    })
  })

  it('S28: no page ever holds a secret again', async () => {
    const { window } = app
    const known = await everythingKnown(window)
    expect(known).toContain('X-Token')
    expect(known).not.toContain(KEY)
    expect(known).not.toContain(HEADER_VALUE)
  })

  it('S25, S30: no file of the profile holds one either, the log included', async () => {
    const names = await readdir(app.userDataDir, { recursive: true, withFileTypes: true })
    const files = names.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name))
    expect(files.length).toBeGreaterThan(3)
    const forms = [KEY, HEADER_VALUE].flatMap((secret) => [
      Buffer.from(secret),
      Buffer.from(secret, 'utf16le'),
      Buffer.from(Buffer.from(secret).toString('base64')),
      Buffer.from(Buffer.from(secret).toString('hex')),
    ])
    for (const file of files) {
      const bytes = await readFile(file).catch(() => Buffer.alloc(0))
      for (const form of forms)
        expect(bytes.includes(form), `a secret in ${path.relative(app.userDataDir, file)}`).toBe(false)
    }
    expect(await readLog(app.userDataDir)).not.toContain('May I?')
  })

  it('the connection test says that the server answers, and how many providers it has', async () => {
    const { window } = app
    await window.keyboard.press('Control+,')
    await button(window, t('settings:backends.test')).click()
    await shows(window.getByText(t('settings:test.reachable'), { exact: true }).first())
    await shows(window.getByText(t('settings:test.providers', { count: 3 }), { exact: true }))
    await window.keyboard.press('Escape')
  })
})
