import { mkdir, mkdtemp, readdir, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import type { Ask, AskEvent } from '../../../src/main/ask'
import { answerAt, removeLeftFolders, waitForParley } from '../../../src/main/ask-channel'
import type { AskLine } from '../../../src/main/command-line'
import { askInTerminal, describeMistake, EXIT } from '../../../src/main/terminal'
import { failure } from '../../../src/shared/errors'
import { translator } from '../../../src/shared/i18n'

const t = translator('en')
const line: AskLine = { parts: ['Hi'], images: [], backend: null, provider: null, model: null, isJson: false }
const complete: AskEvent = {
  kind: 'ended',
  state: 'complete',
  error: null,
  provider: 'Lab',
  model: 'lab-1',
  usage: null,
}
const saying =
  (...events: AskEvent[]): Ask =>
  (_request, tell) => {
    for (const event of events) tell(event)
    return Promise.resolve()
  }

async function run(ask: Ask, change: Partial<AskLine> = {}, input: Readable = Readable.from([]), signal?: AbortSignal) {
  const stdout = new PassThrough()
  const stderr = new PassThrough()
  const code = await askInTerminal(
    { ...line, ...change },
    ask,
    { stdin: input, stdout, stderr, t, folder: '/home/a' },
    signal ?? new AbortController().signal,
  )
  const read = (stream: PassThrough): string => String(stream.read() ?? '')
  return { code, out: read(stdout), err: read(stderr) }
}

describe('a question in a terminal', () => {
  it('prints the text, ends the line, and ends with 0', async () => {
    const ended = await run(saying({ kind: 'text', text: 'Hel' }, { kind: 'text', text: 'lo' }, complete))
    expect(ended).toEqual({ code: EXIT.done, out: 'Hello\n', err: '' })
  })

  it('S39 prints no control character that a terminal would obey', async () => {
    const { out } = await run(saying({ kind: 'text', text: '\u001b]0;x\u0007a\u009b2J\r\nb\tc\rd' }, complete))
    expect(out).toBe(']0;xa2J\nb\tc\nd\n')
    const json = await run(saying({ kind: 'text', text: '\u001b\u009b' }), { isJson: true })
    expect(json.out).toBe('{"type":"text","text":"\\u001b\\u009b"}\n')
    expect(JSON.parse(json.out)).toEqual({ type: 'text', text: '\u001b\u009b' })
  })

  it('has an exit code for each end', async () => {
    const ending = (state: 'failed' | 'interrupted' | 'stopped') =>
      run(saying({ ...complete, state, error: state === 'stopped' ? null : { code: 'connection-lost' } }))
    expect((await ending('failed')).code).toBe(EXIT.failed)
    expect((await ending('interrupted')).code).toBe(EXIT.cut)
    expect(await ending('stopped')).toEqual({ code: EXIT.cut, out: '', err: 'The answer was stopped.\n' })
    const refused = await run(saying({ kind: 'refused', error: { code: 'no-backend' } }))
    expect(refused).toMatchObject({ code: EXIT.usage, out: '' })
    expect(refused.err).toContain('No backend is chosen')
    const dead: Ask = () => Promise.reject(failure({ code: 'process-ended' }))
    expect((await run(dead)).code).toBe(EXIT.cut)
    const silent: Ask = () => Promise.reject(failure({ code: 'busy' }))
    expect(await run(silent)).toMatchObject({ code: EXIT.failed, err: 'Parley is running but does not answer.\n' })
  })

  it('begins a new line when another provider begins anew', async () => {
    const events: AskEvent[] = [
      { kind: 'provider', name: 'A', model: null },
      { kind: 'text', text: 'half' },
      { kind: 'provider', name: 'B', model: null },
      { kind: 'text', text: 'whole' },
      complete,
    ]
    const { out, err } = await run(saying(...events))
    expect(out).toBe('half\nwhole\n')
    expect(err).toBe('The provider before gave up; B answers from the beginning.\n')
  })

  it('joins what is typed with standard input, and makes paths absolute', async () => {
    const asked: unknown[] = []
    const ask: Ask = (request) => {
      asked.push(request)
      return Promise.resolve()
    }
    await run(
      ask,
      { parts: ['Review:', null], images: ['a.png', '/b.png'] },
      Readable.from(['\uFEFFone\r\n', 'two\n\n']),
    )
    expect(asked).toMatchObject([{ text: 'Review:\n\none\ntwo', images: ['/home/a/a.png', '/b.png'] }])
  })

  it('refuses an empty question and one of 10 MB, which is not read to its end', async () => {
    const never: Ask = () => Promise.reject(new Error('asked'))
    expect(await run(never, { parts: [null] })).toMatchObject({ code: EXIT.usage, err: 'There is no question.\n' })
    let pieces = 0
    const endless = new Readable({
      read() {
        pieces += 1
        this.push(Buffer.alloc(65_536, 'x'))
      },
    })
    expect((await run(never, { parts: [null] }, endless)).code).toBe(EXIT.usage)
    expect(pieces).toBeLessThan(100)
  })

  it('ends at once with the code of its signal, while it reads and while it is answered', async () => {
    const waiting = new AbortController()
    const reading = run(saying(complete), { parts: [null] }, new PassThrough(), waiting.signal)
    waiting.abort(EXIT.interrupted)
    expect((await reading).code).toBe(EXIT.interrupted)

    const answering = new AbortController()
    let isStopped = false
    const ask: Ask = (_request, tell, signal) =>
      new Promise(() => {
        signal.addEventListener('abort', () => (isStopped = true))
        tell({ kind: 'text', text: 'half' })
        answering.abort(EXIT.terminated)
      })
    expect(await run(ask, {}, Readable.from([]), answering.signal)).toMatchObject({
      code: EXIT.terminated,
      out: 'half',
    })
    expect(isStopped).toBe(true)
  })

  it('stops when nobody reads its output any more', async () => {
    const stdout = new PassThrough()
    let isStopped = false
    const ask: Ask = (_request, _tell, signal) =>
      new Promise(() => {
        signal.addEventListener('abort', () => (isStopped = true))
        stdout.destroy(Object.assign(new Error('EPIPE'), { code: 'EPIPE' }))
      })
    const streams = { stdin: Readable.from([]), stdout, stderr: new PassThrough(), t, folder: '/' }
    expect(await askInTerminal(line, ask, streams, new AbortController().signal)).toBe(EXIT.closed)
    expect(isStopped).toBe(true)
  })

  it('says what is wrong with a command line', () => {
    expect(describeMistake({ kind: 'stray', word: 'is\u001b' }, t)).toBe(
      '“is” belongs to no option: put the whole question in quotes. See parley --help.',
    )
    expect(describeMistake({ kind: 'no-value', option: '--ask' }, t)).toContain('--ask needs something after it.')
  })
})

describe('the way between two processes (S46)', () => {
  const request = { text: 'Hi', images: [], backend: null, provider: null, model: null }

  it('hands over the question and brings back each event, in order', async () => {
    const waiting = waitForParley()
    const got: AskEvent[] = []
    const asked: unknown[] = []
    const answered = answerAt(waiting.address, (given, tell) => {
      asked.push(given)
      tell({ kind: 'text', text: 'a\nb' })
      tell(complete)
      return Promise.resolve()
    })
    await waiting.ask(request, (event) => got.push(event), new AbortController().signal)
    await answered
    expect(asked).toEqual([request])
    expect(got).toEqual([{ kind: 'text', text: 'a\nb' }, complete])
  })

  it('a terminal that goes stops the answer', async () => {
    const waiting = waitForParley()
    const gone = new AbortController()
    let isStopped = false
    const answered = answerAt(waiting.address, (_request, tell, signal) => {
      tell({ kind: 'text', text: 'a' })
      return new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          isStopped = true
          resolve()
        })
      })
    })
    await waiting.ask(request, () => gone.abort(), gone.signal)
    await answered
    expect(isStopped).toBe(true)
  })

  it('a Parley that ends in the middle is told from one that has answered', async () => {
    const waiting = waitForParley()
    const answered = answerAt(waiting.address, () => Promise.resolve())
    await expect(waiting.ask(request, () => undefined, new AbortController().signal)).rejects.toMatchObject({
      error: { code: 'process-ended' },
    })
    await answered
  })

  it('waits only so long, and leaves nothing behind', async () => {
    const waiting = waitForParley(20)
    await expect(waiting.ask(request, () => undefined, new AbortController().signal)).rejects.toMatchObject({
      error: { code: 'busy' },
    })
    let isConnected = false
    await answerAt(waiting.address, () => {
      isConnected = true
      return Promise.resolve()
    })
    expect(isConnected).toBe(false)
  })

  it.skipIf(process.platform === 'win32')(
    'S29 removes what killed processes have left, and nothing of anybody else',
    async () => {
      const folder = await mkdtemp(join(tmpdir(), 'parley-left-'))
      const make = async (name: string, mode: number, ageMs: number): Promise<void> => {
        await mkdir(join(folder, name), { mode })
        await writeFile(join(folder, name, 'line'), '')
        const at = new Date(Date.now() - ageMs)
        await utimes(join(folder, name), at, at)
      }
      const hourMs = 3_600_000
      await make('parley-ask-killed', 0o700, hourMs)
      await make('parley-ask-waits', 0o700, 1000)
      await make('parley-ask-open', 0o755, hourMs)
      await make('other-ask-killed', 0o700, hourMs)
      await symlink(join(folder, 'other-ask-killed'), join(folder, 'parley-ask-link'))
      removeLeftFolders(folder)
      expect((await readdir(folder)).sort()).toEqual([
        'other-ask-killed',
        'parley-ask-link',
        'parley-ask-open',
        'parley-ask-waits',
      ])
      await rm(folder, { recursive: true, force: true, maxRetries: 5 })
      expect(() => removeLeftFolders(folder)).not.toThrow()
    },
  )

  it.each(['/etc/passwd', '/tmp/line', 'parley-ask-x/line', '/tmp/parley-ask-x/../x/line', ''])(
    'S45 connects to no other address: %s',
    async (address) => {
      let isAsked = false
      await answerAt(address, () => {
        isAsked = true
        return Promise.resolve()
      })
      expect(isAsked).toBe(false)
    },
  )
})
