// @vitest-environment happy-dom
import axe from 'axe-core'
import { act } from 'react'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { MediaResult } from '../../../src/renderer/chat/media-result'
import { SpeakButton, SpeechError } from '../../../src/renderer/chat/speech'
import { conversationOf as conversationIn, initialState, useStore } from '../../../src/renderer/store/state'
import type { AssistantMessage, Media, MediaFile } from '../../../src/shared/conversation'
import type { AppError, Result } from '../../../src/shared/errors'
import { newBackendProfile, type Locale } from '../../../src/shared/settings'
import { conversationOf, newAnswer } from '../../support/conversation-samples'
import { mount } from '../markdown/mount'

const HOME = 'http://127.0.0.1:8080'
const CONVERSATION = 'c1'
const ID = 'ab'.repeat(32)
const file = (mime = 'image/png'): MediaFile => ({ id: ID, mime, bytes: 4096, width: 1024, height: 512 })
const media = (change: Partial<Media> = {}): Media => ({
  kind: 'image',
  sources: ['/media/1.png'],
  alt: 'two squares',
  ...change,
})

let asked: { name: string; payload: unknown }[] = []
let answers: Record<string, () => Promise<Result<MediaFile>>> = {}
let page: ReturnType<typeof mount> | null = null

beforeEach(() => {
  asked = []
  answers = {}
  document.body.replaceChildren()
  const request = new Proxy(
    {},
    {
      get: (_, name: string) => (payload: unknown) => {
        asked.push({ name, payload })
        return answers[name]?.() ?? Promise.resolve({ ok: true, value: undefined })
      },
    },
  )
  Object.assign(window, { parley: { request } })
})
afterEach(() => {
  page?.unmount()
  page = null
  vi.unstubAllGlobals()
})

/** The media of an answer of the backend at HOME, drawn from the store as a thread does it. */
function show(content: Media, change: Partial<AssistantMessage> = {}, locale: Locale = 'en') {
  const message: AssistantMessage = {
    ...newAnswer('a1'),
    backendId: 'home',
    state: 'complete',
    content: [{ type: 'media', ...content }],
    ...change,
  }
  const conversation = { ...conversationOf(CONVERSATION, []), headId: message.id, messages: [message] }
  useStore.setState({
    ...initialState(),
    threads: new Map([[CONVERSATION, { status: 'ready', conversation }]]),
    backends: [
      {
        profile: newBackendProfile('home', 'Home', `${HOME}/some/path`),
        isBuiltIn: false,
        apiKey: { kind: 'unset' },
        headerSecrets: {},
        providerKeys: [],
        proxyPassword: { kind: 'unset' },
        status: { kind: 'unknown' },
      },
    ],
  })
  function Thread() {
    const shown = useStore((state) => conversationIn(state, CONVERSATION)?.messages[0])
    if (shown?.role !== 'assistant') return null
    return (
      <>
        {shown.content.map((item, index) =>
          item.type === 'media' ? (
            <MediaResult key={index} media={item} message={shown} conversationId={CONVERSATION} />
          ) : null,
        )}
        <SpeakButton message={shown} conversationId={CONVERSATION} />
        <SpeechError messageId={shown.id} />
      </>
    )
  }
  page = mount(<Thread />, locale)
  return page.container
}

const button = (container: Element, name: string): HTMLButtonElement => {
  const found = [...container.querySelectorAll('button')].find(
    (each) => each.textContent === name || each.getAttribute('aria-label') === name,
  )
  if (found === undefined) throw new Error(`no button “${name}” in: ${container.textContent}`)
  return found
}
const press = (target: HTMLElement): Promise<void> =>
  act(async () => {
    target.focus()
    target.click()
    await Promise.resolve()
  })

async function faults(container: Element): Promise<string[]> {
  const options = { rules: { 'color-contrast': { enabled: false }, region: { enabled: false } } }
  return (await axe.run(container, options)).violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)
}

