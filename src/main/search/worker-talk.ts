import type { SearchPart } from '../../shared/contract'
import type { IndexHit, SearchableConversation } from './search-index'

/** What the worker of the index is made with. */
export interface WorkerOptions {
  file: string
  /** Whether to begin with an empty index, whatever lies there. */
  isFresh: boolean
}

/** What the worker can be asked. Answers come in the order of the questions. */
export interface IndexTalk {
  stamps: { in: void; out: Map<string, string> }
  put: { in: readonly SearchableConversation[]; out: void }
  /** They are not found any more when it answers; their words leave the file soon after. */
  remove: { in: readonly string[]; out: void }
  find: { in: { query: string; part: SearchPart }; out: IndexHit[] }
  /** The last one: the worker ends. */
  close: { in: void; out: void }
}

export type IndexQuestion = {
  [K in keyof IndexTalk]: { number: number; kind: K; input: IndexTalk[K]['in'] }
}[keyof IndexTalk]

/** `failed` is the last word of a worker: its index is of no use, or SQLite cannot be loaded here at all. */
export type IndexAnswer =
  | { kind: 'answer'; number: number; output: IndexTalk[keyof IndexTalk]['out'] }
  | { kind: 'failed'; reason: 'not-loaded' | 'index'; code: string }
