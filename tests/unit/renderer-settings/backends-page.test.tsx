// @vitest-environment happy-dom
import { act } from 'react'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CertificateDialogs } from '../../../src/renderer/certificate/certificate-dialogs'
import { reviewCertificate, useReview } from '../../../src/renderer/certificate/state'
import { Toaster } from '../../../src/renderer/controls/toast'
import { BackendsPage } from '../../../src/renderer/settings/backends/backends-page'
import { describe as describeAppError, type AppError } from '../../../src/shared/errors'
import { translator } from '../../../src/shared/i18n'
import type { BackendProfile, SecretState } from '../../../src/shared/settings'
import { mount } from '../markdown/mount'
import { backendView, CERTIFICATE, createPerson, fail, good, refusedCertificate, startMain } from './main-stand-in'

const A = 'https://chat.home.lan'
const B = 'https://new.home.lan'
const kept = (origin: string): SecretState => ({ kind: 'set', tail: 'a1b2', origin, kept: 'keychain' })
const describeError = (error: AppError) => describeAppError(error, translator('en'))
const person = createPerson()
let close = (): void => undefined

async function open(
  views = [backendView('home')],
  prepare: (main: Awaited<ReturnType<typeof startMain>>) => void = () => undefined,
) {
  const main = await startMain(views)
  prepare(main)
  const page = mount(
    <>
      <BackendsPage />
      <CertificateDialogs />
      <Toaster />
    </>,
  )
  close = page.unmount
  await act(async () => undefined)
  return { main, ...page }
}

beforeEach(() => document.body.replaceChildren())
afterEach(() => close())

describe('S35: a new address and the secrets of the old one', () => {
  const withKey = () => [
    backendView(
      'home',
      { apiKey: kept(A), headerSecrets: { h1: kept(A) } },
      {
        headers: [{ id: 'h1', name: 'X-Token', isSecret: true, value: '' }],
      },
    ),
  ]
  const moveTo = async (until: (condition: () => boolean) => Promise<void>, address: string) => {
    await person.type('Address', address)
    await person.leave('Address')
    await until(() => person.text().includes('answered'))
  }

  it('asks nothing while a name is being written, and nobody is asked for it', async () => {
    const { main } = await open(withKey())
    await person.type('Address', 'https://new.ho')
    expect(main.named('backend.find')).toEqual([])
    expect(main.named('backend.save')).toEqual([])
  })

  it('asks directly after the change; by default they stay with the old one, which each of them says', async () => {
    const { main, until } = await open(withKey())
    await moveTo(until, B)
    expect(person.text()).toContain(`were entered for ${A}. Send them to ${B} too?`)
    await person.press(person.button(`Keep them for ${A}`))
    expect(person.text()).not.toContain('Send them to')
    expect(main.named('backend.moveSecrets')).toEqual([])
    expect(main.backend('home').apiKey).toEqual(kept(A))
    expect(person.text()).toContain(`For ${A} only. It is not sent to ${B}.`)
    expect(person.text()).toContain(`X-Token: For ${A} only.`)
  })

  it('moves them when that is what the person says, now or later', async () => {
    const { main, until } = await open(withKey())
    await moveTo(until, B)
    await person.press(person.button(`Keep them for ${A}`))
    await person.press(person.button(`Send it to ${B} too…`))
    await person.press(person.button(`Use them for ${B}`))
    expect(main.named('backend.moveSecrets')).toEqual([{ backendId: 'home' }])
    expect(person.text()).not.toContain(`For ${A} only`)
    expect(person.text()).not.toContain('Send them to')
  })

  it('asks nothing where there is no secret, or the origin stays', async () => {
    const first = await open()
    await moveTo(first.until, B)
    expect(person.text()).not.toContain('Send them to')
    close()
    const second = await open(withKey())
    await moveTo(second.until, `${A}/base`)
    expect(person.text()).not.toContain('Send them to')
  })
})

