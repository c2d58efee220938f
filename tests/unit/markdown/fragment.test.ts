import { describe, expect, it } from 'vitest'
import { renderFragment } from '../../../src/shared/markdown/fragment'

describe('HTML for the clipboard', () => {
  it('S43 has the structure of the answer', () => {
    expect(
      renderFragment('# Title\n\nSome **bold** and `code`.\n\n- one\n- [x] two\n\n> said\n\n```js\na < b\n```'),
    ).toBe(
      '<h1>Title</h1><p>Some <strong>bold</strong> and <code>code</code>.</p><ul><li>one</li><li>☑ two</li></ul>' +
        '<blockquote><p>said</p></blockquote><pre><code>a &lt; b</code></pre>',
    )
    expect(renderFragment('|a|b|\n|-|-|\n|1|2|')).toBe(
      '<table><thead><tr><th>a</th><th>b</th></tr></thead><tbody><tr><td>1</td><td>2</td></tr></tbody></table>',
    )
  })

  it.each([
    '<script>alert(1)</script>',
    '<img src=x onerror=alert(1)>',
    '![pixel](https://tracker.example/p.png)',
    '[x](javascript:alert(1))',
    '[x](https://e.example/" onmouseover="alert(1))',
    '<a href="vbscript:x">x</a>',
    '```"><img src=x>\n</code></pre><script>1</script>\n```',
    '<iframe src="https://e.example"></iframe>',
  ])('S05, S43: of %s nothing runs and nothing is fetched', (markdown) => {
    const html = renderFragment(markdown)
    expect(html).not.toMatch(/<(?:script|img|iframe|svg|style)/iu)
    // Of all attributes there is the address of a link, with nothing in it that ends it.
    for (const [, attributes = ''] of html.matchAll(/<[a-z0-9]+([^>]*)>/giu)) {
      expect(attributes).toMatch(/^(?: href="(?:https?|mailto):[^"<>]*"| start="\d+")?$/u)
    }
  })
})
