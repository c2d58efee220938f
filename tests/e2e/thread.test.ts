import type { Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { StoredDraft, TrashedConversation } from '../../src/shared/contract'
import { answerText, pathOf } from '../../src/shared/conversation'
import { closing, hold, opening, say, stream } from '../support/player/scenarios'
import { eventually } from '../support/eventually'
import { startScenarioServer, type ScenarioServer } from '../support/scenario-server'
import { launchApp, type RunningApp } from './app'
import {
  answerHas,
  ask,
  begins,
  button,
  composer,
  connectTo,
  conversations,
  hides,
  isSettled,
  isState,
  lastAnswer,
  setTheme,
  shows,
  t,
} from './chat'

const answer = (...words: string[]) => stream([...opening(), ...say(...words), ...closing(words.length)])
const label = (number: number, of: number): string =>
  t('thread:variants.label', { number: String(number), of: String(of) })

async function storedDrafts(page: Page): Promise<StoredDraft[]> {
  const listed = await page.evaluate(() => window.parley.request['draft.list']())
  return listed.ok ? listed.value : []
}

async function storedTrash(page: Page): Promise<TrashedConversation[]> {
  const listed = await page.evaluate(() => window.parley.request['trash.list']())
  return listed.ok ? listed.value : []
}

describe('versions, editing, quoting, deleting', () => {
  let app: RunningApp
  let server: ScenarioServer
  beforeAll(async () => {
    server = await startScenarioServer()
    app = await launchApp({ isProfileKept: true })
    await connectTo(app.window, server.url)
  })
  afterAll(async () => {
    await app.close()
    await server.close()
  })
  beforeEach(async () => {
    server.requests.length = 0
    await app.window.keyboard.press('Control+n')
    // Whatever was left selected or open is gone.
    await shows(composer(app.window))
  })

  const stepper = (number: number, of: number) =>
    app.window.getByRole('group', { name: label(number, of), exact: true })
  const next = (number: number, of: number) => button(stepper(number, of), t('thread:variants.next'))
  const previous = (number: number, of: number) => button(stepper(number, of), t('thread:variants.previous'))
  const shownPath = async (): Promise<string[]> => {
    const [newest] = await conversations(app.window)
    return pathOf(newest!.conversation).map((message) =>
      message.role === 'user' ? message.text : answerText(message).trim(),
    )
  }

  it('an answer has versions: stepping keeps the focus, while one streams, and is remembered', async () => {
    const { window } = app
    server.next(
      answer('First ', 'answer.'),
      answer('Second ', 'answer.'),
      stream([...opening(), ...say('Third '), hold, ...say('answer.'), ...closing(2)]),
    )
    await ask(window, 'Say something')
    await isState(window, 'complete')
    expect(await window.locator('[data-stepper]').count()).toBe(0)
    await begins(window, () => button(lastAnswer(window), t('chat:actions.retry')).click())
    await isState(window, 'complete')
    await shows(stepper(2, 2))
    await begins(window, () => button(lastAnswer(window), t('chat:actions.retry')).click())
    await answerHas(window, 'Third')
    await shows(stepper(3, 3))

    await previous(3, 3).focus()
    await window.keyboard.press('Enter')
    await answerHas(window, 'Second answer.')
    await shows(stepper(2, 3))
    const focused = () => window.evaluate(() => document.activeElement?.getAttribute('data-step') ?? '')
    await eventually(focused, (found) => found === 'previous', 'the focus on the arrow')
    await window.keyboard.press('Alt+ArrowLeft')
    await answerHas(window, 'First answer.')
    await window.keyboard.press('Alt+ArrowLeft')
    await answerHas(window, 'First answer.')
    await expect.poll(() => previous(1, 3).getAttribute('aria-disabled')).toBe('true')

    // Back to the one that streams: nothing of it was missed.
    await window.keyboard.press('Alt+ArrowRight')
    await window.keyboard.press('Alt+ArrowRight')
    await answerHas(window, 'Third')
    await shows(button(window, t('chat:composer.stop')))
    server.release()
    await isState(window, 'complete')
    await answerHas(window, 'Third answer.')
    await previous(3, 3).click()
    await eventually(shownPath, (path) => path[1] === 'Second answer.', 'the second version, remembered by main')
  })

  it('the version on show is there after a restart', async () => {
    await app.close()
    app = await launchApp({ userDataDir: app.userDataDir, isProfileKept: true })
    const { window } = app
    await window.getByRole('navigation').getByText('Say something').first().click()
    await answerHas(window, 'Second answer.')
    await shows(stepper(2, 3))
    await next(2, 3).click()
    await answerHas(window, 'Third answer.')
  })

  it('a question is edited with ↑, and both versions stay with what follows them', async () => {
    const { window } = app
    server.next(answer('About ', 'apples.'), answer('And ', 'more.'), answer('About ', 'pears.'))
    await ask(window, 'Apples?')
    await isState(window, 'complete')
    await ask(window, 'More?')
    await isState(window, 'complete')
    await isSettled(window)

    await composer(window).press('ArrowUp')
    const field = window.getByRole('log').locator('textarea')
    expect(await field.inputValue()).toBe('More?')
    await window.keyboard.press('Escape')
    await hides(field)

    // The menu that closes over it does not take the focus back.
    await button(window, t('chat:thread.questionActions')).last().click()
    await window.getByRole('menuitem', { name: t('thread:question.edit') }).click()
    await hides(window.getByRole('menu'))
    await expect.poll(() => field.evaluate((element) => element === document.activeElement)).toBe(true)
    await window.keyboard.press('Escape')
    await hides(field)

    await window
      .getByRole('article', { name: t('chat:thread.you') })
      .first()
      .hover()
    await button(window, t('thread:question.edit')).first().click()
    await field.fill('Pears?')
    await shows(window.getByText(t('thread:edit.stays', { number: '1' })))
    // Kept like a draft, so that a crash does not take it.
    await eventually(
      () => storedDrafts(window),
      (drafts) => drafts.some(({ editing }) => editing?.text === 'Pears?'),
      'the question that is being written anew',
    )
    await window.reload()
    await shows(field)
    await expect.poll(() => field.inputValue()).toBe('Pears?')
    // What follows is quieter, not fainter.
    const isQuiet = () =>
      window.evaluate(() => {
        const quiet = document.querySelector('[data-superseded] [data-find]')
        const wanted = getComputedStyle(document.documentElement).getPropertyValue('--ink-3')
        return quiet !== null && getComputedStyle(quiet).getPropertyValue('--ink-1') === wanted
      })
    await expect.poll(isQuiet).toBe(true)
    await app.screenshot('thread-edit')
    await begins(window, () => field.press('Enter'))
    await isState(window, 'complete')
    expect(await shownPath()).toEqual(['Pears?', 'About pears.'])
    // The new version knows nothing of the old one.
    expect(JSON.stringify(server.conversations().at(-1)?.json.messages)).not.toContain('pples')

    await previous(2, 2).click()
    await shows(window.getByText('More?', { exact: true }))
    await expect.poll(shownPath).toEqual(['Apples?', 'About apples.', 'More?', 'And more.'])
    await next(1, 2).click()
    await hides(window.getByText('More?', { exact: true }))
  })

  it('a passage is quoted by bar and by key, waits with the draft, and goes as Markdown', async () => {
    const { window } = app
    server.next(answer('Turn ', 'both ', 'off.'), answer('Yes.'))
    await ask(window, 'How?')
    await isState(window, 'complete')
    await isSettled(window)
    const select = async (): Promise<void> => {
      await window.evaluate(() => {
        const text = [...document.querySelectorAll('[role=log] [data-find=text]')].at(-1)
        getSelection()?.selectAllChildren(text?.querySelector('p') ?? document.body)
      })
    }
    await select()
    const bar = window.getByRole('toolbar', { name: t('thread:quote.bar') })
    await shows(bar)
    await app.screenshot('thread-quote')
    await button(bar, t('thread:quote.quote')).click()
    await hides(bar)
    const quotes = window.getByRole('list', { name: t('thread:quote.quoted') })
    await shows(quotes.getByText('Turn both off.'))
    await expect.poll(() => window.evaluate(() => document.activeElement?.tagName)).toBe('TEXTAREA')

    await button(quotes, t('thread:quote.remove', { text: 'Turn both off.' })).click()
    await hides(quotes)
    await select()
    await shows(bar)
    await window.keyboard.press('Control+Shift+.')
    await shows(quotes.getByText('Turn both off.'))
    const drafts = () => storedDrafts(window)
    await eventually(
      drafts,
      (found) => found.some(({ quotes: kept }) => kept?.[0] === 'Turn both off.'),
      'the quote among the kept drafts',
    )
    // A quote alone asks nothing: the field says so, and the reason comes with Enter.
    expect(await composer(window).getAttribute('placeholder')).toBe(t('chat:composer.aboutQuote'))
    expect(await button(window, t('chat:composer.send')).getAttribute('aria-disabled')).toBe('true')
    await composer(window).press('Enter')
    await shows(window.getByRole('alert').getByText(t('chat:composer.blockedQuote')))
    await ask(window, 'Really?')
    await isState(window, 'complete')
    await hides(quotes)
    expect((await shownPath())[2]).toBe('> Turn both off.\n\nReally?')
  })

  it('a message is deleted with what hangs under it, comes back with Mod+Z, and lies in the trash until then', async () => {
    const { window } = app
    server.next(answer('One.'), answer('Two.'))
    await ask(window, 'First question')
    await isState(window, 'complete')
    await ask(window, 'Second question')
    await isState(window, 'complete')
    await isSettled(window)
    const trashed = () => storedTrash(window)
    const before = await trashed()
    await window
      .getByRole('article', { name: t('chat:thread.you') })
      .last()
      .hover()
    await button(window, t('chat:thread.questionActions')).last().click()
    await window.getByRole('menuitem', { name: t('thread:question.delete') }).click()
    await shows(window.getByText(t('thread:delete.trashed', { count: 2 })))
    expect(await shownPath()).toEqual(['First question', 'One.'])
    expect(await trashed()).toHaveLength(before.length + 1)
    expect((await trashed())[0]?.messages).toBe(4)

    await window.keyboard.press('Control+z')
    await eventually(shownPath, (path) => path.length === 4, 'what was deleted')
    expect(await shownPath()).toEqual(['First question', 'One.', 'Second question', 'Two.'])
    await eventually(trashed, (found) => found.length === before.length, 'a trash as it was')
  })

  it('what scrolls because it is being written can be pointed at all the while', async () => {
    const { window } = app
    const lines = Array.from({ length: 3000 }, (_, index) => [
      ...say(`Line ${index}.\n\n`),
      { do: 'wait' as const, ms: 10 },
    ])
    server.next(stream([...opening(), ...lines.flat(), ...closing(3000)]))
    await ask(window, 'Write on')
    await expect.poll(() => window.getByRole('log').evaluate((element) => element.scrollTop)).toBeGreaterThan(200)
    const hits = await window.evaluate(async () => {
      const log = document.querySelector('[role=log]')!
      const { left, width, top, height } = log.getBoundingClientRect()
      const found: boolean[] = []
      for (let frame = 0; frame < 20; frame += 1) {
        await new Promise((resolve) => requestAnimationFrame(resolve))
        const under = document.elementFromPoint(left + width / 2, top + height / 2)
        found.push(under !== null && under.closest('[role=log] article') !== null)
      }
      return { found, isFollowing: log.scrollHeight - log.clientHeight - log.scrollTop < 30 }
    })
    expect(hits).toEqual({ found: Array<boolean>(20).fill(true), isFollowing: true })
    await button(window, t('chat:composer.stop')).click()
    await isState(window, 'stopped')
  })

  it('S43: Mod+A in the thread and Mod+C copy all of it; Copy gives words and HTML that does nothing', async () => {
    const { window } = app
    const texts = Array.from({ length: 12 }, (_, index) => `Answer ${index + 1}.\n\n${'And on it goes. '.repeat(120)}`)
    server.next(
      ...texts.map((text) => answer(text)),
      answer('**Bold** <img src=x onerror=alert(1)> [go](javascript:alert(1))'),
    )
    for (const index of [...texts.keys(), texts.length]) {
      await ask(window, `Question ${index + 1}`)
      await isState(window, 'complete')
    }
    await isSettled(window)
    await window.getByRole('log').focus()
    await window.keyboard.press('Control+a')
    await window.keyboard.press('Control+c')
    // By pasting, because main's clipboard is another one in each Electron.
    await window.evaluate(() => {
      const pastes: { text: string; html: string }[] = []
      Object.assign(globalThis, { pastes })
      document.addEventListener(
        'paste',
        (event) => {
          event.preventDefault()
          event.stopPropagation()
          const data = event.clipboardData
          pastes.push({ text: data?.getData('text/plain') ?? '', html: data?.getData('text/html') ?? '' })
        },
        { capture: true },
      )
    })
    const pastes = () =>
      window.evaluate(() => (globalThis as unknown as { pastes: { text: string; html: string }[] }).pastes)
    const clipboard = async () => {
      const { length } = await pastes()
      await composer(window).focus()
      await window.keyboard.press('Control+v')
      const all = await eventually(pastes, (found) => found.length > length, 'a paste')
      return all.at(-1) ?? { text: '', html: '' }
    }
    const copied = await eventually(clipboard, ({ text }) => text.includes('Question 13'), 'the conversation as text')
    // The first turns are out of sight, and so not in the page.
    await expect.poll(() => window.getByRole('log').getByText('Question 1', { exact: true }).count()).toBe(0)
    for (const index of texts.keys()) expect(copied.text).toContain(`Answer ${index + 1}.`)
    expect(/<img|<[^>]*(?:onerror|javascript:)/iu.test(copied.html)).toBe(false)

    await button(lastAnswer(window), t('chat:actions.copy')).click()
    await eventually(clipboard, ({ text }) => text.startsWith('**Bold**'), 'the answer as Markdown')
    const { html } = await clipboard()
    expect(html).toContain('<strong>Bold</strong>')
    expect(/<img|<[^>]*(?:onerror|javascript:)/iu.test(html)).toBe(false)
  })

  it('S05, S07: a diagram is drawn on demand, as an image in which nothing runs; what cannot be drawn says so', async () => {
    const { window } = app
    const canary = await startScenarioServer()
    const fenced = (...lines: string[]) => `\`\`\`mermaid\n${lines.join('\n')}\n\`\`\`\n`
    const hostile = fenced(
      '%%{init: {"securityLevel": "loose", "htmlLabels": true, "themeCSS": "* { background: url(http://x/) }"}}%%',
      'graph TD',
      'A["<img src=x onerror=window.pwn=1><script>window.pwn=1</script>"] --> B[Harmless]',
      'click A "javascript:window.pwn=1"',
      `click B "${canary.url}/click" _self`,
    )
    const fetching = fenced('graph TD', `C@{ img: "${canary.url}/pixel.png", label: "x" } --> D`)
    const source = [hostile, fenced('this is none'), fetching, fenced('graph TD', `A["${'x'.repeat(60_000)}"]`)].join(
      '\n',
    )
    // The frame may fetch nothing, and says so.
    app.tolerate(/Content Security Policy|Refused to load|ERR_/u)
    server.next(answer(source))
    await ask(window, 'Draw')
    await isState(window, 'complete')
    await isSettled(window)
    const show = button(window, t('thread:diagram.show'))
    expect(await window.locator('iframe').count()).toBe(0)
    await show.first().click()
    const image = window.getByRole('img', { name: t('thread:diagram.name') })
    await shows(image)
    await eventually(
      () => image.evaluate((element) => (element instanceof HTMLImageElement ? element.naturalWidth : 0)),
      (width) => width > 50,
      'a picture with something in it',
    )
    await app.screenshot('thread-diagram')
    await expect.poll(() => window.locator('iframe').count()).toBe(0)
    for (const [reason, count] of [
      ['unreadable', 1],
      ['unreadable', 2],
      ['tooLarge', 1],
    ] as const) {
      await show.first().click()
      const alerts = window.getByRole('alert').filter({ hasText: t(`thread:diagram.${reason}`) })
      await expect.poll(() => alerts.count()).toBe(count)
    }
    await expect.poll(() => show.count()).toBe(0)
    // The code is there all the same.
    await shows(window.getByText('this is none'))
    const urls = () => image.evaluate((element) => (element instanceof HTMLImageElement ? element.src : ''))
    const before = await urls()
    expect(before).toMatch(/^blob:/u)
    await setTheme(window, window, 'dark')
    await eventually(urls, (found) => found !== before && found !== '', 'the diagram in the other theme')
    await app.screenshot('thread-diagram-dark')
    await setTheme(window, window, 'light')
    expect(await window.evaluate(() => 'pwn' in globalThis)).toBe(false)
    expect(window.url()).toContain('app://local/index.html')
    expect(canary.requests).toEqual([])
    await canary.close()
  })
})
