import { describe, expect, it } from 'vitest'
import { plainReason } from '../../../src/renderer/chat/reason'
import { translator } from '../../../src/shared/i18n'

const say = (text: string, locale: 'en' | 'ru' = 'en'): string => plainReason(text, translator(locale))

describe('why a provider gave up', () => {
  it.each([
    ['RateLimitError: rate limit', 'rate limit'],
    ['RateLimitError: Error 429: too many requests', 'rate limit, 429'],
    ['RateLimitError: 429 Too Many Requests. Please try again in 40s.', 'rate limit, 429. It allows more in 40 s.'],
    ['MissingAuthError: Add a "api_key"', 'needs a key'],
    ['ResponseStatusError: Response 401: Unauthorized', 'needs a key'],
    ['TimeoutError: The read operation timed out', 'took too long'],
    ['ResponseError: overloaded', 'overloaded'],
    ['ClientOSError: Connection reset by peer', 'closed the connection'],
    ['ClientConnectorError: Cannot connect to host api.example', 'cannot be reached'],
    ['ResponseStatusError: Error 503: Service Unavailable', 'not available, 503'],
    ['Error 403: Forbidden', 'refused, 403'],
  ])('says %j as %j', (text, words) => {
    expect(say(text)).toBe(words)
  })

  it('leaves unknown words as they are, without the names of classes', () => {
    expect(say('ModelNotFoundError: SomeError: no model gpt-9 here.')).toBe('no model gpt-9 here')
    expect(say('The search was skipped')).toBe('The search was skipped')
    expect(say('ValueError:')).toBe('ValueError:')
  })

  it('says several notices once each', () => {
    expect(say('RateLimitError: a limit: rate limit\nRateLimitError: rate limit\nOther: gone')).toBe(
      'rate limit; Other: gone',
    )
  })

  it('speaks Russian', () => {
    expect(say('RateLimitError: Error 429', 'ru')).toBe('превышен лимит запросов, 429')
  })
})
