import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import {
  BUS,
  encodeMessage,
  FIELD,
  RETURN,
  SessionBus,
  takeMessage,
  Variant,
  type BusValue,
} from '../../../src/main/session-bus'

/** Written by hand from the D-Bus specification: a return to message 7, with a text and a dictionary. */
const BYTES = Buffer.from(
  [
    '6c020001 20000000 03000000 14000000', // little-endian, return, version 1; 32 bytes of body; serial 3; 20 bytes of fields
    '05017500 07000000', // field 5, of type u: 7
    '08016700 06 73617b73767d 00 00000000', // field 8, of type g: sa{sv}; filled up to a multiple of 8
    '02000000 c3a900 00', // é
    '10000000 00000000', // an array of 16 bytes, which begins at a multiple of 8
    '01000000 6b00 016200 000000 01000000', // k, and a variant of type b: true
  ]
    .join('')
    .replaceAll(' ', ''),
  'hex',
)

describe('a message of the session bus', () => {
  it('is written as the specification says', () => {
    const fields: [number, Variant][] = [[FIELD.replySerial, new Variant('u', 7)]]
    const bytes = encodeMessage(RETURN, 3, fields, 'sa{sv}', ['é', [['k', new Variant('b', true)]]])
    expect(bytes.toString('hex')).toBe(BYTES.toString('hex'))
  })

  it('is read as it was written, and only when it is whole', () => {
    for (let length = 0; length < BYTES.length; length += 1) expect(takeMessage(BYTES.subarray(0, length))).toBeNull()
    const taken = takeMessage(Buffer.concat([BYTES, Buffer.from('rest')]))
    expect(taken?.message).toMatchObject({ type: RETURN, serial: 3, args: ['é', [['k', true]]] })
    expect(taken?.message.fields.get(FIELD.replySerial)).toBe(7)
    expect(taken?.rest.toString()).toBe('rest')
  })

  it('goes there and back with every type we know', () => {
    const signature = 'yibutgos(sa(ib))av'
    const args: BusValue[] = [
      200,
      -5,
      false,
      7,
      9n,
      'a{sv}',
      '/a/b',
      'text',
      ['in', [[1, true]]],
      [new Variant('u', 3)],
    ]
    const { message } = takeMessage(encodeMessage(RETURN, 1, [], signature, args)) ?? {}
    expect(message?.args).toEqual([...args.slice(0, -1), [3]])
  })

  it('is refused when its lengths lead out of it, when its types are not known, and when it is huge', () => {
    const with32 = (at: number, value: number): Buffer => {
      const bytes = Buffer.from(BYTES)
      bytes.writeUInt32LE(value, at)
      return bytes
    }
    expect(() => takeMessage(with32(40, 1000))).toThrow()
    expect(() => takeMessage(with32(4, 0x7fffffff))).toThrow('too long')
    const unknown = Buffer.from(BYTES)
    unknown[29] = 'x'.charCodeAt(0)
    expect(() => takeMessage(unknown)).toThrow()
    const bigEndian = Buffer.from(BYTES)
    bigEndian[0] = 'B'.charCodeAt(0)
    expect(() => takeMessage(bigEndian)).toThrow()
    const deep = encodeMessage(RETURN, 1, [], 's', [''])
    expect(takeMessage(deep)?.message.args).toEqual([''])
  })

  it('is refused when its types would be read for ever: a struct of nothing, and more types than there may be', () => {
    const body = Buffer.alloc(16)
    body.writeUInt32LE(8)
    const withTypes = (types: Variant): Buffer => {
      const head = encodeMessage(RETURN, 1, [[FIELD.signature, types]])
      head.writeUInt32LE(body.length, 4)
      return Buffer.concat([head, body])
    }
    expect(takeMessage(withTypes(new Variant('g', 'ay')))?.message.args).toEqual([[0, 0, 0, 0, 0, 0, 0, 0]])
    expect(() => takeMessage(withTypes(new Variant('g', 'a()')))).toThrow('a struct of nothing')
    expect(() => takeMessage(withTypes(new Variant('g', 'a{}')))).toThrow('a struct of nothing')
    // The bus says what types there are in a signature of 255 bytes; a text can be longer.
    expect(() => takeMessage(withTypes(new Variant('s', `a(${'y'.repeat(300)})`)))).toThrow('too many types')
  })
})

