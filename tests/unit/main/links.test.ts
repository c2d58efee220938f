import { describe, expect, it } from 'vitest'
import { checkLink, openExternalSafe, type SafeLink } from '../../../src/main/links'
import { silentLogger } from '../../../src/main/logger'

const allowed: [string, string | null][] = [
  ['https://example.org', 'example.org'],
  ['http://example.org/', 'example.org'],
  ['HTTPS://EXAMPLE.ORG/Path', 'example.org'],
  ['https://example.org:8443/a?b=c#d', 'example.org:8443'],
  ['http://localhost:1337/docs', 'localhost:1337'],
  ['http://127.0.0.1:8080/', '127.0.0.1:8080'],
  ['http://[::1]:1337/', '[::1]:1337'],
  ['https://example.org/a%20b', 'example.org'],
  ['https://example.org/%E2%80%AE', 'example.org'],
  ['https://example.org/?q=%0d%0a', 'example.org'],
  ['https://example.org/@name', 'example.org'],
  ['https://example.org/?mail=a@b.c', 'example.org'],
  ['https://example.org/javascript:alert(1)', 'example.org'],
  // Shown as what is really asked for.
  ['https://аpple.com/', 'xn--pple-43d.com'],
  ['https://пример.рф/', 'xn--e1afmkfd.xn--p1ai'],
  ['https://xn--e1afmkfd.xn--p1ai/', 'xn--e1afmkfd.xn--p1ai'],
  ['http://2130706433/', '127.0.0.1'],
  ['http://0x7f.1/', '127.0.0.1'],
  [`https://example.org/${'a'.repeat(2000)}`, 'example.org'],
  ['mailto:somebody@example.org', null],
  ['mailto:somebody@example.org?subject=Hello', null],
  ['MAILTO:somebody@example.org', null],
]

const refused = [
  '',
  ' ',
  'example.org',
  'www.example.org',
  '//example.org',
  '/etc/passwd',
  '#top',
  'javascript:alert(1)',
  'JaVaScRiPt:alert(1)',
  ' javascript:alert(1)',
  'java\tscript:alert(1)',
  'java\nscript:alert(1)',
  'javascript://example.org/%0aalert(1)',
  'vbscript:msgbox(1)',
  'data:text/html,<script>alert(1)</script>',
  'data:text/html;base64,PHNjcmlwdD4=',
  'blob:https://example.org/1',
  'about:blank',
  'app://local/index.html',
  'chrome://settings',
  'devtools://devtools/bundled/inspector.html',
  'view-source:https://example.org',
  'file:///etc/passwd',
  'FILE:///C:/Windows/System32/calc.exe',
  'file://host/share/a.exe',
  '\\\\host\\share',
  '\\\\host\\share\\a.lnk',
  '//host/share',
  'smb://host/share',
  'nfs://host/share',
  'ftp://example.org/',
  'sftp://example.org/',
  'ssh://example.org',
  'telnet://example.org',
  'ldap://example.org',
  'gopher://example.org',
  'jar:https://example.org!/a',
  'ms-msdt:/id PCWDiagnostic',
  'ms-officecmd:{}',
  'ms-settings:privacy',
  'ms-word:ofe|u|https://example.org/a.docx',
  'search-ms:query=a&crumb=location:\\\\host\\share',
  'search:query=a',
  'vscode://file/etc/passwd',
  'vscode-insiders://file/etc/passwd',
  'steam://run/1',
  'slack://open',
  'zoommtg://zoom.us/join',
  'tel:+123456789',
  'sms:+123456789',
  'intent://scan/#Intent;scheme=zxing;end',
  'shell:startup',
  'x-apple.systempreferences:',
  'ht\ttps://example.org',
  'ht\ntps://example.org',
  'https://exa\tmple.org',
  'https://exa\nmple.org',
  'https:\\\\example.org',
  'https:/\\example.org',
  'https://example.org\\@evil.example',
  'https:example.org',
  'https:/example.org',
  'https:///example.org',
  'https://',
  'https://?',
  'https://user@example.org',
  'https://user:password@example.org',
  'https://@example.org',
  'https://:@example.org',
  'https://example.org@evil.example',
  'https://example.org%2F@evil.example',
  'https://example.org\u2028.evil.example',
  'https://example.org/\u2028',
  'https://example.org/\u2029',
  'https://example.org/\u202Egpj.exe',
  'https://exam\u200Bple.org/',
  'https://example.org/\u0000',
  'https://example.org/\u0007',
  '\u0001https://example.org/',
  '\uFEFFhttps://example.org/',
  'https://example.org/a b',
  'https://exa mple.org/',
  'https://example.org:99999/',
  'https://[::1/',
  'https://256.256.256.256/',
  `https://example.org/${'a'.repeat(2048)}`,
  `https://example.org/${'я'.repeat(400)}`,
  'mailto:',
  'mailto://example.org',
  'mailto:a@example.org\r\nBcc: b@example.org',
]

describe('links that leave Parley (S10)', () => {
  it.each(allowed)('S10 lets out %j', (raw, host) => {
    expect(checkLink(raw)?.host).toBe(host)
  })

  it.each(refused)('S10 refuses %j', (raw) => {
    expect(checkLink(raw)).toBeNull()
  })

  it('S10 has a table of at least 80 addresses', () => {
    expect(allowed.length + refused.length).toBeGreaterThanOrEqual(80)
  })

  const open = async (raw: string, isConfirmed: boolean) => {
    const opened: string[] = []
    const asked: SafeLink[] = []
    const isOpened = await openExternalSafe(raw, {
      shell: {
        openExternal: async (url: string) => {
          opened.push(url)
        },
      },
      confirm: async (link) => {
        asked.push(link)
        return isConfirmed
      },
      logger: silentLogger,
    })
    return { opened, asked, isOpened }
  }

  it('S10 opens the normalised address after the person has seen the real host', async () => {
    expect(await open('https://аpple.com', true)).toEqual({
      opened: ['https://xn--pple-43d.com/'],
      asked: [{ url: 'https://xn--pple-43d.com/', host: 'xn--pple-43d.com' }],
      isOpened: true,
    })
  })

  it('S10 opens nothing without a yes, and asks nothing for a link that may not leave', async () => {
    expect(await open('https://example.org', false)).toMatchObject({ opened: [], isOpened: false })
    expect(await open('file:///etc/passwd', true)).toEqual({ opened: [], asked: [], isOpened: false })
  })
})
