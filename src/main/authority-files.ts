import { createHash } from 'node:crypto'
import { unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { failure } from '../shared/errors'
import { diskFileSystem, isStray, namesIn, readRegular, writeAtomically } from './library/files'

/** One may have 256 KB; what is larger was not kept here. */
const MAX_FILE_BYTES = 1024 * 1024

/**
 * The certificates of authorities that backends trust, each set as a file of its own named by its SHA-256. They lie beside
 * the settings instead of in them, because one may have 256 KB and the settings are read before the first window.
 */
export class AuthorityFiles {
  /** The end of the last change: no sweep may come between a new file and the profile that names it. */
  #last: Promise<void> = Promise.resolve()

  constructor(private readonly folder: string) {}

  /**
   * Keeps PEM certificates.
   *
   * @param use is given the hash that `read` takes, and names it where `sweep` is told of it
   * @throws AppFailure `storage`; `use` is not called then
   */
  async keep(pem: string, use: (sha256: string) => void): Promise<void> {
    const sha256 = hashOf(pem)
    await this.#inTurn(async () => {
      try {
        await writeAtomically(diskFileSystem, this.#pathOf(sha256), pem)
      } catch {
        throw failure({ code: 'storage', reason: 'failed' })
      }
      use(sha256)
    })
  }

  /**
   * @throws AppFailure `bad-certificate-file` for a file that is gone, damaged or not the one that was kept. To go on
   * without it would only refuse the server with a reason that is not the true one.
   */
  async read(sha256: string): Promise<string> {
    const pem = await readRegular(diskFileSystem, this.#pathOf(sha256), MAX_FILE_BYTES).catch(() => null)
    if (pem === null || hashOf(pem) !== sha256) throw failure({ code: 'bad-certificate-file', reason: 'unreadable' })
    return pem
  }

  /** Removes what no backend trusts any more. Never rejects. */
  async sweep(findUsed: () => Promise<ReadonlySet<string>>): Promise<void> {
    await this.#inTurn(async () => {
      const used = await findUsed()
      for (const name of await namesIn(diskFileSystem, this.folder)) {
        const isOurs = /^[0-9a-f]{64}\.pem$/u.test(name) || isStray(name)
        if (isOurs && !used.has(name.slice(0, 64))) await unlink(join(this.folder, name)).catch(() => undefined)
      }
    })
  }

  async #inTurn(task: () => Promise<void>): Promise<void> {
    const done = this.#last.then(task)
    this.#last = done.catch(() => undefined)
    await done
  }

  #pathOf(sha256: string): string {
    // What comes from the settings is a hash by their schema; a path it must never be.
    return join(this.folder, `${sha256.replace(/[^0-9a-f]/gu, '')}.pem`)
  }
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
