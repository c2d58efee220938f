import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Block } from '../../../src/shared/markdown/nodes'
import { read, type Reading } from '../../../src/shared/markdown/reading'

const inline = fc.constantFrom(
  'plain words',
  '**bold**',
  '*em* and `code`',
  '[a link](https://example.org/a_b)',
  '[named][ref]',
  '[Ref]',
  'see[^1]',
  '[^note] here',
  '$x_1 + y$',
  '\\(z\\)',
  'costs $5 and $10',
  '![alt](https://example.org/p.png)',
  '<b>raw</b> <br> text',
  'a | b',
  '**open',
  '`tick',
  '[half](http',
  'https://example.org/x.',
  '&amp; &lt;script&gt;',
  '~~gone~~',
  'Слово по-русски',
  '😀 emoji',
)
const line = fc.array(inline, { minLength: 1, maxLength: 4 }).map((parts) => parts.join(' '))
const lines = (prefix: string) =>
  fc.array(line, { minLength: 1, maxLength: 5 }).map((all) => all.map((each) => prefix + each).join('\n'))
const block = fc.oneof(
  lines(''),
  line.map((text) => `# ${text}`),
  line.map((text) => `${text}\n===`),
  line.map((text) => `${text}\n---`),
  lines('- '),
  lines('1. '),
  lines('> '),
  lines('  - '),
  line.map((text) => `- a\n\n  ${text}\n\n- b`),
  line.map((text) => `> ${text}\nlazy ${text}`),
  line.map((text) => `\`\`\`python\n${text}\n\n  x = 1\n\`\`\``),
  line.map((text) => `~~~\n${text}`),
  line.map((text) => `    ${text}\n\n    more`),
  line.map((text) => `| a | b |\n| - | :-: |\n| ${text.replaceAll('|', '/')} | 2 |\n| 3 | 4 |`),
  line.map((text) => `${text}\n$$\na\n- b\n= c\n$$\n${text}`),
  line.map((text) => `$$\nopen ${text}`),
  line.map((text) => `\\[\n${text}\n\\]`),
  line.map((text) => `[ref]: https://example.org/${text.length} "t"`),
  line.map((text) => `[^1]: ${text}\n    more\n\n    and more`),
  line.map((text) => `[^note]: ${text}`),
  line.map((text) => `<div>\n${text}\n</div>`),
  line.map((text) => `<!-- ${text}`),
  fc.constantFrom(
    '---',
    '***',
    '- [ ] open\n- [x] done',
    '<iframe src="https://example.org/"></iframe>',
    '*',
    '$$',
    '[',
    '> > > deep',
  ),
  fc
    .integer({ min: 60, max: 200 })
    .map((count) => Array.from({ length: count }, (_, n) => `${n + 1}. item ${n} [Ref]`).join('\n')),
)
const separator = fc.constantFrom('\n\n', '\n\n', '\n\n\n', '\n', '\n \n', '\n\n  ')
const markdown = fc
  .array(fc.tuple(block, separator), { minLength: 1, maxLength: 14 })
  .map((parts) => parts.map(([text, end]) => text + end).join(''))

/** What a reading shows, without the counters that only say when something was read. */
function shown(reading: Reading) {
  const plain = JSON.stringify({
    blocks: [...reading.frozen.flat(), ...reading.tail],
    footnotes: reading.footnotes,
  })
  return JSON.parse(plain, (key, value: unknown) => (key === 'version' ? undefined : value)) as unknown
}

function readInSteps(text: string, cuts: readonly number[], isOpen = false): Reading {
  let reading: Reading | null = null
  for (const cut of [...cuts, text.length]) reading = read(text.slice(0, cut), isOpen, reading)
  return reading!
}

const cutsOf = (text: string) =>
  fc.array(fc.integer({ min: 0, max: text.length }), { maxLength: 40 }).map((cuts) => cuts.sort((a, b) => a - b))

