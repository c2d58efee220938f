import { execFile, execFileSync } from 'node:child_process'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { curlCommand } from '../../../src/main/wire/curl'
import { Mask } from '../../../src/main/wire/mask'
import { maskRequest, type SentRequest } from '../../../src/main/wire/request'

const URL = 'https://chat.home.lan/backend-api/v2/conversation'

interface Run {
  /** What curl was called with; null when the shell did not come so far. */
  args: string[] | null
  stdin: string
  err: string
}

let folder: string

// Stands where curl would be found, and says what it was given.
const STAND_IN = `#!/bin/sh
{ for arg in "$@"; do printf '%s\\0' "$arg"; done; } > "$OUT/args"
case " $* " in *" @- "*) cat > "$OUT/stdin" ;; esac
`

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'parley-curl-'))
  await writeFile(path.join(folder, 'curl'), STAND_IN)
  await chmod(path.join(folder, 'curl'), 0o755)
})
afterAll(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }))

/** Runs a command with a shell, the way a person does who has pasted it. */
async function run(command: string, env: Record<string, string> = {}, shell = '/bin/sh'): Promise<Run> {
  const out = await mkdtemp(path.join(folder, 'run-'))
  await writeFile(path.join(out, 'command.sh'), command)
  const environment = { PATH: `${folder}:${process.env.PATH ?? ''}`, OUT: out, LC_ALL: 'C.UTF-8', ...env }
  const err = await new Promise<string>((resolve) => {
    execFile(shell, [path.join(out, 'command.sh')], { env: environment }, (_error, _stdout, stderr) => resolve(stderr))
  })
  const read = (name: string): string | null => {
    try {
      return execFileSync('cat', [path.join(out, name)], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
        maxBuffer: 1e9,
      })
    } catch {
      return null
    }
  }
  return { args: read('args')?.split('\0').slice(0, -1) ?? null, stdin: read('stdin') ?? '', err }
}

const requestOf = (parts: Partial<SentRequest>): SentRequest => ({
  method: 'POST',
  url: URL,
  headers: [],
  body: '',
  bodyBytes: 0,
  ...parts,
})

const command = (parts: Partial<SentRequest>, secrets: string[] = []) =>
  curlCommand(maskRequest(requestOf(parts), new Mask(secrets)))

