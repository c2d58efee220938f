import { chmodSync, closeSync, openSync, rmSync } from 'node:fs'
import Database from 'libsql'
import type { SearchPart } from '../../shared/contract'
import type { Message } from '../../shared/conversation'
import { nearTerm, termsOf, type Term } from './query'
import { snippetOf } from './snippet'
import { tokensOf } from './tokens'
import { Vocabulary } from './vocabulary'

/** What of a conversation can be found. */
export interface SearchableConversation {
  id: string
  title: string
  /** Milliseconds since the epoch; newer ones win between equals. */
  updatedAt: number
  /** Of the file it was read from: when it differs, the conversation is read again. */
  stamp: string
  messages: SearchableMessage[]
}

export interface SearchableMessage {
  id: string
  role: Message['role']
  text: string
}

/** A conversation that was found. */
export interface IndexHit {
  conversationId: string
  /** Null for a hit in the title. */
  messageId: string | null
  role: Message['role'] | null
  snippet: string
  marks: [number, number][]
  /** Messages of this conversation with hits. */
  count: number
}

/** Changes when the form of the file or of its tokens does: one of another form is thrown away. */
const FORMAT = 2
/** "Prly": says that the file is ours. */
const APPLICATION = 0x50726c79
const MONTH_MS = 30 * 86_400_000
const MAX_HITS = 50
/** Messages looked at for one query: a word that is everywhere must not cost a look at everything. */
const MAX_CANDIDATES = 2000
/** Messages whose words are written over in one go. */
const PURGED_AT_ONCE = 4
/** Of one message; what stands behind is not found. */
const MAX_TEXT = 200_000

/**
 * A full-text index of all conversations, in one SQLite file that can be deleted at any time. Synchronous: it lives in a
 * worker. Any error that it throws means that the file is of no use any more: open it with `isFresh`.
 */
export class SearchIndex {
  readonly #db: Database.Database
  /** By their SQL: making one costs as much as running it, and a dropped one is memory that nobody counts. */
  readonly #statements = new Map<string, Database.Statement>()
  /** By their rows: ranking asks for thousands of them at once. */
  readonly #conversations = new Map<number, { id: string; updatedAt: number }>()
  #vocabulary: Vocabulary | null = null