describe('reading markdown that grows', () => {
  it('reads in steps what it reads at once, for 200 documents at random splits', () => {
    fc.assert(
      fc.property(
        markdown.chain((text) => fc.tuple(fc.constant(text), cutsOf(text))),
        ([text, cuts]) => {
          expect(shown(readInSteps(text, cuts))).toEqual(shown(read(text, false, null)))
        },
      ),
      { numRuns: 200, seed: 20_260_801 },
    )
  })

  it('reads every state on the way like that state alone, also with its end closed for show', () => {
    fc.assert(
      fc.property(markdown, (text) => {
        let reading: Reading | null = null
        for (let length = 0; length <= Math.min(text.length, 900); length += 7) {
          const part = text.slice(0, length)
          reading = read(part, true, reading)
          expect(shown(reading)).toEqual(shown(read(part, true, null)))
        }
      }),
      { numRuns: 40, seed: 7 },
    )
  })

  it('reads letter by letter what it reads at once', () => {
    const text =
      '# T\n\nfoo [Ref] **b**\n$$\nx\n- y\n$$\n\n- a\n\n- b\n  - c\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n> q\nlazy\n\n[ref]: https://e.org "t"\n\n1. x[^1]\n\n[^1]: n\n'
    const cuts = Array.from({ length: text.length }, (_, index) => index)
    expect(shown(readInSteps(text, cuts))).toEqual(shown(read(text, false, null)))
  })

  it('keeps what is frozen: the same objects, group by group', () => {
    const paragraph = (index: number) => `Paragraph ${index} with **words**.\n\n`
    const text = Array.from({ length: 300 }, (_, index) => paragraph(index)).join('')
    let reading: Reading | null = null
    let kept = 0
    for (let length = 0; length < text.length; length += 97) {
      const next: Reading = read(text.slice(0, length), true, reading)
      const groups = reading?.frozen.filter((group) => group.length === 32) ?? []
      groups.forEach((group, index) => expect(next.frozen[index]).toBe(group))
      kept += groups.length
      // Never more than the last two blocks and the blank line after them are read again.
      expect(next.tail.length).toBeLessThanOrEqual(3)
      reading = next
    }
    expect(kept).toBeGreaterThan(100)
  })

  it('resolves a definition that comes last, and renders again only the blocks that name it', () => {
    const start = 'Uses [Late].\n\n' + 'Other words.\n\n'.repeat(40)
    const before = read(start, true, null)
    const after = read(`${start}[late]: https://example.org/late\n\nEnd.`, true, before)
    const blocks = (reading: Reading): Block[] => reading.frozen.flat()
    expect(JSON.stringify(blocks(after)[0])).toContain('https://example.org/late')
    const changed = blocks(before).filter((each, index) => blocks(after)[index] !== each)
    expect(changed).toHaveLength(1)
  })

  it('numbers footnotes by their first use, wherever their texts stand', () => {
    const { footnotes } = read('b[^b] a[^a] b[^b] none[^c]\n\n[^a]: A\n\n[^b]: B\n', false, null)
    expect(footnotes.map(({ label, number }) => [label, number])).toEqual([
      ['b', 1],
      ['a', 2],
    ])
  })

  it('goes on with the numbers of a long list', () => {
    const text = Array.from({ length: 150 }, (_, index) => `1. item ${index}`).join('\n')
    const lists = read(text, false, null).tail.concat(read(text, false, null).frozen.flat())
    const starts = lists.flatMap((each) => (each.kind === 'list' ? [each.start] : []))
    expect(starts.sort((a, b) => Number(a) - Number(b))).toEqual([1, 65, 129])
  })

  it('reads Windows and old Mac line ends as line ends', () => {
    expect(shown(read('a\r\n\r\n- b\r- c', false, null))).toEqual(shown(read('a\n\n- b\n- c', false, null)))
  })

  it('starts over when the text is another one', () => {
    const reading = read('one\n\ntwo\n\nthree\n\nfour', false, null)
    expect(shown(read('# other', false, reading))).toEqual(shown(read('# other', false, null)))
  })
})

