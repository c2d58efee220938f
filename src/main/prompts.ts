import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import * as v from 'valibot'
import type { PromptsImported } from '../shared/contract'
import { failure } from '../shared/errors'
import {
  MAX_CHOICES,
  MAX_PROMPT_COMMAND,
  MAX_PROMPT_NAME,
  MAX_PROMPT_TEXT,
  MAX_PROMPTS,
  MAX_VARIABLE_NAME,
  MAX_VARIABLE_VALUE,
  MAX_VARIABLES,
  type Prompt,
} from '../shared/prompts'
import { plainLine } from './backend/server-text'
import type { Clock } from './clock'
import { errorCode, writeAtomically, type FileSystem } from './library/files'
import { storageReason } from './library/storage'
import type { Logger } from './logger'
import { findJson } from './settings'

/** As much as `findJson` reads; also of a file that a person picks. */
export const MAX_PROMPTS_FILE_BYTES = 8 * 1024 * 1024
const FILE_VERSION = 1
const FILE_NAME = 'prompts'

const text = (max: number) => v.pipe(v.string(), v.maxLength(max))
/** One line, without anything that could deceive its reader (S39). */
const line = (max: number) =>
  v.pipe(
    text(max),
    v.transform((value) => plainLine(value, max)),
  )
const variable = v.strictObject({
  name: v.pipe(text(MAX_VARIABLE_NAME), v.minLength(1)),
  first: text(MAX_VARIABLE_VALUE),
  choices: v.pipe(v.array(text(MAX_VARIABLE_VALUE)), v.maxLength(MAX_CHOICES)),
  last: v.nullable(text(MAX_VARIABLE_VALUE)),
})

const entries = {
  id: v.pipe(v.string(), v.uuid()),
  name: line(MAX_PROMPT_NAME),
  command: v.pipe(text(MAX_PROMPT_COMMAND), v.regex(/^[^\s/]*$/u), line(MAX_PROMPT_COMMAND)),
  text: text(MAX_PROMPT_TEXT),
}

/** A prompt as a page may send it, and as the file has it. */
export const promptSchema: v.GenericSchema<unknown, Prompt> = v.strictObject({
  ...entries,
  variables: v.pipe(v.array(variable), v.maxLength(MAX_VARIABLES)),
})

/** What variables were filled with. */
export const valuesSchema = v.pipe(
  v.array(v.strictObject({ name: text(MAX_VARIABLE_NAME), value: text(MAX_VARIABLE_VALUE) })),
  v.maxLength(MAX_VARIABLES),
)

const fileSchema = v.object({
  version: v.literal(FILE_VERSION),
  prompts: v.pipe(v.array(promptSchema), v.maxLength(MAX_PROMPTS)),
})

// What goes out has no last values, and what comes in may have been written by hand: only a name and a text are needed.
const foreignSchema = v.object({
  kind: v.literal('parley-prompts'),
  version: v.pipe(v.number(), v.integer(), v.minValue(1)),
  prompts: v.array(v.unknown()),
})
const foreignPromptSchema = v.object({
  ...entries,
  id: v.fallback(entries.id, ''),
  command: v.fallback(entries.command, ''),
  variables: v.optional(
    v.pipe(
      v.array(
        v.object({
          ...variable.entries,
          first: v.optional(variable.entries.first, ''),
          choices: v.optional(variable.entries.choices, []),
          last: v.fallback(v.null(), null),
        }),
      ),
      v.maxLength(MAX_VARIABLES),
    ),
    [],
  ),
})

export interface PromptsOptions {
  fs: FileSystem
  /** Where the file lies. */
  folder: string
  clock: Pick<Clock, 'now'>
  logger: Logger
  onChange: (prompts: Prompt[]) => void
  /** Is told under which name a file is kept that could not be read. */
  onSetAside: (keptAs: string) => void
}

/**
 * The prompts of a person, in one file that can be read and edited. Written whole and atomically with each change, with a
 * backup beside it; a damaged file is put aside as `prompts.json.corrupt-<time>`, and the backup takes its place.
 */
export class Prompts {
  readonly #options: PromptsOptions
  #prompts: readonly Prompt[] | null = null
  #writing: Promise<void> = Promise.resolve()

  constructor(options: PromptsOptions) {
    this.#options = options
  }

  list(): Prompt[] {
    return [...this.#load()]
  }

  /** Throws bad-prompts (too-large) for one more than there is room for, and storage when it is not on disk; here it is then. */
  async save(prompt: Prompt): Promise<void> {
    const before = this.#load()
    const isKnown = before.some(({ id }) => id === prompt.id)
    await this.#change(isKnown ? before.map((each) => (each.id === prompt.id ? prompt : each)) : [...before, prompt])
  }

  async remove(promptId: string): Promise<void> {
    const before = this.#load()
    const left = before.filter(({ id }) => id !== promptId)
    if (left.length < before.length) await this.#change(left)
  }

  async remember(promptId: string, values: readonly { name: string; value: string }[]): Promise<void> {
    const before = this.#load()
    await this.#change(
      before.map((prompt) => {
        if (prompt.id !== promptId) return prompt
        const last = new Map(values.map(({ name, value }) => [name, value]))
        const known = prompt.variables.map((each) => ({ ...each, last: last.get(each.name) ?? each.last }))
        const added = [...last].filter(([name]) => !known.some((each) => each.name === name))
        const variables = [...known, ...added.map(([name, value]) => ({ name, first: '', choices: [], last: value }))]
        return { ...prompt, variables: variables.slice(0, MAX_VARIABLES) }
      }),
    )
  }

