import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Mask, maskOf, secretsIn, secretsOf } from '../../../src/main/wire/mask'

const SECRET = 'k3y-Of+The/Test=42 "q\\s"'
const mask = new Mask([SECRET])
const MASKED = maskOf(SECRET)

const escapeAll = (text: string): string =>
  [...text].map((each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')
const percentAll = (text: string): string =>
  [...text].map((each) => `%${each.charCodeAt(0).toString(16).padStart(2, '0')}`).join('')

describe('a mask', () => {
  it('shows the last four characters of a secret that is long enough, else nothing of it', () => {
    expect(maskOf('sk-abcdefghija1b2')).toBe('••••a1b2')
    expect(maskOf('fifteen-letters')).toBe('••••')
    expect(maskOf('••••a1b2')).toBe('••••a1b2')
    expect(maskOf('••••not masked at all')).toBe('•••• all')
  })

  it.each([
    ['plain', SECRET],
    ['percent-encoded', encodeURIComponent(SECRET)],
    ['every character percent-encoded', percentAll(SECRET)],
    ['base64', Buffer.from(SECRET).toString('base64').replace(/=+$/u, '')],
    ['base64 of addresses', Buffer.from(SECRET).toString('base64url')],
    ['hexadecimal', Buffer.from(SECRET).toString('hex')],
    ['JSON', JSON.stringify(SECRET).slice(1, -1)],
    ['every character escaped', escapeAll(SECRET)],
    ['JSON in JSON', JSON.stringify(JSON.stringify(SECRET))],
    ['HTML', SECRET.replaceAll('"', '&quot;').replaceAll('+', '&#43;').replaceAll('/', '&#x2f;')],
    ['upper case', SECRET.toUpperCase()],
  ])('finds a secret in text: %s', (_, form) => {
    const masked = mask.text(`before ${form} after`)
    expect(masked).toMatch(/^before .*••••.* after$/su)
    expect(masked).not.toContain(form)
    expect(mask.text(masked)).toBe(masked)
  })

  it.each([
    ['zero-width', '\u200b'],
    ['right-to-left', '\u202e'],
    ['control', '\u0007'],
    ['tag', '\u{e0041}'],
    ['soft hyphen', '\u00ad'],
    ['variation selector', '\ufe0f'],
  ])('S41: finds one with characters between its letters that nobody sees: %s', (_, unseen) => {
    const spread = (text: string) => [...text].join(unseen)
    const clean = (text: string) => text.replaceAll(unseen, '')
    expect(mask.text(`a ${spread(SECRET)}${unseen} b`)).toBe(`a ${MASKED}${unseen} b`)
    expect(mask.json(JSON.stringify({ text: spread(SECRET) }))).toBe(JSON.stringify({ text: MASKED }))
    expect(clean(mask.text(spread(encodeURIComponent(SECRET))))).toBe(MASKED)
    expect(new Mask([spread(SECRET)]).text(SECRET)).toBe(MASKED)
    const other = 'sk-proj-abcdefgh12345678'
    expect(new Mask([]).text(`your ${spread(other)}`)).toBe('your ••••5678')
    expect(new Mask([]).json(`{"${spread('api_key')}": "never-seen-before"}`)).toContain('••••fore')
    // What holds no secret stays as it came.
    expect(mask.text(`a${unseen}b\nc`)).toBe(`a${unseen}b\nc`)
  })

  it('looks everywhere for all that it is given, and for the 64 longest values that are secret by name', () => {
    const named = Array.from({ length: 100 }, (_, at) => `named-secret-${'x'.repeat(at)}!`)
    const capped = new Mask(['given'], [...named, 'y'.repeat(100_000)])
    expect(capped.text('given')).toBe('••••')
    expect(capped.text(named[99] ?? '')).not.toContain('named')
    expect(capped.text(named[36] ?? '')).not.toContain('named')
    expect(capped.text(named[35] ?? '')).toBe(named[35])
    expect(capped.reach).toBeLessThan(1000)
  })

  it('finds it in strings, keys and numbers of JSON, and leaves the rest as it came', () => {
    const json = `{"type": "content", "content": "a ${JSON.stringify(SECRET).slice(1, -1)} b", "n": 1.50}`
    expect(mask.json(json)).toBe(`{"type":"content","content":"a ${JSON.stringify(MASKED).slice(1, -1)} b","n":1.5}`)
    const clean = '{"type": "content",  "content": "w\\u00f6rld", "n": 1.50}'
    expect(mask.json(clean)).toBe(clean)
    expect(new Mask(['1234567890123456']).json('{"id":1234567890123456}')).toBe('{"id":"••••3456"}')
    expect(mask.json(JSON.stringify({ [SECRET]: 1 }))).toBe(JSON.stringify({ [MASKED]: 1 }))
    expect(mask.json(`{"content": "${escapeAll(SECRET)}`)).toBe(`{"content": "${MASKED}`)
  })

  it('masks fields that are secret by name, whatever is in them, and no others', () => {
    const event = {
      api_key: 'never-seen-before',
      access_token: 'eyJhbGciOiJIUzI1NiJ9',
      headers: { Authorization: 'Token abcdefghijklmnop', cookie: ['a=1', { b: 'the-session-of-mine' }] },
      password: 12345678,
      token: 'a thought',
      usage: { prompt_tokens: 5 },
      key: 'value',
    }
    expect(JSON.parse(new Mask([]).json(JSON.stringify(event)))).toEqual({
      api_key: '••••fore',
      access_token: '••••NiJ9',
      headers: { Authorization: '••••mnop', cookie: ['••••', { b: '••••mine' }] },
      password: '••••',
      token: 'a thought',
      usage: { prompt_tokens: 5 },
      key: 'value',
    })
    expect(new Mask([]).json('{"api\\u005fkey": "never-seen-before"}')).toBe('{"api_key":"••••fore"}')
    expect(new Mask([]).json('{"a": {"api_key": "never-seen-befor')).toBe('{"a": {"api_key": "••••efor')
  })

  it('masks what looks like a key, and passwords in addresses', () => {
    expect(new Mask([]).text('Incorrect API key provided: sk-proj-abcdefgh12345678.')).toBe(
      'Incorrect API key provided: ••••5678.',
    )
    expect(new Mask([]).text('Bearer abc123def456ghi789')).toBe('Bearer ••••i789')
    expect(new Mask([]).text('proxy http://user:hunter2@proxy.lan:8080/')).toBe(
      'proxy http://user:••••@proxy.lan:8080/',
    )
    expect(new Mask([]).text('see https://example.org/a@b')).toBe('see https://example.org/a@b')
  })

  it('S40: keeps __proto__ a name like any other', () => {
    const json = '{"__proto__": {"api_key": "never-seen-before"}, "constructor": 1}'
    expect(new Mask([]).json(json)).toBe('{"__proto__":{"api_key":"••••fore"},"constructor":1}')
    expect(({} as Record<string, unknown>).api_key).toBeUndefined()
  })

  it.each([
    ['authorization', 'Bearer sk-abcdefghija1b2', 'Bearer ••••a1b2'],
    ['Authorization', 'Basic dXNlcjpodW50ZXIy', 'Basic ••••'],
    ['authorization', 'raw-key-without-scheme', '••••heme'],
    ['authorization', 'Bearer short', 'Bearer ••••'],
    ['x-api-key', 'abcdefghijklmnop', '••••mnop'],
    ['g4f-api-key', 'abcdefghijklmnop', '••••mnop'],
    ['CF-Access-Client-Secret', '0123456789abcdef9c41', '••••9c41'],
    ['x-auth-token', 'abcdefghijklmnop', '••••mnop'],
    ['cookie', 'session=abcdefghijklmnop; theme=dark', '••••'],
    ['set-cookie', 'session=abcdefghijklmnop; Path=/', '••••'],
    ['proxy-authorization', 'Basic dXNlcjpodW50ZXIy', 'Basic ••••'],
    ['x-team', 'blue', 'blue'],
    ['x-team', `blue ${SECRET}`, `blue ${MASKED}`],
    ['x-key', '', ''],
  ])('header %s: %s is shown as %s', (name, value, shown) => {
    expect(mask.header(name, value)).toBe(shown)
    expect(mask.header(name, shown)).toBe(shown)
  })

  it('comes to an end with secrets that repeat themselves, or look masked', () => {
    const periodic = new Mask(['abababababab'])
    expect(periodic.text('ab'.repeat(11))).not.toContain('abababababab')
    expect(periodic.text('ab'.repeat(1000))).not.toContain('abababababab')
    expect(new Mask(['••••', '••••••••••••', '••••a1b2']).text('••••••••••••••••')).toBe('••••••••••••••••')
  })

  it('knows the parts of a value: behind its scheme, and the password of a login', () => {
    const login = new Mask([`Basic ${Buffer.from('user:hunter2-hunter2-2').toString('base64')}`])
    expect(login.text('wrong password hunter2-hunter2-2')).toBe('wrong password ••••r2-2')
    expect(new Mask(['Bearer plain-words-here']).text('plain-words-here is bad')).toBe('••••here is bad')
    expect(secretsOf({ cookie: 'sid=abcdefghijklmnop; lang=en', 'x-token': 'short', accept: 'text/html' })).toEqual([
      'sid=abcdefghijklmnop; lang=en',
      'abcdefghijklmnop',
    ])
    expect(secretsIn('{"api_key": "abcdefghijklmnop", "model": "m"}')).toEqual(['abcdefghijklmnop'])
    expect(secretsIn('not JSON, key')).toEqual([])
  })

  it('property: whatever surrounds it, a secret is gone, and masking twice is masking once', () => {
    const secret = fc.string({
      minLength: 8,
      maxLength: 40,
      unit: fc.integer({ min: 0x21, max: 0x7e }).map((c) => String.fromCharCode(c)),
    })
    const form = fc.constantFrom(
      (text: string) => text,
      encodeURIComponent,
      percentAll,
      escapeAll,
      (text: string) => JSON.stringify(text).slice(1, -1),
      (text: string) => Buffer.from(text).toString('base64'),
    )
    fc.assert(
      fc.property(secret, form, fc.string(), fc.string(), (value, encode, before, after) => {
        const one = new Mask([value])
        const text = `${before} ${encode(value)} ${after}`
        const masked = one.text(text)
        expect(masked).not.toContain(value)
        expect(masked).not.toContain(encode(value))
        expect(one.text(masked)).toBe(masked)
        expect(new Mask([]).text(masked)).toBe(masked)
        const json = one.json(JSON.stringify({ [before]: { list: [text] } }))
        expect(JSON.stringify(JSON.parse(json))).not.toContain(JSON.stringify(value).slice(1, -1))
        expect(one.json(json)).toBe(json)
      }),
      { numRuns: 500 },
    )
  })
})