describe('the address', () => {
  it('takes the base address that answered, and says what was tried', async () => {
    const { main, until } = await open([backendView('home')], ({ says }) => {
      says.find = () =>
        good({ url: 'http://localhost:8080', version: '0.5.2', needsKey: false, tried: ['http://localhost:1337'] })
    })
    await person.type('Address', 'localhost')
    await person.key(person.field('Address'), 'Enter')
    await until(() => person.text().includes('answered'))
    expect(person.text()).toContain('Tried http://localhost:1337. http://localhost:8080 answered, version 0.5.2.')
    expect(main.named<BackendProfile>('backend.save').map(({ url }) => url)).toEqual([
      'localhost',
      'http://localhost:8080',
    ])
    expect(person.field('Address').value).toBe('http://localhost:8080')
    await person.leave('Address')
    expect(main.named('backend.find')).toHaveLength(1)
  })

  it('keeps what was typed when nothing answers, and says why', async () => {
    const { main, until } = await open([backendView('home')], ({ says }) => {
      says.find = () => fail({ code: 'unreachable', reason: 'refused', host: '192.168.1.20', port: 1337 })
    })
    await person.type('Address', 'http://192.168.1.20:1337')
    await person.leave('Address')
    await until(() => person.text().includes('refused the connection'))
    expect(main.backend('home').profile.url).toBe('http://192.168.1.20:1337')
    expect(person.text()).toContain('The address is saved all the same.')
    await person.leave('Address')
    expect(main.named('backend.find')).toHaveLength(1)
    expect(person.text()).toContain('Without https')
  })

  it('one that main refuses holds up no other field, and is looked for nowhere', async () => {
    const { main, until } = await open([backendView('home')], ({ says }) => {
      says.save = ({ url }) => (url === 'ftp://x' ? { code: 'bad-address', reason: 'scheme' } : null)
    })
    await person.type('Address', 'ftp://x')
    await person.leave('Address')
    await until(() => person.field('Address').getAttribute('aria-invalid') === 'true')
    await person.type('Name', 'Cellar')
    await until(() => main.backend('home').profile.name === 'Cellar')
    expect(main.backend('home').profile.url).toBe(A)
    expect(person.field('Address').value).toBe('ftp://x')
    expect(main.named('backend.find')).toEqual([])
  })
})

describe('extra parameters', () => {
  it('says what is wrong and where, and saves only what is right', async () => {
    const { main, until } = await open()
    await person.type('Extra parameters', '{\n  "top_p": 0.9,\n}')
    await until(() => person.text().includes('Line 2 ends with a comma, but nothing follows.'))
    expect(person.field('Extra parameters').getAttribute('aria-invalid')).toBe('true')
    await person.type('Extra parameters', '{ "messages": [] }')
    await until(() => person.text().includes('“messages” is set by Parley.'))
    expect(main.named('backend.save')).toEqual([])
    await person.type('Extra parameters', '{ "top_p": 0.9 }')
    await until(() => main.backend('home').profile.parameters !== '')
    expect(main.backend('home').profile.parameters).toBe('{ "top_p": 0.9 }')
    expect(person.text()).not.toContain('set by Parley')
  })

  it('keeps an unfinished text over a walk to another page', async () => {
    const { until } = await open()
    await person.type('Extra parameters', '{ "a": ')
    await until(() => person.text().includes('the value is missing'))
    close()
    await open()
    expect(person.field('Extra parameters').value).toBe('{ "a": ')
    await person.type('Extra parameters', '')
    await person.leave('Extra parameters')
  })
})

describe('secrets', () => {
  it('S26: storing without protection is offered only where main has found no keychain', async () => {
    const { main, until } = await open()
    await person.press(person.button('Enter a key'))
    expect(document.querySelector('input[type=checkbox]')).toBeNull()
    await person.type('API key', 'sk-0123456789')
    await person.press(person.button('Save'))
    await until(() => person.text().includes('Kept in the keychain'))
    expect(main.named('backend.setSecret')).toMatchObject([{ value: 'sk-0123456789', storeUnprotected: false }])
    expect(document.body.innerHTML).not.toContain('sk-0123456789')
  })

  it('S26: without one it says so, keeps the key for now, and stores it only on request', async () => {
    const { main, until } = await open([backendView('home')], ({ says }) => {
      says.keychain = false
    })
    await person.press(person.button('Enter a key'))
    await person.type('API key', 'sk-0123456789')
    await person.press(person.button('Save'))
    await until(() => person.has('Store without protection'))
    expect(person.text()).toContain('••••6789')
    expect(person.text()).toContain('kept until Parley quits')
    await person.press(person.button('Store without protection'))
    await until(() => person.text().includes('Kept on disk without protection'))
    expect(main.named('backend.setSecret')).toMatchObject([{ storeUnprotected: false }, { storeUnprotected: true }])
    // From now on it is known: the choice stands beside the field.
    await person.press(person.button('Replace API key'))
    expect(document.querySelector('input[type=checkbox]')).not.toBeNull()
  })
})

