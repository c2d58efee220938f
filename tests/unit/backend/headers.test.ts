import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkHeader, checkHeaders, MAX_HEADER_CHARACTERS } from '../../../src/main/backend/headers'
import type { HeaderReason } from '../../../src/shared/errors'

describe('S34 headers of a person', () => {
  test.each([
    ['Authorization', 'Bearer abc.def=='],
    ['x-api-key', ''],
    ['X-A', 'with spaces, "quotes" and \ttabs'],
    ['x-latin', 'caf\u00e9'],
    ["!#$%&'*+-.^_`|~09aZ", 'every token character'],
    ['cookie', 'a=b; c=d'],
    ['constructor', 'a name like others'],
    ['x', ' \ttrimmed\t '],
  ])('%s: %j can be sent', (name, value) => {
    expect(checkHeader(name, value)).toBeNull()
  })

  test.each<[string, string, HeaderReason]>([
    ['', 'x', 'name'],
    ['x y', 'x', 'name'],
    ['x:', 'x', 'name'],
    ['x\r\ny', 'x', 'name'],
    ['x\u0000', 'x', 'name'],
    ['größe', 'x', 'name'],
    ['(x)', 'x', 'name'],
    [' x', 'x', 'name'],
    ['__proto__', 'x', 'name'],
    ['__PROTO__', 'x', 'name'],
    ['x', 'a\r\nEvil: 1', 'value'],
    ['x', 'a\n b', 'value'],
    ['x', 'a\n', 'value'],
    ['x', '\r', 'value'],
    ['x', 'a\u0000b', 'value'],
    ['x', 'a\u007fb', 'value'],
    ['x', 'a\u001bb', 'value'],
    ['x', 'ключ', 'characters'],
    ['x', 'ключ\n', 'value'],
    ['x', '😀', 'characters'],
    ['Host', 'evil.example', 'reserved'],
    ['Content-Length', '1', 'reserved'],
    ['content-type', 'text/plain', 'reserved'],
    ['Transfer-Encoding', 'chunked', 'reserved'],
    ['Connection', 'x', 'reserved'],
    ['Keep-Alive', 'x', 'reserved'],
    ['Upgrade', 'x', 'reserved'],
    ['TE', 'x', 'reserved'],
    ['Trailer', 'x', 'reserved'],
    ['Expect', '100-continue', 'reserved'],
    ['Proxy-Authorization', 'x', 'reserved'],
    ['proxy-anything', 'x', 'reserved'],
    ['Accept-Encoding', 'gzip', 'reserved'],
    ['Accept', '*/*', 'reserved'],
    ['x', 'v'.repeat(MAX_HEADER_CHARACTERS), 'too-long'],
    ['n'.repeat(MAX_HEADER_CHARACTERS), 'v', 'too-long'],
  ])('%j: %j is refused', (name, value, reason) => {
    expect(checkHeader(name, value)).toMatchObject({ code: 'bad-header', reason })
  })

  test('as many characters as are allowed can be sent', () => {
    expect(checkHeader('x', 'v'.repeat(MAX_HEADER_CHARACTERS - 1))).toBeNull()
  })

  test('names are sent in lower case, values trimmed, and each name once', () => {
    expect(
      checkHeaders([
        ['X-A', ' 1 '],
        ['constructor', '2'],
      ]),
    ).toEqual({
      ok: true,
      value: { 'x-a': '1', constructor: '2' },
    })
    expect(
      checkHeaders([
        ['X-A', '1'],
        ['x-a', '2'],
      ]),
    ).toEqual({
      ok: false,
      error: { code: 'bad-header', name: 'x-a', reason: 'duplicate' },
    })
    expect(checkHeaders([])).toEqual({ ok: true, value: {} })
  })

  test('the error names the header so that it can be shown, without what could deceive', () => {
    expect(checkHeader(`a\r\n\u202eb${'c'.repeat(100)}`, 'secret')).toEqual({
      code: 'bad-header',
      name: `a b${'c'.repeat(54)}…`,
      reason: 'name',
    })
  })

  test('what is accepted can neither end its line nor begin another', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 30 }),
        fc.string({ unit: 'binary', maxLength: 60 }),
        (name, value) => {
          const result = checkHeaders([[name, value]])
          if (!result.ok) return
          const [[sentName, sentValue] = ['', '']] = Object.entries(result.value)
          expect(sentName).toMatch(/^[!#$%&'*+.^_`|~0-9a-z-]+$/u)
          expect(sentValue).toMatch(/^[\t\x20-\x7e\x80-\xff]*$/u)
        },
      ),
      { numRuns: 5000, seed: 34 },
    )
  })
})
