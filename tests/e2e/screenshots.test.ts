import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { jpeg, picture } from '../support/images'
import { closing, hold, opening, say, scenario, stream } from '../support/player/scenarios'
import { startScenarioServer, type ScenarioServer } from '../support/scenario-server'
import { launchApp, type RunningApp } from './app'
import {
  answerHas,
  ask,
  composer,
  connectTo,
  dropFiles,
  hides,
  isSettled,
  isState,
  lastAnswer,
  set,
  setTheme,
  shows,
  t,
  themes,
  tRu,
} from './chat'

const MARKDOWN = `Buffering is the reason: something between the server and you holds the stream back.

1. Turn \`proxy_buffering\` **off**
2. Turn \`gzip\` off for this location

\`\`\`nginx
location /backend-api/ {
  proxy_pass          http://127.0.0.1:1337;
  proxy_http_version  1.1;
  proxy_buffering     off;   # send each chunk as it comes
}
\`\`\`

| Directive | Default | For a stream |
| --- | --- | --- |
| \`proxy_buffering\` | on | off |
| \`gzip\` | on | off |

Below $b = 5$ text reads as a steady flow.
`

/**
 * A picture of every state, in both themes, for eyes and for the README: `npm run test:e2e -- screenshots` writes them to
 * screenshots/. What a test can judge of them, the other files test; here each state must be reached, without an error.
 */