  /**
   * @param file `:memory:` for one without a file. What is damaged or of another form is replaced.
   * @param isFresh replaces the file in any case
   */
  constructor(file: string, isFresh = false) {
    this.#db = openDatabase(file, isFresh)
    for (const { row, id, updatedAt } of this.#all<{ row: number; id: string; updatedAt: number }>(
      'SELECT row, id, updatedAt FROM conversation',
    )) {
      this.#conversations.set(row, { id, updatedAt })
    }
  }

  /** The stamps of what is indexed, by conversation. */
  stamps(): Map<string, string> {
    const rows = this.#all<{ id: string; stamp: string }>('SELECT id, stamp FROM conversation')
    return new Map(rows.map(({ id, stamp }) => [id, stamp]))
  }

  /** Adds or replaces conversations, all in one transaction. Of one that is known only the messages that changed are written. */
  put(conversations: readonly SearchableConversation[]): void {
    this.#db.transaction(() => {
      for (const conversation of conversations) this.#putOne(conversation)
    })()
  }

  /** Takes conversations out: they are not found any more. Their words leave the file with `purge`. */
  remove(ids: readonly string[]): void {
    this.#db.transaction(() => {
      for (const id of ids) {
        const row = this.#rowOf(id)
        if (row === null) continue
        this.#statement('INSERT INTO gone (row) VALUES (?)').run(row)
        this.#statement('DELETE FROM conversation WHERE row = ?').run(row)
        this.#conversations.delete(row)
      }
    })()
  }

  /**
   * Writes over some words of what was taken out: a message costs some milliseconds, so it is done in pieces.
   *
   * @returns whether there is more to do; once there is not, not a word is left in the file
   */
  purge(): boolean {
    const row = this.#all<{ row: number }>('SELECT row FROM gone LIMIT 1')[0]?.row
    if (row === undefined) return false
    this.#db.transaction(() => {
      const messages = this.#all<StoredMessage>(`${STORED} WHERE m.conversation = ? LIMIT ?`, row, PURGED_AT_ONCE)
      for (const message of messages) this.#drop(message)
      if (messages.length < PURGED_AT_ONCE) this.#statement('DELETE FROM gone WHERE row = ?').run(row)
    })()
    if (this.#all('SELECT row FROM gone LIMIT 1').length > 0) return true
    // The log still has the pages as they were.
    this.#db.pragma('wal_checkpoint(TRUNCATE)')
    return false
  }

  /**
   * The conversations with a message, or a title, that has every word, the best first; behind them those in which the words
   * stand in several messages. The last word may be unfinished.
   *
   * @param part what of them is looked at
   */
  find(query: string, part: SearchPart = 'all'): IndexHit[] {
    const terms = termsOf(query).map((term) => this.#withNear(term))
    if (terms.length === 0) return []
    const together = this.#best(matchOf(terms), part)
    const hits = this.#ranked(together)
    const apart = hits.length < MAX_HITS ? this.#ranked(this.#apart(terms, together, part)) : []
    return [...hits, ...apart].slice(0, MAX_HITS).map(({ id, rowid, isTitle, count }) => {
      const [message] = this.#all<StoredMessage>(`${STORED} WHERE m.rowid = ?`, rowid)
      const { snippet, marks } = snippetOf(message?.text ?? '', terms)
      const role = message?.role === ROLES.user ? 'user' : 'assistant'
      return {
        conversationId: id,
        messageId: isTitle ? null : (message?.id ?? ''),
        role: isTitle ? null : role,
        snippet,
        marks,
        count,
      }
    })
  }

  /** Puts everything into the one file, and lets go of it. */
  close(): void {
    this.#db.pragma('wal_checkpoint(TRUNCATE)')
    this.#statements.clear()
    this.#db.close()
  }

  #putOne({ id, title, updatedAt, stamp, messages }: SearchableConversation): void {
    const whole = [{ id: '', role: null, text: title }, ...messages]
    const wanted = new Map(whole.map((message) => [message.id, message]))
    let row = this.#rowOf(id)
    if (row === null) {
      const add = this.#statement('INSERT INTO conversation (id, updatedAt, stamp) VALUES (?, ?, ?)')
      row = Number(add.run(id, updatedAt, stamp).lastInsertRowid)
    } else {
      this.#statement('UPDATE conversation SET updatedAt = ?, stamp = ? WHERE row = ?').run(updatedAt, stamp, row)
      for (const known of this.#all<StoredMessage>(`${STORED} WHERE m.conversation = ?`, row)) {
        if (storable(wanted.get(known.id)?.text ?? '') === known.text) wanted.delete(known.id)
        else this.#drop(known)
      }
    }
    this.#conversations.set(row, { id, updatedAt })
    for (const message of wanted.values()) this.#addMessage(row, message)
  }

  #addMessage(row: number, { id, role, text: whole }: Searchable): void {
    const text = storable(whole)
    const tokens = tokensOf(text)
    if (tokens.size === 0) return
    const add = this.#statement('INSERT INTO message (conversation, id, role) VALUES (?, ?, ?)')
    const { lastInsertRowid: rowid } = add.run(row, id, role === null ? ROLES.title : ROLES[role])
    this.#statement('INSERT INTO text (rowid, text) VALUES (?, ?)').run(rowid, text)
    this.#statement(`INSERT INTO ${tableOf(id)} (rowid, body) VALUES (?, ?)`).run(rowid, [...tokens].join(' '))
    if (this.#vocabulary !== null) for (const token of tokens) this.#vocabulary.add(token)
  }

  // The index keeps no text of its own, so it must be told what it was given (contentless tables of FTS5).
  #drop({ rowid, id, text }: StoredMessage): void {
    const table = tableOf(id)
    this.#statement(`INSERT INTO ${table} (${table}, rowid, body) VALUES ('delete', ?, ?)`).run(
      rowid,
      [...tokensOf(text)].join(' '),
    )
    this.#statement('DELETE FROM message WHERE rowid = ?').run(rowid)
    this.#statement('DELETE FROM text WHERE rowid = ?').run(rowid)
  }

  /** By conversation what matches: the title, or else the latest message. */
  #best(match: string, part: SearchPart): Map<number, Found> {
    const best = new Map<number, Found>()
    for (const table of TABLES_OF[part]) {
      for (const [rowid, row] of this.#candidates(table, match, part)) {
        const known = best.get(row)
        if (known === undefined) best.set(row, { rowid, isTitle: table === 'titles', count: 1 })
        else known.count += 1
      }
    }
    return best
  }

  /** Conversations that have every word, though not in one message: where the rarest of them stands. */
  #apart(terms: readonly Term[], known: ReadonlyMap<number, Found>, part: SearchPart): Map<number, Found> {
    // A conversation has one title.
    if (part === 'titles') return new Map()
    // The parts of one word, of a script without spaces, belong together: they have one way to be hit.
    const words = [...new Set(terms.map(({ hit }) => hit))].map((hit) =>
      matchOf(terms.filter((term) => term.hit === hit)),
    )
    const [rarest, ...others] = words
      .map((match) => ({ match, count: this.#count(match) }))
      .sort((a, b) => a.count - b.count)
    if (rarest === undefined || rarest.count === 0 || others.length === 0) return new Map()
    let found = [...this.#best(rarest.match, part)].filter(([row]) => !known.has(row))
    for (const { match } of others) {
      if (found.length === 0) break
      const rows = JSON.stringify(found.map(([row]) => row))
      const having = new Set(TABLES_OF[part].flatMap((table) => this.#among(table, match, rows, part)))
      found = found.filter(([row]) => having.has(row))
    }
    return new Map(found)
  }

  /** How many messages and titles match, as far as it matters. */
  #count(match: string): number {
    return TABLES.reduce((sum, table) => {
      const sql = `SELECT count(*) AS count FROM (SELECT 1 FROM ${table} WHERE ${table} MATCH ? LIMIT ${MAX_CANDIDATES})`
      return sum + (this.#all<{ count: number }>(sql, match)[0]?.count ?? 0)
    }, 0)
  }

  /** Of these conversations, a JSON list of rows, those with a match. The `+` keeps SQLite from asking once for each message. */
  #among(table: Table, match: string, rows: string, part: SearchPart): number[] {
    const sql = `SELECT DISTINCT conversation FROM message WHERE rowid IN (
      SELECT rowid FROM ${table} WHERE ${table} MATCH ? AND +rowid IN (
        SELECT rowid FROM message WHERE conversation IN (SELECT value FROM json_each(?))))${ofRole(part, 'role')}`
    return this.#all<{ conversation: number }>(sql, match, rows).map(({ conversation }) => conversation)
  }

  /** Messages that match, the latest ones first, each with the row of its conversation. */
  #candidates(table: Table, match: string, part: SearchPart): [rowid: number, row: number][] {
    const sql = `SELECT m.rowid, m.conversation
      FROM (SELECT rowid FROM ${table} WHERE ${table} MATCH ? ORDER BY rowid DESC LIMIT ${MAX_CANDIDATES}) f
      JOIN message m ON m.rowid = f.rowid${ofRole(part, 'm.role')}`
    return this.#statement(sql).raw().all(match) as [number, number][]
  }

  /** Titles first, then the latest; what is taken out already has no conversation any more. */
  #ranked(found: ReadonlyMap<number, Found>) {
    const known = [...found].flatMap(([row, each]) => {
      const conversation = this.#conversations.get(row)
      return conversation === undefined ? [] : [{ ...each, ...conversation }]
    })
    const newest = known.reduce((max, { updatedAt }) => Math.max(max, updatedAt), 0)
    const score = ({ isTitle, updatedAt }: (typeof known)[number]): number =>
      (isTitle ? 1 : 0) + 1 / (1 + (newest - updatedAt) / MONTH_MS)
    return known.sort((a, b) => score(b) - score(a)).slice(0, MAX_HITS)
  }

  /** The term itself when it occurs; else, if there are any, the words near it. */
  #withNear(term: Term): Term {
    if (term.word === null) return term
    const match = term.forms.join(' OR ')
    const occurs = (table: Table): boolean =>
      this.#statement(`SELECT 1 FROM ${table} WHERE ${table} MATCH ? LIMIT 1`).get(match) !== undefined
    if (TABLES.some(occurs)) return term
    const near = this.#allWords().near(term.word, term.isOpen)
    return near.length === 0 ? term : nearTerm(term, near)
  }

  // Reading it is as much work as reading the whole index, so it is done once, and only when a word is not found.
  #allWords(): Vocabulary {
    if (this.#vocabulary !== null) return this.#vocabulary
    const vocabulary = new Vocabulary()
    for (const table of ['titleVocabulary', 'wordVocabulary']) {
      for (const { term } of this.#all<{ term: string }>(`SELECT term FROM ${table}`)) vocabulary.add(term)
    }
    this.#vocabulary = vocabulary
    return vocabulary
  }

  #rowOf(id: string): number | null {
    return this.#all<{ row: number }>('SELECT row FROM conversation WHERE id = ?', id)[0]?.row ?? null
  }

  #all<Row>(sql: string, ...values: (string | number)[]): Row[] {
    return this.#statement(sql).all(...values) as Row[]
  }

  #statement(sql: string): Database.Statement {
    const known = this.#statements.get(sql)
    if (known !== undefined) return known
    const made = this.#db.prepare(sql)
    this.#statements.set(sql, made)
    return made
  }
}

