import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fencedFile } from '../../../src/shared/fenced-file'
import { read } from '../../../src/shared/markdown/reading'

test('a file as a block, with its name and its language', () => {
  expect(fencedFile('main.rs', 'fn main() {}\n')).toBe('main.rs\n\n```rs\nfn main() {}\n```')
  expect(fencedFile('notes.txt', 'one')).toBe('notes.txt\n\n```\none\n```')
  expect(fencedFile('a\n# b.md', '````\nx')).toBe('a # b.md\n\n`````md\n````\nx\n`````')
})

test('the block ends where the file ends, whatever is in it', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('```', '````', '~~~', 'x', '', '  ```'), { maxLength: 12 }), (lines) => {
      const text = lines.join('\n')
      const { frozen, tail } = read(`${fencedFile('a.md', text)}\n\nbehind`, false, null)
      expect([...frozen.flat(), ...tail].map(({ kind }) => kind)).toEqual(['paragraph', 'code', 'paragraph'])
    }),
  )
})
