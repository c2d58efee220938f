import { connect, type Socket } from 'node:net'

/**
 * The session bus of a Linux desktop, as far as Parley asks it (D-Bus Specification, "Message Protocol"): calls with
 * answers, and signals. Types are those of the questions we have: byte, boolean, int32, uint32, uint64, string, path,
 * signature, array, struct, dictionary and variant, little-endian only, as every desktop of today sends them.
 */

/** A dictionary is an array of pairs; a struct is a list; a variant is read as what is in it. */
export type BusValue = string | number | bigint | boolean | Variant | readonly BusValue[]

/** A value to write with its type; where one is read, only `value` is left. */
export class Variant {
  constructor(
    readonly signature: string,
    readonly value: BusValue,
  ) {}
}

export interface BusCall {
  destination: string
  path: string
  interface: string
  member: string
  /** Types of `args`; missing for none. */
  signature?: string
  args?: readonly BusValue[]
}

export interface BusSignal {
  sender: string
  path: string
  interface: string
  member: string
  args: readonly BusValue[]
}

/** A text that came; empty for everything else. */
export function textOf(value: BusValue | undefined): string {
  return typeof value === 'string' ? value : ''
}

/** The other side answered with an error; `name` is such as `org.freedesktop.DBus.Error.ServiceUnknown`. */
export class BusError extends Error {
  override readonly name: string

  constructor(name: string) {
    super('the bus answered with an error')
    this.name = name
  }
}

const CONNECT_LIMIT_MS = 500
/** What a service that the bus has to start first may take. */
const CALL_LIMIT_MS = 25_000
/** The specification allows 128 MB; nothing that we ask has an answer of more than a few hundred bytes. */
const MAX_MESSAGE_BYTES = 1024 * 1024
const MAX_DEPTH = 16
/** As the specification has it. Where a type stands in an array it is taken apart for each value, so a long one is slow. */
const MAX_SIGNATURE_BYTES = 255

/** Types of messages. */
export const CALL = 1
export const RETURN = 2
export const ERROR = 3
export const SIGNAL = 4

/** Codes of the fields of a message's head. */
export const FIELD = {
  path: 1,
  interface: 2,
  member: 3,
  errorName: 4,
  replySerial: 5,
  destination: 6,
  sender: 7,
  signature: 8,
} as const

/** Where the bus itself is asked. */
export const BUS = {
  destination: 'org.freedesktop.DBus',
  path: '/org/freedesktop/DBus',
  interface: 'org.freedesktop.DBus',
}

interface Waiting {
  resolve: (args: readonly BusValue[]) => void
  reject: (error: Error) => void
  timer: NodeJS.Timeout
}

/** One connection. It ends by `leave()`, with the bus, or at the first message that is not understood. */
export class SessionBus {
  readonly #socket: Socket
  readonly #waiting = new Map<number, Waiting>()
  readonly #listeners = new Set<(signal: BusSignal) => void>()
  readonly #endListeners = new Set<() => void>()
  #received: Buffer
  #serial = 0
  #isEnded = false
  #name = ''

