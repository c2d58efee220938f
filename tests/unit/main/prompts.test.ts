import { randomUUID } from 'node:crypto'
import { readdirSync, statSync, writeFileSync } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import * as v from 'valibot'
import { diskFileSystem } from '../../../src/main/library/files'
import { silentLogger } from '../../../src/main/logger'
import { Prompts, promptSchema } from '../../../src/main/prompts'
import { toAppError } from '../../../src/shared/errors'
import type { Prompt } from '../../../src/shared/prompts'
import { temporaryFolder } from '../../support/temporary-library'

const sample = (change: Partial<Prompt> = {}): Prompt => ({
  id: randomUUID(),
  name: 'Release notes',
  command: 'release',
  text: 'For {product} in {language}.',
  variables: [{ name: 'product', first: 'Parley', choices: ['Parley', 'Other'], last: null }],
  ...change,
})

function open(folder: string, told: Prompt[][] = []): Prompts {
  return new Prompts({
    fs: diskFileSystem,
    folder,
    clock: { now: () => 7 },
    logger: silentLogger,
    onChange: (prompts) => told.push(prompts),
    onSetAside: () => undefined,
  })
}

const errorOf = async (promise: Promise<unknown>) => promise.then(() => null, toAppError)

describe('prompts', () => {
  it('are in one file for their owner only, in their order, and come back', async () => {
    const folder = await temporaryFolder()
    const told: Prompt[][] = []
    const prompts = open(folder, told)
    const [a, b] = [sample(), sample({ name: 'Second' })]
    await prompts.save(a)
    await prompts.save(b)
    await prompts.save({ ...a, text: 'Changed' })
    expect(open(folder).list()).toEqual([{ ...a, text: 'Changed' }, b])
    expect(told.at(-1)).toEqual(prompts.list())
    expect(statSync(join(folder, 'prompts.json')).mode & 0o777).toBe(0o600)
    await prompts.remove(a.id)
    expect(open(folder).list()).toEqual([b])
    expect(readdirSync(folder).sort()).toEqual(['prompts.json', 'prompts.json.backup'])
  })

  it('remember what was written into their slots', async () => {
    const folder = await temporaryFolder()
    const prompts = open(folder)
    const prompt = sample()
    await prompts.save(prompt)
    await prompts.remember(prompt.id, [
      { name: 'product', value: 'Other' },
      { name: 'language', value: 'German' },
    ])
    expect(open(folder).list()[0]?.variables).toEqual([
      { name: 'product', first: 'Parley', choices: ['Parley', 'Other'], last: 'Other' },
      { name: 'language', first: '', choices: [], last: 'German' },
    ])
  })

  it('a damaged file is put aside, and the backup takes its place (R05)', async () => {
    const folder = await temporaryFolder()
    const prompt = sample()
    await open(folder).save(prompt)
    writeFileSync(join(folder, 'prompts.json'), '{"version": 1, "prompts": [{"id": 3}]}')
    expect(open(folder).list()).toEqual([prompt])
    expect(readdirSync(folder)).toContain('prompts.json.corrupt-7')
    writeFileSync(join(folder, 'prompts.json'), '{')
    writeFileSync(join(folder, 'prompts.json.backup'), '{')
    expect(open(folder).list()).toEqual([])
  })

  it('stay in memory when the disk refuses them, and the person is told (R08)', async () => {
    const folder = await temporaryFolder()
    await mkdir(join(folder, 'prompts.json'))
    const prompts = open(folder)
    const prompt = sample()
    // The damaged "file" was put aside; another one takes its place before anything is written.
    expect(prompts.list()).toEqual([])
    await mkdir(join(folder, 'prompts.json', 'x'), { recursive: true })
    expect(await errorOf(prompts.save(prompt))).toMatchObject({ code: 'storage' })
    expect(prompts.list()).toEqual([prompt])
  })

  it('have room for 500', async () => {
    const folder = await temporaryFolder()
    const all = Array.from({ length: 500 }, () => sample())
    writeFileSync(join(folder, 'prompts.json'), JSON.stringify({ version: 1, prompts: all }))
    const prompts = open(folder)
    expect(await errorOf(prompts.save(sample()))).toEqual({ code: 'bad-prompts', reason: 'too-large' })
    expect(prompts.list()).toHaveLength(500)
  })
})

describe('a file of prompts', () => {
  it('goes out without last values and comes in once', async () => {
    const prompts = open(await temporaryFolder())
    const prompt = sample()
    await prompts.save(prompt)
    await prompts.remember(prompt.id, [{ name: 'product', value: 'PRIVATE' }])
    const file = prompts.exportFile()
    expect(file).not.toContain('PRIVATE')
    expect(await prompts.importFile(Buffer.from(file))).toEqual({ added: 0, same: 1 })
    const elsewhere = open(await temporaryFolder())
    expect(await elsewhere.importFile(Buffer.from(file))).toEqual({ added: 1, same: 0 })
    expect(elsewhere.list()).toEqual([prompt])
  })

  it('replaces nothing: what differs becomes another prompt', async () => {
    const folder = await temporaryFolder()
    const prompts = open(folder)
    const prompt = sample()
    await prompts.save(prompt)
    const file = JSON.stringify({ kind: 'parley-prompts', version: 1, prompts: [{ ...prompt, text: 'Theirs' }] })
    expect(await prompts.importFile(Buffer.from(file))).toEqual({ added: 1, same: 0 })
    expect(prompts.list().map(({ text }) => text)).toEqual([prompt.text, 'Theirs'])
    expect(new Set(prompts.list().map(({ id }) => id)).size).toBe(2)
    expect(JSON.parse(await readFile(join(folder, 'prompts.json'), 'utf8'))).toMatchObject({ version: 1 })
  })

  it('may be written by hand, with a name and a text', async () => {
    const prompts = open(await temporaryFolder())
    const file = { kind: 'parley-prompts', version: 1, prompts: [{ name: 'Hello\u202e', text: 'Say hello to {who}.' }] }
    expect(await prompts.importFile(Buffer.from(JSON.stringify(file)))).toEqual({ added: 1, same: 0 })
    expect(prompts.list()).toMatchObject([{ name: 'Hello', command: '', variables: [] }])
    expect(v.is(promptSchema, prompts.list()[0])).toBe(true)
  })

  it.each<[string, string, string]>([
    ['no JSON', '{', 'format'],
    ['another JSON', '{"messages": []}', 'format'],
    ['a prompt without a text', '{"kind": "parley-prompts", "version": 1, "prompts": [{"name": "a"}]}', 'format'],
    ['one of a newer version', '{"kind": "parley-prompts", "version": 2, "prompts": []}', 'newer'],
    ['too many', JSON.stringify({ kind: 'parley-prompts', version: 1, prompts: Array(501).fill({}) }), 'too-large'],
  ])('is refused whole: %s', async (_, file, reason) => {
    const prompts = open(await temporaryFolder())
    expect(await errorOf(prompts.importFile(Buffer.from(file)))).toEqual({ code: 'bad-prompts', reason })
    expect(prompts.list()).toEqual([])
  })
})