describe('what no text may do', () => {
  const many = (count: number, piece: (index: number) => string) =>
    Array.from({ length: count }, (_, n) => piece(n)).join('')
  const cases: Record<string, string> = {
    'a line of 1 MB': 'word '.repeat(200_000),
    '1 MB without a space': 'a'.repeat(1_000_000),
    '50,000 list items': many(50_000, (n) => `- item ${n}\n`),
    'an unclosed fence of 1 MB': `\`\`\`js\n${'let x = 1\n'.repeat(100_000)}`,
    'a formula of 10,000 digits': `$${'1'.repeat(10_000)}$ and $$\n${'2'.repeat(10_000)}\n$$`,
    '5,000 nested quotes': `${'>'.repeat(5_000)} deep`,
    '700 nested lists': many(700, (n) => `${'  '.repeat(n)}- x\n`),
    '100,000 opening brackets': '['.repeat(100_000),
    '50,000 links in one line': '[a](b) '.repeat(50_000),
    '50,000 unclosed links': '[a](b'.repeat(50_000),
    '100,000 asterisks': '*a '.repeat(100_000),
    '100,000 underscores and stars': '_*'.repeat(100_000),
    '50,000 dollar signs': '$a '.repeat(50_000),
    '5,000 formulas without a blank line': many(5_000, () => 'x\n$$\n'),
    '50,000 backticks': many(300, (n) => `${'`'.repeat(n)} `),
    '30,000 table rows': `| a | b |\n|---|---|\n${'| 1 | 2 |\n'.repeat(30_000)}`,
    '20,000 tags': '<b>'.repeat(20_000),
    '20,000 open comments': '<!-- '.repeat(20_000),
    '20,000 definitions': many(20_000, (n) => `[r${n}]: https://example.org/${n}\n`),
    '20,000 footnotes': many(20_000, (n) => `x[^${n}]\n\n[^${n}]: y\n\n`),
    'bidi and emoji soup': '\u202e\u2066👩‍👩‍👧‍👦\ud83d \udc00 \u0000 \ufeff '.repeat(5_000),
  }
  it.each(Object.entries(cases))('R24: %s is read in bounded time and does not throw', (_, text) => {
    const startedAt = performance.now()
    const reading = read(text, true, null)
    const again = read(`${text} more`, true, reading)
    expect(reading.frozen.length + again.tail.length).toBeGreaterThan(0)
    expect(performance.now() - startedAt).toBeLessThan(6_000)
  })

  it('nests no deeper than a layout engine can follow', () => {
    const depth = (block: Block): number => (block.kind === 'quote' ? 1 + Math.max(0, ...block.blocks.map(depth)) : 1)
    const [quote] = read(`${'>'.repeat(200)} deep`, false, null).tail
    expect(depth(quote!)).toBeLessThan(30)
  })
})

describe('memory', () => {
  it('holds no earlier state of the text, however many frames it came in', () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const used = () => {
      collect()
      return process.memoryUsage().heapUsed
    }
    const paragraph = 'Some words of an answer that is rather long, and `code` in it. '.repeat(3)
    const text = Array.from({ length: 500 }, (_, index) => `Part ${index}. ${paragraph}`).join('\n\n')
    read('Anything.', true, null)
    const before = used()
    let last: Reading | null = null
    let shown = ''
    for (let from = 0; from < text.length; from += 200) {
      shown += text.slice(from, from + 200)
      last = read(shown, true, last)
    }
    const heldBytes = used() - before
    expect(last?.frozen.flat().length).toBeGreaterThan(490)
    // Five hundred states of it are 25 MB.
    expect(heldBytes).toBeLessThan(5_000_000)
  })
})
