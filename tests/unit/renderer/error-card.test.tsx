// @vitest-environment happy-dom
import { act } from 'react'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { useReview } from '../../../src/renderer/certificate/state'
import { ErrorCard } from '../../../src/renderer/chat/error-card'
import { canAnotherProviderHelp } from '../../../src/renderer/chat/other-provider'
import { bootStore } from '../../../src/renderer/store/boot'
import { showConversation } from '../../../src/renderer/store/conversations'
import { useStore } from '../../../src/renderer/store/state'
import { emptyAnswer, fold, type AssistantMessage } from '../../../src/shared/conversation'
import type { AppError } from '../../../src/shared/errors'
import type { CertificateInfo } from '../../../src/shared/settings'
import { mount } from '../markdown/mount'
import { newConversation, settle, startMain } from './main-stand-in'

let main: ReturnType<typeof startMain>
let close = (): void => undefined
let count = 0

/** A card for an answer of the home server that has just failed. */
async function open(
  error: AppError,
  requested: { provider: string | null; model: string | null } = EITHER,
  prepare: () => void = () => undefined,
) {
  main = startMain()
  count += 1
  const blank = emptyAnswer({
    id: `a${count}`,
    parentId: 'q1',
    createdAt: Date.now(),
    generationId: 'g1',
    backendId: 'home',
    ...requested,
  })
  const message: AssistantMessage = fold(blank, { atMs: 0, part: { type: 'finish', state: 'failed', error } })
  const question = { role: 'user', id: 'q1', parentId: null, createdAt: 0, text: 'Why?', attachments: [] } as const
  main.keep({
    ...newConversation('c1', 'home'),
    headId: message.id,
    messages: [{ ...question, attachments: [] }, message],
  })
  await bootStore()
  useStore.setState({ currentId: 'c1' })
  prepare()
  const page = mount(<ErrorCard message={message} error={error} words={0} conversationId="c1" isLast isFresh />)
  close = page.unmount
  await settle()
  const button = (name: string) =>
    [...page.container.querySelectorAll('button')].find((each) => each.textContent === name)
  const type = (words: string) =>
    act(async () => {
      const field = page.container.querySelector('input')!
      const { set } = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')!
      set!.call(field, words)
      field.dispatchEvent(new Event('input', { bubbles: true }))
    })
  const send = () =>
    settle(() =>
      page.container.querySelector('form')!.dispatchEvent(new Event('submit', { bubbles: true, cancelable: true })),
    )
  return { ...page, button, type, send, message }
}

const EITHER = { provider: null, model: null }
const certificate: CertificateInfo = {
  sha256: 'ab'.repeat(32),
  subject: 'home',
  issuer: 'home',
  isSelfSigned: true,
  names: ['home'],
  validFrom: 0,
  validTo: 1,
}

beforeEach(() => {
  document.body.replaceChildren()
  useReview.setState({ current: null })
})
afterEach(() => {
  close()
  vi.useRealTimers()
})

