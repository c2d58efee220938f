import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RequestBody } from '../../../src/main/backend/transport'
import { gif, jpeg, png, tiff, webp } from '../../support/images'
import { ask, bytesOf, guide, hear, pages, question, request, type Turn } from './ask'

const user = (content: unknown): Turn => ({ role: 'user', content })
const assistant = (content: string): Turn => ({ role: 'assistant', content })

describe('an answer', () => {
  test('says first that it comes from the help pages, and last from which', async () => {
    const { text } = await ask('Where are my chats stored?')
    expect(text.startsWith('From Parley’s help pages:\n\n')).toBe(true)
    expect(text.trimEnd().split('\n').at(-1)).toMatch(/^\*Page: “Where your data lies”\..*\*$/u)
  })

  test('comes in the language of the question, whatever the language of the app', async () => {
    expect((await ask('Где хранятся чаты?', { locale: 'en' })).text).toContain('Из справки Parley:')
    expect((await ask('Where are my chats stored?', { locale: 'ru' })).text).toContain('From Parley’s help pages:')
  })

  test('comes in the language of the app when the question could be either', async () => {
    expect((await ask('gpt4free 1337', { locale: 'ru' })).text).toContain('Из справки Parley:')
    expect((await ask('gpt4free 1337', { locale: 'en' })).text).toContain('From Parley’s help pages:')
  })

  test.each(['hello', 'Who are you?', 'what can you do', '', '???', '🙂'])(
    'to %j says what the Guide is',
    async (text) => {
      const answer = await ask(text)
      expect(answer.text).toContain('The Guide searches Parley’s own help pages')
      expect(answer.message.suggestions).toHaveLength(3)
    },
  )

  test.each(['привет', 'кто ты?', 'что ты умеешь'])('to %j says so in Russian', async (text) => {
    expect((await ask(text)).text).toContain('Путеводитель ищет в справке Parley')
  })

  test('to “are you a language model” is no', async () => {
    expect((await ask('Are you ChatGPT?')).text).toContain('It does not think')
    expect((await ask('Are you a language model?')).text).toContain('It does not think')
    expect((await ask('ты языковая модель?')).text).toContain('Он не думает')
  })

  test.each([
    ['What is the capital of France?', 'have nothing on that', 'is no language model'],
    ['Какая столица у Франции?', 'ничего нет', 'не языковая модель'],
  ])(
    'to a question about something else (%s) says that there is none, and offers topics',
    async (asked, none, what) => {
      const { text, title, message } = await ask(asked)
      expect(text).toContain(none)
      expect(text).toContain(what)
      expect(title).toBeNull()
      expect(message.suggestions).toHaveLength(3)
    },
  )

  test('suggests what is near the question, not what was asked or just answered', async () => {
    const { message } = await ask('Where are my chats stored?')
    expect(message.suggestions).not.toContain('Where are my chats stored?')
    const [first] = message.suggestions
    const page = (await pages('en')).find((each) => each.id === 'data')
    expect(page?.passages.flatMap((passage) => passage.questions)).toContain(first)
  })

  test('names only the first question’s page as title', async () => {
    const again = await ask([user('How do I stop an answer?'), assistant('…'), user('How do I connect a server?')])
    expect(again.title).toBeNull()
  })

  test('every suggestion of every page’s questions is a question of a page that answers it', async () => {
    for (const locale of ['en', 'ru'] as const) {
      const all = await pages(locale)
      const known = new Map(
        all.flatMap((page) => page.passages.flatMap(({ questions }) => questions.map((each) => [each, page.title]))),
      )
      for (const asked of known.keys()) {
        const { message, title } = await ask(asked, { locale })
        expect(title, asked).toBe(known.get(asked))
        expect(message.suggestions, asked).toHaveLength(3)
        for (const suggestion of message.suggestions) expect(known.has(suggestion), suggestion).toBe(true)
      }
    }
  })
})

describe('“more”', () => {
  test.each([
    ['How do I connect a server?', 'tell me more', 'More from the help page “Connect a server”:'],
    ['Как подключить сервер?', 'ещё', 'Ещё со страницы справки «Подключение сервера»:'],
    ['Как подключить сервер?', 'Подробнее, пожалуйста', 'Ещё со страницы справки «Подключение сервера»:'],
  ])('after “%s”, as “%s”, goes on in the same page, to its end', async (asked, more, lead) => {
    const page = (await pages(asked.startsWith('How') ? 'en' : 'ru')).find((each) => each.id === 'connect')
    const turns = [user(asked)]
    const seen: string[] = [(await ask(turns)).text]
    for (;;) {
      turns.push(assistant(seen.at(-1) ?? ''), user(more))
      const { text } = await ask(turns)
      if (!text.startsWith(lead)) {
        expect(text).toContain(page?.title)
        break
      }
      seen.push(text)
      expect(seen.length).toBeLessThan(10)
    }
    const whole = seen.join('\n')
    for (const passage of page?.passages ?? []) {
      expect(whole.split(passage.markdown), passage.id).toHaveLength(2)
    }
  })

  test('after a question about something else stays with that', async () => {
    const { text } = await ask([user('What is the capital of France?'), assistant('…'), user('more')])
    expect(text).toContain('have nothing on that')
  })

  test('as the very first message is a question like any other', async () => {
    expect((await ask('ещё')).message.finishReason).toBe('stop')
  })

  test('in a longer sentence is no request for more', async () => {
    const { title } = await ask('more providers in the server')
    expect(title).not.toBeNull()
  })
})

