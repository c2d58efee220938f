import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseProxyAddress, readPacResult, readProxy } from '../../../src/main/backend/proxy'

describe('S38 the address of a proxy, as it is typed', () => {
  test.each([
    ['proxy.lan:3128', 'http://proxy.lan:3128'],
    ['  HTTP://Proxy.LAN:3128/ ', 'http://proxy.lan:3128'],
    ['http://proxy.lan', 'http://proxy.lan:80'],
    ['http://proxy.lan:80', 'http://proxy.lan:80'],
    ['https://proxy.lan', 'https://proxy.lan:443'],
    ['socks5://proxy.lan', 'socks5://proxy.lan:1080'],
    ['socks5h://Proxy.Lan:9050', 'socks5://proxy.lan:9050'],
    ['socks://proxy.lan', 'socks5://proxy.lan:1080'],
    ['socks4://10.0.0.1:1', 'socks4://10.0.0.1:1'],
    ['SOCKS4A://proxy.lan:65535', 'socks4://proxy.lan:65535'],
    ['localhost:8080', 'http://localhost:8080'],
    ['[2001:DB8::1]:3128', 'http://[2001:db8::1]:3128'],
    ['socks5://[::1]', 'socks5://[::1]:1080'],
    ['прокси.рф:3128', 'http://xn--h1adldfi.xn--p1ai:3128'],
    ['http://proxy.lan.:3128', 'http://proxy.lan.:3128'],
  ])('%j is %s', (typed, expected) => {
    expect(parseProxyAddress(typed)).toEqual({ ok: true, value: expected })
    expect(parseProxyAddress(expected)).toEqual({ ok: true, value: expected })
  })

  test.each([
    ['', 'empty'],
    ['   ', 'empty'],
    ['ftp://proxy.lan', 'scheme'],
    ['socks6://proxy.lan', 'scheme'],
    ['javascript://proxy.lan', 'scheme'],
    ['proxy lan:3128', 'unreadable'],
    ['proxy.lan:3128\r\nX: y', 'unreadable'],
    ['http://proxy.lan/wpad.dat', 'unreadable'],
    ['http://proxy.lan:3128?x', 'unreadable'],
    ['http:\\\\proxy.lan', 'unreadable'],
    [`http://${'a'.repeat(3000)}`, 'unreadable'],
    ['http://a%zz@proxy.lan', 'unreadable'],
    ['user:secret@proxy.lan:3128', 'credentials'],
    ['socks5://user@proxy.lan', 'credentials'],
    ['http://', 'host'],
    ['http://:3128', 'host'],
    ['http://[::1', 'port'],
    ['http://[nonsense]:3128', 'host'],
    ['http://300.1.1.1:3128', 'host'],
    ['proxy.lan:', 'port'],
    ['proxy.lan:0', 'port'],
    ['proxy.lan:65536', 'port'],
    ['proxy.lan:31z8', 'port'],
    ['http:proxy.lan:3128', 'port'],
    ['2001:db8::1', 'port'],
  ])('%j is refused: %s', (typed, reason) => {
    expect(parseProxyAddress(typed)).toEqual({ ok: false, error: { code: 'bad-proxy', reason } })
  })

  test('whatever is typed: an address that reads as itself, or a refusal', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.webUrl(), fc.webAuthority()), (typed) => {
        const parsed = parseProxyAddress(typed)
        if (parsed.ok) {
          expect(parsed.value).toMatch(/^(?:https?|socks[45]):\/\/[^/@\s]+:\d+$/u)
          expect(parseProxyAddress(parsed.value)).toEqual(parsed)
        } else expect(parsed.error.code).toBe('bad-proxy')
      }),
      { numRuns: 2000 },
    )
  })
})

describe('S38 a login stands in the address as in every URL', () => {
  test('percent-encoded, so that it may hold everything', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (user, password) => {
        fc.pre(user !== '' || password !== '')
        const login = `${encodeURIComponent(user)}:${encodeURIComponent(password)}`
        expect(readProxy(`socks5://${login}@proxy.lan:1080`)).toEqual({
          kind: 'socks5',
          host: 'proxy.lan',
          port: 1080,
          login: { user, password },
        })
      }),
    )
  })

  test('a user without a password, and none at all', () => {
    expect(readProxy('http://me@proxy.lan').login).toEqual({ user: 'me', password: '' })
    expect(readProxy('http://proxy.lan').login).toBeNull()
    expect(readProxy('http://@proxy.lan').login).toBeNull()
    expect(readProxy('http://:@proxy.lan').login).toBeNull()
  })

  test('what cannot be decoded is refused, without a word of it in the error', () => {
    expect(() => readProxy('http://me:100%@proxy.lan')).toThrow(
      expect.objectContaining({ error: { code: 'bad-proxy', reason: 'unreadable' } }),
    )
  })
})

describe('S38 the answer of a PAC file or the system', () => {
  test.each([
    ['DIRECT', null],
    ['', null],
    [' direct ; PROXY a:1', null],
    ['PROXY proxy.lan:8080', 'http://proxy.lan:8080'],
    ['PROXY proxy.lan:8080; DIRECT', 'http://proxy.lan:8080'],
    ['proxy proxy.lan', 'http://proxy.lan:80'],
    ['HTTP a:1', 'http://a:1'],
    ['HTTPS secure.lan:443;PROXY a:1', 'https://secure.lan:443'],
    ['SOCKS a:1080', 'socks4://a:1080'],
    ['SOCKS4 a:1080', 'socks4://a:1080'],
    ['SOCKS5 [::1]:1080', 'socks5://[::1]:1080'],
    ['QUIC a:443; SOCKS5 b:1080', 'socks5://b:1080'],
    ['PROXY ; PROXY a:99999; PROXY b:2', 'http://b:2'],
    ['PROXY user:secret@a:1; PROXY b:2', 'http://b:2'],
    ['PROXY a:1 b:2; PROXY c:3', 'http://c:3'],
    ['PROXY http://a:1; PROXY b:2', 'http://b:2'],
    [';;;', null],
    ['nonsense', null],
  ])('%j is %s', (text, expected) => {
    expect(readPacResult(text)).toBe(expected)
    if (expected !== null) expect(readProxy(expected).login).toBeNull()
  })

  test('never throws', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(() => readPacResult(`PROXY ${text}`)).not.toThrow()
      }),
    )
  })
})
