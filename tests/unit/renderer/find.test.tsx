// @vitest-environment happy-dom
import { act } from 'react'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { App } from '../../../src/renderer/app'
import { rangesIn } from '../../../src/renderer/chat/find-marks'
import { initialFindState, useFind } from '../../../src/renderer/chat/find-state'
import { Question } from '../../../src/renderer/chat/question'
import { bootStore } from '../../../src/renderer/store/boot'
import { showConversation } from '../../../src/renderer/store/conversations'
import { useStore } from '../../../src/renderer/store/state'
import type { SearchHit, SearchResult } from '../../../src/shared/contract'
import { emptyAnswer, type Conversation } from '../../../src/shared/conversation'
import { mount } from '../markdown/mount'
import { newConversation, settle, startMain } from './main-stand-in'

let main: ReturnType<typeof startMain>
let close = (): void => undefined
beforeEach(() => {
  document.body.replaceChildren()
  useFind.setState(initialFindState(), true)
})
afterEach(() => close())

function talk(id: string, answerText: string): Conversation {
  const start = {
    id: `${id}a`,
    parentId: `${id}q`,
    createdAt: 0,
    generationId: `${id}g`,
    backendId: 'home',
    provider: null,
    model: null,
  }
  return {
    ...newConversation(id, 'home'),
    headId: `${id}a`,
    messages: [
      {
        role: 'user',
        id: `${id}q`,
        parentId: null,
        createdAt: 0,
        text: `Question of ${id} about a buffer`,
        attachments: [],
      },
      {
        ...emptyAnswer(start),
        state: 'complete',
        content: [{ type: 'text', text: answerText }],
        reasoning: { text: 'A zebra thinks', startMs: 0, durationMs: 1000 },
      },
    ],
  }
}

async function open(...conversations: Conversation[]) {
  main = startMain()
  for (const conversation of conversations) main.keep(conversation)
  await bootStore()
  const page = mount(<App />)
  close = page.unmount
  await settle()
  const find = (selector: string): HTMLElement => {
    const element = page.container.querySelector<HTMLElement>(selector)
    if (element === null) throw new Error(`there is no ${selector}`)
    return element
  }
  const press = (target: Element, key: string, change: KeyboardEventInit = {}) =>
    settle(() =>
      target.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...change })),
    )
  const type = (selector: string, text: string) =>
    settle(() => {
      const { set } = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')!
      set!.call(find(selector), text)
      find(selector).dispatchEvent(new Event('input', { bubbles: true }))
    })
  return { ...page, find, press, type }
}

const FIELD = 'nav input'
const hit = (conversationId: string, change: Partial<SearchHit> = {}): SearchHit => ({
  conversationId,
  title: `Title of ${conversationId}`,
  updatedAt: Date.now(),
  messageId: `${conversationId}a`,
  role: 'user',
  snippet: 'all about buffering here',
  marks: [[10, 19]],
  count: 1,
  ...change,
})