describe('a missing key', () => {
  it('of a provider is kept as that provider’s, and says where it goes', async () => {
    const { container, type, send } = await open(
      { code: 'provider-auth', provider: 'OpenRouter', message: 'no key' },
      { provider: 'OpenRouter', model: 'deepseek-r1' },
    )
    expect(container.querySelector('h2')?.textContent).toBe('OpenRouter needs an API key')
    expect(container.textContent).toContain(
      'OpenRouter’s own key. It goes to Home server, only with questions to OpenRouter.',
    )
    await type(' sk-secret ')
    await send()
    expect(main.named('backend.setSecret')).toEqual([
      {
        name: { backendId: 'home', field: 'provider-key', provider: 'OpenRouter' },
        value: 'sk-secret',
        storeUnprotected: false,
      },
    ])
    expect(main.asked()).toMatchObject([{ question: { kind: 'again' } }])
  })

  it('of a provider that the server had chosen is asked of that provider: no other gets the key', async () => {
    const { container, type, send } = await open({ code: 'provider-auth', provider: 'OpenRouter', message: 'no key' })
    expect(container.textContent).toContain('so this one is asked of OpenRouter again')
    await type('sk-secret')
    await send()
    expect(main.asked()).toMatchObject([{ provider: 'OpenRouter', question: { kind: 'again' } }])
  })

  it('of the server is kept as the server’s', async () => {
    const { container, type, send } = await open({ code: 'unauthorized', status: 401, message: null })
    expect(container.textContent).toContain('The key of Home server. It is sent only there')
    await type('k')
    await send()
    expect(main.named('backend.setSecret')).toMatchObject([{ name: { backendId: 'home', field: 'api-key' } }])
  })

  it('S26: without a keychain the person decides, before the question goes out', async () => {
    const { container, type, send, button } = await open({ code: 'unauthorized', status: 401, message: null })
    main.answer('backend.setSecret', ({ storeUnprotected }: { storeUnprotected: boolean }) => ({
      kind: 'set',
      tail: '',
      origin: 'http://127.0.0.1:1',
      kept: storeUnprotected ? 'unprotected' : 'session',
    }))
    await type('secret')
    await send()
    expect(main.asked()).toEqual([])
    expect(container.textContent).toContain('There is no keychain')
    await settle(() => button('Store it without protection and retry')!.click())
    expect(main.named('backend.setSecret')).toMatchObject([{ storeUnprotected: false }, { storeUnprotected: true }])
    expect(main.asked()).toHaveLength(1)
  })

  it('shows why a key was not taken, and keeps it in the field', async () => {
    const { container, type, send } = await open({ code: 'unauthorized', status: 401, message: null })
    main.refuse('backend.setSecret', { code: 'bad-header', name: 'Authorization', reason: 'value' })
    await type('with\tbreak')
    await send()
    expect(container.querySelector('[role="alert"] [role="alert"]')?.textContent).not.toBe('')
    expect(container.querySelector('input')?.value).toBe('with\tbreak')
    expect(main.asked()).toEqual([])
  })
})

describe('a refusal with a time', () => {
  it('R14: says when more is allowed, counts it down on Retry, and lets the person try all the same', async () => {
    const { container } = await open({ code: 'http', status: 429, message: null, retryAfterSeconds: 300 })
    expect(container.textContent).toContain('The server allows more in 5 min.')
    expect(container.textContent).not.toContain('Try again in a moment')
    const retry = [...container.querySelectorAll('button')].find((each) => each.textContent.startsWith('Retry'))!
    expect(retry.textContent).toMatch(/^Retry(?:5:00|4:5\d)$/u)
    // An alert that changes is spoken again: the countdown is for eyes only.
    expect(retry.querySelector('[aria-hidden]')?.textContent).toMatch(/^\d:\d\d$/u)
    await settle(() => retry.click())
    expect(main.asked()).toHaveLength(1)
  })

  it('says nothing of it once the time is over', async () => {
    const { container } = await open({ code: 'http', status: 429, message: 'slow down', retryAfterSeconds: 0 })
    expect(container.textContent).not.toContain('allows more')
    expect(container.textContent).toContain('(slow down)')
  })
})

describe('a refused certificate', () => {
  it('is reviewed on request, and asked again once it is trusted', async () => {
    const error: AppError = { code: 'certificate', reason: 'self-signed', host: 'home', shown: certificate }
    const { button } = await open(error)
    expect(useReview.getState().current).toBeNull()
    await settle(() => button('Review the certificate')!.click())
    expect(useReview.getState().current).toMatchObject({ backendId: 'home', error })
    await settle(() => useReview.getState().current!.answer(certificate.sha256))
    expect(main.asked()).toHaveLength(1)
  })

  it('S37: that has changed comes up by itself, once', async () => {
    const error: AppError = {
      code: 'certificate',
      reason: 'changed',
      host: 'home',
      shown: certificate,
      trusted: { ...certificate, sha256: 'cd'.repeat(32) },
    }
    const { render, message } = await open(error, EITHER, () => pin({ ...certificate, sha256: 'cd'.repeat(32) }))
    expect(useReview.getState().current).toMatchObject({ backendId: 'home' })
    await settle(() => useReview.getState().current!.answer(null))
    expect(main.asked()).toEqual([])
    render(<ErrorCard key="again" message={message} error={error} words={0} conversationId="c1" isLast isFresh />)
    await settle()
    expect(useReview.getState().current).toBeNull()
  })

  it('S37: whose old certificate was removed is asked anew, without the dialog of before', async () => {
    const trusted = { ...certificate, sha256: 'cd'.repeat(32) }
    const { button } = await open({ code: 'certificate', reason: 'changed', host: 'home', shown: certificate, trusted })
    expect(useReview.getState().current).toBeNull()
    expect(button('Review the certificate')).toBeUndefined()
    await settle(() => button('Retry')!.click())
    expect(main.asked()).toHaveLength(1)
  })
})

