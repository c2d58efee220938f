import { describe, expect, it } from 'vitest'
import { titleOf } from '../../../src/main/title'

describe('titles from texts', () => {
  it.each([
    ['# A **bold** plan', 'A bold plan'],
    ['See [the page](https://example.org/x)', 'See the page'],
    ['Use `git rebase` here', 'Use git rebase here'],
    // Not Markdown to whoever wrote it.
    ['What is 2*3*4?', 'What is 2*3*4?'],
    ['my_file_name.txt and a_b', 'my_file_name.txt and a_b'],
    ['', ''],
  ])('%j gives %j', (text, title) => {
    expect(titleOf(text)).toBe(title)
  })

  it('leaves no fence in it, and reads only the beginning of a long text', () => {
    expect(titleOf('see\n```mermaid\ngraph TD\n```')).not.toContain('`')
    expect(titleOf(`**a** ${'word '.repeat(400_000)}`).length).toBeLessThanOrEqual(61)
  })
})
