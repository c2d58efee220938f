/** Events as the two kinds of servers frame them (protocol.md sections 2 and 3). */
import { send, type Step } from './answer'

/** An event's JSON object. */
export type WireEvent = { type: string } & Record<string, unknown>

/** `event:` and one `data:` line, as g4f from 7.0 on writes it. */
export function eventText(event: WireEvent): string {
  return `event: ${event.type}\ndata: ${asciiJson(event)}\n\n`
}

/** One line of JSON, as g4f up to 6.7.4 wrote it. */
export function lineText(event: WireEvent): string {
  return `${asciiJson(event)}\n`
}

/** JSON with spaces and with every character above ASCII escaped, byte for byte what Python's json.dumps writes. */
export function asciiJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(asciiJson).join(', ')}]`
  if (typeof value === 'object' && value !== null) {
    const fields = Object.entries(value).map(([key, each]) => `${asciiJson(key)}: ${asciiJson(each)}`)
    return `{${fields.join(', ')}}`
  }
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

export const provider = (name: string, model: string | null, label: string | null = null): WireEvent => ({
  type: 'provider',
  provider: { name, url: null, label, model },
})

export const content = (text: string): WireEvent => ({ type: 'content', content: text })

/** A result that is a picture; what a page would show stands in `content`, as servers do it. */
export const picture = (urls: string[], alt: string): WireEvent => ({
  type: 'content',
  content: urls.map((url) => `[![${alt}](${url})](${url})`).join('\n'),
  urls,
  alt,
})

export const thought = (token: string): WireEvent => ({ type: 'reasoning', token })
export const progress = (status: string): WireEvent => ({ type: 'reasoning', token: null, status })
export const thoughtEnd: WireEvent = { type: 'reasoning', token: null, status: '', is_thinking: '</think>' }

export const finish = (reason = 'stop'): WireEvent => ({ type: 'finish', finish: { reason } })

export const usage = (
  promptTokens: number,
  completionTokens: number,
  providerName: string,
  model: string,
): WireEvent => ({
  type: 'usage',
  usage: {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  },
  model,
  provider: providerName,
})

export const fatal = (kind: string, message: string): WireEvent => ({
  type: 'error',
  error: kind,
  message: `${kind}: ${message}`,
})

/** The raw upstream chunk that a server repeats beside each piece of content: half of all traffic. */
export const upstreamCopy = (text: string, model: string): WireEvent => ({
  type: 'response',
  response: {
    id: 'chatcmpl-lab',
    object: 'chat.completion.chunk',
    created: 1_700_000_000,
    model,
    choices: [{ index: 0, delta: { content: text }, finish_reason: null }],
  },
})

/** Each event as one piece of the body. */
export function steps(events: readonly WireEvent[]): Step[] {
  return events.map((event) => send(eventText(event)))
}