  private constructor(socket: Socket, rest: Buffer) {
    this.#socket = socket
    this.#received = rest
    socket.on('data', (data) => {
      this.#received = this.#received.length === 0 ? data : Buffer.concat([this.#received, data])
      this.#read()
    })
    socket.on('error', () => this.#end())
    socket.on('close', () => this.#end())
  }

  /**
   * Connects to the bus that the environment names. Throws where there is none, or it does not answer in time.
   */
  static async open(env: NodeJS.ProcessEnv): Promise<SessionBus> {
    const path = /(?:^|;)unix:(?:[^;]*,)?path=([^,;]+)/u.exec(env.DBUS_SESSION_BUS_ADDRESS ?? '')?.[1]
    const uid = process.getuid?.()
    if (path === undefined || uid === undefined) throw new Error('no session bus')
    const socket = connect(decodeURIComponent(path))
    // One that breaks while nobody else listens, such as under the last word of the greeting, is no error of ours.
    socket.on('error', () => undefined)
    try {
      const rest = await authenticate(socket, uid)
      const bus = new SessionBus(socket, rest)
      const [name] = await bus.call({ ...BUS, member: 'Hello' }, CONNECT_LIMIT_MS)
      bus.#name = typeof name === 'string' ? name : ''
      return bus
    } catch (thrown) {
      socket.destroy()
      throw thrown
    }
  }

  /** Our own name on the bus, such as `:1.42`. */
  get name(): string {
    return this.#name
  }

  /** Asks, and waits for the answer. Throws BusError for an answer that is an error. */
  call(wanted: BusCall, limitMs = CALL_LIMIT_MS): Promise<readonly BusValue[]> {
    return new Promise((resolve, reject) => {
      if (this.#isEnded) {
        reject(new Error('the bus is gone'))
        return
      }
      this.#serial += 1
      const serial = this.#serial
      const timer = setTimeout(() => {
        this.#waiting.delete(serial)
        reject(new Error('the bus does not answer'))
      }, limitMs)
      this.#waiting.set(serial, { resolve, reject, timer })
      const { destination, path, interface: of, member, signature, args } = wanted
      const fields: [number, Variant][] = [
        [FIELD.path, new Variant('o', path)],
        [FIELD.interface, new Variant('s', of)],
        [FIELD.member, new Variant('s', member)],
        [FIELD.destination, new Variant('s', destination)],
      ]
      this.#socket.write(encodeMessage(CALL, serial, fields, signature, args))
    })
  }

  /** Hears signals: those that are sent to us, and those that a match rule was added for. */
  onSignal(listener: (signal: BusSignal) => void): void {
    this.#listeners.add(listener)
  }

  /** Called once, when the connection ends other than by leave(); at once when it has. */
  onEnd(listener: () => void): void {
    if (this.#isEnded) listener()
    else this.#endListeners.add(listener)
  }

  #end(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#socket.destroy()
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer)
      reject(new Error('the bus is gone'))
    }
    this.#waiting.clear()
    for (const listener of this.#endListeners) listener()
  }

  /** Ends the connection, which is no news to who listens. */
  leave(): void {
    this.#endListeners.clear()
    this.#listeners.clear()
    this.#end()
  }

  #read(): void {
    try {
      for (let next = takeMessage(this.#received); next !== null; next = takeMessage(this.#received)) {
        this.#received = next.rest
        this.#take(next.message)
        if (this.#isEnded) return
      }
    } catch {
      this.#end()
    }
  }

  #take({ type, fields, args }: BusMessage): void {
    if (type === SIGNAL) {
      const text = (code: number): string => textOf(fields.get(code))
      const { path, interface: of, member, sender } = FIELD
      const signal = { path: text(path), interface: text(of), member: text(member), sender: text(sender), args }
      for (const listener of [...this.#listeners]) listener(signal)
      return
    }
    if (type !== RETURN && type !== ERROR) return
    const serial = Number(fields.get(FIELD.replySerial))
    const waiting = this.#waiting.get(serial)
    if (waiting === undefined) return
    this.#waiting.delete(serial)
    clearTimeout(waiting.timer)
    if (type === RETURN) waiting.resolve(args)
    else waiting.reject(new BusError(textOf(fields.get(FIELD.errorName))))
  }
}

/** @returns what the bus sent after it had said yes */
function authenticate(socket: Socket, uid: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let received = Buffer.alloc(0)
    const end = (): void => {
      clearTimeout(timer)
      socket.off('data', take)
      socket.off('error', fail)
      socket.off('close', fail)
    }
    const fail = (): void => {
      end()
      reject(new Error('no session bus'))
    }
    const take = (data: Buffer): void => {
      received = Buffer.concat([received, data])
      const lineEnd = received.indexOf('\r\n')
      if (lineEnd === -1 && received.length < 4096) return
      if (!received.subarray(0, 3).equals(Buffer.from('OK '))) {
        fail()
        return
      }
      end()
      socket.write('BEGIN\r\n')
      resolve(received.subarray(lineEnd + 2))
    }
    const timer = setTimeout(fail, CONNECT_LIMIT_MS)
    socket.on('data', take)
    socket.on('error', fail)
    socket.on('close', fail)
    socket.write(`\0AUTH EXTERNAL ${Buffer.from(String(uid)).toString('hex')}\r\n`)
  })
}

// ---- messages ----

const LITTLE_ENDIAN = 0x6c

export interface BusMessage {
  type: number
  serial: number
  /** By their code, see FIELD. */
  fields: ReadonlyMap<number, BusValue>
  args: readonly BusValue[]
}

/** A message as bytes. `signature` holds the types of `args`. */
export function encodeMessage(
  type: number,
  serial: number,
  fields: readonly (readonly [number, Variant])[],
  signature = '',
  args: readonly BusValue[] = [],
): Buffer {
  const body = new Writer()
  body.writeAll(signature, args)
  const all: BusValue[] =
    signature === '' ? [...fields] : [...fields, [FIELD.signature, new Variant('g', signature)] as const]
  const head = new Writer()
  head.writeAll('yyyyuua(yv)', [LITTLE_ENDIAN, type, 0, 1, body.length, serial, all])
  head.align(8)
  return Buffer.concat([head.bytes(), body.bytes()])
}

/**
 * Takes one message off what was received; null while it is not whole. Throws for what is no message, after which nobody
 * knows where the next one begins.
 */
export function takeMessage(received: Buffer): { message: BusMessage; rest: Buffer } | null {
  if (received.length < 16) return null
  if (received[0] !== LITTLE_ENDIAN) throw new Error('not little-endian')
  const headBytes = align(16 + received.readUInt32LE(12), 8)
  const endBytes = headBytes + received.readUInt32LE(4)
  if (endBytes > MAX_MESSAGE_BYTES) throw new Error('too long')
  if (received.length < endBytes) return null
  const [, type, , , , serial, pairs] = new Reader(received.subarray(0, headBytes)).readAll('yyyyuua(yv)')
  const fields = new Map<number, BusValue>()
  for (const pair of listOf(pairs ?? [])) {
    const [code, value] = listOf(pair)
    if (value !== undefined) fields.set(Number(code), value)
  }
  // The body is aligned by itself: the head ends at a multiple of eight.
  const body = new Reader(received.subarray(headBytes, endBytes))
  const signature = textOf(fields.get(FIELD.signature))
  if (signature.length > MAX_SIGNATURE_BYTES) throw new Error('too many types')
  const args = body.readAll(signature)
  return { message: { type: Number(type), serial: Number(serial), fields, args }, rest: received.subarray(endBytes) }
}

const ALIGNMENT: Readonly<Record<string, number>> = {
  y: 1,
  g: 1,
  v: 1,
  b: 4,
  i: 4,
  u: 4,
  s: 4,
  o: 4,
  a: 4,
  t: 8,
  '(': 8,
  '{': 8,
}

function align(at: number, to: number): number {
  return Math.ceil(at / to) * to
}

/** Takes one whole type off the front of a signature: `a{sv}u` → `a{sv}`. */
function firstType(signature: string): string {
  const first = signature[0] ?? ''
  if (first === 'a') return `a${firstType(signature.slice(1))}`
  const end = first === '(' ? ')' : first === '{' ? '}' : null
  if (end === null) {
    if (ALIGNMENT[first] === undefined) throw new Error('a type that is not known')
    return first
  }
  let at = 1
  while (signature[at] !== end) at += firstType(signature.slice(at)).length
  // It would take no bytes, and an array of it would have no end.
  if (at === 1) throw new Error('a struct of nothing')
  return signature.slice(0, at + 1)
}

function typesOf(signature: string): string[] {
  const types: string[] = []
  for (let rest = signature; rest !== ''; rest = rest.slice(types.at(-1)?.length)) types.push(firstType(rest))
  return types
}

class Writer {
  readonly #parts: Buffer[] = []
  #length = 0

