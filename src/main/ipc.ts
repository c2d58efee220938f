import type { BrowserWindow, IpcMain, IpcMainInvokeEvent, WebContents } from 'electron'
import {
  contract,
  type EventName,
  type EventPayload,
  type RequestIn,
  type RequestName,
  type RequestOut,
  type Role,
} from '../shared/contract'
import { failure, toAppError, type Result } from '../shared/errors'
import { factsOf } from './log'
import type { Logger } from './logger'

/** The window that asks. */
export interface Caller {
  role: Role
  window: BrowserWindow
}

/** How one request is answered. `House` is what the handlers reach: everything that main owns. */
export interface Handler<House, In, Out> {
  /** Makes a payload of whatever arrived, or throws. Synchronous, and fast for every input. */
  parse(raw: unknown): In
  handle(house: House, input: In, caller: Caller): Out | Promise<Out>
}

/** One handler per request of the contract: a missing one does not compile. */
export type Handlers<House> = { [K in RequestName]: Handler<House, RequestIn<K>, RequestOut<K>> }

/** The windows that we made, by their contents. */
export interface KnownWindows {
  find(contents: WebContents): Caller | null
  all(): readonly Caller[]
}

export interface Gate<House> {
  ipcMain: Pick<IpcMain, 'handle'>
  windows: KnownWindows
  /** Where our pages come from: `app://local`, in development also the address of the Vite server. */
  origins: readonly string[]
  handlers: Handlers<House>
  /** What is still being loaded when the first window asks; a request waits for it. */
  house: () => Promise<House>
  logger: Logger
}

export const requestNames = namesOf((kind) => kind !== 'event') as RequestName[]
export const eventNames = namesOf((kind) => kind === 'event') as EventName[]

function namesOf(isWanted: (kind: string) => boolean): string[] {
  return Object.entries(contract).flatMap(([name, channel]) => (isWanted(channel.kind) ? [name] : []))
}

/**
 * Opens the gate: the only way from a page into main. For each request, in this order: the sender is the main frame of
 * a window that we made, its origin is ours, its role may use the channel; the payload parses; the handler runs; the
 * answer is a Result. A stranger is refused loudly, by a rejected promise and a line in the log; for our own pages
 * nothing ever throws.
 *
 * @returns `close`: from then on nothing is admitted. Resolves when what had been admitted is done; who calls it says which
 * channel it is itself.
 */
export function openGate<House>(gate: Gate<House>): { close(own: RequestName): Promise<void> } {
  const admitted: Admitted = { isClosed: false, running: new Map() }
  for (const name of requestNames) admit(gate, name, admitted)
  return {
    async close(own) {
      admitted.isClosed = true
      await Promise.all([...admitted.running].flatMap(([run, name]) => (name === own ? [] : [run])))
    },
  }
}

interface Admitted {
  isClosed: boolean
  running: Map<Promise<unknown>, RequestName>
}

function admit<House>(gate: Gate<House>, name: RequestName, admitted: Admitted): void {
  // What parse() makes is what handle() takes; that the two belong together was checked where the map was written.
  const handler: Handler<House, unknown, unknown> = gate.handlers[name]
  gate.ipcMain.handle(name, async (event, raw: unknown): Promise<Result<unknown>> => {
    const caller = identify(gate, name, event)
    let input: unknown
    try {
      input = handler.parse(raw)
    } catch {
      gate.logger.warn('request not understood', { channel: name, role: caller.role })
      return { ok: false, error: { code: 'bad-request', channel: name } }
    }
    if (admitted.isClosed) return { ok: false, error: { code: 'busy' } }
    const answer = async (): Promise<Result<unknown>> => {
      try {
        return { ok: true, value: await handler.handle(await gate.house(), input, caller) }
      } catch (thrown) {
        const error = toAppError(thrown)
        if (error.code === 'internal') gate.logger.error('request failed', { channel: name, ...factsOf(thrown) })
        return { ok: false, error }
      }
    }
    const run = answer()
    admitted.running.set(run, name)
    try {
      return await run
    } finally {
      admitted.running.delete(run)
    }
  })
}

function identify<House>(gate: Gate<House>, name: RequestName, event: IpcMainInvokeEvent): Caller {
  const refuse = (reason: string): Error => {
    gate.logger.error('request refused', { channel: name, reason })
    return failure({ code: 'forbidden', channel: name })
  }
  const caller = gate.windows.find(event.sender)
  if (caller === null) throw refuse('unknown window')
  // Null once the frame has gone; a frame inside the page is never asked by us and may not ask.
  const frame = event.senderFrame
  if (frame === null || frame !== event.sender.mainFrame) throw refuse('not the main frame')
  if (!gate.origins.includes(originOf(frame.url))) throw refuse('foreign origin')
  const roles: readonly Role[] = contract[name].roles
  if (!roles.includes(caller.role)) throw refuse(`role ${caller.role}`)
  return caller
}

// Parsed, never compared as text: `app://local.example/` begins like ours. Node gives `null` as origin for schemes of
// one's own, so it is put together here.
function originOf(address: string): string {
  if (!URL.canParse(address)) return ''
  const { protocol, host, username, password } = new URL(address)
  return username === '' && password === '' ? `${protocol}//${host}` : ''
}

/**
 * Sends an event of the contract to every window whose role may have it.
 *
 * @param toQuickAsk what the quick-ask gets of it; null for nothing, without it the same as all
 */
export type Broadcast = <K extends EventName>(
  name: K,
  payload: EventPayload<K>,
  toQuickAsk?: EventPayload<K> | null,
) => void

export function broadcaster(windows: KnownWindows): Broadcast {
  return (name, payload, toQuickAsk = payload) => {
    for (const caller of windows.all()) {
      const own = caller.role === 'quick-ask' ? toQuickAsk : payload
      if (own !== null) sendTo(caller, name, own)
    }
  }
}

/** Sends an event to one window, if its role may have it and its page is alive. */
export function sendTo<K extends EventName>({ role, window }: Caller, name: K, payload: EventPayload<K>): void {
  const roles: readonly Role[] = contract[name].roles
  // A crashed page gets everything anew when it attaches; sending to it would only fill the log of Chromium.
  if (!roles.includes(role) || window.isDestroyed() || window.webContents.isCrashed()) return
  window.webContents.send(name, payload)
}