/** Where something was found in a conversation. */
interface Found {
  /** Of the message, or of the title. */
  rowid: number
  isTitle: boolean
  count: number
}

/** A message, or with no role a title. */
type Searchable = Omit<SearchableMessage, 'role'> & { role: SearchableMessage['role'] | null }

interface StoredMessage {
  rowid: number
  role: number
  /** Empty for the title. */
  id: string
  text: string
}

const STORED =
  'SELECT m.rowid AS rowid, m.id AS id, m.role AS role, t.text AS text FROM message m JOIN text t ON t.rowid = m.rowid'

/** The title of a conversation counts before its messages. */
const TABLES = ['titles', 'words'] as const
type Table = (typeof TABLES)[number]

const TABLES_OF: Record<SearchPart, readonly Table[]> = {
  all: TABLES,
  titles: ['titles'],
  questions: ['words'],
  answers: ['words'],
}

/** Who wrote a text, as the file has it. */
const ROLES = { title: 0, user: 1, assistant: 2 } as const

/** The end of a condition that leaves out what somebody else wrote. */
function ofRole(part: SearchPart, column: string): string {
  if (part === 'questions') return ` AND ${column} = ${ROLES.user}`
  return part === 'answers' ? ` AND ${column} = ${ROLES.assistant}` : ''
}

