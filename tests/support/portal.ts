/** A session bus with a desktop portal on it that holds shortcuts, or refuses them (XDG Desktop Portal, GlobalShortcuts). */
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  CALL,
  encodeMessage,
  ERROR,
  FIELD,
  RETURN,
  SIGNAL,
  takeMessage,
  textOf,
  Variant,
  type BusMessage,
  type BusValue,
} from '../../src/main/session-bus'

export interface FakePortal {
  /** What a program needs to find the bus. */
  env: { DBUS_SESSION_BUS_ADDRESS: string }
  /** Every key that was asked for, as the portal was told of it. */
  asked: string[]
  /** What becomes of the next questions; `hold` lets the person think until `answer()`. */
  mode: 'yes' | 'no' | 'hold' | 'no-keys' | 'left-out' | 'last-left-out' | 'unknown'
  /** The person answers what was held back. */
  answer(isYes: boolean): void
  /** Sessions that live: each holds the keys of one program. */
  held(): number
  press(id?: string): void
  /** The desktop gives a shortcut other keys. */
  change(trigger: string, id?: string): void
  /** The portal ends, and with it what it held; the bus goes on. */
  die(): void
  close(): Promise<void>
}

const PORTAL = 'org.freedesktop.portal.Desktop'
const PATH = '/org/freedesktop/portal/desktop'
const SHORTCUTS = 'org.freedesktop.portal.GlobalShortcuts'

export async function startPortal(): Promise<FakePortal> {
  const folder = await mkdtemp(join(tmpdir(), 'parley-portal-'))
  const path = join(folder, 'bus')
  const peers = new Map<Socket, string | null>()
  let serial = 0
  let waiting: ((isYes: boolean) => void) | null = null

  const send = (socket: Socket, fields: [number, Variant][], type: number, signature = '', args: BusValue[] = []) => {
    serial += 1
    if (!socket.destroyed) socket.write(encodeMessage(type, serial, fields, signature, args))
  }
  const signal = (socket: Socket, at: string, of: string, member: string, signature: string, args: BusValue[]) =>
    send(
      socket,
      [
        [FIELD.path, new Variant('o', at)],
        [FIELD.interface, new Variant('s', of)],
        [FIELD.member, new Variant('s', member)],
        [FIELD.sender, new Variant('s', ':1.7')],
      ],
      SIGNAL,
      signature,
      args,
    )
  const listOf = (trigger: string, ids: readonly string[]): BusValue =>
    ids.map((id) => [id, [['trigger_description', new Variant('s', trigger)]]])

  const obey = (socket: Socket, { serial: of, fields, args }: BusMessage): void => {
    const member = textOf(fields.get(FIELD.member))
    const reply = (signature = '', values: BusValue[] = []) =>
      send(socket, [[FIELD.replySerial, new Variant('u', of)]], RETURN, signature, values)
    const refuse = (name: string) =>
      send(
        socket,
        [
          [FIELD.errorName, new Variant('s', name)],
          [FIELD.replySerial, new Variant('u', of)],
        ],
        ERROR,
      )
    const optionsOf = (value: BusValue | undefined) => new Map(value as readonly (readonly [string, BusValue])[])
    const request = `${PATH}/request/1_2/t${of}`
    const respond = (response: number, results: BusValue[]) =>
      signal(socket, request, 'org.freedesktop.portal.Request', 'Response', 'ua{sv}', [response, results])
    switch (member) {
      case 'Hello':
        reply('s', [':1.2'])
        return
      case 'AddMatch':
        reply()
        return
      case 'CreateSession': {
        if (portal.mode === 'unknown') {
          refuse('org.freedesktop.DBus.Error.UnknownMethod')
          return
        }
        const token = textOf(optionsOf(args[0]).get('session_handle_token'))
        // The answer comes before we say where, as it does on a busy machine.
        respond(0, [['session_handle', new Variant('s', `${PATH}/session/1_2/${token}`)]])
        reply('o', [request])
        return
      }
      case 'BindShortcuts': {
        const [session, shortcuts] = args
        const list = shortcuts as readonly (readonly [string, BusValue])[]
        const ids = list.map(([id]) => id)
        for (const [, facts] of list) portal.asked.push(textOf(optionsOf(facts).get('preferred_trigger')))
        reply('o', [request])
        const decide = (isYes: boolean): void => {
          if (!isYes) {
            respond(1, [])
            return
          }
          peers.set(socket, textOf(session))
          const bound = { 'left-out': [], 'last-left-out': ids.slice(0, -1) }[portal.mode as string] ?? ids
          const trigger = portal.mode === 'no-keys' ? '' : 'Ctrl+Alt+P'
          respond(0, [['shortcuts', new Variant('a(sa{sv})', listOf(trigger, bound))]])
        }
        if (portal.mode === 'hold') waiting = decide
        else decide(portal.mode !== 'no')
        return
      }
      case 'Get':
        if (portal.mode === 'unknown') refuse('org.freedesktop.DBus.Error.InvalidArgs')
        else if (args[0] === 'org.freedesktop.portal.ScreenCast' && args[1] === 'version')
          reply('v', [new Variant('u', 5)])
        else refuse('org.freedesktop.DBus.Error.InvalidArgs')
        return
      default:
        refuse('org.freedesktop.DBus.Error.UnknownMethod')
    }
  }

  const server = createServer((socket) => {
    peers.set(socket, null)
    socket.on('error', () => undefined)
    socket.on('close', () => peers.delete(socket))
    let received: Buffer = Buffer.alloc(0)
    let isOpen = false
    socket.on('data', (data) => {
      received = Buffer.concat([received, data])
      if (!isOpen) {
        if (!received.includes('BEGIN\r\n')) {
          if (received.includes('\r\n')) socket.write('OK 0123456789abcdef0123456789abcdef\r\n')
          return
        }
        isOpen = true
        received = received.subarray(received.indexOf('BEGIN\r\n') + 7)
      }
      for (let next = takeMessage(received); next !== null; next = takeMessage(received)) {
        received = next.rest
        if (next.message.type === CALL) obey(socket, next.message)
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))

  const holders = () => [...peers].flatMap(([socket, session]) => (session === null ? [] : [{ socket, session }]))
  const portal: FakePortal = {
    env: { DBUS_SESSION_BUS_ADDRESS: `unix:path=${path}` },
    asked: [],
    mode: 'yes',
    answer: (isYes) => {
      waiting?.(isYes)
      waiting = null
    },
    held: () => holders().length,
    press: (id = 'quick-ask') => {
      for (const { socket, session } of holders()) {
        signal(socket, PATH, SHORTCUTS, 'Activated', 'osta{sv}', [session, id, 1n, []])
      }
    },
    change: (trigger, id = 'quick-ask') => {
      for (const { socket, session } of holders()) {
        signal(socket, PATH, SHORTCUTS, 'ShortcutsChanged', 'oa(sa{sv})', [session, listOf(trigger, [id])])
      }
    },
    die: () => {
      for (const socket of peers.keys()) {
        peers.set(socket, null)
        const bus = 'org.freedesktop.DBus'
        signal(socket, '/org/freedesktop/DBus', bus, 'NameOwnerChanged', 'sss', [PORTAL, ':1.7', ''])
      }
    },
    close: async () => {
      for (const socket of peers.keys()) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
      await rm(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
  return portal
}
