import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startHttpProxy, startSocksProxy, type TestProxy } from '../support/proxies'
import { startScenarioServer, type ScenarioServer } from '../support/scenario-server'
import { launchApp, readLog, type RunningApp } from './app'
import {
  answerHas,
  ask,
  button,
  composer,
  connectTo,
  hides,
  isState,
  lastAnswer,
  set,
  setSecret,
  shows,
  storedAnswer,
  t,
} from './chat'

const KEY = 'sk-canary-0123456789abcdef'

describe('the wire view', () => {
  let app: RunningApp
  let server: ScenarioServer
  beforeAll(async () => {
    server = await startScenarioServer({ apiKey: KEY })
    app = await launchApp()
    const { profile } = await connectTo(app.window, server.url, { model: 'plain' })
    await setSecret(app.window, profile.id, KEY)
    await ask(app.window, 'What is on the wire?')
    await isState(app.window, 'complete')
  })
  afterAll(async () => {
    await app.close()
    await server.close()
  })

  const panel = () => app.window.locator('aside[data-region="wire"]')

  it('shows the request as it was sent, the secret by its last characters only', async () => {
    const page = app.window
    await page.keyboard.press('Control+Shift+Y')
    await shows(panel().getByText('/backend-api/v2/conversation'))
    await shows(panel().getByText('200 OK'))
    await shows(panel().getByText('Bearer ••••cdef'))
    await button(panel(), /^Body/u).click()
    await shows(panel().getByText('What is on the wire?').first())
    expect(await panel().innerText()).not.toContain(KEY)
    await button(panel(), /^Body/u).click()
  })

  it('lists every event with its time, and opens one by Enter', async () => {
    const list = panel().getByRole('treegrid')
    await expect.poll(() => list.getByRole('row').count()).toBeGreaterThan(10)
    await list.focus()
    await app.window.keyboard.press('ArrowDown')
    await app.window.keyboard.press('Enter')
    await shows(panel().getByText('"type"').first())
    await app.window.keyboard.press('Enter')
    await hides(panel().getByText('"type"').first())
  })

  it('copies a curl command without the secret', async () => {
    await button(panel(), t('wire:request.copyCurl')).click()
    const copied = () => app.electron.evaluate(({ clipboard }) => clipboard.readText())
    await expect.poll(copied).toContain('curl')
    const command = await copied()
    expect(command).toContain(`${server.url}/backend-api/v2/conversation`)
    expect(command).not.toContain(KEY)
  })

  it('plays the answer again: nothing is sent, and the stored answer stays as it was', async () => {
    const page = app.window
    const before = await storedAnswer(page)
    const asked = server.conversations().length
    await panel().getByText(t('wire:replay.speeds.all'), { exact: true }).click()
    await button(panel(), t('wire:replay.play')).click()
    await shows(page.getByText(t('wire:replay.nothingSent')).first())
    await answerHas(page, 'This is an ordinary answer')
    await button(panel(), t('wire:replay.end')).click()
    await hides(page.getByText(t('wire:replay.nothingSent')).first())
    expect(server.conversations()).toHaveLength(asked)
    expect(await storedAnswer(page)).toEqual(before)
  })

  it('Esc closes it and gives the focus back; nothing of the wire is on the disk or in the log', async () => {
    await app.window.keyboard.press('Escape')
    await hides(panel())
    expect(await readLog(app.userDataDir)).not.toContain('What is on the wire?')
  })

  it('About says what runs, and shows the diagnostics before they are copied', async () => {
    const page = app.window
    await page.keyboard.press('Control+,')
    await button(page, t('settings:pages.about')).click()
    await button(page, t('settings:about.diagnostics.copy')).click()
    const dialog = page.getByRole('dialog')
    const text = await dialog.locator('pre').innerText()
    expect(text).toContain('Electron')
    expect(text).not.toContain(KEY)
    expect(text).not.toContain(new URL(server.url).host)
    await button(dialog, t('settings:about.diagnostics.copy')).click()
    await expect
      .poll(() => app.electron.evaluate(({ clipboard }) => clipboard.readText()))
      .toContain(text.trim().split('\n')[0])
    await page.keyboard.press('Escape')
    await shows(composer(page))
  })
})

