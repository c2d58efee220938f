import { createHash, randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { readAuthorities, readCertificate } from '../../../src/main/backend/certificate'
import { derOf, pem } from '../../support/tls-servers'

const FROM = Date.UTC(2020, 0, 1)
const TO = Date.UTC(2120, 0, 1)

describe('S37 what a certificate says of itself', () => {
  test('one of an authority', () => {
    const der = derOf('good')
    expect(readCertificate(der)).toEqual({
      sha256: createHash('sha256').update(der).digest('hex'),
      subject: 'CN=Parley test server',
      issuer: 'CN=Parley test authority',
      isSelfSigned: false,
      names: ['localhost', '127.0.0.1', '0:0:0:0:0:0:0:1', 'chat.example'],
      validFrom: FROM,
      validTo: TO,
    })
  })

  test('one that is self-signed, too old, and for another host says all of it', () => {
    expect(readCertificate(derOf('all-wrong'))).toMatchObject({
      isSelfSigned: true,
      names: ['other.example'],
      validTo: Date.UTC(2021, 0, 1),
    })
  })

  test('one without subject', () => {
    expect(readCertificate(derOf('nameless'))).toMatchObject({ subject: '', issuer: '', isSelfSigned: true })
  })

  test('S39 texts are cut, on one line and cannot turn what stands around them', () => {
    const shown = readCertificate(derOf('talkative'))
    for (const text of [shown.subject, shown.issuer, ...shown.names]) {
      expect(text.length).toBeLessThanOrEqual(200)
      expect(text).not.toMatch(/[\n\r\u202e]/u)
    }
    expect(shown.subject.startsWith('O=gro.knab, OU=xxx')).toBe(true)
    expect(shown.subject.endsWith('…')).toBe(true)
    expect(shown.names).toHaveLength(20)
    // One name, and not the two that it looks like; no addresses of pages and mail.
    expect(shown.names[0]).toBe('one.example, DNS:two.example')
    expect(shown.names[1]).toMatch(/^xxx/u)
    expect(JSON.stringify(shown)).not.toContain('page.example')
  })

  test('no certificate at all has a fingerprint and no words', () => {
    for (const der of [Buffer.alloc(0), Buffer.from('garbage'), randomBytes(2000), derOf('good').subarray(0, 300)]) {
      expect(readCertificate(der)).toEqual({
        sha256: createHash('sha256').update(der).digest('hex'),
        subject: '',
        issuer: '',
        isSelfSigned: false,
        names: [],
        validFrom: 0,
        validTo: 0,
      })
    }
  })

  test('whichever byte of it is damaged, nothing is thrown', () => {
    const der = derOf('good')
    for (let index = 0; index < der.length; index++) {
      const damaged = Buffer.from(der)
      damaged[index] = (damaged[index] ?? 0) ^ 0xff
      const { validFrom, validTo } = readCertificate(damaged)
      expect(validFrom).toBeGreaterThanOrEqual(0)
      expect(validTo).toBeGreaterThanOrEqual(0)
    }
  })
})

describe('S37 a file of authorities', () => {
  test('gives its certificates, and nothing else that is in it', () => {
    const file = `# Ours\n${pem('ca')}${pem('key')}\nsome words\r\n${pem('middle').replaceAll('\n', '\r\n')}`
    const read = readAuthorities(file)
    expect(read).toMatchObject({
      ok: true,
      value: { subjects: ['CN=Parley test authority', 'CN=Parley test branch'] },
    })
    const text = read.ok ? read.value.pem : ''
    expect(text.match(/BEGIN CERTIFICATE/gu)).toHaveLength(2)
    expect(text).not.toContain('PRIVATE')
    expect(text).not.toContain('words')
    expect(readAuthorities(text)).toEqual(read)
  })

  test('those that are damaged are left out', () => {
    const damaged = pem('middle').replace(/\n[A-Za-z0-9]{10}/u, '\nAAAAAAAAAA')
    expect(readAuthorities(damaged + pem('ca'))).toMatchObject({
      ok: true,
      value: { subjects: ['CN=Parley test authority'] },
    })
  })

  test.each([
    ['an empty one', '', 'empty'],
    ['words', 'no certificate', 'empty'],
    ['a key', pem('key'), 'empty'],
    ['DER', derOf('good').toString('latin1'), 'empty'],
    ['one that is cut off', pem('ca').slice(0, 200), 'empty'],
    ['nonsense between the marks', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----', 'empty'],
    ['one of more than 256 KB', pem('ca') + ' '.repeat(256 * 1024), 'too-large'],
  ] as const)('%s is refused', (_, text, reason) => {
    expect(readAuthorities(text)).toEqual({ ok: false, error: { code: 'bad-certificate-file', reason } })
  })
})
