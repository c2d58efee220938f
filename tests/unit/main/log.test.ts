import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import electronLog from 'electron-log/node'
import { afterEach, describe, expect, it } from 'vitest'
import { createLog, factsOf, redact, redactTransports, withoutQuotes } from '../../../src/main/log'
import { shortestMs } from '../../support/shortest'

const CANARY = 'CANARY-7f3a-secret'
const none: ReadonlySet<string> = new Set()

async function logged(use: (log: ReturnType<typeof createLog>) => void | Promise<void>): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'parley-log-'))
  const log = createLog(folder, false)
  await log.open()
  await use(log)
  return readdirSync(folder)
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('')
}

describe('log', () => {
  // The instance is one for the whole process: each test begins with its own transforms.
  const transforms = [...electronLog.transports.file.transforms]
  afterEach(() => {
    electronLog.transports.file.transforms = [...transforms]
  })

  it('writes a line with its facts, also what was logged before the file was open', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'parley-log-'))
    const log = createLog(folder, false)
    log.logger.info('start', { version: '0.1.0', isPackaged: false })
    log.logger.debug('not written')
    await log.open()
    log.logger.warn('later', { code: null })
    const lines = readFileSync(join(folder, 'main.log'), 'utf8').trimEnd().split('\n')
    expect(lines).toHaveLength(2)
    expect(lines[0]).toMatch(/\[info\]\s+start version="0.1.0" isPackaged=false$/u)
    expect(lines[1]).toMatch(/\[warn\]\s+later code=null$/u)
    expect(statSync(join(folder, 'main.log')).mode & 0o777).toBe(0o600)
  })

  it('S30 masks what it was told to protect, in every form, in every field', async () => {
    const text = await logged(({ logger, protect }) => {
      protect(CANARY)
      protect('a+b/c=d&e?')
      logger.error(`failed with ${CANARY}`)
      logger.error('failed', { header: CANARY, url: `https://example.org/?q=${encodeURIComponent('a+b/c=d&e?')}` })
      logger.error('failed', { base64: `xx${Buffer.from(CANARY).toString('base64')}` })
      logger.error('failed', { [CANARY]: 1 })
      protect('pass"word\\CANARY')
      logger.error('failed', { password: 'x', why: 'it is pass"word\\CANARY' })
    })
    expect(text).toContain('[hidden]')
    expect(text).not.toContain('CANARY')
    expect(text).not.toContain(Buffer.from(CANARY).toString('base64').slice(0, 12))
    expect(text.split('\n').filter((line) => line !== '')).toHaveLength(5)
  })

  it.each([
    ['a header', 'Authorization: Bearer abc.def.ghi', 'abc.def'],
    ['a header with another scheme', 'authorization=Basic dXNlcjpwYXNz', 'dXNlcjpwYXNz'],
    ['a custom key header', '"x-api-key": "k-123456"', 'k-123456'],
    ['a cookie', 'cookie=session-value', 'session-value'],
    ['userinfo in an address', 'GET https://user:pass@example.org/v2', 'pass'],
    ['a user without a password', 'https://user@example.org', 'user@'],
    ['a query', 'https://example.org/a?key=k1&q=hello%20there#x', 'hello'],
    ['a key of a known form', 'got sk-abcdefghijklmnop back', 'abcdefghijkl'],
    ['a token of three parts', 'eyJhbGciOi.eyJzdWIi.c2lnbmF0dXJl', 'c2lnbmF0'],
    ['a long run', `id ${'aB3'.repeat(20)} end`, 'aB3aB3'],
    ['an image', 'data:image/png;base64,iVBORw0KGgo= end', 'iVBOR'],
    ['JSON with a password', '{"password":"hunter2","a":1}', 'hunter2'],
  ])('S30 masks %s', (_name, line, secret) => {
    const masked = redact(line, none)
    expect(masked).toContain('[hidden]')
    expect(masked).not.toContain(secret)
  })

  it('leaves what helps: codes, hosts, sizes, ids of conversations', () => {
    const line =
      'request failed code="ECONNREFUSED" host="localhost:1337" id="0f8fad5b-d9cb-469f-a165-70867728950e" bytes=12'
    expect(redact(line, none)).toBe(line)
  })

  it.each(['x-', 'a', '://', '?a', 'data:', 'key', 'sk-', '" '])(
    'R44 is done with %j repeated within 50 ms',
    (part) => {
      const text = part.repeat(2000 / part.length)
      expect(shortestMs(50, () => redact(text, new Set([CANARY])))).toBeLessThan(50)
    },
  )

  it('does not name the home folder of the person', () => {
    expect(redact(`${homedir()}/x.png`, none)).toBe('~/x.png')
  })

  it.each([
    '\n[2020-01-01 00:00:00.000] [info]  forged',
    '\r\nforged',
    '\u001b[2J\u001b[31m',
    '\u202Eevil',
    'a\u2028b',
    '\u0000',
  ])('S32 writes %j as one line without controls', async (text) => {
    const written = await logged(({ logger }) => {
      logger.error(`before ${text} after`, { field: text, [`name${text}`]: 1 })
    })
    const lines = written.split('\n').filter((line) => line !== '')
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(/^\[\d{4}-.*\[error\]/u)
    expect(/[\p{Cc}\u202a-\u202e\u2028\u2029]/u.test(lines[0] ?? '')).toBe(false)
  })

  it('S31 makes redaction the last transform of every transport', () => {
    const log = electronLog.create({ logId: 'test' })
    redactTransports(log, new Set([CANARY]))
    const transports = Object.values(log.transports).filter((transport) => typeof transport === 'function')
    expect(transports.length).toBeGreaterThanOrEqual(3)
    for (const transport of transports) {
      const last = transport.transforms.at(-1)
      const out: unknown = last?.({
        data: [`a ${CANARY}`, { secret: CANARY }],
        message: { data: [], date: new Date(0), level: 'info' },
        transport,
        logger: log,
      } as unknown as Parameters<NonNullable<typeof last>>[0])
      expect(JSON.stringify(out)).toBe('["a [hidden]","[hidden]"]')
    }
  })

  it('R44 stays below 5 MiB in all, whatever is logged', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'parley-log-'))
    const log = createLog(folder, false)
    await log.open()
    const filler = 'word '.repeat(390)
    for (let index = 0; index < 4000; index += 1) log.logger.info(filler)
    const sizes = readdirSync(folder).map((name) => statSync(join(folder, name)).size)
    expect(sizes.length).toBe(2)
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(5 * 1024 * 1024)
  })

  it('R44 cuts a line and keeps few lines while the file is not open', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'parley-log-'))
    const log = createLog(folder, false)
    for (let index = 0; index < 2000; index += 1) log.logger.info('x '.repeat(5000))
    await log.open()
    const text = readFileSync(join(folder, 'main.log'), 'utf8')
    expect(text.trimEnd().split('\n')).toHaveLength(500)
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThan(2100)
  })

  it('R44 never throws where nothing can be written', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'parley-log-')), 'a-file')
    writeFileSync(file, '')
    const log = createLog(join(file, 'logs'), false)
    await log.open()
    expect(() => log.logger.error('lost')).not.toThrow()
  })
})

describe('what is logged of something thrown', () => {
  it('S30 leaves out what engines quote', () => {
    const message = 'Unexpected token \'h\', "hello CANARY world" is not valid JSON'
    expect(withoutQuotes(message)).not.toContain('CANARY')
    const facts = factsOf(new SyntaxError(message))
    expect(JSON.stringify(facts)).not.toContain('CANARY')
    expect(facts).toMatchObject({ name: 'SyntaxError', code: null })
    expect(facts.place).toMatch(/^log\.test\.ts:\d+:\d+$/u)
  })

  it('S30 names the kind of what is no error, and nothing else', () => {
    expect(factsOf('CANARY')).toEqual({ thrown: 'string' })
    expect(factsOf(Object.assign(new Error('gone'), { code: 'ENOENT', cause: 'CANARY' }))).toMatchObject({
      code: 'ENOENT',
      message: 'gone',
    })
  })
})

describe('who may log', () => {
  it('S31 only src/main/log.ts knows electron-log', () => {
    const files = execFileSync('grep', ['-rlE', "from 'electron-log|import\\('electron-log", 'src'], {
      encoding: 'utf8',
    })
    expect(files.trim().split('\n')).toEqual(['src/main/log.ts'])
  })
})
