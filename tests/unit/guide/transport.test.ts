import { setTimeout as delay } from 'node:timers/promises'
import { createParser } from 'eventsource-parser'
import { describe, expect, test } from 'vitest'
import type { PageSource } from '../../../src/main/guide/pages'
import { createGuideTransport, guideClock, type GuideClock } from '../../../src/main/guide/transport'
import { ask, bytesOf, guide, hear, instantClock, question, request } from './ask'

describe('the bytes of an answer', () => {
  test('are framed as a server frames them: event line, one data line of ASCII JSON, empty line', async () => {
    const response = await guide('ru').request(request(question('Как подключить сервер?')))
    expect(response.status).toBe(200)
    expect(response.headers['content-type']).toBe('text/event-stream; charset=utf-8')
    const text = (await bytesOf(response)).toString('latin1')
    expect(text).toMatch(/^(?:event: [a-z]+\ndata: \{[\x20-\x7e]*\}\n\n)+$/u)
    const named = [...text.matchAll(/^event: (.+)\ndata: (.+)$/gmu)]
    for (const [, event, data] of named) expect(JSON.parse(data ?? '')).toMatchObject({ type: event })
  })

  test('are read alike by the parser of a session and by eventsource-parser alone', async () => {
    const bytes = await bytesOf(await guide().request(request(question('How do I connect a server?'))))
    const contents: string[] = []
    const parser = createParser({
      onEvent: ({ event, data }) => {
        const { content } = JSON.parse(data) as { content?: string }
        if (event === 'content') contents.push(content ?? '')
      },
    })
    parser.feed(bytes.toString('utf8'))
    expect(contents.join('')).toBe(hear(bytes).text)
  })

  test('fold to a whole answer with every part that applies', async () => {
    const { events, message, text, title } = await ask('How do I connect a server?')
    const types = events.map((event) => event.type)
    expect(types.filter((type, index) => type !== types[index - 1])).toEqual([
      'provider',
      'reasoning',
      'content',
      'title',
      'suggestions',
      'finish',
      'usage',
    ])
    expect(message.provider).toEqual({ name: 'Guide', label: 'Guide', model: 'built-in pages', url: null })
    expect(message.finishReason).toBe('stop')
    expect(message.suggestions).toHaveLength(3)
    expect(message.oddities).toEqual({ unknown: {}, malformed: 0 })
    expect(title).toBe('Connect a server')
    expect(text).toContain('speaks the Backend API')
  })

  test('show the search as a progress line, and never as thinking', async () => {
    const { events, message } = await ask('How do I connect a server?')
    const reasoning = events.filter((event) => event.type === 'reasoning')
    expect(reasoning.map((event) => event.status)).toEqual([expect.stringMatching(/^Looking in \d+ pages…$/u), ''])
    expect(reasoning.every((event) => event.token === null)).toBe(true)
    expect(message.reasoning).toBeNull()
  })

  test('claim no tokens: usage says that none were used, and counts words as words', async () => {
    const { events, message, text } = await ask('How do I connect a server?')
    const usage = events.find((event) => event.type === 'usage')
    expect(usage?.usage).toEqual({
      prompt_tokens: 0,
      completion_tokens: 0,
      total_tokens: 0,
      words: text.match(/\S+/gu)?.length,
    })
    expect(message.usage?.totalTokens).toBe(0)
  })

  test('come in groups of words at 60 to 90 words a second, and together are the text', async () => {
    const clock = instantClock()
    const response = await guide('en', clock).request(request(question('How do I connect a server?')))
    const times: number[] = []
    const contents: string[] = []
    for await (const bytes of response.body) {
      const event = hear(bytes).events[0]
      if (event?.type !== 'content') continue
      times.push(clock.nowMs)
      contents.push(String(event.content))
    }
    const words = contents.map((content) => content.match(/\S+/gu)?.length ?? 0)
    expect(Math.max(...words)).toBeLessThanOrEqual(4)
    expect(new Set(words).size).toBeGreaterThan(2)
    const seconds = ((times.at(-1) ?? 0) - (times[0] ?? 0)) / 1000
    const rate = words.slice(0, -1).reduce((sum, count) => sum + count, 0) / seconds
    expect(rate).toBeGreaterThan(60)
    expect(rate).toBeLessThan(90)
  })

  test('keep the pace after the reader has paused, without a rush', async () => {
    const clock = instantClock()
    const sleeps: number[] = []
    const watched: GuideClock = {
      monotonicMs: () => clock.nowMs,
      sleep: (ms) => {
        sleeps.push(ms)
        clock.nowMs += ms
        return Promise.resolve()
      },
    }
    const response = await guide('en', watched).request(request(question('How do I connect a server?')))
    let contents = 0
    for await (const bytes of response.body) {
      if (hear(bytes).events[0]?.type !== 'content') continue
      contents += 1
      if (contents === 5) {
        clock.nowMs += 10_000
        sleeps.length = 0
      }
    }
    // One piece is due at once, each of the others after a sleep of its own.
    expect(sleeps).toHaveLength(contents - 6)
    expect(Math.min(...sleeps)).toBeGreaterThan(0)
  })
})