describe('the certificate', () => {
  it('of a test that failed is shown, trusted, and the test runs again', async () => {
    let isTrusted = false
    const { main, until } = await open([backendView('home')], ({ says }) => {
      says.test = () =>
        isTrusted
          ? {
              verdict: 'reachable',
              error: null,
              roundTripMs: 84,
              firstWordMs: null,
              providers: 1,
              models: null,
              gapsMs: [],
            }
          : { verdict: 'failed', error: refusedCertificate() }
      says.trust = () => {
        isTrusted = true
        return null
      }
    })
    await person.press(person.button('Test connection'))
    await until(() => person.has('Show the certificate'))
    await person.press(person.button('Show the certificate'))
    await until(() => person.has('Trust this certificate for Home server'))
    expect(person.text()).toContain('Is this really Home server?')
    expect(person.text()).toContain('4 March 2026 to 4 March 2099')
    await until(() => document.activeElement === person.button('Cancel'))
    await person.press(person.button('Trust this certificate for Home server'))
    await until(() => person.text().includes('The server answers.'))
    expect(main.named('backend.trust')).toEqual([{ backendId: 'home', sha256: CERTIFICATE.sha256 }])
    expect(person.text()).toContain('9F:2C:71:0B:E4 … 5A:D0:18')
    expect(person.text()).toContain('chat.home.lan, until 4 March 2099. Parley stops and asks if it changes.')
  })

  it('cannot be trusted while the fingerprint that was given is another; Esc trusts nothing', async () => {
    const { main, until } = await open([backendView('home')], ({ says }) => {
      says.test = () => ({
        verdict: 'failed',
        error: refusedCertificate({ names: ['other.example'], validTo: Date.UTC(2026, 5, 1) }, 'expired'),
      })
    })
    await person.press(person.button('Test connection'))
    await until(() => person.has('Show the certificate'))
    await person.press(person.button('Show the certificate'))
    await until(() => person.has('Trust this certificate for Home server'))
    expect(person.text()).toContain('It is for other.example, not for chat.home.lan.')
    await person.type('Paste the fingerprint you were given', '9F:2C:71:0B:E1')
    expect(person.text()).toContain('They differ at the 5th byte. Do not trust it; ask the owner.')
    expect(document.querySelector('mark')?.textContent).toBe('E1')
    await person.press(person.button('Trust this certificate for Home server'))
    expect(main.named('backend.trust')).toEqual([])
    await person.type('Paste the fingerprint you were given', CERTIFICATE.sha256)
    expect(person.text()).toContain('The two are the same.')
    await person.key(document.activeElement!, 'Escape')
    await until(() => !person.text().includes('Is this really'))
    expect(main.named('backend.trust')).toEqual([])
  })

  it('that has changed can only be read about: no button accepts it', async () => {
    const shown = {
      ...CERTIFICATE,
      sha256: '41d8e00c97a35b12fe6a449 0cd7715b8e93f02a6581d74cbb0277c9e64f31a85'.replace(' ', ''),
    }
    const { main, until } = await open([backendView('home')], ({ says }) => {
      says.test = () => ({
        verdict: 'failed',
        error: { code: 'certificate', reason: 'changed', host: 'chat.home.lan', shown, trusted: CERTIFICATE },
      })
    })
    await person.press(person.button('Test connection'))
    await until(() => person.has('Show the certificate'))
    await person.press(person.button('Show the certificate'))
    await until(() => person.has('Stay disconnected'))
    const dialog = document.querySelector('[role=alertdialog]')
    expect([...(dialog?.querySelectorAll('button') ?? [])].map((each) => each.textContent)).toEqual([
      'Copy both',
      'Open settings',
      'Stay disconnected',
    ])
    expect(dialog?.textContent).toContain('9F:2C:71:0B:E4:A8:13:6D')
    expect(dialog?.textContent).toContain('41:D8:E0:0C:97:A3:5B:12')
    await until(() => document.activeElement === person.button('Stay disconnected'))
    await person.press(person.button('Stay disconnected'))
    await until(() => document.querySelector('[role=alertdialog]') === null)
    expect(main.named('backend.trust')).toEqual([])
  })

  it('a save of something else never takes back the trust that main was given meanwhile', async () => {
    const { main, until } = await open()
    await person.type('Name', 'Cellar')
    const view = main.backend('home')
    await act(async () =>
      main.tell([
        { ...view, profile: { ...view.profile, trust: { kind: 'pinned', certificate: CERTIFICATE, trustedAt: 1 } } },
      ]),
    )
    await until(() => main.backend('home').profile.name === 'Cellar')
    expect(main.named<BackendProfile>('backend.save').at(-1)?.trust.kind).toBe('pinned')
  })

  it('going back to what the computer trusts is asked about', async () => {
    const { main, until } = await open([
      backendView('home', {}, { trust: { kind: 'pinned', certificate: CERTIFICATE, trustedAt: 1 } }),
    ])
    const system = [...document.querySelectorAll<HTMLElement>('[role=radio]')][0]!
    await person.press(system)
    await until(() => person.text().includes('Trust only what this computer trusts?'))
    expect(main.backend('home').profile.trust.kind).toBe('pinned')
    const buttons = [...document.querySelectorAll('button')].filter(
      ({ textContent }) => textContent === 'Remove this certificate',
    )
    expect(buttons).toHaveLength(2)
    await person.press(buttons.at(-1)!)
    await until(() => main.backend('home').profile.trust.kind === 'system')
    expect(person.text()).not.toContain('5A:D0:18')
  })
})

