import { describe, expect, it } from 'vitest'
import {
  compareFingerprint,
  fingerprintLines,
  isFor,
  shortFingerprint,
  wholeFingerprint,
} from '../../../src/renderer/certificate/fingerprint'

const SHA256 = '9f2c710be4a8136dc05f7e2248b91add03e6574fb27c8891f40a65ce335ad018'
const WHOLE = '9F:2C:71:0B:E4:A8:13:6D:C0:5F:7E:22:48:B9:1A:DD:03:E6:57:4F:B2:7C:88:91:F4:0A:65:CE:33:5A:D0:18'

describe('a fingerprint that was given (S37)', () => {
  it.each([
    SHA256,
    SHA256.toUpperCase(),
    WHOLE,
    `  ${WHOLE}\n`,
    WHOLE.replaceAll(':', ' '),
    WHOLE.replaceAll(':', '-'),
    `sha256 Fingerprint=${WHOLE}`,
    `SHA-256: ${SHA256}`,
    `SHA256:${SHA256}`,
    fingerprintLines(SHA256).join('\n'),
  ])('is the same in any writing: %j', (typed) => {
    expect(compareFingerprint(typed, SHA256)).toEqual({ kind: 'same' })
  })

  it('a part of it is the same so far, up to half a byte', () => {
    expect(compareFingerprint('9F:2C:71', SHA256)).toEqual({ kind: 'beginning', bytes: 3 })
    expect(compareFingerprint('9f2c7', SHA256)).toEqual({ kind: 'beginning', bytes: 2 })
    expect(compareFingerprint(SHA256.slice(0, 40), SHA256)).toEqual({ kind: 'beginning', bytes: 20 })
  })

  it('says which byte differs, and where it stands in what was typed', () => {
    const typed = WHOLE.replace('E4', 'E1')
    const comparison = compareFingerprint(typed, SHA256)
    expect(comparison).toEqual({ kind: 'differs', byte: 5, from: 12, to: 14 })
    expect(typed.slice(12, 14)).toBe('E1')
    expect(compareFingerprint('8', SHA256)).toEqual({ kind: 'differs', byte: 1, from: 0, to: 1 })
    const spaced = 'sha256 fingerprint = 9f 2c 70'
    const late = compareFingerprint(spaced, SHA256)
    expect(late).toMatchObject({ kind: 'differs', byte: 3 })
    expect(late.kind === 'differs' && spaced.slice(late.from, late.to)).toBe('70')
    expect(compareFingerprint(SHA256.slice(0, 62) + '19', SHA256)).toMatchObject({ kind: 'differs', byte: 32 })
  })

  it('is another kind of thing', () => {
    expect(compareFingerprint('', SHA256)).toEqual({ kind: 'empty' })
    expect(compareFingerprint(' \n', SHA256)).toEqual({ kind: 'empty' })
    expect(compareFingerprint('da39a3ee5e6b4b0d3255bfef95601890afd80709', SHA256)).toEqual({ kind: 'sha1' })
    expect(compareFingerprint('SHA256:', SHA256)).toEqual({ kind: 'unreadable' })
    expect(compareFingerprint('SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8', SHA256)).toEqual({
      kind: 'unreadable',
    })
    expect(compareFingerprint(`${SHA256}00`, SHA256)).toEqual({ kind: 'unreadable' })
    expect(compareFingerprint('chat.home.lan', SHA256)).toEqual({ kind: 'unreadable' })
  })

  it('stands in four lines of eight bytes, on one, or shortened', () => {
    expect(fingerprintLines(SHA256)).toEqual([
      '9F:2C:71:0B:E4:A8:13:6D',
      'C0:5F:7E:22:48:B9:1A:DD',
      '03:E6:57:4F:B2:7C:88:91',
      'F4:0A:65:CE:33:5A:D0:18',
    ])
    expect(wholeFingerprint(SHA256)).toBe(WHOLE)
    expect(shortFingerprint(SHA256)).toBe('9F:2C:71:0B:E4 … 5A:D0:18')
  })
})

describe('whether a certificate is for a host', () => {
  it.each<[host: string, names: string[], isRight: boolean]>([
    ['chat.home.lan', ['chat.home.lan'], true],
    ['CHAT.home.lan.', ['chat.Home.lan'], true],
    ['a.example.org', ['example.org', '*.example.org'], true],
    ['a.b.example.org', ['*.example.org'], false],
    ['example.org', ['*.example.org'], false],
    ['[::1]', ['::1'], true],
    ['127.0.0.1', ['localhost'], false],
    ['chat.home.lan', [], false],
  ])('%s among %j: %s', (host, names, isRight) => {
    expect(isFor(host, names)).toBe(isRight)
  })
})