describe('the search field', () => {
  it('R37: searches all conversations and shows what was found, with marks; one question for keys close together', async () => {
    const { find, type, container } = await open(talk('one', 'x'), talk('two', 'y'))
    main.answer('conversation.search', (): SearchResult => ({
      hits: [
        hit('one', { count: 3 }),
        hit('two', { messageId: null, role: null, snippet: 'Title of two', marks: [[0, 5]] }),
        hit('gone'),
      ],
      indexed: 2,
      total: 2,
    }))
    await act(async () => {
      for (const text of ['b', 'bu', 'buf']) {
        const { set } = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')!
        set!.call(find(FIELD), text)
        find(FIELD).dispatchEvent(new Event('input', { bubbles: true }))
        await Promise.resolve()
      }
    })
    await settle()
    expect(main.named('conversation.search')).toEqual([{ query: 'buf', part: 'all' }])
    // The one that is not in the list any more is left out.
    expect(container.querySelector('nav [role=status]')?.textContent).toBe('2 chats found')
    const rows = [...container.querySelectorAll('nav li')]
    expect(rows.map((row) => [...row.querySelectorAll('mark')].map((mark) => mark.textContent))).toEqual([
      ['buffering'],
      ['Title'],
    ])
    expect(rows[0]?.textContent).toContain('3 messages')
    await type(FIELD, '')
    expect(container.querySelector('nav section')).toBeNull()
    expect(container.querySelector('nav [data-conversation]')).not.toBeNull()
  })

  it('S06: titles and snippets are text, whatever is in them', async () => {
    const { type, container } = await open(talk('one', 'x'))
    const evil = '<img src=x onerror=alert(1)>'
    main.answer('conversation.search', (): SearchResult => ({
      hits: [hit('one', { title: evil, snippet: `${evil} buffer`, marks: [[0, 4]] })],
      indexed: 1,
      total: 1,
    }))
    await type(FIELD, 'img')
    expect(container.querySelector('nav img')).toBeNull()
    expect(container.querySelector('nav section')?.textContent).toContain(`${evil} buffer`)
  })

  it('an answer to earlier letters is dropped, and Enter does not open it', async () => {
    const { find, type, press, container } = await open(talk('one', 'x'), talk('two', 'y'))
    let late: (result: SearchResult) => void = () => undefined
    main.answer('conversation.search', ({ query }: { query: string }) =>
      query === 'first'
        ? new Promise<SearchResult>((resolve) => (late = resolve))
        : { hits: [hit('two')], indexed: 2, total: 2 },
    )
    await type(FIELD, 'first')
    await press(find(FIELD), 'Enter')
    expect(main.named('conversation.showMessage')).toEqual([])
    await type(FIELD, 'second')
    await settle(() => late({ hits: [hit('one')], indexed: 2, total: 2 }))
    expect([...container.querySelectorAll('nav li')].map((row) => row.textContent)).toHaveLength(1)
    expect(container.querySelector('nav li')?.textContent).toContain('Title of two')
  })

  it('keys: arrows move, Enter opens at the message, Esc clears and goes back', async () => {
    const { find, type, press, container } = await open(talk('one', 'x'), talk('two', 'a buffering answer'))
    main.answer('conversation.search', (): SearchResult => ({ hits: [hit('one'), hit('two')], indexed: 2, total: 2 }))
    main.answer('conversation.showMessage', () => ({ conversation: talk('two', 'a buffering answer'), running: [] }))
    await type(FIELD, 'buffering')
    await settle(() => find(FIELD).focus())
    await press(find(FIELD), 'ArrowDown')
    const rows = [...container.querySelectorAll<HTMLElement>('nav section [data-conversation]')]
    expect(document.activeElement).toBe(rows[0])
    await press(rows[0]!, 'ArrowDown')
    expect(document.activeElement).toBe(rows[1])
    expect(rows.map((row) => row.tabIndex)).toEqual([-1, 0])
    await settle(() => rows[1]!.click())
    expect(main.named('conversation.showMessage')).toEqual([{ conversationId: 'two', messageId: 'twoa' }])
    expect(useStore.getState().currentId).toBe('two')
    // It was shown: nobody comes back to it later.
    expect(useStore.getState().target).toBeNull()
    await settle(() => rows[0]!.focus())
    await press(rows[0]!, 'ArrowUp')
    expect(document.activeElement).toBe(find(FIELD))
    await settle(() => rows[0]!.focus())
    await press(rows[0]!, 'Escape')
    expect((find(FIELD) as HTMLInputElement).value).toBe('')
    expect(document.activeElement).toBe(container.querySelector('textarea'))
  })

  it('says that nothing was found, that the index is not whole, and that it failed', async () => {
    const { type, container } = await open(talk('one', 'x'))
    const status = () => container.querySelector('nav [role=status]')?.textContent
    main.answer('conversation.search', (): SearchResult => ({ hits: [], indexed: 1, total: 1 }))
    await type(FIELD, 'zzz')
    expect(status()).toBe('No chat has “zzz”.')
    main.answer('conversation.search', (): SearchResult => ({ hits: [], indexed: 1204, total: 10_000 }))
    await type(FIELD, 'zzzz')
    expect(status()).toBe('Nothing so far.Still indexing: 1,204 of 10,000')
    main.refuse('conversation.search', { code: 'unknown' } as never)
    await type(FIELD, 'zzzzz')
    expect(status()).toBe('The search failed. Type on to try again.')
  })
})

