// @vitest-environment happy-dom
import { afterEach, describe, expect, it } from 'vitest'
import { Markdown } from '../../../src/renderer/markdown'
import { linkAddress } from '../../../src/shared/markdown/address'
import { attackVectors } from '../../support/markdown-attacks'
import { mount } from './mount'

const REMOTE = 'https://canary.example'
const IMAGE = `data:image/png;base64,iVBORw0KGgo=`

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
  it('S05: has a corpus of more than 60 attackVectors', () => {
    expect(attackVectors.length).toBeGreaterThan(60)
  })

  it.each(attackVectors)('S05 S07: %s neither runs nor fetches, whole or half-arrived', async (vector) => {
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