describe('what can help', () => {
  it('offers another backend, not another provider, for what is wrong on the way', async () => {
    const { button } = await open({ code: 'unreachable', reason: 'refused', host: 'home', port: 1 }, EITHER, () =>
      useStore.setState(({ backends }) => {
        const home = backends.find(({ profile }) => profile.id === 'home')!
        return { backends: [...backends, { ...home, profile: { ...home.profile, id: 'other', name: 'Other' } }] }
      }),
    )
    expect(button('Retry with another provider')).toBeUndefined()
    expect(button('Another backend…')).toBeDefined()
  })

  it.each([
    [{ code: 'backend', kind: 'x', message: 'y' }, true],
    [{ code: 'http', status: 429, message: null }, true],
    [{ code: 'http', status: 404, message: null }, false],
    [{ code: 'timeout', phase: 'idle', seconds: 1 }, true],
    [{ code: 'timeout', phase: 'connect', seconds: 1 }, false],
    [{ code: 'unauthorized', status: 401, message: null }, false],
  ] satisfies [AppError, boolean][])('another provider for %o: %s', (error, isHelp) => {
    expect(canAnotherProviderHelp(error)).toBe(isHelp)
  })

  it('offers the other providers of the backend that was asked, also where the chat has another one by now [37]', async () => {
    const facts = { label: '', needsKey: false, loginUrl: null, hasVision: false, makes: [], hasModelDetails: true }
    const providers = [{ ...facts, name: 'Lab', models: [] }]
    const { button, message } = await open({ code: 'backend', kind: 'x', message: 'y' }, EITHER, () => {
      const catalogue = { providers, isStale: false, error: null }
      useStore.setState({ catalogues: new Map([['home', { status: 'ready', catalogue }]]) })
    })
    main.keep({ ...newConversation('c1', 'guide'), headId: message.id, messages: [message] })
    await settle(() => void showConversation('c1'))
    expect(button('Retry with another provider')).toBeDefined()
  })

  it('without a word there is nothing to continue', async () => {
    const { button } = await open({ code: 'connection-lost' })
    expect(button('Continue')).toBeUndefined()
    expect(button('Retry')!.className).toContain('bg-accent')
  })

  it('of a removed backend nothing is asked again before another one is chosen', async () => {
    const { button } = await open({ code: 'backend', kind: 'x', message: 'y' }, EITHER, () =>
      useStore.setState(({ backends }) => ({ backends: backends.filter(({ isBuiltIn }) => isBuiltIn) })),
    )
    await settle(() => void showConversation('c1'))
    expect(button('Retry')!.getAttribute('aria-disabled')).toBe('true')
    await settle(() => button('Retry')!.click())
    expect(main.asked()).toEqual([])
  })

  it('a key that was entered and is refused again is named by its end', async () => {
    const error: AppError = { code: 'unauthorized', status: 401, message: 'nope, says the server' }
    const { type, send, render, message } = await open(error)
    await type('sk-12345678')
    await send()
    const again = { ...message, id: 'later', createdAt: Date.now() + 1 }
    const { container } = { container: document.body }
    render(<ErrorCard key="2" message={again} error={error} words={0} conversationId="c1" isLast isFresh />)
    await settle()
    expect(container.textContent).toMatch(/key ending in .{1,4} was not accepted|key was not accepted/u)
    expect(container.textContent).toContain('nope, says the server')
  })
})

function pin(trusted: CertificateInfo): void {
  useStore.setState(({ backends }) => ({
    backends: backends.map((each) => ({
      ...each,
      profile: { ...each.profile, trust: { kind: 'pinned' as const, certificate: trusted, trustedAt: 1 } },
    })),
  }))
}