describe('what is kept', () => {
  it('a picture comes from the disk, named by its alternative text, in its place before it is there', async () => {
    const container = show(media({ files: { '/media/1.png': file() } }))
    const image = container.querySelector('img')
    expect(image?.getAttribute('src')).toBe(`app://local/attachment/${ID}`)
    expect(image?.getAttribute('alt')).toBe('two squares')
    expect([image?.getAttribute('width'), image?.getAttribute('height')]).toEqual(['738', '369'])
    expect(asked).toEqual([])
    expect(await faults(container)).toEqual([])
  })

  it('a picture is shown large, and Esc goes back to it', async () => {
    const container = show(media({ files: { '/media/1.png': file() } }))
    const small = button(container, 'Show larger: two squares')
    await press(small)
    const dialog = document.querySelector('[role=dialog]')!
    expect(dialog.textContent).toContain('two squares')
    expect(dialog.textContent).toContain('1024×512 · 4 KB')
    expect(await faults(document.body)).toEqual([])
    await act(async () => {
      document.activeElement!.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }))
      await new Promise((resolve) => setTimeout(resolve, 50))
    })
    expect(document.querySelector('[role=dialog]')).toBeNull()
  })

  it.each([
    ['audio', 'audio/mpeg', 'AUDIO'],
    ['audio', 'video/mp4', 'AUDIO'],
    ['video', 'video/mp4', 'VIDEO'],
    ['image', 'video/webm', 'VIDEO'],
    ['image', 'audio/wav', 'AUDIO'],
    ['video', 'image/png', 'IMG'],
  ] as const)('%s that is %s becomes %s', async (kind, mime, tag) => {
    const container = show(media({ kind, alt: '', files: { '/media/1.png': file(mime) } }))
    const shown = container.querySelector('img, audio, video')
    expect(shown?.tagName).toBe(tag)
    expect(shown?.getAttribute('src')).toBe(`app://local/attachment/${ID}`)
    expect(shown?.getAttribute('aria-label') ?? shown?.getAttribute('alt')).not.toBe('')
    expect(shown?.hasAttribute('controls')).toBe(tag !== 'IMG')
    expect(shown?.hasAttribute('autoplay')).toBe(false)
    expect(await faults(container)).toEqual([])
  })

  it('a copy that cannot be shown can be loaded again', async () => {
    const container = show(media({ files: { '/media/1.png': file() } }))
    act(() => void container.querySelector('img')?.dispatchEvent(new Event('error')))
    expect(container.querySelector('img')).toBeNull()
    expect(container.textContent).toContain('The kept copy of this picture cannot be shown')
    answers['media.load'] = () => Promise.resolve({ ok: true, value: file() })
    await press(button(container, 'Load again'))
    expect(container.querySelector('img')).not.toBeNull()
  })

  it('pictures of earlier conversations, which hold them, are shown', () => {
    const container = show(media({ sources: ['data:image/png;base64,iVBORw0KGgo='] }))
    expect(container.querySelector('img')?.getAttribute('src')).toBe('data:image/png;base64,iVBORw0KGgo=')
  })
})

