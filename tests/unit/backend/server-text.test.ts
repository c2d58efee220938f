import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  createRedactor,
  holdsSecret,
  plainLine,
  plainText,
  safeLine,
  safeText,
  secretForms,
} from '../../../src/main/backend/server-text'
import { shortestMs } from '../../support/shortest'

describe('S39 text of servers', () => {
  test.each([
    ['plain', 'plain'],
    ['a\r\nb\rc\nd\te', 'a\nb\nc\nd\te'],
    ['a\u0000b\u001bc\u0085d\u2028e', 'a b c d e'],
    ['user\u202egnp.exe', 'usergnp.exe'],
    ['\u2066a\u2069\u200e\u061c\ufeff', 'a'],
    ['tag\u{e0041}\u{e007f}ged', 'tagged'],
    ['half \ud83d and \ude00', 'half \ufffd and \ufffd'],
    ['👩‍👩‍👧‍👦 שלום مرحبا', '👩‍👩‍👧‍👦 שלום مرحبا'],
  ])('%j', (text, plain) => {
    expect(plainText(text, 100)).toBe(plain)
  })

  test('long text is cut with an ellipsis and never inside a character', () => {
    expect(plainText('abcdef', 6)).toBe('abcdef')
    expect(plainText('abcdefg', 6)).toBe('abcde…')
    expect(plainText('abcd😀g', 6)).toBe('abcd…')
  })

  test('a line has no line breaks and no spaces at its ends', () => {
    expect(plainLine('  a\n\n b\t c  ', 100)).toBe('a b c')
    expect(plainLine(`\n ${'x'.repeat(50)}`, 10)).toBe(`${'x'.repeat(9)}…`)
    expect(plainLine(' \n ', 10)).toBe('')
  })

  test('a megabyte costs no more than its beginning', () => {
    const line = '\u202e'.repeat(1024 * 1024)
    expect(shortestMs(10, () => plainLine(line, 200))).toBeLessThan(10)
  })

  test('nothing that is shown can control or hide', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), fc.integer({ min: 1, max: 100 }), (text, max) => {
        const line = plainLine(text, max)
        expect(line.length).toBeLessThanOrEqual(max)
        expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\u2028\u2029]|\p{Surrogate}/u)
      }),
      { numRuns: 2000, seed: 39 },
    )
  })
})

describe('S30 secrets in a server’s words', () => {
  const redact = createRedactor(['canary', null, undefined, '', 'abc', 'canary-longer'])

  test('the key of an authorization header is one by itself', () => {
    expect(createRedactor(['Bearer plain-key'])('plain-key and Bearer plain-key')).toBe('••• and •••')
  })

  test('the base64 of addresses counts too, and each form knows its secret', () => {
    const secret = 'k3y~of?the>test'
    const form = Buffer.from(`x${secret}y`).toString('base64url').slice(2, -2)
    expect(createRedactor([secret])(`/${form}/`)).toMatch(/^\/.{0,2}•••.{0,2}\/$/u)
    const known = secretForms([secret, 'another-one', null])
    expect(known?.secretOf(encodeURIComponent(secret))).toBe(secret)
    expect(known?.secretOf('ANOTHER-ONE')).toBe('another-one')
    expect(known?.reach).toBe(2 * secret.length)
    expect(secretForms(['abc', undefined])).toBeNull()
  })

  test.each([
    ['no secret', 'no secret'],
    ['key canary!', 'key •••!'],
    ['canary-longer', '•••'],
    ['too short to know: abc', 'too short to know: abc'],
    ['Incorrect API key provided: sk-proj_0123456789abcdef.', 'Incorrect API key provided: •••.'],
    ['Authorization: Bearer eyJhbGciOi.eyJzdWIi', 'Authorization: •••'],
    ['Basic dXNlcjpwYXNzMQ==', '•••'],
    ['Basic authentication is required', 'Basic authentication is required'],
    ['Bearer authentication failed', 'Bearer authentication failed'],
  ])('%s', (text, clean) => {
    expect(redact(text)).toBe(clean)
  })
})

describe('S30, S39 words that are cleaned, freed of secrets and cut, in this order', () => {
  const secret = 'canary-0123456789'
  const redact = createRedactor([secret])

  test('what is invisible hides no secret, and stays where it hides none', () => {
    expect(safeText(redact, `a\n${Array.from(secret).join('\u200f')}`, 100)).toBe('a\n•••')
    expect(safeLine(redact, `  a\n ${Array.from(secret).join('\u200d')} `, 100)).toBe('a •••')
    expect(safeLine(redact, '👩\u200d🚀', 100)).toBe('👩\u200d🚀')
    expect(holdsSecret(redact, Array.from(secret).join('\u2060'))).toBe(true)
    expect(holdsSecret(redact, 'nothing')).toBe(false)
  })

  test('the cut leaves no half of a secret, wherever it goes through it', () => {
    for (let before = 0; before < 2000; before += 7) {
      for (const text of [`${'w'.repeat(before)} ${secret}`, `${secret} `.repeat(before)]) {
        const line = safeLine(redact, text, 60)
        expect(line.length).toBeLessThanOrEqual(60)
        expect(line).not.toContain('canary')
      }
    }
    expect(safeLine(redact, 'x'.repeat(5000), 60)).toBe(`${'x'.repeat(59)}…`)
    expect(safeLine(redact, 'x'.repeat(60), 60)).toBe('x'.repeat(60))
  })

  test('S40: megabytes of invisible characters cost nothing', () => {
    const text = '\u202e'.repeat(16 * 1024 * 1024)
    expect(shortestMs(10, () => safeText(redact, text, 500))).toBeLessThan(10)
  })

  test('the redactor knows how far a form of its secrets reaches', () => {
    expect(redact.reach).toBe(2 * secret.length)
    expect(createRedactor([]).reach).toBe(0)
  })
})
