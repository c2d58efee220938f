import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { hasCompositor, hasTrayHost, isWayland } from '../../../src/main/linux-desktop'

const servers: Server[] = []
const sockets: Socket[] = []
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))))
})

async function listen(path: string, talk: (socket: Socket) => void): Promise<void> {
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => undefined)
    talk(socket)
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(path, resolve))
}

/** A session bus that knows one thing: whether a StatusNotifier host is there. Written from the D-Bus specification. */
async function startBus(knows: { hasWatcher: boolean; hasHost: boolean }): Promise<string> {
  const path = join(mkdtempSync(join(tmpdir(), 'parley-bus-')), 'bus')
  await listen(path, (socket) => {
    let received = Buffer.alloc(0)
    let isOpen = false
    socket.on('data', (data) => {
      received = Buffer.concat([received, data])
      if (!isOpen && received.includes('AUTH EXTERNAL ') && received.includes('\r\n')) {
        isOpen = true
        socket.write('OK 0123456789abcdef\r\n')
        received = Buffer.alloc(0)
        return
      }
      if (received.includes('BEGIN\r\n')) received = received.subarray(received.indexOf('BEGIN\r\n') + 7)
      for (;;) {
        if (received.length < 16) return
        const end = 16 + Math.ceil(received.readUInt32LE(12) / 8) * 8 + received.readUInt32LE(4)
        if (received.length < end) return
        const message = received.subarray(0, end).toString('latin1')
        const serial = received.readUInt32LE(8)
        received = received.subarray(end)
        if (message.includes('Hello')) {
          // A signal in front of the answer, as a real bus sends it.
          socket.write(reply(4, 99, 's', Buffer.from('\x04\0\0\0:1.1\0', 'latin1')))
          socket.write(reply(2, serial, 's', Buffer.from('\x04\0\0\0:1.1\0', 'latin1')))
        } else if (message.includes('NameHasOwner')) {
          const isOwned = knows.hasWatcher && message.includes('org.kde.StatusNotifierWatcher')
          socket.write(reply(2, serial, 'b', boolean(isOwned)))
        } else if (message.includes('IsStatusNotifierHostRegistered')) {
          const variant = Buffer.concat([Buffer.from('\x01b\0\0', 'latin1'), boolean(knows.hasHost)])
          socket.write(reply(2, serial, 'v', variant))
        } else {
          socket.write(reply(3, serial, '', Buffer.alloc(0)))
        }
      }
    })
  })
  return `unix:path=${path},guid=0123456789abcdef`
}

/** A message of the bus, written byte by byte: 2 is an answer, 3 an error, 4 a signal. */
function reply(type: number, serial: number, signature: string, body: Buffer): Buffer {
  const serialField = Buffer.from('\x05\x01u\0\0\0\0\0', 'latin1')
  serialField.writeUInt32LE(serial, 4)
  const signatureField = Buffer.from(`\x08\x01g\0${String.fromCharCode(signature.length)}${signature}\0`, 'latin1')
  const fields = signature === '' ? serialField : Buffer.concat([serialField, signatureField])
  const head = Buffer.alloc(16)
  head.write('l')
  head[1] = type
  head[3] = 1
  head.writeUInt32LE(body.length, 4)
  head.writeUInt32LE(1, 8)
  head.writeUInt32LE(fields.length, 12)
  return Buffer.concat([head, fields, Buffer.alloc((8 - (fields.length % 8)) % 8), body])
}

function boolean(value: boolean): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value ? 1 : 0)
  return bytes
}

const COOKIE = Buffer.from('0123456789abcdef0123456789abcdef', 'hex')

/** An X server that knows who owns which selection. Display numbers from 5,000 on belong to no real one. */
async function startDisplay(options: { owned: string[]; cookie?: Buffer }): Promise<{ DISPLAY: string }> {
  const number = 5000 + Math.floor(Math.random() * 50_000)
  const path = `/tmp/.X11-unix/X${number}`
  mkdirSync('/tmp/.X11-unix', { recursive: true, mode: 0o1777 })
  rmSync(path, { force: true })
  await listen(path, (socket) => {
    const atoms: string[] = []
    let received = Buffer.alloc(0)
    let isOpen = false
    socket.on('data', (data) => {
      received = Buffer.concat([received, data])
      if (!isOpen) {
        const nameLength = received.readUInt16LE(6)
        const dataAt = 12 + Math.ceil(nameLength / 4) * 4
        const given = received.subarray(dataAt, dataAt + received.readUInt16LE(8))
        isOpen = true
        received = Buffer.alloc(0)
        const isWelcome = options.cookie === undefined || given.equals(options.cookie)
        const head = Buffer.from([isWelcome ? 1 : 0, 0, 11, 0, 0, 0, 2, 0])
        socket.write(Buffer.concat([head, Buffer.alloc(8)]))
        return
      }
      while (received.length >= 4 && received.length >= 4 * received.readUInt16LE(2)) {
        const request = received.subarray(0, 4 * received.readUInt16LE(2))
        received = received.subarray(request.length)
        const answer = Buffer.alloc(32)
        answer[0] = 1
        if (request[0] === 16) {
          const name = request.subarray(8, 8 + request.readUInt16LE(4)).toString()
          // Asked for with "only if it exists".
          answer.writeUInt32LE(request[1] === 1 && options.owned.includes(name) ? atoms.push(name) + 100 : 0, 8)
        } else if (request[0] === 23) {
          answer.writeUInt32LE(atoms[request.readUInt32LE(4) - 101] === undefined ? 0 : 0x400001, 8)
        }
        socket.write(answer)
      }
    })
  })
  return { DISPLAY: `:${number}` }
}

