import { beforeEach, describe, expect, it, vi } from 'vitest'
import { ShownPictures, TriedPictures } from '../../../src/shared/markdown/pictures'
import { read } from '../../../src/shared/markdown/reading'

vi.mock('../../../src/shared/markdown/reading', { spy: true })

const url = (index: number): string => `https://pictures.example/${index}.png`
const texts = (count: number): string => Array.from({ length: count }, (_, index) => `![a](${url(index)})`).join('\n\n')

beforeEach(() => {
  vi.mocked(read).mockClear()
})

describe('the pictures that a text shows', () => {
  it('S24 are found with one reading, however many are asked for', () => {
    const shown = new ShownPictures()
    const text = texts(500)
    for (let index = 0; index < 500; index += 1) expect(shown.has('a', text, url(index))).toBe(true)
    expect(shown.has('a', text, url(500))).toBe(false)
    expect(read).toHaveBeenCalledTimes(1)
  })

  it('S08 are those of the text as it is now, of the same length or not', () => {
    const shown = new ShownPictures()
    expect(shown.has('a', `![a](${url(1)})`, url(1))).toBe(true)
    expect(shown.has('a', `![a](${url(2)})`, url(1))).toBe(false)
    expect(shown.has('a', `![a](${url(2)})`, url(2))).toBe(true)
    expect(shown.has('b', `![a](${url(1)})`, url(2))).toBe(false)
  })

  it('S24 of a text that grows, what its beginning showed needs no reading; what came since does', () => {
    const shown = new ShownPictures()
    expect(shown.has('a', texts(2), url(1))).toBe(true)
    expect(shown.has('a', `${texts(2)} and more`, url(0))).toBe(true)
    expect(read).toHaveBeenCalledTimes(1)
    expect(shown.has('a', texts(3), url(2))).toBe(true)
    expect(read).toHaveBeenCalledTimes(2)
  })

  it('of eight texts are remembered', () => {
    const shown = new ShownPictures()
    for (let index = 0; index < 9; index += 1) shown.has(`${index}`, texts(1), url(0))
    expect(read).toHaveBeenCalledTimes(9)
    shown.has('8', texts(1), url(0))
    expect(read).toHaveBeenCalledTimes(9)
    shown.has('0', texts(1), url(0))
    expect(read).toHaveBeenCalledTimes(10)
  })
})

describe('the pictures that were tried', () => {
  it('S24 are 100 of an answer, those that are stored among them; the same one counts once', () => {
    const tried = new TriedPictures()
    const stored = { [url(0)]: {}, [url(1)]: {} }
    const taken = Array.from({ length: 120 }, (_, index) => url(index)).filter((each) => tried.add('a', each, stored))
    expect(taken).toHaveLength(100)
    expect(tried.add('a', url(99), stored)).toBe(true)
    expect(tried.add('a', url(100), stored)).toBe(false)
    expect(tried.add('b', url(100))).toBe(true)
  })
})
