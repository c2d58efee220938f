import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { answerText } from '../../src/shared/conversation'
import { closing, hold, opening, say, stream } from '../support/player/scenarios'
import { startScenarioServer, type ScenarioServer } from '../support/scenario-server'
import { launchApp, type RunningApp } from './app'
import { answerHas, ask, begins, button, composer, connectTo, hides, isState, lastAnswer, shows, t } from './chat'

describe('stop (R09)', () => {
  let app: RunningApp
  let server: ScenarioServer
  beforeAll(async () => {
    server = await startScenarioServer()
    app = await launchApp()
    await connectTo(app.window, server.url)
  })
  afterAll(async () => {
    await app.close()
    await server.close()
  })
  beforeEach(async () => {
    server.requests.length = 0
    await app.window.keyboard.press('Control+n')
  })

  /** From the moment of the press itself, as the page was told it: what Playwright does before it is not the app's time. */
  const stopAndMeasure = async (kind: 'click' | 'keydown', press: () => Promise<void>): Promise<number> => {
    const request = server.conversations()[0]!
    const pressedAt = await app.window.evaluateHandle((name) => {
      const seen: number[] = []
      addEventListener(name, (event) => seen.push(performance.timeOrigin + event.timeStamp), { capture: true })
      return seen
    }, kind)
    await press()
    await server.until(() => request.closedMs !== null, 'the client closes the connection')
    expect(request.isAborted).toBe(true)
    // A chord is several presses; the last one stops.
    return performance.timeOrigin + request.closedMs! - (await pressedAt.jsonValue()).at(-1)!
  }

  it('before the first byte: the server sees the end within 250 ms, the question stays', async () => {
    const { window } = app
    server.next(stream([hold, ...say('never')]))
    await ask(window, 'A slow question')
    await server.until(() => typeof server.conversations()[0]?.receivedMs === 'number', 'the question is there')
    await shows(button(window, t('chat:composer.stop')))
    expect(await stopAndMeasure('click', () => button(window, t('chat:composer.stop')).click())).toBeLessThan(250)
    const answer = await isState(window, 'stopped')
    expect(answer).toMatchObject({ error: null, content: [] })
    await hides(button(window, t('chat:composer.stop')))
    await shows(window.getByText('A slow question').first())
  })

  it('in the middle, by keyboard: what arrived is kept, and the composer is ready', async () => {
    const { window } = app
    server.next(stream([...opening(), ...say('One ', 'two ', 'three '), hold, ...say('never')]))
    await ask(window, 'Count')
    await answerHas(window, 'One two three')
    expect(await stopAndMeasure('keydown', () => window.keyboard.press('Control+.'))).toBeLessThan(250)
    const answer = await isState(window, 'stopped')
    expect(answerText(answer)).toBe('One two three ')
    await answerHas(window, 'One two three')
    await composer(window).fill('Next')
    expect(await composer(window).inputValue()).toBe('Next')
    await composer(window).fill('')
  })

  it('Continue goes on in the same answer; one POST, with the cut answer as history', async () => {
    const { window } = app
    server.next(
      stream([...opening(), ...say('Half '), { do: 'reset' }]),
      stream([...opening(), ...say('and half.'), ...closing(2)]),
    )
    await ask(window, 'Say it')
    await isState(window, 'interrupted')
    await begins(window, () => button(lastAnswer(window), t('common:continue')).click())
    await isState(window, 'complete')
    expect(server.conversations()).toHaveLength(2)
    expect(JSON.stringify(server.conversations()[1]?.json.messages)).toContain('Half ')
    await answerHas(window, /and half\./)
  })
})
