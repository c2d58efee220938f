// @vitest-environment happy-dom
import { act } from 'react'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { App } from '../../../src/renderer/app'
import { showChat, showSettings } from '../../../src/renderer/store/conversations'
import { mount } from '../markdown/mount'
import { backendView, createPerson, CERTIFICATE, fail, good, refusedCertificate, startMain } from './main-stand-in'

const person = createPerson()
let close = (): void => undefined

async function open(prepare: (says: Awaited<ReturnType<typeof startMain>>['says']) => void = () => undefined) {
  const main = await startMain([backendView('guide', { isBuiltIn: true }, { name: 'Guide' })], null)
  prepare(main.says)
  const page = mount(<App />)
  close = page.unmount
  await act(async () => undefined)
  const connect = async (address: string) => {
    await person.type('Address of the backend', address)
    await person.press(person.button('Connect'))
  }
  return { main, connect, ...page }
}

beforeEach(() => document.body.replaceChildren())
afterEach(() => close())

describe('first run', () => {
  it('a typed address that answers leads to the composer at once', async () => {
    const { connect, until } = await open()
    await connect('chat.home.lan')
    await until(() => document.activeElement === document.querySelector('textarea'))
    expect(document.querySelector('textarea')?.placeholder).toBe('Message chat.home.lan')
  })

  it('a server that asks for a key gets it before the first question; a wrong one is said and asked again', async () => {
    const { main, connect, until } = await open((says) => {
      says.connect = () => good({ needsKey: true })
      says.catalogue = () => fail({ code: 'unauthorized', status: 401, message: null })
    })
    await connect('chat.home.lan')
    await until(() => person.text().includes('chat.home.lan asks for a key'))
    await person.type('API key', 'sk-wrong-0123')
    await person.press(person.button('Save'))
    await until(() => person.text().includes('The server does not accept this key.'))
    main.says.catalogue = () => good({ providers: [], isStale: false, error: null })
    await person.type('API key', 'sk-right-4567')
    await person.press(person.button('Save'))
    await until(() => document.querySelector('textarea') !== null)
    expect(main.named<{ value: string }>('backend.setSecret').map(({ value }) => value)).toEqual([
      'sk-wrong-0123',
      'sk-right-4567',
    ])
  })

  it('who goes to the settings instead of entering the key comes back to the chats, which the server answers', async () => {
    const { connect, until } = await open((says) => {
      says.connect = () => good({ needsKey: true })
    })
    await connect('chat.home.lan')
    await until(() => person.text().includes('chat.home.lan asks for a key'))
    await act(async () => showSettings('general'))
    await until(() => person.text().includes('Back to chats'))
    await act(async () => showChat())
    await until(() => document.querySelector('textarea') !== null)
    expect(document.querySelector('textarea')?.placeholder).toBe('Message chat.home.lan')
  })

  it('S37: an unknown certificate is shown first, and the address is tried again with the one that was trusted', async () => {
    const { main, connect, until } = await open((says) => {
      says.connect = ({ sha256 }) => (sha256 === null ? fail(refusedCertificate()) : good({ needsKey: false }))
    })
    await connect('https://chat.home.lan')
    await until(() => person.has('Trust this certificate for chat.home.lan'))
    await person.press(person.button('Trust this certificate for chat.home.lan'))
    await until(() => document.querySelector('textarea') !== null)
    expect(main.named('backend.connect')).toEqual([
      { address: 'https://chat.home.lan', sha256: null },
      { address: 'https://chat.home.lan', sha256: CERTIFICATE.sha256 },
    ])
  })

  it('one that is not trusted is not connected: the address stays, and why', async () => {
    const { main, connect, until } = await open((says) => {
      says.connect = () => fail(refusedCertificate())
    })
    await connect('https://chat.home.lan')
    await until(() => person.has('Trust this certificate for chat.home.lan'))
    await person.press(person.button('Cancel'))
    await until(() => person.text().includes('The certificate is not trusted.'))
    expect(person.field('Address of the backend').value).toBe('https://chat.home.lan')
    expect(main.named('backend.connect')).toHaveLength(1)
    expect(person.has('Try again')).toBe(true)
  })
})