describe('copy as curl, run by a shell', () => {
  it('gives curl the address, the headers and the body', async () => {
    const body = '{"model":"m"}'
    const { args } = await run(command({ headers: [{ name: 'accept', value: 'text/event-stream' }], body }))
    expect(args).toEqual(['-N', URL, '-H', 'accept: text/event-stream', '--data-raw', body])
  })

  it.each([
    ['quotes', `it's "quoted" '' \\'`],
    ['lines', 'one\ntwo\r\n\ttab'],
    ['what a shell replaces', '$HOME $'.concat('{HOME} $(id) `id` !! ~ * ? [a-z] {a,b} \\n \\\\')],
    ['what ends a command', '; rm -rf / & | > < # ()'],
    ['other letters', 'привет wörld 😀 日本語'],
    ['an at sign first', '@/etc/passwd'],
    ['percent signs', '%s %d %%'],
    ['nothing but a quote', `'`],
  ])('takes %s in a question as they are', async (_, text) => {
    for (const shell of ['/bin/sh', '/bin/bash']) {
      const body = JSON.stringify({ messages: [{ role: 'user', content: text }] })
      const { args, err } = await run(command({ body }), {}, shell)
      expect(err).toBe('')
      expect(args?.at(-1)).toBe(body)
      const raw = await run(command({ body: text.replace(/[\r\n\t]+/gu, ' ') }), {}, shell)
      expect(raw.args?.at(-1)).toBe(text.replace(/[\r\n\t]+/gu, ' '))
    }
  })

  it('takes them in headers and addresses too, and keeps an empty header', async () => {
    const headers = [
      { name: `x-'odd`, value: `$(id) 'x' "y" \`z\`` },
      { name: 'x-empty', value: '' },
    ]
    const url = `http://[::1]:1337/it's/$(id)/backend-api/v2/conversation`
    const { args, err } = await run(command({ headers, url, method: 'DELETE' }))
    expect(err).toBe('')
    expect(args).toEqual(['-gN', url, '-X', 'DELETE', '-H', `x-'odd: $(id) 'x' "y" \`z\``, '-H', 'x-empty;'])
  })

  it('goes through the same proxy and trusts what was trusted, when a person fills in what is secret', async () => {
    const trust = { kind: 'pinned', sha256: '9F:2C' } as const
    const text = command({ route: { proxy: 'socks5://proxy.lan:1080', hasProxyLogin: true, trust } })
    expect(text).toMatch(/^# trusts one certificate: SHA-256 9F:2C\n/u)
    expect(text).not.toContain('insecure')
    const first = await run(text)
    expect(first.args).toBeNull()
    expect(first.err).toMatch(/PARLEY_(?:PROXY_LOGIN|CA_FILE): /u)
    const { args } = await run(text, { PARLEY_PROXY_LOGIN: 'me:x y', PARLEY_CA_FILE: '/tmp/a b.pem' })
    const proxy = ['-x', 'socks5h://proxy.lan:1080', '--proxy-user', 'me:x y']
    expect(args).toEqual(['-N', URL, ...proxy, '--cacert', '/tmp/a b.pem'])
    const plain = command({ route: { proxy: null, hasProxyLogin: false, trust: { kind: 'system' } } })
    expect((await run(plain)).args).toEqual(['-N', URL])
  })

  it('a file name cannot leave the comment it stands in', async () => {
    const trust = { kind: 'authority', fileName: 'a\n$(touch x)\nb.pem' } as const
    const text = command({ route: { proxy: null, hasProxyLogin: false, trust } })
    expect(text.split('\n').find((line) => !line.startsWith('#'))).toMatch(/^curl /u)
  })

  it('a body longer than an argument may be goes in another way', async () => {
    const body = JSON.stringify({ messages: [{ role: 'user', content: `it's ${'я'.repeat(300_000)}` }] })
    const { args, stdin, err } = await run(command({ body }))
    expect(err).toBe('')
    expect(args).toEqual(['-N', URL, '--data-binary', '@-'])
    expect(stdin).toBe(body)
  })

  it('stops before anything is sent while a secret is not filled in, and says which', async () => {
    const parts = {
      headers: [{ name: 'authorization', value: 'Bearer sk-abcdefghija1b2' }],
      body: JSON.stringify({ model: 'm', api_key: `it's-$(id)-secret`, messages: [] }),
    }
    const text = command(parts, [`it's-$(id)-secret`])
    expect(text).not.toMatch(/abcdefgh|\(id\)/u)
    const stopped = await run(text)
    expect(stopped.args).toBeNull()
    expect(stopped.err).toContain('PARLEY_AUTHORIZATION: set it to the secret that ends in a1b2')
    const secrets = { PARLEY_AUTHORIZATION: 'sk-abcdefghija1b2', PARLEY_API_KEY: `it's-$(id)-secret` }
    expect((await run(text, secrets)).args).toEqual([
      '-N',
      URL,
      '-H',
      'authorization: Bearer sk-abcdefghija1b2',
      '--data-raw',
      parts.body,
    ])
  })

  it('shows nothing of a secret that a shell could take for its own', async () => {
    const headers = [{ name: 'x-api-key', value: 'abcdefghijkl`}"$' }]
    const text = command({ headers })
    expect(text).toContain('{PARLEY_X_API_KEY:?set it to the secret}')
    expect((await run(text, { PARLEY_X_API_KEY: '`}"$' })).args?.at(-1)).toBe('x-api-key: `}"$')
  })

  it('S39: a body that is JSON but for raw control characters does not bring them to a terminal', () => {
    const command = curlCommand(requestOf({ body: '{"a":"x\u001b]0;y\u0007"}' }))
    expect(command).toContain('"x ]0;y "')
    expect(command).not.toMatch(/[\u0007\u001b]/u)
  })

  it('writes what a terminal does not show as its escape', async () => {
    const body = JSON.stringify({ content: 'a\u202eb\u0085c\ufeffd' })
    const text = command({ body })
    expect(text).not.toMatch(/[\u0080-\u009f\u202e\ufeff]/u)
    expect(JSON.parse((await run(text)).args?.at(-1) ?? '')).toEqual({ content: 'a\u202eb\u0085c\ufeffd' })
  })
})
