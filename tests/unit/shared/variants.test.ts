import { describe, expect, it } from 'vitest'
import { emptyAnswer, type Message } from '../../../src/shared/conversation'
import { entranceOf, latestEnd, subtreeOf, variantPlaces, variantsOf } from '../../../src/shared/variants'

const question = (id: string, parentId: string | null): Message => ({
  role: 'user',
  id,
  parentId,
  createdAt: 0,
  text: id,
  attachments: [],
})
const answer = (id: string, parentId: string | null): Message =>
  emptyAnswer({ id, parentId, createdAt: 0, generationId: id, backendId: 'b', provider: null, model: null })

// q1 has three answers; the second is continued (a2 → a2b), the third was asked on, and that question has two versions.
const tree: Message[] = [
  question('q1', null),
  answer('a1', 'q1'),
  answer('a2', 'q1'),
  answer('a3', 'q1'),
  answer('a2b', 'a2'),
  question('q2', 'a3'),
  answer('b1', 'q2'),
  question('q2x', 'a3'),
  answer('b2', 'q2x'),
]

describe('variants', () => {
  it('of an answer are named by the last of its continuations, in the order in which they were begun', () => {
    expect(variantsOf(tree, 'a3')).toEqual(['a1', 'a2b', 'a3'])
    expect(variantsOf(tree, 'a2b')).toEqual(['a1', 'a2b', 'a3'])
  })

  it('of a question are its siblings', () => {
    expect(variantsOf(tree, 'q2x')).toEqual(['q2', 'q2x'])
    expect(variantsOf(tree, 'q1')).toEqual(['q1'])
    expect(variantsOf(tree, 'gone')).toEqual([])
  })

  it('have their places on the path on show, also deep in the tree; what has one version has none', () => {
    expect([...variantPlaces({ headId: 'b2', messages: tree })]).toEqual([
      ['a3', { index: 2, count: 3 }],
      ['q2x', { index: 1, count: 2 }],
    ])
    expect([...variantPlaces({ headId: 'a2b', messages: tree })]).toEqual([['a2b', { index: 1, count: 3 }]])
    expect(variantPlaces({ headId: 'a1', messages: [question('q1', null), answer('a1', 'q1')] }).size).toBe(0)
  })

  it('an answer that was both continued and asked on has two', () => {
    const both = [question('q', null), answer('a', 'q'), question('on', 'a'), answer('b', 'on'), answer('more', 'a')]
    expect(variantsOf(both, 'a')).toEqual(['a', 'more'])
    // Without this, showing the first would lead to the later one.
    expect(entranceOf(both, 'a')).toBe('on')
    expect(latestEnd(both, entranceOf(both, 'a'))).toBe('b')
    expect(entranceOf(both, 'more')).toBe('more')
  })

  it('50 of them are counted', () => {
    const many = [question('q', null), ...Array.from({ length: 50 }, (_, index) => answer(`a${index}`, 'q'))]
    expect(variantPlaces({ headId: 'a48', messages: many }).get('a48')).toEqual({ index: 48, count: 50 })
  })

  it('a ring, which only a damaged file has, ends', () => {
    const ring = [answer('x', 'y'), answer('y', 'x'), question('q', 'y')]
    expect(variantsOf(ring, 'x').length).toBeLessThanOrEqual(2)
    expect(subtreeOf(ring, 'x').map(({ id }) => id)).toEqual(['x', 'y', 'q'])
    expect(variantPlaces({ headId: 'q', messages: ring }).size).toBeLessThanOrEqual(3)
  })

  it('what hangs under a message goes with it', () => {
    expect(subtreeOf(tree, 'a3').map(({ id }) => id)).toEqual(['a3', 'q2', 'b1', 'q2x', 'b2'])
    expect(subtreeOf(tree, 'gone')).toEqual([])
  })
})
