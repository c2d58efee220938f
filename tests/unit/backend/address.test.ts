import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isLoopback, parseAddress } from '../../../src/main/backend/address'
import type { AddressReason } from '../../../src/shared/errors'

const usual = (host: string): string[] => [`http://${host}:1337`, `http://${host}:8080`]

describe('S36 what people type as an address', () => {
  test.each<[string, string[]]>([
    // with a scheme
    ['http://localhost:1337', ['http://localhost:1337']],
    ['https://chat.example.org', ['https://chat.example.org']],
    ['HTTP://Chat.Example.ORG', ['http://chat.example.org']],
    ['http://localhost:1337/', ['http://localhost:1337']],
    ['  http://localhost:1337  ', ['http://localhost:1337']],
    ['http://localhost:80', ['http://localhost']],
    ['https://chat.example.org:443/', ['https://chat.example.org']],
    ['http://localhost:8080/chat/', ['http://localhost:8080/chat', 'http://localhost:8080']],
    ['http://localhost:1337/v1', ['http://localhost:1337/v1', 'http://localhost:1337']],
    ['http://localhost:1337/backend-api', ['http://localhost:1337']],
    ['http://localhost:1337/backend-api/', ['http://localhost:1337']],
    ['http://localhost:1337/backend-api/v2', ['http://localhost:1337']],
    ['http://localhost:1337/backend-api/v2/conversation', ['http://localhost:1337']],
    ['https://example.org/g4f/backend-api/v2/version?cache=true', ['https://example.org/g4f', 'https://example.org']],
    ['https://example.org/g4f///', ['https://example.org/g4f', 'https://example.org']],
    ['http://localhost:1337?x=1', ['http://localhost:1337']],
    ['http://localhost:1337/#/chat', ['http://localhost:1337']],
    ['http://localhost:1337/backend-apis', ['http://localhost:1337/backend-apis', 'http://localhost:1337']],
    ['http://[::1]:1337', ['http://[::1]:1337']],
    ['http://[2001:DB8::1]/', ['http://[2001:db8::1]']],
    ['http://127.1', ['http://127.0.0.1']],
    ['http://2130706433:1337', ['http://127.0.0.1:1337']],
    ['http://0x7f.1', ['http://127.0.0.1']],
    ['http://0.0.0.0:1337', ['http://127.0.0.1:1337']],
    ['http://[::]:1337', ['http://[::1]:1337']],
    ['https://bücher.example', ['https://xn--bcher-kva.example']],
    ['https://example.org./', ['https://example.org.']],
    // without one: one's own first by http, others first by https
    ['localhost:1337', ['http://localhost:1337', 'https://localhost:1337']],
    ['LOCALHOST:1337', ['http://localhost:1337', 'https://localhost:1337']],
    ['//localhost:1337', ['http://localhost:1337', 'https://localhost:1337']],
    ['localhost:1337/backend-api/v2/conversation', ['http://localhost:1337', 'https://localhost:1337']],
    ['localhost:1337?x', ['http://localhost:1337', 'https://localhost:1337']],
    ['localhost', [...usual('localhost'), 'http://localhost', 'https://localhost']],
    ['127.0.0.1', [...usual('127.0.0.1'), 'http://127.0.0.1', 'https://127.0.0.1']],
    ['192.168.1.20', [...usual('192.168.1.20'), 'http://192.168.1.20', 'https://192.168.1.20']],
    ['192.168.1.20:8080', ['http://192.168.1.20:8080', 'https://192.168.1.20:8080']],
    ['10.0.0.5:443', ['http://10.0.0.5:443', 'https://10.0.0.5']],
    ['172.16.0.1:5', ['http://172.16.0.1:5', 'https://172.16.0.1:5']],
    ['0.0.0.0:1337', ['http://127.0.0.1:1337', 'https://127.0.0.1:1337']],
    ['my-server', [...usual('my-server'), 'http://my-server', 'https://my-server']],
    ['my_server:1337', ['http://my_server:1337', 'https://my_server:1337']],
    ['nas.local', [...usual('nas.local'), 'http://nas.local', 'https://nas.local']],
    ['box.home.arpa:99', ['http://box.home.arpa:99', 'https://box.home.arpa:99']],
    ['chat.example.org', ['https://chat.example.org', 'http://chat.example.org']],
    ['chat.example.org:8443', ['http://chat.example.org:8443', 'https://chat.example.org:8443']],
    ['chat.example.org:443', ['https://chat.example.org', 'http://chat.example.org:443']],
    [
      'chat.example.org/g4f',
      [
        'https://chat.example.org/g4f',
        'https://chat.example.org',
        'http://chat.example.org/g4f',
        'http://chat.example.org',
      ],
    ],
    ['8.8.8.8', ['https://8.8.8.8', 'http://8.8.8.8']],
    ['[::1]:1337', ['http://[::1]:1337', 'https://[::1]:1337']],
    ['[::1]', [...usual('[::1]'), 'http://[::1]', 'https://[::1]']],
    ['::1', [...usual('[::1]'), 'http://[::1]', 'https://[::1]']],
    ['fe80::1', [...usual('[fe80::1]'), 'http://[fe80::1]', 'https://[fe80::1]']],
    ['2001:db8::1', ['https://[2001:db8::1]', 'http://[2001:db8::1]']],
  ])('%s', (typed, addresses) => {
    expect(parseAddress(typed)).toEqual({ ok: true, value: addresses })
  })

  test.each<[string, AddressReason]>([
    ['', 'empty'],
    ['   ', 'empty'],
    ['http://', 'host'],
    ['https:///path', 'host'],
    ['http://:1337', 'host'],
    [':1337', 'host'],
    ['http://exa mple.org', 'unreadable'],
    ['http://local\nhost', 'unreadable'],
    ['http://local\thost', 'unreadable'],
    ['http:\\\\localhost:1337', 'unreadable'],
    ['\\\\server\\share', 'unreadable'],
    ['http:localhost', 'unreadable'],
    ['http:/localhost', 'unreadable'],
    ['<script>', 'unreadable'],
    [`http://${'a'.repeat(3000)}`, 'unreadable'],
    ['http://a@b', 'credentials'],
    ['http://user:secret@localhost:1337', 'credentials'],
    ['http://@localhost', 'credentials'],
    ['user@localhost:1337', 'credentials'],
    ['user:secret@localhost:1337', 'credentials'],
    ['ftp://localhost', 'scheme'],
    ['ws://localhost:1337', 'scheme'],
    ['file:///etc/passwd', 'scheme'],
    ['javascript:alert(1)', 'scheme'],
    ['data:text/html,x', 'scheme'],
    ['guide://local', 'scheme'],
    ['http://localhost:0', 'port'],
    ['http://localhost:65536', 'port'],
    ['http://localhost:abc', 'port'],
    ['http://localhost:', 'port'],
    ['http://localhost:-1', 'port'],
    ['localhost:abc', 'port'],
    ['chat.example.org:80x', 'port'],
    ['localhost:99999', 'port'],
    ['http://[fe80::1%25eth0]', 'host'],
    ['http://[::1', 'host'],
    ['http://999.1.1.1', 'host'],
    ['http://exa%00mple', 'host'],
  ])('%j is refused', (typed, reason) => {
    expect(parseAddress(typed)).toEqual({ ok: false, error: { code: 'bad-address', reason } })
  })

  test('whatever is typed, an address has a host, no login, query or fragment, and is found again', () => {
    const typed = fc.oneof(
      fc.webUrl({ withQueryParameters: true, withFragments: true }),
      fc.string({ maxLength: 40 }),
      fc.stringMatching(/^[a-z0-9.:/@[\]?#%-]{0,30}$/u),
    )
    fc.assert(
      fc.property(typed, (text) => {
        const result = parseAddress(text)
        if (!result.ok) return
        expect(result.value.length).toBeGreaterThan(0)
        for (const address of result.value) {
          const url = new URL(address)
          expect([url.username, url.password, url.search, url.hash]).toEqual(['', '', '', ''])
          expect(address).not.toMatch(/\/$/u)
          expect(parseAddress(address)).toMatchObject({ ok: true })
        }
      }),
      { numRuns: 3000, seed: 36 },
    )
  })
})

test('S38 this computer is known by all its names', () => {
  for (const host of [
    '127.0.0.1',
    '127.255.1.2',
    'localhost',
    'LOCALHOST.',
    'a.localhost',
    '[::1]',
    '[::ffff:7f00:1]',
  ]) {
    expect(isLoopback(host), host).toBe(true)
  }
  for (const host of [
    '128.0.0.1',
    '10.0.0.1',
    'localhost.example.org',
    '[::2]',
    'mylocalhost',
    '127.0.0.1.example.org',
  ]) {
    expect(isLoopback(host), host).toBe(false)
  }
})