describe('a connection to the session bus', () => {
  const servers: Server[] = []
  const sockets: Socket[] = []
  const folders: string[] = []
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy()
    await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))))
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  })

  /** A bus that answers Hello, and then says what it is told to. */
  async function start(afterHello: (socket: Socket) => void): Promise<NodeJS.ProcessEnv> {
    const folder = mkdtempSync(join(tmpdir(), 'parley-bus-'))
    folders.push(folder)
    const server = createServer((socket) => {
      sockets.push(socket)
      socket.on('error', () => undefined)
      let received: Buffer = Buffer.alloc(0)
      let greetings = 0
      socket.on('data', (data) => {
        received = Buffer.concat([received, data])
        if (greetings === 0) {
          greetings = 1
          received = Buffer.alloc(0)
          socket.write('OK 0123\r\n')
        } else if (greetings === 1 && received.includes('Hello')) {
          greetings = 2
          socket.write(encodeMessage(RETURN, 1, [[FIELD.replySerial, new Variant('u', 1)]], 's', [':1.1']))
          afterHello(socket)
        }
      })
    })
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(join(folder, 'bus'), resolve))
    return { DBUS_SESSION_BUS_ADDRESS: `unix:path=${join(folder, 'bus')}` }
  }

  it('knows its name, fails what nobody answers, and says once when the bus ends', async () => {
    const bus = await SessionBus.open(await start(() => undefined))
    expect(bus.name).toBe(':1.1')
    await expect(bus.call({ ...BUS, member: 'ListNames' }, 50)).rejects.toThrow('does not answer')
    let ends = 0
    const ended = new Promise<void>((resolve) =>
      bus.onEnd(() => {
        ends += 1
        resolve()
      }),
    )
    const open = bus.call({ ...BUS, member: 'ListNames' })
    for (const socket of sockets) socket.destroy()
    await expect(open).rejects.toThrow('gone')
    await ended
    bus.leave()
    expect(ends).toBe(1)
    await expect(bus.call({ ...BUS, member: 'ListNames' })).rejects.toThrow('gone')
  })

  it('ends at the first message that is not understood', async () => {
    const bus = await SessionBus.open(await start((socket) => setImmediate(() => socket.write('Bnonsense nonsense'))))
    await new Promise<void>((resolve) => bus.onEnd(resolve))
    await expect(bus.call({ ...BUS, member: 'ListNames' })).rejects.toThrow('gone')
  })

  it('R29: a bus that is gone under the last word of the greeting is no bus, and nothing else', async () => {
    const unforeseen: unknown[] = []
    const note = (thrown: unknown): void => void unforeseen.push(thrown)
    process.on('uncaughtException', note)
    try {
      const folder = mkdtempSync(join(tmpdir(), 'parley-bus-'))
      folders.push(folder)
      const server = createServer((socket) => {
        socket.on('error', () => undefined)
        socket.once('data', () => {
          socket.end('OK 0123\r\n')
          socket.destroySoon()
        })
      })
      servers.push(server)
      await new Promise<void>((resolve) => server.listen(join(folder, 'bus'), resolve))
      const env = { DBUS_SESSION_BUS_ADDRESS: `unix:path=${join(folder, 'bus')}` }
      for (let time = 0; time < 10; time += 1) await expect(SessionBus.open(env)).rejects.toThrow()
      expect(unforeseen).toEqual([])
    } finally {
      process.off('uncaughtException', note)
    }
  })

  it('is not there without an address, and where nobody listens', async () => {
    await expect(SessionBus.open({})).rejects.toThrow('no session bus')
    const address = `unix:path=${join(tmpdir(), 'parley-no-such-bus')}`
    await expect(SessionBus.open({ DBUS_SESSION_BUS_ADDRESS: address })).rejects.toThrow('no session bus')
  })
})
