import path from 'node:path'
import * as tls from 'node:tls'
import { expect, test, vi } from 'vitest'
import { readSystemAuthorities } from '../../../src/main/backend/authorities'
import { ask } from '../../support/ask'
import { startTlsServer } from '../../support/tls-servers'

// In a file of its own, because a process reads the authorities of its computer once.
test('S37 the authorities of this computer count where the runtime can read them, from the first request on', async () => {
  const canRead = 'getCACertificates' in tls && process.platform === 'linux'
  vi.stubEnv('SSL_CERT_FILE', path.resolve(import.meta.dirname, '../../fixtures/tls/ca.pem'))
  const server = await startTlsServer({ certificate: 'good' })
  const stranger = await startTlsServer({ certificate: 'self-signed' })
  const outcomes = await Promise.all([ask(server.url), ask(server.url), ask(stranger.url)])
  outcomes.push(await ask(server.url), await ask(stranger.url))
  const known = canRead ? 'ok' : { code: 'certificate', reason: 'unknown-issuer' }
  const unknown = { code: 'certificate', reason: 'self-signed' }
  expect(outcomes).toMatchObject([known, known, unknown, known, unknown])
  expect((await readSystemAuthorities(0)) > 0).toBe(canRead)
  await stranger.idle()
  expect(stranger.received()).toBe('')
  await Promise.all([server.close(), stranger.close()])
})
