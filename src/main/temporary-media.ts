import { failure } from '../shared/errors'

/** A file that lies in memory only. */
export interface HeldFile {
  mime: string
  bytes: number
  content: Uint8Array
}

/** As much as a few chats with ten large images each have; all of it is memory of this process. */
export const MAX_HELD_BYTES = 200 * 1024 * 1024

/**
 * Files of temporary conversations, put in or answered, which never touch the disk: under their SHA-256, each once, for as long as
 * one of the conversations they were put into is there.
 */
export class TemporaryMedia {
  readonly #files = new Map<string, HeldFile & { owners: Set<string> }>()
  #bytes = 0

  /**
   * @param owner the conversation, which need not be asked anything yet
   * @param name for the error
   * @throws AppFailure `attachment` (no-room) when all together would be too much
   */
  put(id: string, mime: string, content: Uint8Array, { owner, name }: { owner: string; name: string }): void {
    const known = this.#files.get(id)
    if (known !== undefined) {
      known.owners.add(owner)
      return
    }
    const bytes = content.byteLength
    if (this.#bytes + bytes > MAX_HELD_BYTES) {
      const limit = MAX_HELD_BYTES / 1024 / 1024
      throw failure({ code: 'attachment', reason: 'no-room', name, format: null, limit })
    }
    // Of its own: it may be a view on a larger piece.
    this.#files.set(id, { mime, bytes, content: Uint8Array.from(content), owners: new Set([owner]) })
    this.#bytes += bytes
  }

  /** How many bytes more would find room. */
  get roomBytes(): number {
    return MAX_HELD_BYTES - this.#bytes
  }

  /** The files that were put here for a conversation. */
  ownedBy(owner: string): string[] {
    return [...this.#files].flatMap(([id, { owners }]) => (owners.has(owner) ? [id] : []))
  }

  get(id: string): HeldFile | null {
    return this.#files.get(id) ?? null
  }

  /** The conversation for which a file was put here first; null for one that is not here. */
  ownerOf(id: string): string | null {
    return this.#files.get(id)?.owners.values().next().value ?? null
  }

  delete(id: string): void {
    this.#bytes -= this.#files.get(id)?.bytes ?? 0
    this.#files.delete(id)
  }

  /**
   * A conversation is over, or has no need of some files any more.
   *
   * @param named what other temporary conversations, copies of it, still name; of one that goes on, also what itself does
   * @param only the files it can do without; all of them when left out
   * @returns the ids of the files that went
   */
  release(owner: string, named: ReadonlySet<string>, only?: readonly string[]): string[] {
    const gone: string[] = []
    const freed = only === undefined ? null : new Set(only.filter((id) => !named.has(id)))
    for (const [id, { owners }] of this.#files) {
      if (freed?.has(id) !== false) owners.delete(owner)
      if (owners.size === 0 && !named.has(id)) gone.push(id)
    }
    for (const id of gone) this.delete(id)
    return gone
  }
}
