import { describe, expect, it } from 'vitest'
import { formatDuration } from '../../../src/renderer/settings/backends/test-card'
import { translator } from '../../../src/shared/i18n'

describe('formatDuration', () => {
  it('writes milliseconds below a second, and tenths from there on', () => {
    const t = translator('en')
    expect([84.4, 999.4, 1140, 62_000].map((ms) => formatDuration(ms, 'en', t))).toEqual([
      '84 ms',
      '999 ms',
      '1.1 s',
      '62 s',
    ])
  })

  it('uses the decimal sign and the units of the language', () => {
    const t = translator('ru')
    expect([84, 1140].map((ms) => formatDuration(ms, 'ru', t))).toEqual(['84 мс', '1,1 с'])
  })
})
