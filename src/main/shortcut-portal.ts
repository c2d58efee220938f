import { randomBytes } from 'node:crypto'
import { fromElectron } from '../shared/accelerator'
import { BUS, SessionBus, textOf, Variant, type BusSignal, type BusValue } from './session-bus'

/**
 * The keys that a Wayland desktop holds for a program (XDG Desktop Portal, `org.freedesktop.portal.GlobalShortcuts`). The
 * desktop asks the person, may choose other keys than the wished ones, and says so; Electron's own way through the
 * portal answers "yes" before anybody was asked (decision 0017).
 */

export type PortalAnswer =
  /** How the desktop names the keys, by id; empty where it has given none. One that is not there was left out. */
  | { kind: 'held'; triggers: ReadonlyMap<string, string> }
  /** The person said no, to all of them. */
  | { kind: 'refused' }
  /** No session bus, or nobody on it who knows shortcuts. */
  | { kind: 'missing' }

export interface WishedShortcut {
  /** By it the desktop knows the shortcut again. */
  id: string
  /** As Electron writes it: `Control+Shift+Space`. */
  accelerator: string
  /** What the key does, in the language of the person: the desktop shows it. */
  description: string
}

export interface PortalWish {
  shortcuts: readonly WishedShortcut[]
  onPress: (id: string) => void
  /** The desktop has given these other keys, by id. */
  onTriggers: (triggers: ReadonlyMap<string, string>) => void
  /** The desktop holds them no longer: its portal has ended. Called once at most. */
  onLost: () => void
}

export interface HeldShortcuts {
  answer: PortalAnswer
  release: () => void
}

/** Asks the desktop to hold keys. Answers when the person has: that takes as long as they take. Never throws. */
export type HoldShortcuts = (wish: PortalWish, signal: AbortSignal) => Promise<HeldShortcuts>

const PORTAL = 'org.freedesktop.portal.Desktop'
const PORTAL_PATH = '/org/freedesktop/portal/desktop'
const SHORTCUTS = 'org.freedesktop.portal.GlobalShortcuts'
const REQUEST = 'org.freedesktop.portal.Request'
const SESSION = 'org.freedesktop.portal.Session'
/** The base name of our desktop file: by it the desktop knows us again, and asks only once. */
const APP_ID = 'parley'
const NOBODY: HeldShortcuts = { answer: { kind: 'missing' }, release: () => undefined }

/** @param env where the session bus is found */
export function portalShortcuts(env: NodeJS.ProcessEnv): HoldShortcuts {
  return async (wish, signal) => {
    let bus: SessionBus
    try {
      bus = await SessionBus.open(env)
    } catch {
      return NOBODY
    }
    const end = (): void => bus.leave()
    signal.addEventListener('abort', end, { once: true })
    try {
      signal.throwIfAborted()
      const answer = await hold(bus, wish)
      if (answer.kind === 'held') return { answer, release: end }
      end()
      return { answer, release: () => undefined }
    } catch {
      end()
      return NOBODY
    }
  }
}

