import { describe, expect, it } from 'vitest'
import { figuresFor } from '../../../src/renderer/figures'
import { translator } from '../../../src/shared/i18n'

const english = figuresFor('en', translator('en'))
const russian = figuresFor('ru', translator('ru'))

describe('figures', () => {
  it('gives measured times in milliseconds below a second, in tenths from there on', () => {
    expect([0, 84.4, 999.4, 999.6, 1140, 62_000].map(english.duration)).toEqual([
      '0 ms',
      '84 ms',
      '999 ms',
      '1.0 s',
      '1.1 s',
      '62 s',
    ])
  })

  it('never says 0.0 s', () => {
    expect([12, 49, 50, 1800].map(english.secondsExact)).toEqual(['12 ms', '49 ms', '0.1 s', '1.8 s'])
  })

  it('uses the decimal sign and the units of the language', () => {
    expect([russian.duration(84), russian.duration(1140), russian.bytes(3.1 * 1_048_576)]).toEqual([
      '84 мс',
      '1,1 с',
      '3,1 МБ',
    ])
  })
})
