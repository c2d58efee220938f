import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { moveSlots, nextSlot, slashWordAt, slotAt } from '../../../src/renderer/prompts/slots'
import type { Slot } from '../../../src/shared/prompts'

const TEXT = 'For Parley in English.'
const slots: Slot[] = [
  { name: 'language', choices: [], from: 14, to: 21 },
  { name: 'product', choices: [], from: 4, to: 10 },
]

/** What stands in the slots after an edit that put `typed` in the place of `from` to `to`. */
function after(from: number, to: number, typed: string): Record<string, string> {
  const next = TEXT.slice(0, from) + typed + TEXT.slice(to)
  const moved = moveSlots(slots, TEXT, next, from + typed.length)
  return Object.fromEntries(moved.map((slot) => [slot.name, next.slice(slot.from, slot.to)]))
}

describe('slots after an edit', () => {
  it.each<[string, [number, number, string], Record<string, string>]>([
    ['before them', [0, 0, 'Now '], { language: 'English', product: 'Parley' }],
    ['between them', [11, 13, 'into'], { language: 'English', product: 'Parley' }],
    ['behind them', [22, 22, ' Go.'], { language: 'English', product: 'Parley' }],
    ['within one', [6, 8, 'XYZ'], { language: 'English', product: 'PaXYZey' }],
    ['in the place of one', [14, 21, 'German'], { language: 'German', product: 'Parley' }],
    ['at the end of one', [10, 10, ' 2'], { language: 'English', product: 'Parley 2' }],
    ['right before one', [4, 4, 'our '], { language: 'English', product: 'Parley' }],
    ['that empties one', [14, 21, ''], { language: '', product: 'Parley' }],
    ['over the start of one', [12, 17, 'x'], { language: 'lish', product: 'Parley' }],
    ['over the end of one', [7, 12, 'x'], { language: 'English', product: 'Par' }],
    ['that takes one away', [3, 11, ''], { language: 'English' }],
    ['that takes all away', [0, 22, ''], {}],
  ])('%s', (_, [from, to, typed], expected) => {
    expect(after(from, to, typed)).toEqual(expected)
  })

  it('the caret tells which of two equal letters is new', () => {
    const moved = moveSlots([{ name: 'a', choices: [], from: 1, to: 2 }], 'xx', 'xxx', 1)
    expect(moved).toEqual([{ name: 'a', choices: [], from: 2, to: 3 }])
  })

  it('stay within the text and never overlap, whatever is edited', () => {
    fc.assert(
      fc.property(fc.nat(22), fc.nat(22), fc.string({ maxLength: 5 }), (a, b, typed) => {
        const [from, to] = a < b ? [a, b] : [b, a]
        const next = TEXT.slice(0, from) + typed + TEXT.slice(to)
        const moved = moveSlots(slots, TEXT, next, from + typed.length).sort((x, y) => x.from - y.from)
        for (const slot of moved) expect(slot.from >= 0 && slot.from <= slot.to && slot.to <= next.length).toBe(true)
        const [first, second] = moved
        if (first !== undefined && second !== undefined) expect(first.to).toBeLessThanOrEqual(second.from)
      }),
    )
  })
})

describe('Tab', () => {
  it('goes in the order that was set, from outside to the first that is empty, and leaves at the end', () => {
    const text = 'For {product} in English.'
    const open: Slot[] = [
      { name: 'language', choices: [], from: 17, to: 24 },
      { name: 'product', choices: [], from: 4, to: 13 },
    ]
    expect(slotAt(open, 20, 20)).toBe(0)
    expect(slotAt(open, 15, 15)).toBe(-1)
    expect(nextSlot(open, 0, 1, text)?.name).toBe('product')
    expect(nextSlot(open, 1, -1, text)?.name).toBe('language')
    expect(nextSlot(open, -1, 1, text)?.name).toBe('product')
    expect(nextSlot(open, 1, 1, text)).toBeNull()
    expect(nextSlot(open, 0, -1, text)).toBeNull()
    expect(nextSlot(slots, -1, 1, TEXT)).toBeNull()
  })
})

describe('a slash', () => {
  it.each<[string, number, string | null]>([
    ['/', 1, ''],
    ['/re', 3, 're'],
    ['Hello\n/re', 9, 're'],
    ['/re lease', 3, 're'],
    ['/re', 2, null],
    ['and /re', 7, null],
    ['/usr/bin', 8, null],
    ['/re ', 4, null],
    ['//', 2, null],
  ])('of %j at %i means %j', (text, caret, query) => {
    expect(slashWordAt(text, caret)?.query ?? null).toBe(query)
  })
})
