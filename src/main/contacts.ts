import { rename, rm } from 'node:fs/promises'
import * as v from 'valibot'
import type { ContactedHost } from '../shared/contract'
import type { Clock } from './clock'
import { diskFileSystem, errorCode, readRegular, writeAtomically } from './library/files'
import type { Logger } from './logger'

const VERSION = 1
/** More hosts are nobody's own; the one that was not asked for longest makes room. */
const MAX_ROWS = 500
const MAX_FILE_BYTES = 1024 * 1024
/** Each answer is several requests: they are written together, and nothing waits for it. */
const WRITE_AFTER_MS = 5000

const purposeSchema = v.variant('kind', [
  v.object({
    kind: v.literal('backend'),
    backendId: v.pipe(v.string(), v.maxLength(64)),
    name: v.pipe(v.string(), v.maxLength(200)),
  }),
  v.object({ kind: v.picklist(['proxy', 'picture', 'discovery']) }),
])
const fileSchema = v.object({
  version: v.literal(VERSION),
  hosts: v.pipe(
    v.array(
      v.object({
        host: v.pipe(v.string(), v.minLength(1), v.maxLength(300)),
        purpose: purposeSchema,
        requests: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
        lastAt: v.pipe(v.number(), v.finite()),
      }),
    ),
    v.maxLength(MAX_ROWS),
  ),
})

export type ContactPurpose = ContactedHost['purpose']

/**
 * Notes that a host is asked for something; `host` as in a URL, with its port if it is not the usual one. What is asked for
 * a temporary conversation is listed for as long as the program runs, and written nowhere.
 */
export type NoteContact = (host: string, purpose: ContactPurpose, isTemporary?: boolean) => void

/**
 * Every host that Parley has asked for anything, also in vain, and what for (requirement "no telemetry": a person can look
 * whether it is true). Kept in one small file for this user only; how often and when last, never what.
 */
export class Contacts {
  readonly #path: string
  readonly #clock: Pick<Clock, 'now'>
  readonly #logger: Logger
  readonly #rows = new Map<string, ContactedHost>()
  /** Of temporary conversations, in memory only. */
  readonly #unwritten = new Map<string, ContactedHost>()
  readonly #read: Promise<void>
  #timer: NodeJS.Timeout | null = null
  #written: Promise<void> = Promise.resolve()

  constructor(path: string, clock: Pick<Clock, 'now'>, logger: Logger) {
    this.#path = path
    this.#clock = clock
    this.#logger = logger
    this.#read = this.#load()
  }

  /** The latest first. */
  async list(): Promise<ContactedHost[]> {
    await this.#read
    const all = new Map(this.#rows)
    for (const [key, row] of this.#unwritten) {
      const { requests = 0, lastAt = 0 } = all.get(key) ?? {}
      all.set(key, { ...row, requests: requests + row.requests, lastAt: Math.max(lastAt, row.lastAt) })
    }
    return [...all.values()].sort((a, b) => b.lastAt - a.lastAt)
  }

  readonly note: NoteContact = (host, purpose, isTemporary = false) => {
    void this.#read.then(() => {
      const rows = isTemporary ? this.#unwritten : this.#rows
      const key = keyOf(host, purpose)
      const requests = (rows.get(key)?.requests ?? 0) + 1
      rows.set(key, { host: host.slice(0, 300), purpose, requests, lastAt: this.#clock.now() })
      makeRoom(rows)
      if (!isTemporary) this.#writeSoon()
    })
  }

  /** Forgets all that was noted of a host. It is noted anew when it is asked again. */
  async forget(host: string): Promise<void> {
    await this.#read
    for (const rows of [this.#rows, this.#unwritten]) {
      for (const [key, row] of rows) if (row.host === host) rows.delete(key)
    }
    this.#writeSoon()
    await this.flush()
  }

  /** Resolves when what is noted is on the disk, or refused by it. */
  async flush(): Promise<void> {
    await this.#read
    if (this.#timer !== null) {
      clearTimeout(this.#timer)
      this.#timer = null
      this.#written = this.#written.then(() => this.#write())
    }
    await this.#written
  }

  async #load(): Promise<void> {
    try {
      const text = await readRegular(diskFileSystem, this.#path, MAX_FILE_BYTES)
      for (const row of v.parse(fileSchema, JSON.parse(text)).hosts) {
        this.#rows.set(keyOf(row.host, row.purpose), row)
      }
    } catch (thrown) {
      if (errorCode(thrown) === 'ENOENT') return
      // It begins anew: nothing depends on it.
      this.#logger.warn('the list of hosts could not be read')
      await rename(this.#path, `${this.#path}.corrupt-${this.#clock.now()}`).catch(() => undefined)
    }
  }

  #writeSoon(): void {
    this.#timer ??= setTimeout(() => void this.flush(), WRITE_AFTER_MS).unref()
  }

  async #write(): Promise<void> {
    try {
      if (this.#rows.size === 0) await rm(this.#path, { force: true })
      else {
        const file = { version: VERSION, hosts: [...this.#rows.values()] }
        await writeAtomically(diskFileSystem, this.#path, `${JSON.stringify(file)}\n`)
      }
    } catch {
      this.#logger.warn('the list of hosts could not be written')
    }
  }
}

function makeRoom(rows: Map<string, ContactedHost>): void {
  while (rows.size > MAX_ROWS) {
    let oldest: [key: string, row: ContactedHost] | null = null
    for (const each of rows) if (oldest === null || each[1].lastAt < oldest[1].lastAt) oldest = each
    if (oldest === null) return
    rows.delete(oldest[0])
  }
}

function keyOf(host: string, purpose: ContactPurpose): string {
  return JSON.stringify([host, purpose.kind, purpose.kind === 'backend' ? purpose.backendId : ''])
}
