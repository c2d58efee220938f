import { pathOf, type Conversation, type Message } from './conversation'

/** Where a version of a question or an answer stands among all versions of it. */
export interface VariantPlace {
  /** From 0, in the order in which they were made. */
  index: number
  count: number
}

type Tree = Pick<Conversation, 'headId' | 'messages'>

/**
 * The end of the latest path that leads through a message: where one goes on who looks at this version. The message itself
 * when nothing follows it, null when there is none with this id.
 */
export function latestEnd(messages: readonly Message[], messageId: string): string | null {
  if (!messages.some(({ id }) => id === messageId)) return null
  const followers = followersIn(messages)
  const order = new Map(messages.map(({ id }, index) => [id, index]))
  let end = messageId
  const waiting = [messageId]
  // A message is looked at once, so that the walk through a ring, which only a damaged file has, ends.
  const seen = new Set(waiting)
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    const next = (followers.get(id) ?? []).filter((message) => !seen.has(message.id))
    if (next.length === 0 && (order.get(id) ?? 0) > (order.get(end) ?? 0)) end = id
    for (const message of next) {
      seen.add(message.id)
      waiting.push(message.id)
    }
  }
  return end
}

/** All that is removed with a message: itself and whatever hangs under it, in the order of the conversation. */
export function subtreeOf(messages: readonly Message[], messageId: string): Message[] {
  const followers = followersIn(messages)
  const under = new Set([messageId])
  // A set that grows while it is walked: each message is met once, also in a ring.
  for (const id of under) for (const message of followers.get(id) ?? []) under.add(message.id)
  return messages.filter(({ id }) => under.has(id))
}

/**
 * The versions of a question, or of an answer with all that continues it, by the ids under which each is shown. An answer
 * is named by the last of its continuations, a question by itself.
 *
 * @param messageId of the version on show: a question, or the last piece of an answer
 */
export function variantsOf(messages: readonly Message[], messageId: string): string[] {
  const shown = messages.find(({ id }) => id === messageId)
  return shown === undefined ? [] : variantsIn(readTree(messages), shown)
}

/**
 * Where each turn on show stands among its versions, by the id of its last message: the question, or the last piece of the
 * answer. Turns with one version are left out.
 */
export function variantPlaces(conversation: Tree): Map<string, VariantPlace> {
  const places = new Map<string, VariantPlace>()
  // Most conversations are a line: as many messages as steps of the path.
  const path = pathOf(conversation)
  if (path.length === conversation.messages.length) return places
  const tree = readTree(conversation.messages)
  for (const [index, message] of path.entries()) {
    if (message.role === 'assistant' && path[index + 1]?.role === 'assistant') continue
    const variants = variantsIn(tree, message)
    if (variants.length < 2) continue
    places.set(message.id, { index: Math.max(0, variants.indexOf(message.id)), count: variants.length })
  }
  return places
}

/**
 * The message that shows a version: itself, but for an answer that was both continued and asked on from, where `latestEnd`
 * could leave it for the continuation.
 */
export function entranceOf(messages: readonly Message[], variantId: string): string {
  const followers = messages.filter(({ parentId }) => parentId === variantId)
  const question = followers.findLast(({ role }) => role === 'user')
  return question !== undefined && followers.some(({ role }) => role === 'assistant') ? question.id : variantId
}

interface ReadTree {
  byId: ReadonlyMap<string, Message>
  followers: ReadonlyMap<string | null, readonly Message[]>
}

function readTree(messages: readonly Message[]): ReadTree {
  return { byId: new Map(messages.map((message) => [message.id, message])), followers: followersIn(messages) }
}

function variantsIn({ byId, followers }: ReadTree, shown: Message): string[] {
  if (shown.role === 'user') {
    return (followers.get(shown.parentId) ?? []).flatMap(({ role, id }) => (role === 'user' ? [id] : []))
  }
  // Up to the question, past the pieces that are continued.
  let first: Message = shown
  const above = new Set([shown.id])
  for (;;) {
    const parent: Message | undefined = first.parentId === null ? undefined : byId.get(first.parentId)
    if (parent?.role !== 'assistant' || above.has(parent.id)) break
    above.add(parent.id)
    first = parent
  }
  const ends: string[] = []
  const answers = (id: string | null) => (followers.get(id) ?? []).filter(({ role }) => role === 'assistant')
  const waiting = [...answers(first.parentId)].reverse()
  const seen = new Set<string>()
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { id } = next
    if (seen.has(id)) continue
    seen.add(id)
    const continued = answers(id)
    const isEnd = continued.length === 0 || (followers.get(id) ?? []).length > continued.length
    if (isEnd || id === shown.id) ends.push(id)
    waiting.push(...continued.reverse())
  }
  return ends
}

function followersIn(messages: readonly Message[]): Map<string | null, Message[]> {
  const followers = new Map<string | null, Message[]>()
  for (const message of messages) {
    const known = followers.get(message.parentId)
    if (known === undefined) followers.set(message.parentId, [message])
    else known.push(message)
  }
  return followers
}
