// @vitest-environment happy-dom
import { afterEach, describe, expect, it } from 'vitest'
import { Markdown } from '../../../src/renderer/markdown'
import { linkAddress } from '../../../src/renderer/markdown/address'
import { mount } from './mount'

const REMOTE = 'https://canary.example'
const IMAGE = `data:image/png;base64,iVBORw0KGgo=`

/** Markup that has run, or fetched, somewhere: raw, in every construct of markdown, and on the way through our own markup. */
const vectors: string[] = [
  '<script>window.pwn = 1</script>',
  '<ScRiPt src="https://canary.example/x.js"></ScRiPt>',
  '<script\n>window.pwn=1</script\n>',
  '<<script>window.pwn=1//<</script>',
  '<img src=x onerror="window.pwn=1">',
  '<img src="https://canary.example/a.png" onload=window.pwn=1>',
  '<img srcset="https://canary.example/a.png 1x">',
  '<svg onload=window.pwn=1></svg>',
  '<svg><script>window.pwn=1</script></svg>',
  '<svg><use href="https://canary.example/x.svg#a"/></svg>',
  '<svg><foreignObject><iframe src="javascript:window.pwn=1"></iframe></foreignObject></svg>',
  '<math><mtext><img src=x onerror=window.pwn=1></mtext></math>',
  '<math href="javascript:window.pwn=1">x</math>',
  '<iframe src="https://canary.example/"></iframe>',
  '<iframe srcdoc="<script>parent.pwn=1</script>"></iframe>',
  '<iframe src="javascript:parent.pwn=1"></iframe>',
  '<object data="https://canary.example/x.swf"></object>',
  '<embed src="https://canary.example/x.pdf">',
  '<video src="https://canary.example/v.mp4" poster="https://canary.example/p.png" autoplay></video>',
  '<video><source src="https://canary.example/v.mp4" onerror="window.pwn=1"></video>',
  '<audio src="https://canary.example/a.mp3" autoplay></audio>',
  '<link rel="stylesheet" href="https://canary.example/x.css">',
  '<link rel=prefetch href="https://canary.example/x">',
  '<meta http-equiv="refresh" content="0;url=https://canary.example/">',
  '<base href="https://canary.example/">',
  '<style>@import "https://canary.example/x.css";</style>',
  '<div style="background:url(https://canary.example/x.png)">x</div>',
  '<form action="https://canary.example/"><input name=q autofocus onfocus=window.pwn=1><button>go</button></form>',
  '<a href="javascript:window.pwn=1">click</a>',
  '<a href=" java\nscript:window.pwn=1">click</a>',
  '<a href="&#106;avascript:window.pwn=1">click</a>',
  '<a href="https://canary.example/" onclick="window.pwn=1">click</a>',
  '<details open ontoggle=window.pwn=1>x</details>',
  '<body onload=window.pwn=1>',
  '<marquee onstart=window.pwn=1>x</marquee>',
  '<input type=image src="https://canary.example/i.png">',
  '<table background="https://canary.example/t.png"><tr><td>x</td></tr></table>',
  '<b onmouseover=window.pwn=1>bold</b>',
  '<sub style="x:expression(window.pwn=1)">x</sub>',
  '<template><script>window.pwn=1</script></template>',
  '<noscript><p title="</noscript><img src=x onerror=window.pwn=1>"></noscript>',
  '<!--><img src=x onerror=window.pwn=1>-->',
  '<![CDATA[<img src=x onerror=window.pwn=1>]]>',
  '<?xml version="1.0"?><x:script xmlns:x="http://www.w3.org/1999/xhtml">window.pwn=1</x:script>',
  '[x](javascript:window.pwn=1)',
  '[x](JaVaScRiPt:window.pwn=1)',
  '[x](java&#x0A;script:window.pwn=1)',
  '[x](&#x6A;avascript:window.pwn=1)',
  '[x](<javascript:window.pwn=1>)',
  '[x](data:text/html;base64,PHNjcmlwdD53aW5kb3cucHduPTE8L3NjcmlwdD4=)',
  '[x](vbscript:msgbox(1))',
  '[x](file:///etc/passwd)',
  '[x](blob:https://canary.example/1)',
  '[x](//canary.example/x)',
  '[x](\\\\canary.example\\share)',
  '[x](ms-msdt:/id)',
  '[x](https://user:pass@canary.example/)',
  '[x](https://e.example "t\\" onmouseover=\\"window.pwn=1")',
  '<javascript:window.pwn=1>',
  '[x][r]\n\n[r]: javascript:window.pwn=1',
  '[r]: javascript:window.pwn=1 "t"\n\nlater [r] and ![r]',
  '![x](https://canary.example/i.png)',
  '![x](javascript:window.pwn=1)',
  '![x](data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9IndpbmRvdy5wd249MSIvPg==)',
  '![x](data:text/html,<script>window.pwn=1</script>)',
  '![x](//canary.example/i.png)',
  '![" onerror="window.pwn=1](https://canary.example/i.png "t")',
  '![x][i]\n\n[i]: https://canary.example/i.png',
  '[![x](https://canary.example/i.png)](javascript:window.pwn=1)',
  '```html onload=window.pwn=1\n<script>window.pwn=1</script>\n```',
  '```"><img src=x onerror=window.pwn=1>\nx\n```',
  '`<img src=x onerror=window.pwn=1>`',
  '| <img src=x onerror=window.pwn=1> | b |\n|---|---|\n| <script>window.pwn=1</script> | ![x](https://canary.example/t.png) |',
  '- <img src=x onerror=window.pwn=1>\n- [x](javascript:window.pwn=1)',
  '> <iframe src="https://canary.example/"></iframe>',
  '# <img src=x onerror=window.pwn=1>',
  '[^a]\n\n[^a]: <img src=x onerror=window.pwn=1> ![x](https://canary.example/f.png)',
  '[^"><script>window.pwn=1</script>]\n\n[^"><script>window.pwn=1</script>]: x',
  '&lt;script&gt;window.pwn=1&lt;/script&gt;',
  '&#60;img src=x onerror=window.pwn=1&#62;',
  '$\\href{javascript:window.pwn=1}{x}$',
  '$\\url{https://canary.example/}$',
  '$$\n\\includegraphics{https://canary.example/i.png}\n$$',
  '$\\htmlStyle{background:url(https://canary.example/x)}{x}$',
  '$\\htmlData{onclick=window.pwn=1}{x}$',
  '$\\text{<img src=x onerror=window.pwn=1>}$',
  '<div>\n\n<script>window.pwn=1</script>\n\n</div>',
  '**<img src=x onerror=window.pwn=1>**',
  '<kbd><img src=x onerror=window.pwn=1></kbd>',
  '<a href="https://e.example/"><img src="https://canary.example/a.png"></a>',
  `![x](${IMAGE}"onerror=window.pwn=1)`,
  '![x](app://local/attachment/../../etc/passwd)',
  '![x](app://local/index.html)',
]