describe('an interrupted answer', () => {
  test('goes on exactly where it was cut, at every place', async () => {
    const asked = [user('What does Parley never store?')]
    const whole = (await ask(asked)).text
    for (let cut = 1; cut < whole.length; cut += 7) {
      const arrived = whole.slice(0, cut)
      const rest = await ask([...asked, assistant(arrived)], { more: { action: 'continue' } })
      expect(arrived + rest.text).toBe(whole)
    }
  })

  test('that was trimmed on the way keeps its words', async () => {
    const asked = [user('How do I stop an answer?')]
    const whole = (await ask(asked)).text
    const arrived = `${whole.slice(0, 20).trimEnd()}\n`
    const rest = await ask([...asked, assistant(arrived)])
    expect((arrived.trimEnd() + rest.text).replaceAll(/\s+/gu, ' ')).toBe(whole.replaceAll(/\s+/gu, ' '))
  })

  test('of somebody else is followed by the Guide’s own', async () => {
    const asked = [user('How do I stop an answer?')]
    const rest = await ask([...asked, assistant('Once upon a time')])
    expect(rest.text).toBe(`\n\n${(await ask(asked)).text}`)
  })
})

describe('a hostile or huge question', () => {
  const HOSTILE = [
    '<script>alert(1)</script> [x](javascript:alert(1)) ![y](http://evil.test/z.png)',
    '`code` **bold** $x$ https://evil.test www.evil.test a@evil.test',
    '\u202Eevil\u0000\u001b[31m {{title}} $t(guide:nothing) \\(x\\)',
    '"; DROP TABLE pages; -- ../../etc/passwd',
  ]

  test.each(HOSTILE)('S05 leaves nothing of itself in the answer: %j', async (text) => {
    const { events, text: answer } = await ask(text)
    expect(answer).toContain('have nothing on that')
    const shown = JSON.stringify(events)
    for (const trace of ['evil', 'script', 'alert', 'DROP', 'passwd', '{{', '$t(', '\u202e']) {
      expect(shown).not.toContain(trace)
    }
  })

  test('of 1 MB is answered within two seconds', async () => {
    const filler = 'lorem ipsum dolor sit amet '.repeat(40_000)
    const startedMs = performance.now()
    const answer = await ask(`${filler} How do I connect a server?`)
    expect(performance.now() - startedMs).toBeLessThan(2000)
    expect(answer.message.finishReason).toBe('stop')
    expect(filler.length).toBeGreaterThan(1_000_000)
  })

  test('of 1 MB without a space, or of half characters, is answered', async () => {
    for (const text of ['a'.repeat(1_000_000), '\ud800'.repeat(5000), '('.repeat(100_000)]) {
      expect((await ask(text)).message.finishReason).toBe('stop')
    }
  })
})