  get length(): number {
    return this.#length
  }

  bytes(): Buffer {
    return Buffer.concat(this.#parts)
  }

  align(to: number): void {
    this.#push(Buffer.alloc(align(this.#length, to) - this.#length))
  }

  writeAll(signature: string, values: readonly BusValue[]): void {
    for (const [index, type] of typesOf(signature).entries()) this.#write(type, values[index] ?? '')
  }

  #write(type: string, value: BusValue): void {
    this.align(ALIGNMENT[type[0] ?? ''] ?? 1)
    switch (type.charAt(0)) {
      case 'y':
        return this.#push(Buffer.from([Number(value)]))
      case 'b':
      case 'u':
        return this.#number(Number(value))
      case 'i': {
        const bytes = Buffer.alloc(4)
        bytes.writeInt32LE(Number(value))
        return this.#push(bytes)
      }
      case 't': {
        const bytes = Buffer.alloc(8)
        bytes.writeBigUInt64LE(typeof value === 'bigint' ? value : 0n)
        return this.#push(bytes)
      }
      case 's':
      case 'o': {
        const text = Buffer.from(`${textOf(value)}\0`)
        this.#number(text.length - 1)
        return this.#push(text)
      }
      case 'g': {
        const text = Buffer.from(`${textOf(value)}\0`)
        return this.#push(Buffer.concat([Buffer.from([text.length - 1]), text]))
      }
      case 'v': {
        if (!(value instanceof Variant)) throw new TypeError('a variant has to say its type')
        this.#write('g', value.signature)
        return this.#write(value.signature, value.value)
      }
      case 'a':
        return this.#writeArray(type.slice(1), listOf(value))
      default:
        this.writeAll(type.slice(1, -1), listOf(value))
    }
  }

