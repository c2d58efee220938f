import { describe as group, expect, it } from 'vitest'
import { AppFailure, describe, failure, toAppError, type AppError, type AppErrorCode } from '../../../src/shared/errors'
import { texts, translator } from '../../../src/shared/i18n'

const certificate = {
  sha256: '9f'.repeat(32),
  subject: 'CN=chat.example.org',
  issuer: 'CN=chat.example.org',
  isSelfSigned: true,
  names: ['chat.example.org'],
  validFrom: 1_772_582_400_000,
  validTo: 1_804_118_400_000,
}

// Total by type: a new code without an example here does not compile.
const examples: { [C in AppErrorCode]: Extract<AppError, { code: C }>[] } = {
  unreachable: [
    ...(['refused', 'unknown-host', 'network'] as const).map((reason) => ({
      code: 'unreachable' as const,
      reason,
      host: 'chat.example.org',
      port: 1337,
    })),
    { code: 'unreachable', reason: 'refused', host: 'localhost', port: 1337 },
  ],
  certificate: (
    ['self-signed', 'unknown-issuer', 'expired', 'wrong-host', 'old-protocol', 'changed', 'other'] as const
  ).flatMap((reason) => [
    { code: 'certificate' as const, reason, host: 'chat.example.org' },
    { code: 'certificate' as const, reason, host: 'chat.example.org', shown: certificate },
  ]),
  proxy: (['refused', 'unknown-host', 'network', 'login', 'failed'] as const).map((reason) => ({
    code: 'proxy',
    reason,
    host: 'proxy.example.org',
    port: 3128,
  })),
  timeout: (['connect', 'headers', 'idle'] as const).map((phase) => ({ code: 'timeout', phase, seconds: 10 })),
  redirect: [
    { code: 'redirect', status: 307, host: 'other.example.org' },
    { code: 'redirect', status: 302, host: null },
    { code: 'redirect', status: 301, host: 'chat.example.org', sameHost: 'https' },
    { code: 'redirect', status: 308, host: 'chat.example.org', sameHost: 'path' },
  ],
  http: [400, 404, 405, 413, 418, 429, 500, 502, 503].flatMap((status) => [
    { code: 'http' as const, status, message: null },
    { code: 'http' as const, status, message: 'The server says so' },
    { code: 'http' as const, status, message: null, retryAfterSeconds: 300 },
  ]),
  unauthorized: [
    { code: 'unauthorized', status: 401, message: null },
    { code: 'unauthorized', status: 403, message: null },
  ],
  'not-a-stream': [{ code: 'not-a-stream', status: 200, contentType: 'text/html', snippet: '<html>' }],
  'empty-answer': [{ code: 'empty-answer' }],
  backend: [{ code: 'backend', kind: 'ValueError', message: 'ValueError: no' }],
  'provider-auth': [
    { code: 'provider-auth', provider: 'Groq', message: 'no key' },
    { code: 'provider-auth', provider: null, message: 'no key' },
  ],
  protocol: [{ code: 'protocol', malformedEvents: 101 }],
  capture: (['permission', 'no-portal', 'no-picture', 'changed', 'failed'] as const).map((reason) => ({
    code: 'capture',
    reason,
  })),
  'too-large': [{ code: 'too-large', limitBytes: 32 * 1_048_576 }],
  'connection-lost': [{ code: 'connection-lost' }],
  'process-ended': [{ code: 'process-ended' }],
  'bad-address': (['empty', 'unreadable', 'scheme', 'credentials', 'host', 'port'] as const).map((reason) => ({
    code: 'bad-address',
    reason,
  })),
  'bad-proxy': (['empty', 'unreadable', 'scheme', 'credentials', 'host', 'port'] as const).map((reason) => ({
    code: 'bad-proxy',
    reason,
  })),
  'bad-parameters': (['syntax', 'not-an-object', 'reserved', 'too-large', 'too-deep'] as const).map((reason) => ({
    code: 'bad-parameters',
    reason,
    name: 'messages',
  })),
  'bad-certificate-file': (['unreadable', 'empty', 'too-large'] as const).map((reason) => ({
    code: 'bad-certificate-file',
    reason,
  })),
  'bad-archive': (['unreadable', 'format', 'newer', 'too-large', 'damaged', 'unsafe'] as const).map((reason) => ({
    code: 'bad-archive',
    reason,
  })),
  'bad-prompts': (['unreadable', 'format', 'newer', 'too-large'] as const).map((reason) => ({
    code: 'bad-prompts',
    reason,
  })),
  'bad-recording': (['unreadable', 'format', 'newer', 'too-large'] as const).map((reason) => ({
    code: 'bad-recording',
    reason,
  })),
  upload: (['unsupported', 'unreadable'] as const).map((reason) => ({
    code: 'upload',
    reason,
    name: 'plan.pdf',
    message: null,
  })),
  media: (['gone', 'refused', 'private', 'format', 'too-large', 'failed'] as const).map((reason) => ({
    code: 'media',
    reason,
    host: 'pictures.example.org',
    limitBytes: 20 * 1_048_576,
  })),
  'bad-header': (['name', 'value', 'reserved', 'too-long', 'duplicate'] as const).map((reason) => ({
    code: 'bad-header',
    name: 'X-Key',
    reason,
  })),
  'no-backend': [{ code: 'no-backend' }],
  'secret-unavailable': (['no-keychain', 'unreadable', 'other-origin'] as const).map((reason) => ({
    code: 'secret-unavailable',
    reason,
  })),
  attachment: (
    [
      'empty',
      'format',
      'damaged',
      'too-large',
      'too-many-pixels',
      'too-many',
      'folder',
      'unreadable',
      'no-room',
    ] as const
  ).map((reason) => ({ code: 'attachment', reason, name: 'scan.tiff', format: 'TIFF', limit: 20 })),
  storage: (['full', 'read-only', 'damaged', 'failed'] as const).map((reason) => ({ code: 'storage', reason })),
  'newer-file': [{ code: 'newer-file' }],
  'not-found': (
    ['conversation', 'message', 'generation', 'attachment', 'backend', 'named-backend', 'file', 'recording'] as const
  ).map((what) => ({ code: 'not-found', what })),
  'bad-request': [{ code: 'bad-request', channel: 'generation.start' }],
  forbidden: [{ code: 'forbidden', channel: 'settings.set' }],
  busy: [{ code: 'busy' }],
  internal: [{ code: 'internal' }],
}
const all = Object.values(examples).flat() as AppError[]

