import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { writeConversation } from '../../src/main/library/schema'
import { defaultSettings } from '../../src/shared/settings'
import type { Conversation } from '../../src/shared/conversation'
import { eventually } from '../support/eventually'
import { generatedConversation, rareWord } from '../support/generated-library'
import { launchApp, type RunningApp } from './app'
import { composer, shows, t } from './chat'

/** A conversation of forty messages, with a word in its fifth answer that is nowhere else, within marks of markdown. */
function longConversation(number: number): Conversation {
  const conversation = generatedConversation(number, 40)
  const messages = conversation.messages.map((message, at) =>
    message.role === 'assistant' && at === 9
      ? { ...message, content: [{ type: 'text' as const, text: `The **flamingo** stands in \`flamingo_lake\`.` }] }
      : message,
  )
  return { ...conversation, title: 'Birds', messages }
}

describe('search and find in the real app', () => {
  let app: RunningApp
  let userDataDir = ''
  afterEach(async () => {
    await app.close()
    await rm(userDataDir, { recursive: true, force: true, maxRetries: 5 })
  })

  async function launch(conversations: readonly Conversation[]): Promise<void> {
    userDataDir = await mkdtemp(path.join(os.tmpdir(), 'parley-search-'))
    const folder = path.join(userDataDir, 'library', 'conversations')
    await mkdir(folder, { recursive: true })
    for (const each of conversations) await writeFile(path.join(folder, `${each.id}.json`), writeConversation(each))
    const settings = { ...defaultSettings(process.platform), activeBackendId: 'guide' }
    await writeFile(path.join(userDataDir, 'settings.json'), JSON.stringify(settings))
    app = await launchApp({ userDataDir, isProfileKept: true })
    await shows(composer(app.window))
  }

  /** What a highlight of this name is painted over. */
  const painted = (name: string) =>
    app.window.evaluate(
      (key) => [...(CSS.highlights.get(key) ?? [])].map((range) => (range instanceof Range ? range.toString() : '')),
      name,
    )

  it('R37: a word of an old message is found as it is typed, and opens there; find goes through its hits', async () => {
    await launch([longConversation(1), generatedConversation(2, 6), generatedConversation(4, 6)])
    const page = app.window
    const field = page.getByRole('textbox', { name: t('chat:sidebar.searchLabel') })
    const results = page.getByRole('region', { name: t('search:results') })

    await page.keyboard.press('Control+Shift+f')
    await field.pressSequentially(rareWord(2), { delay: 20 })
    await shows(results.getByText(t('search:found', { count: 1, value: '1' })))
    await expect.poll(() => results.locator('mark').allTextContents()).toEqual([rareWord(2)])

    // A slip of the finger; the hit is far above the end of the thread.
    await field.fill('flamngo')
    await eventually(
      () => results.locator('mark').allTextContents(),
      (marks) => marks.includes('flamingo'),
      'the hit',
    )
    await field.press('Enter')
    await shows(page.getByRole('log').getByText('stands in'))
    await eventually(
      () => painted('found'),
      (texts) => texts.includes('flamingo'),
      'the mark in the message',
    )
    await eventually(
      () =>
        page
          .getByRole('log')
          .getByText('stands in')
          .evaluate((element) => {
            const { top, bottom } = element.getBoundingClientRect()
            return top > 48 && bottom < innerHeight
          }),
      Boolean,
      'the message in sight',
    )

    // Until the code of Markdown is loaded the text stands there as it was written; its place goes with it.
    await shows(page.getByRole('log').locator('strong').filter({ hasText: 'flamingo' }).first())
    await page.keyboard.press('Control+f')
    const bar = page.getByRole('search', { name: t('search:find.label') })
    await bar.getByRole('textbox').fill('flamingo')
    await shows(bar.getByText(t('search:find.place', { present: '1', total: '2' })))
    await bar.getByRole('textbox').press('Enter')
    // Before it has come to the next hit the one before it is marked, which is about to go out of sight.
    await shows(bar.getByText(t('search:find.place', { present: '2', total: '2' })))
    await eventually(
      () => painted('find-present'),
      (texts) => texts.length === 1,
      'the present hit',
    )
    const others = await eventually(
      () => painted('find'),
      (texts) => texts.every((text) => text !== ''),
      'the other hit',
    )
    expect(others).toEqual(['flamingo'])
    await bar.getByRole('textbox').press('Escape')
    await expect.poll(() => page.evaluate(() => String(getSelection()))).toBe('flamingo')
    await expect.poll(() => painted('find')).toEqual([])
  })

  it('R37: words of several messages lead to their chat; find opens attempts, and marks notices and formulas', async () => {
    const sample = generatedConversation(2, 6)
    const messages = sample.messages.map((message, at): Conversation['messages'][number] =>
      message.role === 'user' || at !== 5
        ? message
        : {
            ...message,
            content: [{ type: 'text', text: 'The lighthouse is $h^2 + 4$ metres high.' }],
            attempts: [
              {
                provider: { name: 'Kittiwake', label: null, model: 'kittiwake-small', url: null },
                reason: null,
                durationMs: 900,
                content: [{ type: 'text', text: 'A heron began to say something' }],
                reasoning: null,
              },
            ],
            notices: [{ kind: 'notice', text: 'The heron is slow today' }],
          },
    )
    await launch([{ ...sample, title: 'Coast', messages }, generatedConversation(4, 6)])
    const page = app.window
    const field = page.getByRole('textbox', { name: t('chat:sidebar.searchLabel') })
    const results = page.getByRole('region', { name: t('search:results') })
    await field.fill(`lighthouse ${rareWord(2)} coast`)
    await shows(results.getByText(t('search:found', { count: 1, value: '1' })))
    await field.press('Enter')
    await shows(page.getByRole('log').getByText('metres high'))

    await page.keyboard.press('Control+f')
    const bar = page.getByRole('search', { name: t('search:find.label') })
    const finds = async (text: string, shown: string): Promise<void> => {
      await bar.getByRole('textbox').fill(text)
      await eventually(
        () => painted('find-present'),
        (texts) => texts.length === 1 && (texts[0] ?? '').includes(shown),
        `${text} marked`,
      )
    }
    await finds('heron is slow', 'heron is slow')
    await finds('kittiwake-small', 'kittiwake-small')
    await finds('heron began', 'heron began')
    await finds('h^2', 'h')
  })

  it('R46: a deleted chat is not found any more, and comes back with Undo', async () => {
    await launch([generatedConversation(2, 6), generatedConversation(4, 6)])
    const page = app.window
    const search = (query: string) =>
      page.evaluate((text) => window.parley.request['conversation.search']({ query: text }), query)
    const count = async (query: string): Promise<number> => {
      const result = await search(query)
      return result.ok ? result.value.hits.length : -1
    }
    await eventually(
      () => count(rareWord(2)),
      (hits) => hits === 1,
      'the chat',
    )
    const { id: conversationId } = generatedConversation(2, 6)
    await page.evaluate((id) => window.parley.request['conversation.trash']({ conversationId: id }), conversationId)
    expect(await count(rareWord(2))).toBe(0)
    await page.evaluate((id) => window.parley.request['conversation.restore']({ conversationId: id }), conversationId)
    await eventually(
      () => count(rareWord(2)),
      (hits) => hits === 1,
      'the chat again',
    )
    await expect.poll(() => count(rareWord(4))).toBe(1)
  })

  it('a chat that was found is renamed, deleted and brought back where it was found, by keys alone', async () => {
    await launch([generatedConversation(2, 6), generatedConversation(4, 6)])
    const page = app.window
    const field = page.getByRole('textbox', { name: t('chat:sidebar.searchLabel') })
    const results = page.getByRole('region', { name: t('search:results') })
    await field.fill(rareWord(2))
    await shows(results.getByText(t('search:found', { count: 1, value: '1' })))
    await field.press('ArrowDown')
    const row = results.locator('[data-conversation]')
    await expect.poll(() => row.evaluate((element) => element === document.activeElement)).toBe(true)

    await page.keyboard.press('F2')
    await page.getByRole('textbox', { name: t('chat:sidebar.renameLabel') }).fill('Found and named')
    await page.keyboard.press('Enter')
    await shows(row.getByText('Found and named'))
    await expect.poll(() => row.evaluate((element) => element === document.activeElement)).toBe(true)

    await page.keyboard.press('Shift+F10')
    await shows(page.getByRole('menuitem', { name: t('chat:sidebar.pin') }))
    await page.keyboard.press('Escape')
    await expect.poll(() => row.evaluate((element) => element === document.activeElement)).toBe(true)

    await page.keyboard.press('Delete')
    await expect.poll(() => row.count()).toBe(0)
    await page.keyboard.press('Control+z')
    await shows(row.getByText('Found and named'))
  })
})