describe('pictures', () => {
  let app: RunningApp
  let server: ScenarioServer
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'parley-pictures-'))
    server = await startScenarioServer()
    app = await launchApp()
  })
  afterAll(async () => {
    await app.close()
    await server.close()
    await rm(folder, { recursive: true, force: true })
  })

  /** The state as it is, in light and dark. */
  const photograph = async (name: string, page = app.window): Promise<void> => {
    for (const theme of themes) {
      await setTheme(app.window, page, theme)
      await app.screenshot(`${name}-${theme}`, page)
    }
  }

  it('first run, and the Guide answering', async () => {
    const { window } = app
    await shows(window.getByRole('heading', { name: t('first-run:title') }))
    await photograph('01-first-run')
    await set(window, { activeBackendId: 'guide' })
    await shows(composer(window))
    await photograph('02-new-chat')
    await ask(window, 'How do I connect a server?')
    await isState(window, 'complete')
    await isSettled(window)
    await photograph('03-guide')
  })

  it('an answer while it is written, and finished', async () => {
    const { window } = app
    await connectTo(window, server.url, { name: 'Home server', provider: 'Lab', model: 'echo' })
    await window.keyboard.press('Control+n')
    const half = MARKDOWN.indexOf('| Directive')
    server.next(
      stream([
        ...opening('llama-3.3-70b', 'DeepInfra'),
        ...say(MARKDOWN.slice(0, half)),
        hold,
        ...say(MARKDOWN.slice(half)),
        {
          do: 'send',
          bytes: Buffer.from(
            'event: suggestions\ndata: {"type": "suggestions", "suggestions": ["Test it with curl", "Is gzip safe for JSON?"]}\n\n',
          ),
        },
        ...closing(80, 'llama-3.3-70b', 'DeepInfra'),
      ]),
    )
    await ask(window, 'Why do my tokens arrive in bursts behind nginx?')
    await answerHas(window, /proxy_http_version/)
    await photograph('04-writing')
    server.release()
    await isState(window, 'complete')
    await isSettled(window)
    await photograph('05-finished')
  })

  it('images ready and refused, and sent', async () => {
    const { window } = app
    await window.keyboard.press('Control+n')
    const files = { 'flow.png': picture(640, 400), 'photo.jpg': jpeg(), 'notes.heic': Buffer.from('no image') }
    for (const [name, bytes] of Object.entries(files)) await writeFile(path.join(folder, name), bytes)
    await dropFiles(
      window,
      Object.keys(files).map((name) => path.join(folder, name)),
    )
    await shows(window.getByText('640×400').first())
    await shows(window.getByRole('group', { name: 'photo.jpg' }).getByText(/6×4/))
    await shows(window.getByText('notes.heic').first())
    await photograph('06-images')
    await window.getByRole('button', { name: t('chat:composer.remove', { name: 'notes.heic' }) }).click()
    await ask(window, 'What is in these?')
    await isState(window, 'complete')
    await isSettled(window)
    await photograph('07-images-sent')
  })

  it.each([
    ['08-interrupted', 'reset', 'interrupted'],
    ['09-error', 'error', 'failed'],
    ['10-key', 'auth', 'failed'],
    ['11-not-a-backend', 'html', 'failed'],
    ['12-reasoning', 'reasoning', 'complete'],
    ['13-attempts', 'fallback', 'complete'],
    ['14-extras', 'extras', 'complete'],
  ] as const)('%s', async (name, mode, state) => {
    const { window } = app
    await window.keyboard.press('Control+n')
    server.next(scenario(mode))
    await ask(window, 'What does this look like?')
    await isState(window, state)
    await isSettled(window)
    await photograph(name)
  })

  it('the wire view, and a replay in it', async () => {
    const { window } = app
    await window.keyboard.press('Control+Shift+Y')
    const panel = window.locator('aside[data-region="wire"]')
    await shows(panel.getByRole('treegrid'))
    await photograph('17-wire')
    await panel.getByText(t('wire:replay.speeds.all'), { exact: true }).click()
    await panel.getByRole('button', { name: t('wire:replay.play'), exact: true }).click()
    await shows(window.getByText(t('wire:replay.nothingSent')).first())
    await photograph('18-wire-replay')
    await panel.getByRole('button', { name: t('wire:replay.end'), exact: true }).click()
    await window.keyboard.press('Escape')
    await hides(panel)
  })

  it('a picture as an answer', async () => {
    const { window } = app
    await window.keyboard.press('Control+n')
    server.next(scenario('media'))
    await ask(window, 'Draw two pictures')
    await isState(window, 'complete')
    await isSettled(window)
    await shows(window.getByRole('img', { name: 'two squares' }).last())
    await photograph('19-media')
  })

  it('waiting, and stopped', async () => {
    const { window } = app
    await window.keyboard.press('Control+n')
    server.next(scenario('silent'))
    await ask(window, 'A slow question')
    await shows(
      lastAnswer(window)
        .getByText(/Waiting for provider/)
        .first(),
    )
    await photograph('15-waiting')
    await window.keyboard.press('Control+.')
    await isState(window, 'stopped')
    await photograph('16-stopped')
  })

  it('each page of the settings', async () => {
    const { window } = app
    await window.keyboard.press('Control+,')
    const pages = ['backends', 'appearance', 'general', 'quick-ask', 'shortcuts', 'privacy', 'about']
    for (const [index, page] of pages.entries()) {
      await window
        .getByRole('navigation')
        .getByRole('button', { name: t(`settings:pages.${page}`), exact: true })
        .click()
      await photograph(`${20 + index}-settings-${page}`)
    }
    await window.keyboard.press('Escape')
    await shows(composer(window))
  })

  it('quick ask, empty and with an answer', async () => {
    const page = await app.quickAsk()
    await app.window.evaluate(() => window.parley.request['quickAsk.show']())
    await shows(page.getByRole('textbox'))
    await photograph('30-quick-ask', page)
    server.next(
      stream([
        ...opening(),
        ...say('`EAI_AGAIN` is a DNS time-out: ', 'the resolver did not answer.\n'),
        ...closing(2),
      ]),
    )
    await page.getByRole('textbox').fill('What does EAI_AGAIN mean?')
    await page.keyboard.press('Enter')
    await shows(page.getByText('the resolver did not answer').first())
    await isSettled(page)
    await photograph('31-quick-ask-answer', page)
    await page.keyboard.press('Escape')
  })

  it('420 pixels wide', async () => {
    const { window } = app
    await app.electron.evaluate(({ BrowserWindow }) => {
      for (const each of BrowserWindow.getAllWindows()) {
        if (each.webContents.getURL().includes('index.html')) each.setSize(420, 800)
      }
    })
    await expect.poll(() => window.evaluate(() => innerWidth)).toBeLessThanOrEqual(420)
    await photograph('40-narrow')
  })
})

describe('pictures in Russian', () => {
  it('first run, an answer and the settings', async () => {
    const app = await launchApp({ locale: 'ru' })
    const { window } = app
    await shows(window.getByRole('heading', { name: tRu('first-run:title') }))
    await app.screenshot('50-first-run-ru')
    await set(window, { activeBackendId: 'guide' })
    await ask(window, 'Как подключить сервер?')
    await isState(window, 'complete')
    await isSettled(window)
    await app.screenshot('51-guide-ru')
    await window.keyboard.press('Control+,')
    await shows(window.getByText(tRu('settings:back')).first())
    await app.screenshot('52-settings-ru')
    await window.keyboard.press('Escape')
    await hides(window.getByText(tRu('settings:back')).first())
    await app.close()
  })
})