  /** What a person takes elsewhere: JSON, without what was written into the slots. */
  exportFile(): string {
    const prompts = this.#load().map((prompt) => ({
      ...prompt,
      variables: prompt.variables.map(({ last: _last, ...rest }) => rest),
    }))
    return `${JSON.stringify({ kind: 'parley-prompts', version: FILE_VERSION, prompts }, null, 2)}\n`
  }

  /**
   * Adds what a file has. Nothing here is replaced: a prompt that differs from the one with its id becomes another one.
   * Throws bad-prompts, and then nothing is changed.
   */
  async importFile(bytes: Uint8Array): Promise<PromptsImported> {
    return this.take(parseForeign(bytes))
  }

  /** The same for what was parsed already. */
  async take(data: unknown): Promise<PromptsImported> {
    const { found, added } = this.#compare(data)
    if (added.length > 0) await this.#change([...this.#load(), ...added])
    return { added: added.length, same: found.length - added.length }
  }

  /** How many prompts `take` would add. Throws bad-prompts. */
  countNew(data: unknown): number {
    return this.#compare(data).added.length
  }

  #compare(data: unknown): { found: Prompt[]; added: Prompt[] } {
    const before = this.#load()
    const found = readForeign(data)
    const added: Prompt[] = []
    // Sets, because a file may hold hundreds of long prompts, and each is compared with each.
    const words = new Set(before.map(wordsOf))
    const ids = new Set(before.map(({ id }) => id))
    for (const prompt of found) {
      const said = wordsOf(prompt)
      if (words.has(said)) continue
      const id = prompt.id !== '' && !ids.has(prompt.id) ? prompt.id : randomUUID()
      words.add(said)
      ids.add(id)
      added.push({ ...prompt, id })
    }
    return { found, added }
  }

  /** Resolves when all that was changed is on disk, or was refused by it. Never rejects. */
  async flush(): Promise<void> {
    await this.#writing.catch(() => undefined)
  }

  #load(): readonly Prompt[] {
    if (this.#prompts !== null) return this.#prompts
    const { folder, clock, logger, onSetAside } = this.#options
    const { value, recovered } = findJson(folder, FILE_NAME, (data) => v.parse(fileSchema, data), clock.now())
    if (recovered !== null) {
      logger.warn('prompts damaged', { from: recovered.from })
      onSetAside(recovered.keptAs)
    }
    this.#prompts = value?.prompts ?? []
    return this.#prompts
  }

  async #change(prompts: readonly Prompt[]): Promise<void> {
    const { fs, folder, onChange, logger } = this.#options
    const json = `${JSON.stringify({ version: FILE_VERSION, prompts }, null, 2)}\n`
    const isTooMuch = prompts.length > MAX_PROMPTS || Buffer.byteLength(json) > MAX_PROMPTS_FILE_BYTES
    if (isTooMuch) throw failure({ code: 'bad-prompts', reason: 'too-large' })
    this.#prompts = prompts
    onChange([...prompts])
    const path = join(folder, `${FILE_NAME}.json`)
    const written = this.#writing
      .catch(() => undefined)
      .then(async () => {
        await writeAtomically(fs, path, json)
        await writeAtomically(fs, `${path}.backup`, json)
      })
    this.#writing = written
    try {
      await written
    } catch (thrown) {
      logger.warn('prompts not written', { code: errorCode(thrown) })
      throw failure({ code: 'storage', reason: storageReason(thrown) })
    }
  }
}

function parseForeign(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    throw failure({ code: 'bad-prompts', reason: 'format' })
  }
}

function readForeign(data: unknown): Prompt[] {
  const file = v.safeParse(foreignSchema, data)
  if (!file.success) throw failure({ code: 'bad-prompts', reason: 'format' })
  if (file.output.version > FILE_VERSION) throw failure({ code: 'bad-prompts', reason: 'newer' })
  if (file.output.prompts.length > MAX_PROMPTS) throw failure({ code: 'bad-prompts', reason: 'too-large' })
  const prompts = v.safeParse(v.array(foreignPromptSchema), file.output.prompts)
  if (!prompts.success) throw failure({ code: 'bad-prompts', reason: 'format' })
  return prompts.output
}

/** What makes a prompt the same as another, whatever was written into their slots. */
function wordsOf({ name, command, text, variables }: Prompt): string {
  const blanks = variables.map((variable) => [variable.name, variable.first, variable.choices])
  return JSON.stringify([name, command, text, blanks])
}