describe('a picture', () => {
  const uri = (bytes: Buffer, mime = 'image/png'): string => `data:${mime};base64,${bytes.toString('base64')}`
  const show = (media: unknown[], text = 'What is in this picture?') => ask(text, { more: { media } })

  test('is described by what its file says, and the Guide says that it cannot see', async () => {
    const { text } = await show([[uri(png()), 'plan.png']])
    expect(text).toMatch(/^The Guide reads the file, but it cannot see what is in the picture\./u)
    expect(text).toContain('A server with a vision model can.')
    expect(text).toContain('**`plan.png`**')
    expect(text).toMatch(/- PNG, 6 × 4 pixels \(0\.000024 megapixels\), \d+ bytes/u)
    expect(text).toContain('- Landscape')
    expect(text).toContain('- Not animated')
    expect(text).toContain('- Carries no location')
  })

  test('turned and with a location says so', async () => {
    const photo = jpeg({ exif: tiff({ orientation: 6, gps: 'position' }) })
    const { text } = await show([[uri(photo, 'image/jpeg'), 'photo.jpg']])
    expect(text).toContain('JPEG, 4 × 6 pixels')
    expect(text).toContain('- Portrait')
    expect(text).toContain('EXIF orientation 6')
    expect(text).toContain('- Carries a location')
    expect(text).not.toContain('nimated')
  })

  test('is described in Russian, in a question without words in the language of the app', async () => {
    const { text } = await ask('', { locale: 'ru', more: { media: [[uri(png()), null]] } })
    expect(text).toMatch(/^Путеводитель читает файл, но не видит/u)
    expect(text).toContain('**Картинка 1**')
    expect(text).toContain('PNG, 6 × 4 пикселей (0,000024 Мп)')
  })

  test('that moves is told from one that does not', async () => {
    const still = gif()
    // The frame once more, before the closing byte.
    const frame = still.subarray(19, -1)
    expect(frame[0]).toBe(0x2c)
    const moving = Buffer.concat([still.subarray(0, -1), frame, still.subarray(-1)])
    const webpFrame = Buffer.concat([Buffer.from('ANMF\x10\0\0\0', 'latin1'), Buffer.alloc(16)])
    const animatedWebp = Buffer.concat([webp(), webpFrame, webpFrame])
    animatedWebp.writeUInt32LE(animatedWebp.length - 8, 4)
    const { text } = await show([
      [uri(still), 'still.gif'],
      [uri(moving), 'moving.gif'],
      [uri(webp()), 'still.webp'],
      [uri(animatedWebp), 'moving.webp'],
      [uri(png({ isAnimated: true })), 'moving.png'],
    ])
    const found = [...text.matchAll(/\*\*`(\w+\.\w+)`\*\*|- (Animated|Not animated)/gu)].map(
      (match) => match[1] ?? match[2],
    )
    expect(found).toEqual([
      ...['still.gif', 'Not animated', 'moving.gif', 'Animated', 'still.webp', 'Not animated'],
      ...['moving.webp', 'Animated', 'moving.png', 'Animated'],
    ])
    expect(text).toContain('The Guide reads the files')
  })

  test.each([
    [uri(Buffer.from('hello there, I am a text'), 'image/png'), 'cannot be read'],
    [uri(Buffer.alloc(0)), 'is empty'],
    [uri(png().subarray(0, 40)), 'is damaged'],
    [uri(png({ claimed: { width: 65_535, height: 65_535 } })), 'too many pixels'],
    ['https://example.test/a.png', 'The file is not here'],
    ['data:image/png,not-base64', 'The file is not here'],
    ['x', 'The file is not here'],
  ])('that is none (%s) gets its own sentence, and does not stop the others', async (source, sentence) => {
    const { text, message } = await show([
      [source, 'a.png'],
      [uri(png()), 'b.png'],
    ])
    expect(text).toContain(sentence)
    expect(text).toContain('PNG, 6 × 4 pixels')
    expect(message.finishReason).toBe('stop')
  })

  test('may come as a part of the message', async () => {
    const content = [
      { type: 'text', text: 'What is this?' },
      { type: 'image_url', image_url: { url: uri(png()) } },
    ]
    expect((await ask([user(content)])).text).toContain('PNG, 6 × 4 pixels')
  })

  test('with a question about Parley beside it gets an answer to both', async () => {
    const { text } = await show([[uri(png()), 'a.png']], 'How do I connect a server?')
    expect(text).toContain('PNG, 6 × 4 pixels')
    expect(text).toContain('speaks the Backend API')
  })

  test.each([
    ['a`b``c.png', '**``` a`b``c.png ```**'],
    ['<img src=x onerror=alert(1)>.png', '**`<img src=x onerror=alert(1)>.png`**'],
    ['a\nb\u202egnp.exe\u0000.png', '**`a b gnp.exe .png`**'],
    ['\u{1F600}'.repeat(200), `**\`${'\u{1F600}'.repeat(80)}…\`**`],
  ])('S05 with a hostile name (%j) has that name in a code span', async (name, shown) => {
    expect((await show([[uri(png()), name]])).text.split('\n')).toContain(shown)
  })

  describe('that is a file on disk', () => {
    let folder: string

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'guide-'))
      await writeFile(join(folder, 'a.png'), png())
    })

    afterAll(async () => {
      await rm(folder, { recursive: true, force: true, maxRetries: 5 })
    })

    const body = (path: string, text = 'Look'): RequestBody => ({
      kind: 'pieces',
      pieces: [
        { kind: 'text', text: '{"media":[["data:image/png;base64,' },
        { kind: 'file', path, bytes: png().length },
        { kind: 'text', text: `","a.png"]],"messages":[{"role":"user","content":${JSON.stringify(text)}}]}` },
      ],
    })

    test('R40 is read from there', async () => {
      const { text } = await ask('', { body: body(join(folder, 'a.png')) })
      expect(text).toContain('PNG, 6 × 4 pixels')
    })

    test('R41 and is gone gets a sentence', async () => {
      const { text } = await ask('', { body: body(join(folder, 'gone.png')) })
      expect(text).toContain('The file is not here')
    })

    test('S19 is never named by text in a message', async () => {
      const path = join(folder, 'a.png')
      const { text } = await show([[`data:image/png;base64,${path}`, 'a.png']])
      expect(text).not.toContain('6 × 4')
    })

    test('R09 stops being read when the request is aborted', async () => {
      const stop = new AbortController()
      const response = await guide().request(request(body(join(folder, 'a.png')), { signal: stop.signal }))
      const reading = response.body[Symbol.asyncIterator]()
      await reading.next()
      await reading.next()
      const next = reading.next()
      stop.abort(new Error('stopped'))
      await expect(next).rejects.toThrow('stopped')
    })
  })

  test('of an earlier question is not described again with “more”', async () => {
    const body = question([user('How do I connect a server?'), assistant('…'), user('more')], {
      media: [[uri(png()), 'a.png']],
    })
    expect(hear(await bytesOf(await guide().request(request(body)))).text).toContain('More from the help page')
  })
})