describe('find in the open chat', () => {
  const BAR = '[role=search]'
  const status = (container: Element) => container.querySelector(`${BAR} [role=status]`)?.textContent

  it('Mod+F opens it, counts, goes round with Enter and Mod+G, and Esc closes it', async () => {
    const { find, press, type, container } = await open(talk('one', 'A **buffer** and a buffer.'))
    await settle(() => showConversation('one'))
    await press(document.body, 'f', { ctrlKey: true })
    expect(document.activeElement).toBe(find(`${BAR} input`))
    await type(`${BAR} input`, 'buffer')
    expect(status(container)).toBe('1 of 3')
    await press(find(`${BAR} input`), 'Enter')
    expect(status(container)).toBe('2 of 3')
    await press(document.body, 'g', { ctrlKey: true })
    await press(document.body, 'g', { ctrlKey: true })
    expect(status(container)).toBe('1 of 3')
    await press(find(`${BAR} input`), 'Enter', { shiftKey: true })
    expect(status(container)).toBe('3 of 3')
    await type(`${BAR} input`, 'Buffer')
    await settle(() => find(`${BAR} [aria-pressed]`).click())
    expect(status(container)).toBe('No match')
    await press(find(`${BAR} input`), 'Escape')
    expect(container.querySelector(BAR)).toBeNull()
    expect(document.activeElement).toBe(find('[data-region=thread]'))
  })

  it('opens thinking that is folded when the hit is in it', async () => {
    const { press, type, container } = await open(talk('fold', 'Nothing here.'))
    await settle(() => showConversation('fold'))
    expect(container.querySelector('[data-find=reasoning]')).toBeNull()
    await press(document.body, 'f', { ctrlKey: true })
    await type(`${BAR} input`, 'zebra')
    expect(status(container)).toBe('1 of 1')
    expect(container.querySelector('[data-find=reasoning]')?.textContent).toBe('A zebra thinks')
  })

  it('opens attempts that are folded, and finds notices, names of tools and formulas as they are counted', async () => {
    const told = talk('told', 'A formula: $x^2$.')
    const [question, answer] = told.messages
    if (question === undefined || answer?.role !== 'assistant') throw new Error('no answer')
    const attempt = {
      provider: { name: 'Heron', label: null, model: 'heron-small', url: null },
      reason: 'ProviderError: the heron has flown',
      durationMs: 1,
      content: [{ type: 'text' as const, text: 'The heron stands' }],
      reasoning: null,
    }
    const notices = [{ kind: 'notice', text: 'A heron is near' }]
    const toolCalls = [{ index: 0, id: null, name: 'call_heron', arguments: '{"heron":1}' }]
    const { press, type, find, container } = await open({
      ...told,
      messages: [question, { ...answer, attempts: [attempt], notices, toolCalls }],
    })
    await settle(() => showConversation('told'))
    await press(document.body, 'f', { ctrlKey: true })
    await type(`${BAR} input`, 'heron')
    expect(status(container)).toBe('1 of 7')
    // What is counted is what the page shows, region by region.
    const shown = (): [string | null, number][] =>
      [...container.querySelectorAll('[data-turn] [data-find]')]
        .map((region): [string | null, number] => [
          region.getAttribute('data-find'),
          rangesIn(region, /heron/giu).length,
        ])
        .filter(([, count]) => count > 0)
    expect(shown()).toEqual([
      ['attempt:0:who', 2],
      ['attempt:0:reason', 1],
      ['attempt:0:text', 1],
      ['notice:0', 1],
      ['tool:0:name', 1],
    ])
    await press(find(`${BAR} input`), 'Enter', { shiftKey: true })
    expect(shown().at(-1)).toEqual(['tool:0', 1])
    await type(`${BAR} input`, 'x^2')
    expect(status(container)).toBe('1 of 1')
  })

  it('belongs to its chat: another one has no bar', async () => {
    const { press, container } = await open(talk('one', 'x'), talk('two', 'y'))
    await settle(() => showConversation('one'))
    await press(document.body, 'f', { ctrlKey: true })
    expect(container.querySelector(BAR)).not.toBeNull()
    await settle(() => showConversation('two'))
    expect(container.querySelector(BAR)).toBeNull()
  })
})

describe('marks in the page', () => {
  it('have a place in questions and answers', async () => {
    const { container } = await open(talk('one', 'An answer.'))
    await settle(() => showConversation('one'))
    expect(container.querySelector('[data-turn] [data-find=text]')?.textContent).toBe('An answer.')
    const [question] = talk('one', '').messages
    if (question?.role !== 'user') throw new Error('no question')
    const alone = mount(<Question message={question} conversationId="one" />)
    expect(alone.container.querySelector('[data-find=text]')?.textContent).toBe(question.text)
    alone.unmount()
  })

  const texts = (html: string, pattern: RegExp): string[] => {
    const element = document.createElement('div')
    element.innerHTML = html
    document.body.append(element)
    return rangesIn(element, pattern).map((range) => range.toString())
  }

  it('go through elements, but not over the edge of a block, and pass over what is drawn beside', () => {
    expect(texts('<p>a buf<b>fer</b> and buffer</p>', /buffer/gu)).toEqual(['buffer', 'buffer'])
    expect(texts('<p>buf</p><p>fer</p>', /buffer/gu)).toEqual([])
    expect(texts('<p>one\n two</p><p>one</p><p>two</p>', /one\s+two/gu)).toEqual(['one\n two'])
    expect(texts('<button>buffer</button><span aria-hidden="true">buffer</span>buffer', /buffer/gu)).toEqual(['buffer'])
    expect(texts('a<br>b', /ab|a\sb/gu)).toEqual([])
  })

  it('take a formula as it is written, and as one place', () => {
    const drawn = '<span class="md-math" data-tex="x^2"><span class="katex">x2</span></span>'
    expect(texts(`<p>so ${drawn} is</p>`, /x\^2/gu)).toEqual(['x2'])
    expect(texts(`<p>so ${drawn} is</p>`, /so x\^2 i/gu)).toEqual(['so x2 i'])
    expect(texts(`<p>so ${drawn} is</p>`, /x2/gu)).toEqual([])
  })
})