afterEach(() => {
  document.body.replaceChildren()
})

function findings(container: HTMLElement): string[] {
  const found: string[] = []
  for (const element of container.querySelectorAll('*')) {
    const tag = element.tagName.toLowerCase()
    if (
      /^(?:script|iframe|object|embed|frame|link|meta|base|style|form|video|audio|source|template|foreignobject|use)$/u.test(
        tag,
      )
    ) {
      found.push(`<${tag}>`)
    }
    for (const { name, value } of element.attributes) {
      if (/^on/iu.test(name) || name === 'srcset' || name === 'srcdoc' || name === 'poster')
        found.push(`${tag}[${name}]`)
      if (
        /^(?:src|data|action|formaction|background|xlink:href)$/iu.test(name) &&
        !/^(?:data:image\/(?:png|jpeg|gif|webp);|app:\/\/local\/attachment\/)/u.test(value)
      ) {
        found.push(`${tag}[${name}=${value}]`)
      }
      if (name === 'href' && !(tag === 'a' && /^(?:https?|mailto):/u.test(value))) found.push(`${tag}[href=${value}]`)
      if (name === 'style' && /url\(|expression|import/iu.test(value)) found.push(`${tag}[style=${value}]`)
    }
  }
  return found
}

describe('hostile markdown', () => {
  it('S05: has a corpus of more than 60 vectors', () => {
    expect(vectors.length).toBeGreaterThan(60)
  })

  it.each(vectors)('S05 S07: %s neither runs nor fetches, whole or half-arrived', async (vector) => {
    const whole = mount(<Markdown text={`before ${vector}\n\n${vector}\n\nafter`} isStreaming={false} />)
    expect(findings(whole.container)).toEqual([])
    await whole.until(() => (vector.includes('$') ? whole.container.querySelector('.katex, .md-tex') !== null : true))
    expect(findings(whole.container)).toEqual([])
    // What came is still there to be read, except where the markup itself says nothing.
    expect(whole.container.textContent).toContain('before')
    expect(whole.container.textContent).toContain('after')
    whole.unmount()

    const growing = mount(<Markdown text="" isStreaming />)
    for (let length = 1; length <= vector.length; length += 9) {
      growing.render(<Markdown text={vector.slice(0, length)} isStreaming />)
      expect(findings(growing.container)).toEqual([])
    }
    growing.unmount()
    expect(Reflect.get(window, 'pwn')).toBeUndefined()
  })

  it('S07: names the host of a remote picture and asks it for nothing', () => {
    const opened: string[] = []
    const { container } = mount(
      <Markdown text={`![How it works](${REMOTE}/a.png)`} isStreaming={false} onOpenLink={(url) => opened.push(url)} />,
    )
    expect(container.querySelector('img')).toBeNull()
    expect(container.textContent).toContain('canary.example')
    expect(container.textContent).toContain('How it works')
    container.querySelector('button')?.click()
    expect(opened).toEqual([`${REMOTE}/a.png`])
  })

  it('shows pictures that are here already: attachments and images in the answer', () => {
    const attachment = `app://local/attachment/${'ab'.repeat(32)}`
    const { container } = mount(<Markdown text={`![a](${attachment}) ![b](${IMAGE})`} isStreaming={false} />)
    const sources = [...container.querySelectorAll('img')].map((image) => image.getAttribute('src'))
    expect(sources).toEqual([attachment, IMAGE])
  })

  it('S10 S12: opens a link through the callback only, by either button, and never navigates', () => {
    const opened: string[] = []
    const { container } = mount(
      <Markdown text="[x](https://example.org/a?b=c)" isStreaming={false} onOpenLink={(url) => opened.push(url)} />,
    )
    const link = container.querySelector('a')!
    expect(link.title).toContain('https://example.org/a?b=c')
    const click = new MouseEvent('click', { bubbles: true, cancelable: true })
    const middle = new MouseEvent('auxclick', { bubbles: true, cancelable: true, button: 1 })
    link.dispatchEvent(click)
    link.dispatchEvent(middle)
    expect([click.defaultPrevented, middle.defaultPrevented]).toEqual([true, true])
    expect(opened).toEqual(['https://example.org/a?b=c', 'https://example.org/a?b=c'])
  })

  it.each([
    ['https://example.org', 'https://example.org/'],
    ['HTTP://EXAMPLE.org/a', 'http://example.org/a'],
    ['mailto:a@b.c', 'mailto:a@b.c'],
    ['https://пример.рф/', 'https://xn--e1afmkfd.xn--p1ai/'],
    ['javascript:alert(1)', null],
    ['java\tscript:alert(1)', null],
    [' javascript:alert(1)', null],
    ['javascript\u2028:alert(1)', null],
    ['data:text/html,x', null],
    ['file:///etc/passwd', null],
    ['smb://host/share', null],
    ['\\\\host\\share', null],
    ['//host/path', null],
    ['/path', null],
    ['vscode://x', null],
    ['https://user@host/', null],
    ['https://', null],
    ['https://example.org/' + 'a'.repeat(3_000), null],
    ['', null],
  ])('S10: %s may be offered as %s', (address, expected) => {
    expect(linkAddress(address)).toBe(expected)
  })
})
