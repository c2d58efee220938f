// @vitest-environment happy-dom
import { act, Profiler } from 'react'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { Markdown, renderPlainText } from '../../../src/renderer/markdown'
import { highlight } from '../../../src/renderer/markdown/highlight'
import { mount, NearObserver } from './mount'

afterEach(() => {
  document.body.replaceChildren()
})

const view = (text: string, isStreaming = false) => mount(<Markdown text={text} isStreaming={isStreaming} />)

describe('Markdown', () => {
  it('shows every element of the specimen', () => {
    const { container } = view(
      [
        '# One',
        '## Two',
        '### Three',
        'A **strong** *em* ~~del~~ `code` [link](https://example.org/) line  \nbroken',
        '> quote',
        '3. three\n4. four\n   - nested',
        '- [x] done\n- [ ] open',
        '```python\nx = 1\n```',
        '| a | b |\n|---|--:|\n| 1 | 2 |',
        '---',
        'H<sub>2</sub>O <kbd>Esc</kbd> a<br>b',
      ].join('\n\n'),
    )
    const count = (selector: string) => container.querySelectorAll(selector).length
    expect([count('h1'), count('h2'), count('h3')]).toEqual([1, 1, 1])
    expect([count('p strong'), count('p em'), count('p del'), count('p code'), count('p a'), count('p br')]).toEqual([
      1, 1, 1, 1, 1, 2,
    ])
    expect([count('blockquote p'), count('ol[start="3"] > li'), count('ol ul li'), count('hr')]).toEqual([1, 2, 1, 1])
    expect([count('th[scope="col"]'), count('td[data-align="end"]'), count('sub'), count('kbd')]).toEqual([2, 1, 1, 1])
    expect([...container.querySelectorAll('.md-tick')].map((tick) => tick.getAttribute('aria-label'))).toEqual([
      'Done',
      'Not done',
    ])
    expect(container.querySelector('figure pre')?.textContent).toBe('x = 1')
    expect(container.querySelector('figcaption')?.textContent).toBe('pythonCopy')
  })

  it('sets each block by its own direction', () => {
    const { container } = view('English\n\nمرحبا')
    expect([...container.querySelectorAll('.md-block')].map((block) => block.getAttribute('dir'))).toEqual([
      'auto',
      'auto',
    ])
  })

  it('lists, quotes and tables go the way of their words: nothing within them has a direction of its own', () => {
    const { container } = view('1. مرحبا\n   - x\n\n> مرحبا\n\n| مرحبا | b |\n| - | - |\n| c | d |')
    expect([...container.querySelectorAll('[dir]')].map((each) => each.className)).toEqual([
      'md-block',
      'md-block',
      'md-block',
    ])
  })

  it('shows the space of the design above each block', () => {
    const { container } = view('p\n\np\n\n# h\n\np\n\n```\nc\n```\n\n> q')
    const gaps = [...container.querySelectorAll('.md-group > .md-block')].map((block) => block.getAttribute('data-gap'))
    expect(gaps).toEqual(['0', '14', '26', '6', '18', '18'])
  })

  it.each([
    ['a paragraph', 'words', 'p > .md-dot:last-child'],
    ['a list', '- a\n- b', 'li:last-child p > .md-dot'],
    ['a quote', '> a', 'blockquote p > .md-dot'],
    ['open code', '```js\nlet x', 'pre .md-dot'],
    ['a table', '| a | b |\n|---|---|\n| 1 |', 'tbody td:first-child > .md-dot'],
    ['a heading', '# a', 'h1 > .md-dot'],
    ['nothing yet', '', '.md > .md-dot'],
  ])('ends %s with the dot while it is being written, and only once', (_, text, selector) => {
    const { container, render } = view(text, true)
    expect(container.querySelectorAll('.md-dot')).toHaveLength(1)
    expect(container.querySelector(selector)).not.toBeNull()
    render(<Markdown text={text} isStreaming={false} />)
    expect(container.querySelectorAll('.md-dot')).toHaveLength(0)
  })

  it('closes markup that the end leaves open, for show only', () => {
    const { container, render } = view('some **bold te', true)
    expect(container.querySelector('strong')?.textContent).toBe('bold te')
    render(<Markdown text="some **bold te" isStreaming={false} />)
    expect(container.textContent).toBe('some **bold te')
  })

  it('R24: renders again only the open block when text is appended', () => {
    let text = Array.from({ length: 200 }, (_, index) => `Paragraph ${index} with **bold** words.`).join('\n\n')
    const { container, render } = view(text, true)
    const before = [...container.querySelectorAll('.md-block')]
    const changed = new Set<Node>()
    const observer = new MutationObserver((records) => records.forEach((record) => changed.add(record.target)))
    observer.observe(container, { subtree: true, childList: true, characterData: true, attributes: true })
    for (let step = 0; step < 20; step += 1) {
      text += ` word${step}`
      render(<Markdown text={text} isStreaming />)
    }
    for (const record of observer.takeRecords()) changed.add(record.target)
    observer.disconnect()
    const last = before.at(-1)!
    expect(changed.size).toBeGreaterThan(0)
    expect([...changed].filter((node) => !last.contains(node))).toEqual([])
    expect([...container.querySelectorAll('.md-block')]).toEqual(before)
  })

  it('R24: the time of an update does not grow with the answer', () => {
    const costs = [20, 2_000].map((count) => {
      let text = Array.from({ length: count }, (_, index) => `Paragraph ${index} with **bold** words.`).join('\n\n')
      const durations: number[] = []
      const onRender = (_: string, phase: string, actualMs: number) => {
        if (phase === 'update') durations.push(actualMs)
      }
      const page = (shown: string) => (
        <Profiler id="markdown" onRender={onRender}>
          <Markdown text={shown} isStreaming />
        </Profiler>
      )
      const { render, unmount } = mount(page(text.slice(0, 1)))
      // In deltas, as an answer comes: what is there at once would be mounted in slices.
      for (let length = 1; length < text.length; length += 8_000) render(page(text.slice(0, length)))
      render(page(text))
      durations.length = 0
      for (let step = 0; step < 40; step += 1) {
        text += ' more'
        render(page(text))
      }
      unmount()
      // A busy machine makes some of them longer, and none of them shorter.
      return Math.min(...durations)
    })
    expect(costs[1]!).toBeLessThan(costs[0]! * 4 + 2)
  })

  it('R36: mounts a long stored answer in slices, the first one at once, and all of it in the end', async () => {
    const text = Array.from({ length: 2_000 }, (_, index) => `Paragraph ${index} of a long stored answer.`).join('\n\n')
    const { container, until } = view(text)
    const first = container.querySelectorAll('.md-block').length
    expect(first).toBeGreaterThan(30)
    expect(first).toBeLessThan(600)
    await until(() => container.querySelectorAll('.md-block').length === 2_000)
    expect(container.textContent).toContain('Paragraph 1999 of')
    expect(container.querySelectorAll('.md-group[data-full="true"]').length).toBeGreaterThan(60)
  })

  it('renders a paragraph of more than 20 kB at most ten times a second, and whole when it ends', async () => {
    let text = 'word '.repeat(5_000)
    const { container, render, until } = view('word ', true)
    render(<Markdown text={text} isStreaming />)
    await until(() => container.textContent.length >= text.trimEnd().length)
    let renders = 0
    const observer = new MutationObserver(() => (renders += 1))
    observer.observe(container, { subtree: true, childList: true, characterData: true })
    for (let step = 0; step < 50; step += 1) {
      text += 'more '
      render(<Markdown text={text} isStreaming />)
    }
    expect(renders).toBeLessThanOrEqual(1)
    render(<Markdown text={`${text}end`} isStreaming={false} />)
    expect(container.textContent.endsWith('more end')).toBe(true)
    observer.disconnect()
  })

  it('copies code as it was written and says so for a moment', async () => {
    const written: string[] = []
    vi.spyOn(navigator.clipboard, 'writeText').mockImplementation(async (text) => void written.push(text))
    const { container, until } = view('```\na < b && c\n```')
    container.querySelector<HTMLButtonElement>('.md-copy')!.click()
    await until(() => container.querySelector('.md-copy')?.textContent === 'Copied')
    expect(written).toEqual(['a < b && c'])
    await until(() => container.querySelector('.md-copy')?.textContent === 'Copy')
  })

  it('colours closed code in a known language, in idle time, and leaves its text alone', async () => {
    const code = 'def chunks(resp):\n    """Doc."""\n    return [6, None]  # note\n'
    const { container, until } = view(`\`\`\`python\n${code}\`\`\``)
    expect(container.querySelector('[class^="md-syn"]')).toBeNull()
    await until(() => container.querySelector('.md-syn-com') !== null)
    const inks = Object.fromEntries(
      [...container.querySelectorAll('[class^="md-syn"]')].map((token) => [token.textContent, token.className]),
    )
    expect(inks).toMatchObject({ def: 'md-syn-key', chunks: 'md-syn-fn', 6: 'md-syn-num', '# note': 'md-syn-com' })
    expect(container.querySelector('pre')?.textContent.trimEnd()).toBe(code.trimEnd())
  })

  it('colours a long code in pieces, between which the page has its turn, and ends when nobody waits for it', async () => {
    const code = 'def a(): pass\n'.repeat(200)
    const leave = new AbortController()
    let turns = 0
    const seen: [chunks: number, turns: number][] = []
    // The page has idle time from then on.
    view('')
    const { requestIdleCallback } = globalThis
    vi.stubGlobal('requestIdleCallback', (callback: () => void) => {
      turns += 1
      setTimeout(callback)
    })
    await highlight(code, 'python', leave.signal, (chunks) => {
      seen.push([chunks.length, turns])
      if (chunks.length === 3) leave.abort()
    })
    vi.stubGlobal('requestIdleCallback', requestIdleCallback)
    expect(seen.map(([chunks]) => chunks)).toEqual([1, 2, 3])
    expect(new Set(seen.map(([, turn]) => turn)).size).toBe(3)
  })

  it('keeps colours in the page only near the window, and leaves alone what somebody selects', async () => {
    const { container, until } = view('```python\ndef a(): pass\n```')
    const colours = () => container.querySelectorAll('[class^="md-syn"]').length
    await until(() => colours() > 0)
    const all = colours()
    const place = (isIntersecting: boolean) =>
      act(() => NearObserver.tell([{ isIntersecting, target: container.querySelector('.md-pre')! }]))
    place(false)
    expect(colours()).toBe(0)
    expect(container.querySelector('pre')?.textContent.trimEnd()).toBe('def a(): pass')
    place(true)
    expect(colours()).toBe(all)
    getSelection()?.selectAllChildren(container)
    place(false)
    expect(colours()).toBe(all)
    getSelection()?.removeAllRanges()
  })

  it('makes no element of a group anew when the group becomes full', () => {
    const blocks = Array.from({ length: 31 }, (_, index) => `Paragraph ${index}.`)
    const { container, render } = view(blocks.join('\n\n'), true)
    const before = [...container.querySelectorAll('p')].slice(0, 29)
    expect(container.querySelector('[data-full="true"]')).toBeNull()
    const more = Array.from({ length: 10 }, (_, index) => `More ${index}.`)
    render(<Markdown text={[...blocks, ...more].join('\n\n')} isStreaming />)
    expect(container.querySelectorAll('[data-full="true"]')).toHaveLength(1)
    expect([...container.querySelectorAll('p')].slice(0, 29)).toEqual(before)
    expect(before.every((each, index) => each === container.querySelectorAll('p')[index])).toBe(true)
  })

  it('lets go of the layout of full groups that have left the window, all at once, and keeps their height and text', () => {
    const text = Array.from({ length: 110 }, (_, index) => `Paragraph ${index}.`).join('\n\n')
    const { container } = view(text)
    const [first, second, third] = container.querySelectorAll<HTMLElement>('[data-full="true"]')
    const groups = [first!, second!, third!]
    for (const group of groups) group.getBoundingClientRect = () => new DOMRect(0, 0, 600, 3120)
    class StateChange extends Event {
      constructor(readonly skipped: boolean) {
        super('contentvisibilityautostatechange')
      }
    }
    vi.stubGlobal('ContentVisibilityAutoStateChangeEvent', StateChange)
    const asked: string[][] = []
    const style = vi.spyOn(globalThis, 'getComputedStyle').mockImplementation(() => {
      asked.push(groups.map((group) => group.style.display))
      return first!.style
    })
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    const words = container.textContent
    first!.dispatchEvent(new StateChange(false))
    for (const group of groups) group.dispatchEvent(new StateChange(true))
    // The third is looked at again before anything was dropped.
    third!.dispatchEvent(new StateChange(false))
    expect(asked).toEqual([])
    vi.advanceTimersByTime(10_000)
    style.mockRestore()
    // Without a style of their own they would keep their boxes.
    expect(asked).toEqual([['none', 'none', '']])
    expect(groups.map((group) => group.style.display)).toEqual(['', '', ''])
    expect(first!.style.containIntrinsicBlockSize).toBe('auto 3120px')
    expect(container.textContent).toBe(words)
  })

  it('leaves open code and unknown languages plain', async () => {
    const { container, until } = view('```python\ndef a(): pass\n', true)
    const other = view('```brainless\ndef a(): pass\n```')
    await until(() => container.querySelector('pre') !== null)
    expect(container.querySelector('[class^="md-syn"]')).toBeNull()
    expect(other.container.querySelector('[class^="md-syn"]')).toBeNull()
    expect(other.container.querySelector('figcaption')?.textContent).toContain('brainless')
  })

  it('sets formulas without any markup string, and shows the source of one that cannot be set', async () => {
    const { container, until } = view(
      'Below $b = \\sqrt{5}$:\n\n$$\nb = \\frac{\\max_i x}{2}\n$$\n\nand $\\frac{$ stays, $\\nosuch{x}$ too.',
    )
    await until(() => container.querySelectorAll('.katex').length === 2)
    expect(container.querySelectorAll('.katex-display')).toHaveLength(1)
    expect(container.querySelectorAll('.katex-mathml math')).toHaveLength(2)
    expect(container.querySelector('svg path')?.getAttribute('d')).toMatch(/^M/u)
    expect([...container.querySelectorAll('.md-tex')].map((tex) => tex.textContent)).toEqual(['\\frac{', '\\nosuch{x}'])
    expect(container.querySelector('[style*="javascript"]')).toBeNull()
  })

  it('takes money for money', () => {
    const { container } = view('It costs $5 and then $10, or US$ 7, or 5$ and 6$.')
    expect(container.querySelector('.md-tex, .md-math')).toBeNull()
  })

  it('leads from a footnote to its text and back', () => {
    const { container } = view('Said[^1].\n\n[^1]: By **whom**.')
    const mark = container.querySelector<HTMLButtonElement>('sup button')!
    expect(mark.textContent).toBe('1')
    const note = container.querySelector<HTMLElement>('.md-footnotes li')!
    expect(note.querySelector('strong')?.textContent).toBe('whom')
    Element.prototype.scrollIntoView = () => undefined
    mark.click()
    expect(document.activeElement).toBe(note)
    note.querySelector('button')?.click()
    expect(document.activeElement).toBe(mark)
  })

  it('S05: shows the source of a formula that is nested too deep or too long', async () => {
    const deep = `${'{'.repeat(300)}x${'}'.repeat(300)}`
    const long = 'x'.repeat(4_001)
    const { container, until } = view(`$a^2$ and $${deep}$\n\n$$\n${long}\n$$`)
    await until(() => container.querySelector('.katex') !== null)
    expect(container.querySelectorAll('.md-math')).toHaveLength(1)
    expect([...container.querySelectorAll('.md-tex')].map((source) => source.textContent)).toEqual([deep, long])
  })

  it('speaks Russian where it speaks', () => {
    const { container } = mount(
      <Markdown text={'```\nx\n```\n\n![схема](https://example.org/a.png)'} isStreaming={false} />,
      'ru',
    )
    expect(container.textContent).toContain('Копировать')
    expect(container.textContent).toContain('Картинка с example.org не загружена')
    expect(container.textContent).toContain('Открыть в браузере')
  })
})

describe('renderPlainText', () => {
  it('keeps the words and drops the markup', () => {
    const text = renderPlainText(
      '# T\n\nA **b** [c](https://e.org) `d`\n\n1. x\n2. y\n\n| a | b |\n|-|-|\n| 1 | 2 |\n\n```js\ncode\n```',
    )
    expect(text).toBe('T\n\nA b c d\n\n1. x\n2. y\n\na\tb\n1\t2\n\ncode')
  })
})