function authority(display: string, cookie: Buffer): string {
  const file = join(mkdtempSync(join(tmpdir(), 'parley-x-')), 'authority')
  const field = (bytes: Buffer): Buffer => {
    const length = Buffer.alloc(2)
    length.writeUInt16BE(bytes.length)
    return Buffer.concat([length, bytes])
  }
  const entry = (number: string, data: Buffer): Buffer =>
    Buffer.concat([
      Buffer.from([1, 0]),
      ...[Buffer.from('host'), Buffer.from(number), Buffer.from('MIT-MAGIC-COOKIE-1'), data].map(field),
    ])
  writeFileSync(file, Buffer.concat([entry('99999', Buffer.alloc(16)), entry(display.slice(1), cookie)]))
  return file
}

const TRAY = '_NET_SYSTEM_TRAY_S0'

describe('the Linux desktop', () => {
  it('finds a tray host on the session bus', async () => {
    const address = await startBus({ hasWatcher: true, hasHost: true })
    expect(await hasTrayHost({ DBUS_SESSION_BUS_ADDRESS: address })).toBe(true)
  })

  it.each([
    { hasWatcher: false, hasHost: true },
    { hasWatcher: true, hasHost: false },
  ])('finds none where nobody shows icons: %o', async (knows) => {
    expect(await hasTrayHost({ DBUS_SESSION_BUS_ADDRESS: await startBus(knows) })).toBe(false)
  })

  it('finds a tray of X11, and a compositing manager', async () => {
    const env = await startDisplay({ owned: [TRAY] })
    expect([await hasTrayHost(env), await hasCompositor(env)]).toEqual([true, false])
    const other = await startDisplay({ owned: ['_NET_WM_CM_S0'] })
    expect([await hasTrayHost(other), await hasCompositor(other)]).toEqual([false, true])
  })

  it('asks for the screen that the display names', async () => {
    const { DISPLAY } = await startDisplay({ owned: ['_NET_SYSTEM_TRAY_S1'] })
    expect([await hasTrayHost({ DISPLAY }), await hasTrayHost({ DISPLAY: `${DISPLAY}.1` })]).toEqual([false, true])
  })

  it('brings the secret of the display', async () => {
    const { DISPLAY } = await startDisplay({ owned: [TRAY], cookie: COOKIE })
    expect(await hasTrayHost({ DISPLAY, XAUTHORITY: authority(DISPLAY, COOKIE) })).toBe(true)
    expect(await hasTrayHost({ DISPLAY, XAUTHORITY: authority(DISPLAY, Buffer.alloc(16)) })).toBe(false)
  })

  it('counts as no what cannot be asked, within a second', async () => {
    const silent = join(mkdtempSync(join(tmpdir(), 'parley-bus-')), 'bus')
    await listen(silent, () => undefined)
    const rude = join(mkdtempSync(join(tmpdir(), 'parley-bus-')), 'bus')
    await listen(rude, (socket) => socket.end('REJECTED\r\n'))
    const startedMs = performance.now()
    for (const env of [
      {},
      { DISPLAY: 'remote:0', DBUS_SESSION_BUS_ADDRESS: 'tcp:host=localhost,port=1' },
      { DISPLAY: ':4999', DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nowhere' },
      { DBUS_SESSION_BUS_ADDRESS: `unix:path=${silent}` },
      { DBUS_SESSION_BUS_ADDRESS: `unix:path=${rude}` },
    ]) {
      expect(await hasTrayHost(env)).toBe(false)
    }
    expect(performance.now() - startedMs).toBeLessThan(2000)
  })

  it('takes Wayland at its word', async () => {
    expect(await hasCompositor({ XDG_SESSION_TYPE: 'wayland' })).toBe(true)
    expect(isWayland({ WAYLAND_DISPLAY: 'wayland-0' })).toBe(true)
    expect(isWayland({ XDG_SESSION_TYPE: 'x11', WAYLAND_DISPLAY: '' })).toBe(false)
  })
})