describe('R14: a server that asks for a pause', () => {
  let app: RunningApp
  let server: ScenarioServer
  beforeAll(async () => {
    server = await startScenarioServer()
    app = await launchApp()
    await connectTo(app.window, server.url, { model: 'retry-after:seconds=30' })
  })
  afterAll(async () => {
    await app.close()
    await server.close()
  })

  it('gets it, counted down in words; Try now ends it, and the answer comes after one more request', async () => {
    const page = app.window
    await composer(page).fill('Too early?')
    await composer(page).press('Enter')
    await shows(page.getByText(t('chat:status.pause')).first())
    expect(server.conversations()).toHaveLength(1)
    await button(page, t('chat:status.tryNow')).click()
    await answerHas(page, 'Thank you for waiting.')
    await isState(page, 'complete')
    expect(server.conversations()).toHaveLength(2)
  })

  it('Stop in the pause stops: nothing more is sent', async () => {
    const page = app.window
    await composer(page).fill('And again?')
    await composer(page).press('Enter')
    await shows(page.getByText(t('chat:status.pause')).first())
    await page.keyboard.press('Control+.')
    await isState(page, 'stopped')
    expect(server.conversations()).toHaveLength(3)
  })
})

describe('a backend behind a proxy', () => {
  let app: RunningApp
  let server: ScenarioServer
  let http: TestProxy
  let socks: TestProxy
  beforeAll(async () => {
    server = await startScenarioServer()
    http = await startHttpProxy({ login: { user: 'ada', password: 'difference-engine' } })
    socks = await startSocksProxy(5)
    app = await launchApp()
  })
  afterAll(async () => {
    await app.close()
    await Promise.all([server.close(), http.close(), socks.close()])
  })

  /** The proxies lead every name to the loopback; nothing but them knows this one. */
  const behind = () => `http://chat.parley.test:${new URL(server.url).port}`

  it('S38: a server on this computer is reached past every proxy', async () => {
    const proxy = { kind: 'own', url: http.url, user: '' } as const
    await connectTo(app.window, server.url, { proxy, model: 'plain' })
    await ask(app.window, 'Straight?')
    await isState(app.window, 'complete')
    expect(http.requests).toEqual([])
  })

  it('says that the proxy wants a login, and goes through once it has one', async () => {
    const page = app.window
    const saved = await page.evaluate(
      async ([url, proxyUrl]) => {
        const { request } = window.parley
        const list = await request['backend.list']()
        const profile = list.ok ? list.value[0]?.profile : undefined
        if (profile === undefined) throw new Error('no backend')
        const away = { ...profile, url, proxy: { kind: 'own' as const, url: proxyUrl, user: 'ada' } }
        const result = await request['backend.save'](away)
        return result.ok ? profile.id : null
      },
      [behind(), http.url] as const,
    )
    expect(saved).not.toBeNull()
    await page.keyboard.press('Control+N')
    await ask(page, 'Through?')
    const refused = await isState(page, 'failed')
    expect(refused.error).toMatchObject({ code: 'proxy', reason: 'login' })
    await shows(lastAnswer(page).getByText(t('errors:proxy.login.title')).first())

    await page.evaluate(
      async (id) =>
        window.parley.request['backend.setSecret']({
          name: { backendId: id, field: 'proxy-password' },
          value: 'difference-engine',
          storeUnprotected: false,
        }),
      saved ?? '',
    )
    await page.keyboard.press('Control+N')
    await ask(page, 'And now?')
    await isState(page, 'complete')
    expect(http.requests.at(-1)).toMatchObject({ host: 'chat.parley.test' })
    // What the proxy was told is for the proxy alone.
    expect(JSON.stringify(server.requests)).not.toContain('proxy-authorization')
  })

  it('SOCKS: the proxy resolves the name', async () => {
    const page = app.window
    await page.evaluate(async (proxyUrl) => {
      const { request } = window.parley
      const list = await request['backend.list']()
      const profile = list.ok ? list.value[0]?.profile : undefined
      if (profile === undefined) throw new Error('no backend')
      await request['backend.save']({ ...profile, proxy: { kind: 'own', url: proxyUrl, user: '' } })
    }, socks.url)
    await set(page, { theme: 'light' })
    await page.keyboard.press('Control+N')
    await ask(page, 'Through SOCKS?')
    await isState(page, 'complete')
    expect(socks.requests.at(-1)).toMatchObject({ kind: 'socks5', host: 'chat.parley.test' })
  })
})