describe('what is not kept', () => {
  it('S07 of another host only its name is told, until a person wants it', async () => {
    const source = 'https://pictures.example/a/b.png'
    const container = show(media({ sources: [source] }))
    expect(container.textContent).toContain('A picture from pictures.example was not loaded')
    expect(container.textContent).toContain('“two squares”. Loading it tells that host your address.')
    expect(container.querySelectorAll('img, audio, video, [src], [style*=url]')).toHaveLength(0)
    expect(asked).toEqual([])
    expect(await faults(container)).toEqual([])

    await press(button(container, 'Open in browser'))
    expect(asked).toEqual([{ name: 'link.open', payload: { url: source } }])

    answers['media.load'] = () => Promise.resolve({ ok: true, value: file() })
    await press(button(container, 'Load'))
    expect(asked.at(-1)).toEqual({
      name: 'media.load',
      payload: { conversationId: CONVERSATION, messageId: 'a1', source },
    })
    expect(container.querySelector('img')?.getAttribute('src')).toBe(`app://local/attachment/${ID}`)
    expect(document.activeElement).toBe(button(container, 'Show larger: two squares'))
    const [message] = conversationIn(useStore.getState(), CONVERSATION)!.messages
    expect(message).toMatchObject({ content: [{ files: { [source]: file() } }] })
  })

  it.each<[AppError, string]>([
    [
      { code: 'media', reason: 'gone', host: 'pictures.example', limitBytes: null },
      'The file is gone. pictures.example no longer has it.',
    ],
    [
      { code: 'media', reason: 'private', host: 'pictures.example', limitBytes: null },
      'Not fetched. The address leads',
    ],
    [
      { code: 'media', reason: 'too-large', host: 'pictures.example', limitBytes: 20 * 1_048_576 },
      'The file is too large. Parley keeps results of up to 20 MB.',
    ],
  ])('says why it could not be loaded, and offers to try again: %j', async (error, words) => {
    const container = show(media({ sources: ['https://pictures.example/a.png'] }))
    answers['media.load'] = () => Promise.resolve({ ok: false, error })
    await press(button(container, 'Load'))
    expect(container.querySelector('[role=alert]')?.textContent).toContain(words)
    answers['media.load'] = () => Promise.resolve({ ok: true, value: file() })
    await press(button(container, 'Retry'))
    expect(container.querySelector('[role=alert]')).toBeNull()
    expect(container.querySelector('img')).not.toBeNull()
  })

  it.each([
    ['image', 'Loading the picture…', 'A picture from 127.0.0.1:8080 was not loaded'],
    ['video', 'Loading the film…', 'A film from 127.0.0.1:8080 was not loaded'],
    ['audio', 'Loading the recording…', 'A recording from 127.0.0.1:8080 was not loaded'],
  ] as const)(
    '%s of the server itself is loading while the answer runs, and can be loaded afterwards',
    (kind, during, after) => {
      const container = show(media({ kind }), { state: 'running' })
      expect(container.textContent).toBe(during)
      expect(container.querySelectorAll('button')).toHaveLength(0)
      page?.unmount()
      const finished = show(media({ kind }))
      expect(finished.textContent).toContain(after)
      expect(finished.textContent).not.toContain('your address')
      expect([...finished.querySelectorAll('button')].map(({ textContent }) => textContent)).toEqual(['Load'])
    },
  )

  it.each([
    ['refused:format', 'What came here is no picture, sound or film, so it was not kept.'],
    ['refused:too-large', 'What came here is too large to keep.'],
    ['refused:failed', 'What came here was damaged, so it was not kept.'],
    ['refused:<img src=x>', 'What came here was damaged, so it was not kept.'],
    ['attachment:ab', 'This part of the answer cannot be shown here.'],
    ['javascript:alert(1)', 'This part of the answer cannot be shown here.'],
    ['data:text/html,<script>1</script>', 'This part of the answer cannot be shown here.'],
    ['data:image/svg+xml;base64,PHN2Zy8+', 'This part of the answer cannot be shown here.'],
    ['file:///etc/passwd', 'This part of the answer cannot be shown here.'],
    ['http://[', 'This part of the answer cannot be shown here.'],
  ])('S05 %s stays words', (source, words) => {
    const container = show(media({ sources: [source] }))
    expect(container.textContent).toBe(words)
    expect(container.querySelectorAll('img, button, script, [src]')).toHaveLength(0)
  })

  it('S40 a source called like a property of every object has no file', () => {
    const container = show(media({ sources: ['constructor', '__proto__'], files: {} }))
    expect(container.querySelectorAll('img')).toHaveLength(0)
    expect(container.querySelectorAll('button')).toHaveLength(2)
  })

  it('what lies on a backend that is gone cannot be loaded', () => {
    const container = show(media(), { backendId: 'removed' })
    expect(container.textContent).toBe('This part of the answer lies on a backend that is no longer set up.')
  })

  it('speaks Russian', () => {
    const container = show(media({ sources: ['https://pictures.example/a.png'] }), {}, 'ru')
    expect(container.textContent).toContain('Картинка с pictures.example не загружена')
    expect(container.textContent).toContain('При загрузке этот узел узнает ваш адрес.')
    expect(button(container, 'Загрузить')).toBeTruthy()
  })
})