describe('the list', () => {
  it('says how each backend stands, and asks those of which nothing is known', async () => {
    const { main, until } = await open([
      backendView('home'),
      backendView('b', { status: { kind: 'unknown' } }, { name: 'Unasked' }),
      backendView('c', { status: { kind: 'needs-key', atMs: 1 } }, { name: 'Locked' }),
      backendView('d', { status: { kind: 'untrusted', error: refusedCertificate(), atMs: 1 } }, { name: 'Strange' }),
    ])
    await until(() => main.named('backend.catalogue').length > 0 && person.text().includes('Not asked yet'))
    expect(main.named<{ backendId: string }>('backend.catalogue').map(({ backendId }) => backendId)).toContain('b')
    const rows = [...document.querySelectorAll('nav li')].map((row) => row.textContent)
    expect(rows).toEqual([
      'Home serverchat.home.lan · in useConnected',
      'Unaskedchat.home.lanNot asked yet',
      'Lockedchat.home.lanNeeds a key',
      'Strangechat.home.lanCertificate not trusted',
    ])
  })
})

describe('S37: one certificate at a time', () => {
  it('the answer to one whose place another has taken leaves that one open, with its own answer', async () => {
    await open()
    const review = async (name: string) => {
      let answered: Promise<string | null> = Promise.resolve(null)
      await act(async () => void (answered = reviewCertificate({ name, error: refusedCertificate() })))
      return { answered, answer: useReview.getState().current!.answer }
    }
    const first = await review('first')
    const second = await review('second')
    expect(await first.answered).toBeNull()
    await act(async () => first.answer(CERTIFICATE.sha256))
    expect(useReview.getState().current?.name).toBe('second')
    await act(async () => second.answer(CERTIFICATE.sha256))
    expect(await second.answered).toBe(CERTIFICATE.sha256)
  })
})