  #writeArray(type: string, values: readonly BusValue[]): void {
    const lengthAt = this.#parts.length
    this.#number(0)
    this.align(ALIGNMENT[type[0] ?? ''] ?? 1)
    const begin = this.#length
    for (const value of values) this.#write(type, value)
    const length = Buffer.alloc(4)
    length.writeUInt32LE(this.#length - begin)
    this.#parts[lengthAt] = length
  }

  #number(value: number): void {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32LE(value)
    this.#push(bytes)
  }

  #push(bytes: Buffer): void {
    this.#parts.push(bytes)
    this.#length += bytes.length
  }
}

function listOf(value: BusValue): readonly BusValue[] {
  if (!Array.isArray(value)) throw new TypeError('a list is wanted')
  return value as readonly BusValue[]
}

/** Throws where a length or a type leads out of the message. */
class Reader {
  #at = 0

  constructor(private readonly bytes: Buffer) {}

  readAll(signature: string): BusValue[] {
    return typesOf(signature).map((type) => this.#read(type, 0))
  }

  #read(type: string, depth: number): BusValue {
    if (depth > MAX_DEPTH) throw new Error('too deep')
    this.#at = align(this.#at, ALIGNMENT[type[0] ?? ''] ?? 1)
    switch (type.charAt(0)) {
      case 'y':
        return this.#take(1).readUInt8()
      case 'b':
        return this.#take(4).readUInt32LE() === 1
      case 'i':
        return this.#take(4).readInt32LE()
      case 'u':
        return this.#take(4).readUInt32LE()
      case 't':
        return this.#take(8).readBigUInt64LE()
      case 's':
      case 'o':
        return this.#text(this.#take(4).readUInt32LE())
      case 'g':
        return this.#text(this.#take(1).readUInt8())
      case 'v': {
        const [inner = '', ...others] = typesOf(this.#text(this.#take(1).readUInt8()))
        if (others.length > 0) throw new Error('a variant holds one value')
        return this.#read(inner, depth + 1)
      }
      case 'a': {
        const inner = type.slice(1)
        const length = this.#take(4).readUInt32LE()
        this.#at = align(this.#at, ALIGNMENT[inner[0] ?? ''] ?? 1)
        const end = this.#at + length
        const values: BusValue[] = []
        while (this.#at < end) values.push(this.#read(inner, depth + 1))
        return values
      }
      default:
        return typesOf(type.slice(1, -1)).map((each) => this.#read(each, depth + 1))
    }
  }

  #text(length: number): string {
    const text = this.#take(length).toString('utf8')
    this.#take(1)
    return text
  }

  #take(length: number): Buffer {
    const end = this.#at + length
    if (end > this.bytes.length) throw new Error('shorter than it says')
    const taken = this.bytes.subarray(this.#at, end)
    this.#at = end
    return taken
  }
}
