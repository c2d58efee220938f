import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { wholeFingerprint } from '../../src/renderer/certificate/fingerprint'
import { startScenarioServer, type ScenarioServer } from '../support/scenario-server'
import { startTlsServer, type TlsServer } from '../support/tls-servers'
import { launchApp, type RunningApp } from './app'
import {
  answerHas,
  ask,
  backends,
  begins,
  button,
  composer,
  connectTo,
  hides,
  isState,
  lastAnswer,
  setSecret,
  shows,
  t,
} from './chat'

const KEY = 'sk-canary-0123456789abcdef'

const address = (page: Page) => page.getByLabel(t('settings:backends.address'), { exact: true })

/** All that a server was told, headers and bodies. */
const told = (server: ScenarioServer): string =>
  JSON.stringify(server.requests.map(({ headers, body }) => [headers, body]))

describe('S35: secrets and a new address', () => {
  let app: RunningApp
  let first: ScenarioServer
  let second: ScenarioServer
  beforeAll(async () => {
    first = await startScenarioServer({ apiKey: KEY })
    second = await startScenarioServer({ apiKey: KEY })
    app = await launchApp()
    const { profile } = await connectTo(app.window, first.url)
    await setSecret(app.window, profile.id, KEY)
  })
  afterAll(async () => {
    await app.close()
    await first.close()
    await second.close()
  })

  it('asks directly after the change; until then, and after a no, the new server is told nothing of them', async () => {
    const { window } = app
    await window.keyboard.press('Control+,')
    await address(window).fill(second.url)
    await window.keyboard.press('Enter')
    const question = t('settings:move.question', { origins: first.url, present: second.url })
    await shows(window.getByText(question))
    await shows(window.getByText(t('settings:address.asksForKey', { url: second.url })))
    expect(second.requests.length).toBeGreaterThan(0)
    expect(told(second)).not.toContain(KEY)

    await button(window, t('settings:move.keep', { origins: first.url })).click()
    await hides(window.getByText(question))
    await shows(
      window.getByText(t('settings:secret.otherOrigin', { origin: first.url, present: second.url }), { exact: true }),
    )
    await window.keyboard.press('Escape')
    await ask(window, 'May I?')
    await isState(window, 'failed')
    expect(told(second)).not.toContain(KEY)
  })

  it('sends them there once the person has agreed', async () => {
    const { window } = app
    await window.keyboard.press('Control+,')
    await button(window, t('settings:secret.moveTo', { origin: second.url })).click()
    await button(window, t('settings:move.use', { present: second.url })).click()
    await expect
      .poll(async () => (await backends(window)).map(({ apiKey }) => (apiKey.kind === 'set' ? apiKey.origin : null)))
      .toContain(second.url)
    await window.keyboard.press('Escape')
    await shows(composer(window))
    await begins(window, () => button(lastAnswer(window), t('chat:actions.retry')).click())
    await answerHas(window, 'This is an ordinary answer')
    expect(second.conversations().at(-1)?.headers.authorization).toBe(`Bearer ${KEY}`)
  })
})

describe('S37: a certificate that nobody vouches for', () => {
  let app: RunningApp
  let behind: ScenarioServer
  let server: TlsServer
  beforeAll(async () => {
    behind = await startScenarioServer()
    server = await startTlsServer({ certificate: 'self-signed', target: behind.port })
    app = await launchApp()
  })
  afterAll(async () => {
    await app.close()
    await server.close()
    await behind.close()
  })

  it('is shown before anything is sent; Esc leaves it untrusted', async () => {
    const { window } = app
    await window.getByRole('textbox').fill(server.url)
    await window.keyboard.press('Enter')
    await shows(
      window.getByRole('dialog', { name: t('certificate:unknown.title', { name: new URL(server.url).host }) }),
    )
    await expect.poll(() => window.evaluate(() => document.activeElement?.textContent)).toBe(t('common:cancel'))
    await window.keyboard.press('Escape')
    await hides(window.getByRole('dialog'))
    expect(await window.getByRole('textbox').inputValue()).toBe(server.url)
    // Where the next Enter goes.
    await expect
      .poll(() => window.getByRole('textbox').evaluate((element) => element === document.activeElement))
      .toBe(true)
    expect(behind.requests).toEqual([])
  })

  it('trusted, after its fingerprint was compared, it is the one of this backend and of no other', async () => {
    const { window } = app
    await window.keyboard.press('Enter')
    const dialog = window.getByRole('dialog')
    const trust = button(dialog, t('certificate:unknown.trust', { name: new URL(server.url).host }))
    const given = dialog.getByRole('textbox')
    const shown = (await dialog.locator('code').innerText()).replaceAll('\n', ':')
    await given.fill(shown.replace(/^../u, (byte) => (byte === '00' ? '01' : '00')))
    await shows(dialog.getByText(t('certificate:field.differs', { count: 1, ordinal: 'true' })))
    expect(await trust.getAttribute('aria-disabled')).toBe('true')
    await given.fill(shown.replaceAll(':', '').toLowerCase())
    await shows(dialog.getByText(t('certificate:field.same')))
    await trust.click()
    await shows(composer(window))
    await ask(window, 'Hello over TLS')
    await answerHas(window, 'This is an ordinary answer')
    const [view] = await backends(window)
    const pinned = view?.profile.trust
    expect(pinned?.kind === 'pinned' && wholeFingerprint(pinned.certificate.sha256)).toBe(shown)
  })

  it('changed, it stops everything and says so at once; nothing in the dialog accepts the new one', async () => {
    const { window } = app
    const before = behind.requests.length
    server.present('self-signed-2')
    await ask(window, 'To whom do I speak?')
    const answer = await isState(window, 'failed')
    expect(answer.error).toMatchObject({ code: 'certificate', reason: 'changed' })
    const dialog = window.getByRole('alertdialog')
    await shows(dialog)
    expect(await dialog.getByRole('button').allInnerTexts()).toEqual([
      t('certificate:changed.copyBoth'),
      t('certificate:changed.openSettings'),
      t('certificate:changed.stay'),
    ])
    await button(dialog, t('certificate:changed.stay')).click()
    await hides(dialog)
    expect(behind.requests.length).toBe(before)
    expect(server.received()).not.toContain('To whom do I speak')
  })
})