group.each(['en', 'ru'] as const)('describe in %s', (locale) => {
  const t = translator(locale)

  it('has a title, a detail and no open slot for every error', () => {
    for (const error of all) {
      const text = describe(error, t)
      const name = JSON.stringify(error)
      // i18next answers a missing key with the key itself.
      expect(text.title, name).not.toMatch(/^errors:|^[a-z-]+(\.[a-z0-9-]+)*\.title$/u)
      expect(text.detail, name).not.toMatch(/^errors:|^[a-z-]+(\.[a-z0-9-]+)*\.detail$/u)
      expect(text.title.trim(), name).not.toBe('')
      expect(text.detail.trim(), name).not.toBe('')
      expect(text.title + text.detail, name).not.toMatch(/\{\{/u)
    }
  })

  it('uses every text there is', () => {
    const used = new Set(all.map((error) => describe(error, t).title))
    const titles = (tree: object): string[] =>
      Object.entries(tree).flatMap(([key, value]: [string, unknown]) =>
        typeof value === 'object' && value !== null
          ? titles(value)
          : key === 'title' && typeof value === 'string'
            ? [value]
            : [],
      )
    const unused = titles(texts[locale].errors).filter((title) => !title.includes('{{') && !used.has(title))
    expect(unused).toEqual([])
  })
})

group('failures', () => {
  it('carry their error, and nothing unforeseen leaks (S18)', () => {
    expect(toAppError(failure({ code: 'busy' }))).toEqual({ code: 'busy' })
    expect(failure({ code: 'busy' })).toBeInstanceOf(AppFailure)
    expect(toAppError(new Error('ENOENT: /home/someone/secret'))).toEqual({ code: 'internal' })
    expect(toAppError('sk-CANARY')).toEqual({ code: 'internal' })
  })
})