/** For texts that have every term, in the language of FTS5. */
function matchOf(terms: readonly Term[]): string {
  return terms.map(({ forms }) => `(${forms.join(' OR ')})`).join(' AND ')
}

function tableOf(messageId: string): Table {
  return messageId === '' ? 'titles' : 'words'
}

// What comes out must be what went in, or it could not be taken out again: SQLite ends a text at its first NUL, and has
// no half characters.
function storable(text: string): string {
  return text
    .slice(0, MAX_TEXT)
    .replaceAll('\0', ' ')
    .replace(/\p{Surrogate}/gu, '\ufffd')
}

// Tokens are made by tokensOf, so SQLite has only to cut at spaces: `ascii` takes everything else that is no ASCII
// punctuation for a letter. Without positions (detail=none) the index is half as large; phrases are not looked for.
const WORDS = `fts5(body, content='', prefix='1 2 3', tokenize='ascii', detail=none)`

// Rows are never used twice: a deletion and an addition of one row in one step would meet in the words.
const SCHEMA = `
  CREATE TABLE conversation (row INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE, updatedAt INTEGER, stamp TEXT);
  CREATE TABLE gone (row INTEGER PRIMARY KEY);
  CREATE TABLE message (rowid INTEGER PRIMARY KEY AUTOINCREMENT, conversation INTEGER, id TEXT, role INTEGER);
  CREATE TABLE text (rowid INTEGER PRIMARY KEY, text TEXT);
  CREATE INDEX messageOfConversation ON message (conversation);
  CREATE VIRTUAL TABLE words USING ${WORDS};
  CREATE VIRTUAL TABLE titles USING ${WORDS};
  CREATE VIRTUAL TABLE wordVocabulary USING fts5vocab('words', 'row');
  CREATE VIRTUAL TABLE titleVocabulary USING fts5vocab('titles', 'row');
  INSERT INTO words (words, rank) VALUES ('secure-delete', 1);
  INSERT INTO titles (titles, rank) VALUES ('secure-delete', 1);
  PRAGMA application_id = ${APPLICATION};
  PRAGMA user_version = ${FORMAT};
`

function openDatabase(file: string, isFresh: boolean): Database.Database {
  if (!isFresh) {
    const known = openKnown(file)
    if (known !== null) return known
  }
  removeIndex(file)
  // SQLite would make it readable for everybody; the files beside it get the mode of this one.
  if (file !== ':memory:') closeSync(openSync(file, 'a', 0o600))
  const db = new Database(file)
  setUp(db)
  db.exec(SCHEMA)
  return db
}

/** The index as it lies there; null when there is none that can be used. */
function openKnown(file: string): Database.Database | null {
  if (file === ':memory:') return null
  let db: Database.Database | null = null
  try {
    chmodSync(file, 0o600)
    db = new Database(file)
    setUp(db)
    const isOurs = readPragma(db, 'application_id') === APPLICATION && readPragma(db, 'user_version') === FORMAT
    // A file that was cut short says so at the first look at its pages.
    if (isOurs) {
      db.prepare('SELECT count(*) FROM conversation').get()
      db.prepare(`SELECT rowid FROM words WHERE words MATCH '"a"' LIMIT 1`).get()
      return db
    }
  } catch {
    // Not there, damaged, or something else: it is made anew.
  }
  db?.close()
  return null
}

function setUp(db: Database.Database): void {
  // The log survives the end of the process, and NORMAL the end of the power; `secure_delete` writes over what is deleted.
  db.exec(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY',
  )
}

function readPragma(db: Database.Database, name: string): unknown {
  return Object.values(db.prepare(`PRAGMA ${name}`).get() as Record<string, unknown>)[0]
}

/** Deletes the file and those beside it. */
function removeIndex(file: string): void {
  if (file === ':memory:') return
  for (const ending of ['', '-wal', '-shm']) rmSync(file + ending, { recursive: true, force: true })
}