describe('R09 an abort', () => {
  test('before the request rejects with its reason', async () => {
    const reason = new Error('stopped')
    await expect(guide().request(request(question('hi'), { signal: AbortSignal.abort(reason) }))).rejects.toBe(reason)
  })

  test('before the first read, between two reads and during a sleep rejects at once with its reason', async () => {
    for (const readsBefore of [0, 1, 2, 3, 4, 10]) {
      const reason = new Error(`stopped after ${readsBefore}`)
      const stop = new AbortController()
      const response = await guide('en', guideClock).request(
        request(question('How do I connect a server?'), { signal: stop.signal }),
      )
      const reading = response.body[Symbol.asyncIterator]()
      for (let read = 0; read < readsBefore; read += 1) expect((await reading.next()).done).toBe(false)
      const next = reading.next()
      stop.abort(reason)
      await expect(next).rejects.toBe(reason)
      await expect(reading.next()).resolves.toEqual({ done: true, value: undefined })
    }
  })

  test('does not wait for a sleep that does not listen, nor for pages that never come', async () => {
    const deaf: GuideClock = { monotonicMs: () => 0, sleep: () => new Promise(() => undefined) }
    const never: PageSource = () => new Promise(() => undefined)
    for (const transport of [
      guide('en', deaf),
      createGuideTransport({ pages: never, locale: () => 'en', clock: instantClock() }),
    ]) {
      const stop = new AbortController()
      const response = await transport.request(request(question('How do I stop?'), { signal: stop.signal }))
      const reading = (async () => {
        for await (const bytes of response.body) expect(bytes.length).toBeGreaterThan(0)
      })()
      void delay(20).then(() => {
        stop.abort(new Error('stopped'))
      })
      await expect(reading).rejects.toThrow('stopped')
    }
  })

  test('leaves no listener on the signal', async () => {
    const stop = new AbortController()
    let listeners = 0
    const add = stop.signal.addEventListener.bind(stop.signal)
    stop.signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners += 1
      const options = args[2]
      if (typeof options === 'object' && options.signal !== undefined) {
        options.signal.addEventListener('abort', () => (listeners -= 1), { once: true })
      }
      add(...args)
    }
    await bytesOf(await guide().request(request(question('How do I stop an answer?'), { signal: stop.signal })))
    expect(listeners).toBe(0)
  })

  test('is not needed to leave: a reader may walk away', async () => {
    const response = await guide('en', guideClock).request(request(question('How do I connect a server?')))
    let reads = 0
    for await (const bytes of response.body) {
      reads += bytes.length > 0 ? 1 : 0
      if (reads === 5) break
    }
    expect(reads).toBe(5)
  })
})

