import { afterEach, describe, expect, it, vi } from 'vitest'
import { lex } from '../../../src/shared/markdown/grammar'
import { canTypeset } from '../../../src/renderer/markdown/tex'

afterEach(() => {
  vi.restoreAllMocks()
})

/** How many characters were searched for a sign while `work` ran. */
function charactersSearched(sign: string, work: () => void): number {
  const original = String.prototype.indexOf
  let searched = 0
  vi.spyOn(String.prototype, 'indexOf').mockImplementation(function (this: string, wanted: string, from = 0) {
    const at = Reflect.apply<string, [string, number], number>(original, this, [wanted, from])
    if (wanted === sign) searched += (at < 0 ? this.length : at + sign.length) - from
    return at
  })
  work()
  vi.restoreAllMocks()
  return searched
}

describe('formulas', () => {
  it.each([
    ['\\)', '\\('.repeat(10_000)],
    ['\\)', `${'\\( '.repeat(2_000)}${'x'.repeat(1_001)}\\)`],
    ['\\]', '\\[\n'.repeat(5_000)],
    ['\\]', '\\[\n\n'.repeat(5_000)],
    ['$$', '$$ x\n'.repeat(5_000)],
  ])('S05: looks for the closing %s once in each text, however many are open', (sign, text) => {
    const searched = charactersSearched(sign, () => lex(text, {}))
    expect(searched).toBeGreaterThan(0)
    expect(searched).toBeLessThanOrEqual(text.length * 2)
  })

  it('finds each formula again after one that has no end within reach', () => {
    const far = `\\(${'x'.repeat(1_001)} \\(a\\) *and \\(b\\)* [\\(c\\)](https://example.org) \\(d\\)`
    const tex = JSON.stringify(lex(far, {}).tokens).match(/"tex":"[^"]*"/gu)
    expect(tex).toEqual(['"tex":"a"', '"tex":"b"', '"tex":"c"', '"tex":"d"'])
    expect(lex('> \\[\n> a\n> \\]\n\n\\[\nb\n\\]\n', {}).tokens.map(({ type }) => type)).toEqual([
      'blockquote',
      'space',
      'math',
    ])
  })

  it.each([
    ['{'.repeat(50) + '}'.repeat(50), true],
    ['{'.repeat(51), false],
    ['\\{'.repeat(51), true],
    ['\\left('.repeat(51), false],
    ['{x}'.repeat(200), true],
    ['x'.repeat(4_000), true],
    ['x'.repeat(4_001), false],
  ])('S05: %s is set in type: %s', (tex, expected) => {
    expect(canTypeset(tex)).toBe(expected)
  })
})
