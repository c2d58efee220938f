import { readFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { homedir } from 'node:os'
import { join } from 'node:path'

/**
 * Questions to a Linux desktop that Electron has no answer to: whether anything shows tray icons, and whether windows
 * may be see-through. Electron makes a Tray either way; without a host nobody ever sees it. Both servers are asked in
 * their own language, in the few bytes it takes.
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

  async readLine(): Promise<string> {
    let text = ''
    while (!text.endsWith('\r\n')) text += (await this.read(1)).toString('latin1')
    return text
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

// ---- D-Bus: one property of the StatusNotifier watcher (D-Bus Specification, "Message Protocol") ----

const WATCHER = 'org.kde.StatusNotifierWatcher'

async function hasStatusNotifierHost(env: NodeJS.ProcessEnv): Promise<boolean> {
  const path = /(?:^|;)unix:(?:[^;]*,)?path=([^,;]+)/u.exec(env.DBUS_SESSION_BUS_ADDRESS ?? '')?.[1]
  const uid = process.getuid?.()
  if (path === undefined || uid === undefined) return false
  return converse(decodeURIComponent(path), async (line) => {
    line.write(`\0AUTH EXTERNAL ${Buffer.from(String(uid)).toString('hex')}\r\n`)
    if (!(await line.readLine()).startsWith('OK ')) return false
    line.write('BEGIN\r\n')
    const bus = { destination: 'org.freedesktop.DBus', path: '/org/freedesktop/DBus', type: 'org.freedesktop.DBus' }
    await call(line, { ...bus, member: 'Hello', args: [] })
    const hasOwner = await call(line, { ...bus, member: 'NameHasOwner', args: [WATCHER] })
    if (!endsTrue(hasOwner)) return false
    const property = await call(line, {
      destination: WATCHER,
      path: '/StatusNotifierWatcher',
      type: 'org.freedesktop.DBus.Properties',
      member: 'Get',
      args: [WATCHER, 'IsStatusNotifierHostRegistered'],
    })
    return endsTrue(property)
  })
}

interface BusCall {
  destination: string
  path: string
  type: string
  member: string
  /** Strings only. */
  args: string[]
}

/** @returns the body of the answer; null when the answer is an error */
async function call(line: Line, { destination, path, type, member, args }: BusCall): Promise<Buffer | null> {
  const body = args.reduce((before, arg) => Buffer.concat([pad(before, 4), busString(arg)]), Buffer.alloc(0))
  const fields = [
    busField(1, 'o', busString(path)),
    busField(2, 's', busString(type)),
    busField(3, 's', busString(member)),
    busField(6, 's', busString(destination)),
    ...(args.length === 0 ? [] : [busField(8, 'g', busSignature('s'.repeat(args.length)))]),
  ].reduce((before, field) => Buffer.concat([pad(before, 8), field]), Buffer.alloc(0))
  const head = Buffer.alloc(16)
  head.write('l', 0)
  head[1] = 1
  head[3] = 1
  head.writeUInt32LE(body.length, 4)
  head.writeUInt32LE(1, 8)
  head.writeUInt32LE(fields.length, 12)
  line.write(Buffer.concat([head, pad(fields, 8), body]))
  for (;;) {
    const answer = await line.read(16)
    await line.read(Math.ceil(answer.readUInt32LE(12) / 8) * 8)
    const answerBody = await line.read(answer.readUInt32LE(4))
    // 2 is a return, 3 an error; what else comes is a signal. We ask one thing at a time, so the first one is ours.
    if (answer[1] === 2) return answerBody
    if (answer[1] === 3) return null
  }
}

function busString(text: string): Buffer {
  const bytes = Buffer.from(`${text}\0`)
  const length = Buffer.alloc(4)
  length.writeUInt32LE(bytes.length - 1)
  return Buffer.concat([length, bytes])
}

function busSignature(signature: string): Buffer {
  return Buffer.concat([Buffer.from([signature.length]), Buffer.from(`${signature}\0`)])
}

function busField(code: number, signature: string, value: Buffer): Buffer {
  // Code and signature fill four bytes, so a string behind them is aligned already.
  return Buffer.concat([Buffer.from([code]), busSignature(signature), value])
}

/** A boolean is four bytes, and stands last both in an answer of its own and in a variant. */
function endsTrue(body: Buffer | null): boolean {
  return body !== null && body.length >= 4 && body.readUInt32LE(body.length - 4) === 1
}

function pad(bytes: Buffer, to: number): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((to - (bytes.length % to)) % to)])
}