// The connection is the lease: the desktop lets go of the keys when it ends, however Parley ends.
async function hold(bus: SessionBus, wish: PortalWish): Promise<PortalAnswer> {
  const answers = new Map<string, readonly BusValue[]>()
  const waiting = new Map<string, (args: readonly BusValue[]) => void>()
  let session = ''
  let isLost = false
  const lose = (): void => {
    if (isLost || session === '') return
    isLost = true
    bus.leave()
    wish.onLost()
  }
  bus.onEnd(lose)
  bus.onSignal((signal) => {
    if (signal.interface === REQUEST && signal.member === 'Response') {
      // It may come before the answer that says where it will come.
      answers.set(signal.path, signal.args)
      waiting.get(signal.path)?.(signal.args)
    } else if (isOwnerGone(signal)) {
      for (const answer of waiting.values()) answer([2])
      lose()
    } else if (signal.interface === SESSION && signal.member === 'Closed' && signal.path === session) lose()
    else if (signal.interface === SHORTCUTS && signal.args[0] === session) {
      if (signal.member === 'Activated') wish.onPress(textOf(signal.args[1]))
      if (signal.member === 'ShortcutsChanged') wish.onTriggers(triggersOf(signal.args[1]))
    }
  })
  const listen = (rule: string) => bus.call({ ...BUS, member: 'AddMatch', signature: 's', args: [rule] })
  await listen(`type='signal',sender='${PORTAL}'`)
  await listen(`type='signal',sender='${BUS.destination}',member='NameOwnerChanged',arg0='${PORTAL}'`)

  const portal = { destination: PORTAL, path: PORTAL_PATH }
  // Newer portals want to know who we are before anything else; older ones find it out, and do not know the question.
  await bus
    .call({
      ...portal,
      interface: 'org.freedesktop.host.portal.Registry',
      member: 'Register',
      signature: 'sa{sv}',
      args: [APP_ID, []],
    })
    .catch(() => undefined)

  /** Calls what answers with a signal: first a number, 0 for yes, and then a dictionary. */
  const request = async (member: string, signature: string, args: readonly BusValue[], options: BusValue[]) => {
    const token = ['handle_token', new Variant('s', newToken())]
    const [handle] = await bus.call({
      ...portal,
      interface: SHORTCUTS,
      member,
      signature: `${signature}a{sv}`,
      args: [...args, [token, ...options]],
    })
    const path = textOf(handle)
    const [response, results] =
      answers.get(path) ?? (await new Promise<readonly BusValue[]>((resolve) => waiting.set(path, resolve)))
    waiting.delete(path)
    return { isDone: response === 0, isRefused: response === 1, results }
  }

  const created = await request('CreateSession', '', [], [['session_handle_token', new Variant('s', newToken())]])
  const handle = valueOf(created.results, 'session_handle')
  if (!created.isDone || typeof handle !== 'string') return { kind: 'missing' }
  const shortcuts = wish.shortcuts.map(({ id, accelerator, description }) => [
    id,
    [
      ['description', new Variant('s', description)],
      ['preferred_trigger', new Variant('s', triggerText(accelerator))],
    ],
  ])
  session = handle
  const bound = await request('BindShortcuts', 'oa(sa{sv})s', [handle, shortcuts, ''], [])
  if (bound.isRefused) return { kind: 'refused' }
  if (!bound.isDone) return { kind: 'missing' }
  const triggers = triggersOf(valueOf(bound.results, 'shortcuts'))
  // Left out of what was bound: the person took it off the list.
  const isAnyHeld = wish.shortcuts.some(({ id }) => triggers.has(id))
  return isAnyHeld ? { kind: 'held', triggers } : { kind: 'refused' }
}

function isOwnerGone({ member, interface: of, args }: BusSignal): boolean {
  return of === BUS.interface && member === 'NameOwnerChanged' && args[0] === PORTAL && args[2] === ''
}

function newToken(): string {
  return `parley_${randomBytes(8).toString('hex')}`
}

function valueOf(dictionary: BusValue | undefined, key: string): BusValue | undefined {
  if (!Array.isArray(dictionary)) return undefined
  const pairs = dictionary as readonly BusValue[]
  const pair = pairs.find((each) => Array.isArray(each) && each[0] === key)
  return Array.isArray(pair) ? (pair[1] as BusValue | undefined) : undefined
}

/** How the desktop names the keys of the shortcuts in a list, by id. */
function triggersOf(shortcuts: BusValue | undefined): Map<string, string> {
  const triggers = new Map<string, string>()
  if (!Array.isArray(shortcuts)) return triggers
  for (const each of shortcuts as readonly BusValue[]) {
    if (!Array.isArray(each) || typeof each[0] !== 'string') continue
    const trigger = valueOf(each[1] as BusValue | undefined, 'trigger_description')
    triggers.set(each[0], typeof trigger === 'string' ? trigger.slice(0, MAX_TRIGGER_CHARACTERS) : '')
  }
  return triggers
}

/** A desktop's words, shown in one line. */
const MAX_TRIGGER_CHARACTERS = 80

const MODIFIERS: Readonly<Record<string, string>> = { Mod: 'CTRL', Super: 'LOGO', Alt: 'ALT', Shift: 'SHIFT' }

/** Keys whose name in X11's list of key symbols is another one. */
const SYMBOLS: Readonly<Record<string, string>> = {
  Space: 'space',
  Enter: 'Return',
  Backspace: 'BackSpace',
  PageUp: 'Page_Up',
  PageDown: 'Page_Down',
  '-': 'minus',
  '=': 'equal',
  '[': 'bracketleft',
  ']': 'bracketright',
  ';': 'semicolon',
  "'": 'apostrophe',
  '`': 'grave',
  '\\': 'backslash',
  ',': 'comma',
  '.': 'period',
  '/': 'slash',
}

/** An accelerator of Electron as the portal wants it (XDG Shortcuts Specification): `Control+Shift+Space` → `CTRL+SHIFT+space`. */
export function triggerText(accelerator: string): string {
  const parts = fromElectron(accelerator, 'linux').split('+')
  const key = parts.pop() ?? ''
  const symbol = SYMBOLS[key] ?? (/^[A-Z]$/u.test(key) ? key.toLowerCase() : key)
  return [...parts.map((part) => MODIFIERS[part] ?? part.toUpperCase()), symbol].join('+')
}
