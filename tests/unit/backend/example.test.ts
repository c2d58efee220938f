import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { build } from 'vite'
import { png } from '../../support/images'
import { startRawServer, type RawServer } from '../../support/raw-server'

const root = path.resolve(import.meta.dirname, '../../..')

// The code of docs/backend-api.md, bundled and run by plain Node, in a process of its own.
describe('docs/backend-api.md', () => {
  let folder = ''
  let server: RawServer

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'parley-example-'))
    const page = await readFile(path.join(root, 'docs/backend-api.md'), 'utf8')
    const code = /```ts\n(.*?)```/su.exec(page)?.[1] ?? ''
    const entry = path.join(folder, 'example.ts')
    await writeFile(entry, code.replaceAll("from './src/", `from '${root}/src/`))
    await build({
      root,
      configFile: false,
      logLevel: 'silent',
      ssr: { noExternal: true },
      build: {
        ssr: entry,
        outDir: path.join(folder, 'out'),
        target: 'node20',
        rolldownOptions: { output: { entryFileNames: 'example.mjs' } },
      },
    })
    server = await startRawServer(async (connection) => {
      await connection.request()
      connection.beginStream()
      connection.event({ type: 'provider', provider: { name: 'A' } })
      connection.event({ type: 'content', content: 'Two ' })
      connection.event({ type: 'content', content: 'squares.' })
      connection.event({ type: 'finish', finish: { reason: 'stop' } })
      connection.endStream()
    })
  }, 60_000)
  afterAll(async () => {
    await server.close()
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  })

  function runExample(
    args: string[],
    env: Record<string, string> = {},
  ): Promise<{ status: number; out: string; err: string }> {
    return new Promise((resolve) => {
      const script = path.join(folder, 'out', 'example.mjs')
      execFile(process.execPath, [script, ...args], { env: { PATH: process.env.PATH, ...env } }, (error, out, err) => {
        resolve({ status: typeof error?.code === 'number' ? error.code : 0, out, err })
      })
    })
  }

  test('asks, with pictures, and names the one that is refused', async () => {
    const good = path.join(folder, 'good.png')
    const bad = path.join(folder, 'bad.png')
    await writeFile(good, png())
    await writeFile(bad, 'no picture')
    const env = { SERVER_KEY: 's-key', PROVIDER_KEY: 'p-key', MODEL: 'm' }
    const { status, out, err } = await runExample([server.url, 'What?', bad, good], env)
    expect(err).toContain("bad.png is left out: {\n  code: 'attachment',\n  reason: 'format'")
    expect(out).toBe('Two squares.\n')
    expect(status).toBe(0)
    const request = await server.connections[0]?.request()
    expect(request?.headers.get('authorization')).toBe('Bearer s-key')
    expect(JSON.parse(request?.body.toString() ?? '')).toEqual({
      timeout: 3600,
      temperature: 0.2,
      web_search: false,
      model: 'm',
      messages: [{ role: 'user', content: 'What?' }],
      media: [[`data:image/png;base64,${png().toString('base64')}`, 'good.png']],
      api_key: 'p-key',
    })
  }, 20_000)

  test('says why there is no answer', async () => {
    const gone = await startRawServer(() => undefined)
    await gone.close()
    const { status, out, err } = await runExample([gone.url, 'What?'])
    expect(err).toContain("No answer: {\n  code: 'unreachable',\n  reason: 'refused'")
    expect(out).toBe('')
    expect(status).toBe(1)
  }, 20_000)
})
