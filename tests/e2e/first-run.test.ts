import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startScenarioServer, type ScenarioServer } from '../support/scenario-server'
import { launchApp, type RunningApp } from './app'
import {
  answerHas,
  ask,
  begins,
  button,
  collectEvents,
  composer,
  detailOf,
  isSettled,
  isState,
  lastAnswer,
  shows,
  storedText,
  t,
  tRu,
} from './chat'

describe('first run', () => {
  let app: RunningApp
  beforeAll(async () => {
    app = await launchApp()
  })
  afterAll(() => app.close())

  it('asks where answers come from; Enter on the Guide opens a chat with it', async () => {
    const { window } = app
    await shows(window.getByRole('heading', { name: t('first-run:title') }))
    await button(window, t('first-run:startGuide')).click()
    await shows(composer(window))
    await expect.poll(() => composer(window).evaluate((field) => field === document.activeElement)).toBe(true)
  })

  it('the Guide answers a typed question: streamed, with its provider line, the page it read, and suggestions', async () => {
    const { window } = app
    const events = await collectEvents(window)
    await window.keyboard.type('How do I connect a server?')
    await begins(window, () => window.keyboard.press('Enter'))
    const answer = await isState(window, 'complete')
    await isSettled(window)
    // Main knows the end a frame before the window.
    await expect.poll(async () => (await events()).map((event) => event.part.type)).toContain('finish')
    const types = (await events()).map((event) => event.part.type)
    expect(types.filter((type) => type === 'text-delta').length).toBeGreaterThan(3)
    expect(types.filter((type) => type === 'finish')).toHaveLength(1)
    expect(types.at(-1)).toBe('finish')
    expect((await events()).map((event) => event.seq)).toEqual(types.map((_, index) => index + 1))
    expect(answer.provider?.name).toBe('Guide')
    await expect.poll(() => lastAnswer(window).innerText()).toMatch(/server/i)
    expect(answer.suggestions.length).toBeGreaterThan(0)
    for (const suggestion of answer.suggestions) await shows(button(window, suggestion))
  })

  it('a suggestion asks the next question', async () => {
    const { window } = app
    const [suggestion = ''] = (await isState(window, 'complete')).suggestions
    await begins(window, () => button(window, suggestion).click())
    await isState(window, 'complete')
    await isSettled(window)
  })

  it('says so when nothing fits, and never makes something up', async () => {
    const { window } = app
    await ask(window, 'xylophone quasar borscht')
    await isState(window, 'complete')
    expect(await storedText(window)).toContain(t('guide:nothing').split('.')[0])
  })
})

describe('first run, with a server', () => {
  let server: ScenarioServer
  beforeAll(async () => {
    server = await startScenarioServer()
  })
  afterAll(() => server.close())

  it('connects by a typed address without a scheme, and asks over real HTTP', async () => {
    const app = await launchApp()
    const { window } = app
    await window.getByRole('textbox').fill(`127.0.0.1:${server.port}`)
    await button(window, t('first-run:connectButton')).click()
    await shows(composer(window))
    await ask(window, 'Hello over the wire')
    await answerHas(window, 'This is an ordinary answer of the scenario server')
    await isState(window, 'complete')
    const [request] = server.conversations()
    expect(server.conversations()).toHaveLength(1)
    expect(request?.headers).toMatchObject({ 'accept-encoding': 'identity', accept: 'text/event-stream' })
    expect(request?.json.messages).toEqual([{ role: 'user', content: 'Hello over the wire' }])
    expect(request?.json.timeout).toBeTypeOf('number')
    await app.close()
  })

  it('says why an address does not work, beside the field, and keeps what was typed', async () => {
    const app = await launchApp()
    const { window } = app
    const closed = await startScenarioServer()
    await closed.close()
    await window.getByRole('textbox').fill(`127.0.0.1:${closed.port}`)
    await button(window, t('first-run:connectButton')).click()
    const refused = { code: 'unreachable', reason: 'refused', host: '127.0.0.1', port: closed.port } as const
    await shows(window.getByText(detailOf(refused)))
    expect(await window.getByRole('textbox').inputValue()).toContain(`127.0.0.1:${closed.port}`)
    await app.close()
  })
})

describe('first run in Russian', () => {
  it('speaks the language of the desktop, and so does the Guide', async () => {
    const app = await launchApp({ locale: 'ru' })
    const { window } = app
    await shows(window.getByRole('heading', { name: tRu('first-run:title') }))
    await button(window, tRu('first-run:startGuide')).click()
    await ask(window, 'Как подключить сервер?')
    await isState(window, 'complete')
    expect(await storedText(window)).toMatch(/сервер/i)
    expect(await window.evaluate(() => document.documentElement.lang)).toBe('ru')
    await app.close()
  })
})
