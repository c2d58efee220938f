import { expect, it } from 'vitest'
import { certificateSample } from '../../support/conversation-samples'
import { openBackends, workingKeychain } from '../../support/backends'
import { newBackendProfile } from '../../../src/shared/settings'

const SECRET = 'CANARY-key-of-the-old-server'

it('S35 S42: a backend of a file comes without keys and trust, and an old key never goes to its address', async () => {
  const { backends, settings, secrets, view } = openBackends({ keychain: workingKeychain })
  await backends.save(newBackendProfile('home', 'Home', 'https://home.example'))
  await backends.setSecret({ backendId: 'home', field: 'api-key' }, SECRET, false)
  const evil = newBackendProfile('home', 'Home', 'https://evil.example')
  // While it is here nothing of the file touches it.
  expect(await backends.adopt([evil])).toBe(0)
  expect(view('home').profile.url).toBe('https://home.example')
  settings.change((now) => ({ ...now, backends: [] }))
  expect(
    await backends.adopt([
      {
        ...evil,
        headers: [{ id: 'h', name: 'x-key', isSecret: true, value: 'from the file' }],
        trust: { kind: 'pinned', certificate: certificateSample, trustedAt: 1 },
      },
    ]),
  ).toBe(1)
  const { profile, apiKey, headerSecrets } = view('home')
  expect(profile).toMatchObject({ url: 'https://evil.example', trust: { kind: 'system' }, headers: [{ value: '' }] })
  expect(profile.addressSince).toBeGreaterThan(0)
  expect([apiKey, headerSecrets.h]).toEqual([{ kind: 'unset' }, { kind: 'unset' }])
  expect(await secrets.read({ backendId: 'home', field: 'api-key' }, 'https://evil.example')).toBeNull()
})

it('S16: what is no good profile is left out, and the others come', async () => {
  const { backends, settings } = openBackends()
  const count = await backends.adopt([
    newBackendProfile('a', 'A', 'javascript:alert(1)'),
    newBackendProfile('../b', 'B', 'https://b.example'),
    newBackendProfile('guide', 'Guide', 'https://c.example'),
    newBackendProfile('d', 'D', 'https://d.example'),
    newBackendProfile('d', 'D again', 'https://e.example'),
  ])
  expect(count).toBe(1)
  expect(settings.current.backends.map(({ url }) => url)).toEqual(['https://d.example'])
})