describe('a request that makes no sense', () => {
  test.each([
    ['{"messages": [', 'broken'],
    ['', 'empty'],
    ['null', 'null'],
    ['[]', 'a list'],
    ['"hello"', 'a string'],
  ])('as JSON (%s) gets 400 and JSON, as from a server', async (text) => {
    const response = await guide().request(request({ kind: 'text', text }))
    expect(response.status).toBe(400)
    expect(response.headers['content-type']).toBe('application/json')
    expect(JSON.parse((await bytesOf(response)).toString())).toEqual({ error: { message: 'Invalid JSON data' } })
  })

  test('without a body gets 400', async () => {
    expect((await guide().request(request(null))).status).toBe(400)
  })

  test.each([[{}], [{ messages: null }], [{ messages: [] }], [{ messages: 'hi' }], [{ messages: [1, null, 'x'] }]])(
    'without messages (%j) gets 200 and an error event',
    async (json) => {
      const response = await guide().request(request({ kind: 'text', text: JSON.stringify(json) }))
      expect(response.status).toBe(200)
      const { events, message } = hear(await bytesOf(response))
      expect(events).toHaveLength(1)
      expect(message.state).toBe('failed')
      expect(message.error).toMatchObject({ code: 'backend', kind: 'ValueError' })
    },
  )

  test.each([
    [{ messages: [{ role: 'user' }] }],
    [{ messages: [{ role: 'user', content: 7 }] }],
    [{ messages: [{ role: 'user', content: [1, null, { type: 'text' }, { type: 'image_url', image_url: 'x' }] }] }],
    [{ messages: [{ role: 'system', content: 'x' }] }],
    [{ messages: [{ role: 'user', content: 'hello' }], media: 'x', provider: 7, model: {}, __proto__: null }],
    [{ messages: [{ role: 'user', content: 'hello' }], media: [[], [1], 'x', null] }],
  ])('in its fields (%j) is answered as far as it makes sense', async (json) => {
    const { message, text } = await ask('', { body: { kind: 'text', text: JSON.stringify(json) } })
    expect(message.finishReason).toBe('stop')
    expect(text).toContain('From Parley’s help pages')
  })

  test('S40 with __proto__ in it changes no object', async () => {
    const text = '{"__proto__": {"x": 1}, "messages": [{"role": "user", "content": "hi", "__proto__": {"x": 1}}]}'
    await ask('', { body: { kind: 'text', text } })
    expect('x' in {}).toBe(false)
  })
})

describe('the other endpoints', () => {
  async function get(path: string, locale: 'en' | 'ru' = 'en'): Promise<{ status: number; json: unknown }> {
    const response = await guide(locale).request(request(null, { method: 'GET', path }))
    expect(response.headers['content-type']).toBe('application/json')
    return { status: response.status, json: JSON.parse((await bytesOf(response)).toString()) }
  }

  test('version', async () => {
    expect(await get('/version?cache=true')).toEqual({ status: 200, json: { version: '1', latest_version: '1' } })
  })

  test('providers: one, without a key', async () => {
    const { json } = await get('/providers', 'ru')
    expect(json).toEqual([expect.objectContaining({ name: 'Guide', label: 'Путеводитель', auth: false })])
  })

  test('models: one, the default', async () => {
    const { json } = await get('/models/Guide')
    expect(json).toEqual([expect.objectContaining({ id: 'built-in-pages', label: 'built-in pages', default: true })])
    expect(await get('/models')).toEqual({ status: 200, json: { Guide: ['built-in-pages'] } })
  })

  test.each(['/nope', '/models/Other', '/conversation', '', '/providers/x'])('GET %s is 404 in JSON', async (path) => {
    expect(await get(path)).toEqual({ status: 404, json: { error: { message: 'Not found' } } })
  })

  test('are found below any base path', async () => {
    const response = await guide().request({
      ...request(null, { method: 'GET' }),
      url: 'http://guide.invalid/some/path/backend-api/v2/version?cache=true',
    })
    expect(response.status).toBe(200)
  })
})

test('pages that cannot be read end in an error event, and are tried again', async () => {
  let isBroken = true
  const source: PageSource = () =>
    isBroken
      ? Promise.reject(new Error('gone'))
      : Promise.resolve([
          {
            id: 'one',
            title: 'One',
            order: 1,
            passages: [{ id: 'one#0', pageId: 'one', heading: null, markdown: 'Apples.', questions: [], words: '' }],
          },
        ])
  const transport = createGuideTransport({ pages: source, locale: () => 'en', clock: instantClock() })
  const first = hear(await bytesOf(await transport.request(request(question('apples')))))
  expect(first.message.state).toBe('failed')
  expect(first.message.error).toMatchObject({ code: 'backend', kind: 'GuideError' })
  isBroken = false
  const second = hear(await bytesOf(await transport.request(request(question('apples')))))
  expect(second.text).toContain('Apples.')
})

test('R25 fifty questions at once get fifty right answers', async () => {
  const transport = guide()
  const topics = ['How do I connect a server?', 'Где хранятся мои чаты?', 'How do I stop an answer?', 'xyzzy plugh']
  const alone = await Promise.all(topics.map((topic) => ask(topic)))
  const together = await Promise.all(
    Array.from({ length: 50 }, async (_, index) =>
      hear(await bytesOf(await transport.request(request(question(topics[index % 4] ?? ''))))),
    ),
  )
  for (const [index, heard] of together.entries()) expect(heard.text).toBe(alone[index % 4]?.text)
})
