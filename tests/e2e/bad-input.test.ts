import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { AppErrorCode } from '../../src/shared/errors'
import type { AnswerState } from '../../src/shared/conversation'
import { answerText } from '../../src/shared/conversation'
import { page as pageAnswer, scenario } from '../support/player/scenarios'
import { startScenarioServer, type Scenario, type ScenarioServer } from '../support/scenario-server'
import { launchApp, type RunningApp } from './app'
import {
  answerHas,
  ask,
  begins,
  button,
  connectTo,
  detailOf,
  isSettled,
  isState,
  lastAnswer,
  shows,
  t,
  titleOf,
} from './chat'

/** One line of "Bad input" of the issue: what the server does, how the answer ends, and what of it is kept. */
interface BadInput {
  name: string
  scenario: Scenario
  state: AnswerState
  code: AppErrorCode | null
  kept: string
}

const some = 'Some words had arrived before this. '
const inputs: BadInput[] = [
  {
    name: 'a wrong address: another web server answers 404 with a page',
    scenario: pageAnswer(404, 'text/html', '<!doctype html><title>404 Not Found</title><h1>Not Found</h1>'),
    state: 'failed',
    code: 'http',
    kept: '',
  },
  {
    name: 'R21: HTML instead of a stream',
    scenario: scenario('html'),
    state: 'failed',
    code: 'not-a-stream',
    kept: '',
  },
  {
    name: 'R17: broken JSON between good events',
    scenario: scenario('broken-json'),
    state: 'complete',
    code: null,
    kept: 'Before. After.',
  },
  {
    name: 'R17: nothing but broken JSON',
    scenario: scenario('nonsense'),
    state: 'failed',
    code: 'protocol',
    kept: some,
  },
  {
    name: 'R20: a line of more than 32 MB',
    scenario: scenario('huge-line'),
    state: 'failed',
    code: 'too-large',
    kept: some,
  },
  { name: 'R21: an empty answer', scenario: scenario('empty'), state: 'failed', code: 'empty-answer', kept: '' },
  {
    name: 'R16: a connection cut inside a chunk',
    scenario: scenario('cut'),
    state: 'interrupted',
    code: 'connection-lost',
    kept: some,
  },
  {
    name: 'R16: a connection that is reset',
    scenario: scenario('reset'),
    state: 'interrupted',
    code: 'connection-lost',
    kept: some,
  },
  {
    name: 'R16: less than Content-Length promised',
    scenario: scenario('long-length'),
    state: 'interrupted',
    code: 'connection-lost',
    kept: some,
  },
  {
    name: 'R18: an error event in the middle',
    scenario: scenario('error'),
    state: 'failed',
    code: 'backend',
    kept: some,
  },
  { name: 'an auth event', scenario: scenario('auth'), state: 'failed', code: 'provider-auth', kept: '' },
  { name: '401 of the server', scenario: scenario('unauthorized'), state: 'failed', code: 'unauthorized', kept: '' },
  {
    name: 'S33: a redirect to another origin',
    scenario: scenario('redirect'),
    state: 'failed',
    code: 'redirect',
    kept: '',
  },
  { name: '503 and a page', scenario: scenario('bad-gateway'), state: 'failed', code: 'http', kept: '' },
  {
    name: 'R15: a clean end without finish',
    scenario: scenario('end-early'),
    state: 'complete-unconfirmed',
    code: null,
    kept: some,
  },
]

describe('bad input: each its own state, one sentence, what arrived is kept, one request', () => {
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
    await app.window.keyboard.press('Control+n')
    server.requests.length = 0
  })

  it.each(inputs)('$name', async ({ scenario: played, state, code, kept }) => {
    const { window } = app
    server.next(played)
    await ask(window, 'What happens now?')
    await expect.poll(() => server.conversations().length).toBe(1)
    const answer = await isState(window, state)
    expect(answer.error?.code ?? null).toBe(code)
    expect(answerText(answer)).toBe(kept)
    await isSettled(window)
    if (answer.error !== null) {
      await shows(lastAnswer(window).getByText(titleOf(answer.error)).first())
      const detail = detailOf(answer.error)
      if (detail !== '' && code !== 'connection-lost')
        await shows(lastAnswer(window).getByText(detail.slice(0, 60)).first())
    }
    if (kept !== '') await answerHas(window, kept.trim())
    // R13: nothing that may have been processed is sent again.
    expect(server.conversations()).toHaveLength(1)
  })

  it('an unreachable address, and Retry once the server is back', async () => {
    const { window } = app
    const gone = await startScenarioServer()
    await connectTo(window, gone.url)
    await gone.close()
    await window.keyboard.press('Control+n')
    await ask(window, 'Is anybody there?')
    const answer = await isState(window, 'failed', 15_000)
    expect(answer.error).toMatchObject({ code: 'unreachable', reason: 'refused', port: gone.port })
    await shows(lastAnswer(window).getByText(titleOf(answer.error!)).first())

    const back = await startScenarioServer({ port: gone.port })
    await begins(window, () => button(lastAnswer(window), t('common:retry')).click())
    await isState(window, 'complete')
    await answerHas(window, 'This is an ordinary answer')
    expect(back.conversations()).toHaveLength(1)
    expect(back.conversations()[0]?.json.messages).toEqual([{ role: 'user', content: 'Is anybody there?' }])
    await back.close()
  })
})