describe('read aloud', () => {
  const speaks = { synthesize: { provider: 'Lab', data: { text: 'say this' } }, content: [] }
  class Sound extends EventTarget {
    static readonly made: Sound[] = []
    isPlaying = false
    constructor(readonly address: string) {
      super()
      Sound.made.push(this)
    }
    play(): Promise<void> {
      this.isPlaying = true
      return Promise.resolve()
    }
    pause(): void {
      this.isPlaying = false
    }
  }
  beforeEach(() => {
    Sound.made.length = 0
    vi.stubGlobal('Audio', Sound)
  })

  it('is offered only where the backend offers it', () => {
    expect(show(media(), { content: [] }).querySelectorAll('button')).toHaveLength(0)
  })

  it('fetches the sound, plays it, and the same button ends it', async () => {
    const container = show(media(), speaks)
    let send: (result: Result<MediaFile>) => void = () => undefined
    answers['media.speak'] = () => new Promise((resolve) => (send = resolve))
    await press(button(container, 'Read aloud'))
    expect(asked).toEqual([{ name: 'media.speak', payload: { conversationId: CONVERSATION, messageId: 'a1' } }])
    expect(button(container, 'Stop fetching the sound').getAttribute('aria-busy')).toBe('true')
    await act(async () => send({ ok: true, value: file('audio/wav') }))
    expect(Sound.made.map(({ address, isPlaying }) => [address, isPlaying])).toEqual([
      [`app://local/attachment/${ID}`, true],
    ])
    expect(await faults(container)).toEqual([])
    await press(button(container, 'Stop reading'))
    expect(Sound.made[0]?.isPlaying).toBe(false)
    expect(button(container, 'Read aloud')).toBeTruthy()
  })

  it('is offered again at its end, and stops when another chat is shown', async () => {
    const container = show(media(), speaks)
    answers['media.speak'] = () => Promise.resolve({ ok: true, value: file('audio/wav') })
    await press(button(container, 'Read aloud'))
    act(() => void Sound.made[0]?.dispatchEvent(new Event('ended')))
    await press(button(container, 'Read aloud'))
    expect(Sound.made).toHaveLength(2)
    act(() => useStore.setState({ currentId: 'another' }))
    expect(Sound.made[1]?.isPlaying).toBe(false)
  })

  it('a stop while it is fetched is one', async () => {
    const container = show(media(), speaks)
    let send: (result: Result<MediaFile>) => void = () => undefined
    answers['media.speak'] = () => new Promise((resolve) => (send = resolve))
    await press(button(container, 'Read aloud'))
    await press(button(container, 'Stop fetching the sound'))
    await act(async () => send({ ok: true, value: file('audio/wav') }))
    expect(Sound.made).toEqual([])
    expect(button(container, 'Read aloud')).toBeTruthy()
  })

  it('says why it cannot be', async () => {
    const container = show(media(), speaks)
    const error: AppError = { code: 'media', reason: 'refused', host: 'home', limitBytes: null }
    answers['media.speak'] = () => Promise.resolve({ ok: false, error })
    await press(button(container, 'Read aloud'))
    expect(container.querySelector('[role=alert]')?.textContent).toBe(
      'The file was not given. home refused to give it.',
    )
    answers['media.speak'] = () => Promise.resolve({ ok: true, value: file('audio/wav') })
    vi.stubGlobal(
      'Audio',
      class extends Sound {
        override play(): Promise<void> {
          return Promise.reject(new Error('NotSupportedError'))
        }
      },
    )
    await press(button(container, 'Read aloud'))
    expect(container.querySelector('[role=alert]')?.textContent).toBe(
      'It cannot be read aloud. The sound has arrived, but this computer cannot play it.',
    )
  })
})
