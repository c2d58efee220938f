import { readFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { BUS, SessionBus } from './session-bus'

/**
 * Questions to a Linux desktop that Electron has no answer to: whether anything shows tray icons, and whether windows
 * may be see-through. Electron makes a Tray either way; without a host nobody ever sees it. The X server is asked
 * in its own language, in the few bytes it takes.
 */

const TIMEOUT_MS = 500

/**
 * Whether a tray icon would be seen: a host for StatusNotifier items on the session bus, or an owner of the system tray
 * of the X11 screen. What cannot be asked counts as no: a window that nobody can bring back must not be hidden.
 */
export async function hasTrayHost(env: NodeJS.ProcessEnv): Promise<boolean> {
  const answers = await Promise.all([
    orFalse(hasStatusNotifierHost(env)),
    orFalse(isSelectionOwned(env, (screen) => `_NET_SYSTEM_TRAY_S${screen}`)),
  ])
  return answers.includes(true)
}

/** Whether see-through windows are drawn as such: always on Wayland, with a compositing manager on X11. */
export async function hasCompositor(env: NodeJS.ProcessEnv): Promise<boolean> {
  if (isWayland(env)) return true
  return orFalse(isSelectionOwned(env, (screen) => `_NET_WM_CM_S${screen}`))
}

/** Whether the session is a Wayland one: there no program may grab a key by itself, not even through XWayland. */
export function isWayland(env: NodeJS.ProcessEnv): boolean {
  return env.XDG_SESSION_TYPE === 'wayland' || (env.WAYLAND_DISPLAY ?? '') !== ''
}

const DESKTOPS = [
  'GNOME',
  'KDE',
  'XFCE',
  'Cinnamon',
  'MATE',
  'LXQt',
  'Budgie',
  'Pantheon',
  'COSMIC',
  'sway',
  'Hyprland',
]

/** The desktop of the session, as it writes itself; null for one that is not known, since anything can be in there. */
export function desktopName(env: NodeJS.ProcessEnv): string | null {
  const words = (env.XDG_CURRENT_DESKTOP ?? '').toLowerCase().split(':')
  return DESKTOPS.find((name) => words.includes(name.toLowerCase())) ?? null
}

async function orFalse(question: Promise<boolean>): Promise<boolean> {
  return question.catch(() => false)
}

/** One connection that is closed whatever happens, and answers within the time or fails. */
async function converse<T>(path: string, talk: (line: Line) => Promise<T>): Promise<T> {
  const socket = connect(path)
  socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error('timeout')))
  try {
    return await talk(new Line(socket))
  } finally {
    socket.destroy()
  }
}

/** A socket that is read in exact numbers of bytes. */
class Line {
  #received = Buffer.alloc(0)
  #failure: Error | null = null
  #wake: () => void = () => undefined

  constructor(private readonly socket: Socket) {
    socket.on('data', (data) => {
      this.#received = Buffer.concat([this.#received, data])
      this.#wake()
    })
    socket.on('error', (error) => this.#end(error))
    socket.on('close', () => this.#end(new Error('closed')))
  }

  write(data: Buffer | string): void {
    this.socket.write(data)
  }

  async read(bytes: number): Promise<Buffer> {
    while (this.#received.length < bytes) {
      if (this.#failure !== null) throw this.#failure
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
    const read = this.#received.subarray(0, bytes)
    this.#received = this.#received.subarray(bytes)
    return read
  }

  #end(error: Error): void {
    this.#failure ??= error
    this.#wake()
  }
}

// ---- X11: InternAtom and GetSelectionOwner (X Window System Protocol, chapters 8 and 9) ----

async function isSelectionOwned(env: NodeJS.ProcessEnv, selection: (screen: string) => string): Promise<boolean> {
  const display = /^(?:unix)?:(\d+)(?:\.(\d+))?$/u.exec(env.DISPLAY ?? '')
  if (display === null) return false
  const [, number = '0', screen = '0'] = display
  const cookie = await findCookie(env, number)
  return converse(`/tmp/.X11-unix/X${number}`, async (line) => {
    const name = cookie === null ? Buffer.alloc(0) : Buffer.from(COOKIE_NAME)
    const data = cookie ?? Buffer.alloc(0)
    const setup = Buffer.alloc(12)
    setup.write('l', 0)
    setup.writeUInt16LE(11, 2)
    setup.writeUInt16LE(name.length, 6)
    setup.writeUInt16LE(data.length, 8)
    line.write(Buffer.concat([setup, pad(name, 4), pad(data, 4)]))
    const answer = await line.read(8)
    await line.read(4 * answer.readUInt16LE(6))
    if (answer[0] !== 1) return false

    const wanted = Buffer.from(selection(screen))
    const internAtom = Buffer.alloc(8)
    internAtom[0] = 16
    // Only if it exists: an atom that nobody has made has no owner.
    internAtom[1] = 1
    internAtom.writeUInt16LE(2 + pad(wanted, 4).length / 4, 2)
    internAtom.writeUInt16LE(wanted.length, 4)
    line.write(Buffer.concat([internAtom, pad(wanted, 4)]))
    const atom = (await line.read(32)).readUInt32LE(8)
    if (atom === 0) return false

    const getSelectionOwner = Buffer.alloc(8)
    getSelectionOwner[0] = 23
    getSelectionOwner.writeUInt16LE(2, 2)
    getSelectionOwner.writeUInt32LE(atom, 4)
    line.write(getSelectionOwner)
    return (await line.read(32)).readUInt32LE(8) !== 0
  })
}

const COOKIE_NAME = 'MIT-MAGIC-COOKIE-1'

/** The secret of a display from the authority file: entries of a family and four counted fields, all big-endian. */
async function findCookie(env: NodeJS.ProcessEnv, display: string): Promise<Buffer | null> {
  const file = await readFile(env.XAUTHORITY ?? join(homedir(), '.Xauthority')).catch(() => Buffer.alloc(0))
  let at = 0
  while (at + 2 < file.length) {
    at += 2
    const [, number, name, data] = [0, 1, 2, 3].map(() => {
      const length = at + 2 <= file.length ? file.readUInt16BE(at) : 0
      const field = file.subarray(at + 2, at + 2 + length)
      at += 2 + length
      return field
    })
    const isForDisplay = number?.toString() === display || number?.length === 0
    if (isForDisplay && name?.toString() === COOKIE_NAME && data !== undefined) return data
  }
  return null
}

// ---- D-Bus: one property of the StatusNotifier watcher ----

const WATCHER = 'org.kde.StatusNotifierWatcher'

async function hasStatusNotifierHost(env: NodeJS.ProcessEnv): Promise<boolean> {
  const bus = await SessionBus.open(env)
  try {
    // Asked first: a question to a service that is not there would make the bus start one.
    const [hasOwner] = await bus.call({ ...BUS, member: 'NameHasOwner', signature: 's', args: [WATCHER] }, TIMEOUT_MS)
    if (hasOwner !== true) return false
    const [isRegistered] = await bus.call(
      {
        destination: WATCHER,
        path: '/StatusNotifierWatcher',
        interface: 'org.freedesktop.DBus.Properties',
        member: 'Get',
        signature: 'ss',
        args: [WATCHER, 'IsStatusNotifierHostRegistered'],
      },
      TIMEOUT_MS,
    )
    return isRegistered === true
  } finally {
    bus.leave()
  }
}

function pad(bytes: Buffer, to: number): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((to - (bytes.length % to)) % to)])
}