describe('saving', () => {
  it('half a host name is not saved along with another field', async () => {
    const { main, until } = await open()
    await person.type('Address', 'https://half')
    await person.type('Name', 'Cellar')
    await until(() => main.backend('home').profile.name === 'Cellar')
    expect(main.named<BackendProfile>('backend.save').map(({ url }) => url)).toEqual([A])
    expect(person.field('Address').value).toBe('https://half')
  })

  it('what is typed last is saved when the form is left, but not when its backend is removed', async () => {
    const first = await open()
    await person.type('Name', 'Cellar')
    close()
    await first.until(() => first.main.backend('home').profile.name === 'Cellar')
    const second = await open()
    await person.type('Name', 'Gone')
    await person.press(person.button('Remove backend…'))
    await second.until(() => person.has('Cancel'))
    await person.press(person.button('Remove'))
    close()
    await act(async () => undefined)
    expect(second.main.named('backend.remove')).toEqual([{ backendId: 'home' }])
    expect(second.main.named('backend.save')).toEqual([])
  })
})

describe('R17: what is typed and what has the focus', () => {
  it('what a test finds at an address is not said of the one that was typed meanwhile', async () => {
    let answer: () => void = () => undefined
    const { main, until } = await open(undefined, ({ says }) => {
      const { test } = says
      says.test = () => new Promise((resolve) => (answer = () => resolve(test())))
    })
    await person.press(person.button('Test connection'))
    await until(() => main.named('backend.test').length === 1)
    await person.type('Address', 'https://other.example')
    await act(async () => answer())
    expect(person.text()).not.toContain('84 ms')
    await person.press(person.button('Test connection'))
    await until(() => main.named('backend.test').length === 2)
    await act(async () => answer())
    expect(person.text()).toContain('84 ms')
  })

  it('the address of a proxy is saved also when the form is left out of its field', async () => {
    const views = [backendView('home', {}, { proxy: { kind: 'own', url: 'http://old:1', user: '' } })]
    const { main, until } = await open(views)
    await person.type('Address of the proxy', 'http://new:1')
    expect(main.named('backend.save')).toEqual([])
    close()
    await until(() => main.backend('home').profile.proxy.kind === 'own' && main.named('backend.save').length > 0)
    expect(main.backend('home').profile.proxy).toEqual({ kind: 'own', url: 'http://new:1', user: '' })
  })

  it('a new header has the focus in its name; a value without a name says so', async () => {
    await open()
    await person.press(person.button('Add a header'))
    expect(document.activeElement?.getAttribute('aria-label')).toBe('Name of header 1')
    await person.type('Value of this header', 'x')
    expect(person.text()).toContain('A name is needed.')
    // Without one it would have no place to be kept in.
    expect(person.button('Keep the value of this header secret').hasAttribute('data-disabled')).toBe(true)
    await person.type('Name of header 1', 'X-Token')
    expect(person.button('Keep the value of X-Token secret').hasAttribute('data-disabled')).toBe(false)
  })

  it('says why there is no copy of a backend, or why it cannot be removed', async () => {
    const { main, until } = await open(undefined, ({ refuse }) => {
      refuse('backend.duplicate', { code: 'bad-request', channel: 'backend.duplicate' })
      refuse('backend.remove', { code: 'storage', reason: 'full' })
    })
    const { title: noCopy } = describeError({ code: 'bad-request', channel: 'backend.duplicate' })
    const { title: isFull } = describeError({ code: 'storage', reason: 'full' })
    await person.press(person.button('Duplicate'))
    await until(() => person.text().includes(noCopy))
    await person.press(person.button('Remove backend…'))
    await until(() => person.has('Cancel'))
    await person.press(person.button('Remove'))
    await until(() => person.text().includes(isFull))
    expect(main.named('backend.remove')).toEqual([{ backendId: 'home' }])
  })

  it('a proxy that fails is no fault of the address: it stands in the card of the test', async () => {
    const { until } = await open(undefined, ({ says }) => {
      says.find = () => fail({ code: 'proxy', reason: 'login', host: 'p', port: 8080 })
    })
    await person.type('Address', 'https://far.example')
    await person.leave('Address')
    await until(() => document.querySelector('[role=status].rounded-l') !== null)
    expect(document.querySelector('[aria-invalid=true]')).toBeNull()
  })
})
