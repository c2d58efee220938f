import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { branchOf, duplicateOf, latestEnd } from '../../../src/main/library/tree'
import { pathOf, type Conversation, type Message } from '../../../src/shared/conversation'
import { toAppError } from '../../../src/shared/errors'
import { conversationOf, newAnswer, userMessage } from '../../support/conversation-samples'

/** A tree of any shape: message n follows one of those before it, or begins anew. */
const trees: fc.Arbitrary<Message[]> = fc
  .array(fc.nat(100), { minLength: 1, maxLength: 30 })
  .map((parents) =>
    parents.map((parent, at) =>
      userMessage(`m${at}`, at === 0 || parent % 9 === 8 ? null : `m${parent % at}`, `m${at}`),
    ),
  )

const withMessages = (messages: Message[]): Conversation => ({
  ...conversationOf(randomUUID(), []),
  headId: messages.at(-1)?.id ?? null,
  messages,
})

describe('the latest end', () => {
  it('is the last message that was made of all that follow, and has the message on its path', () => {
    fc.assert(
      fc.property(trees, fc.nat(29), (messages, at) => {
        const id = messages[at % messages.length]!.id
        const end = latestEnd(messages, id)
        expect(pathOf({ headId: end, messages }).map((message) => message.id)).toContain(id)
        expect(messages.some(({ parentId }) => parentId === end)).toBe(false)
        const after = messages.filter((message) =>
          pathOf({ headId: message.id, messages }).some((each) => each.id === id),
        )
        expect(end).toBe(after.at(-1)!.id)
      }),
    )
  })

  it('exists in a ring as well, which only a damaged file has', () => {
    const messages = [userMessage('a', 'b', 'a'), userMessage('b', 'a', 'b')]
    expect(['a', 'b']).toContain(latestEnd(messages, 'a'))
  })

  it('is refused for what is not there', () => {
    expect(() => latestEnd([], 'a')).toThrow('not-found')
  })
})

describe('a duplicate', () => {
  it('says the same on every path, and shares no id', () => {
    fc.assert(
      fc.property(trees, (messages) => {
        const original = withMessages(messages)
        const copy = duplicateOf(original, 5)
        const textsTo = (conversation: Conversation, headId: string): string[] =>
          pathOf({ ...conversation, headId }).map((message) => (message.role === 'user' ? message.text : ''))
        expect(
          copy.messages.map(({ id }, at) => textsTo(copy, id).join() === textsTo(original, `m${at}`).join()),
        ).toEqual(messages.map(() => true))
        expect(pathOf(copy)).toHaveLength(pathOf(original).length)
        const ids = new Set([original.id, ...messages.map(({ id }) => id)])
        expect([copy.id, ...copy.messages.map(({ id }) => id)].some((id) => ids.has(id))).toBe(false)
        expect(copy).toMatchObject({ createdAt: 5, updatedAt: 5, isPinned: false, isUnread: false })
      }),
    )
  })

  it('has an answer that runs as far as it has come, interrupted', () => {
    const copy = duplicateOf(withMessages([{ ...newAnswer(), content: [{ type: 'text', text: 'so far' }] }]), 0)
    expect(copy.messages).toMatchObject([{ state: 'interrupted', content: [{ text: 'so far' }] }])
  })
})

describe('a branch', () => {
  it('has the path up to and with its message, and nothing else', () => {
    fc.assert(
      fc.property(trees, fc.nat(29), (messages, at) => {
        const original = withMessages(messages)
        const { id } = messages[at % messages.length]!
        const branch = branchOf(original, id, 0)
        const wanted = pathOf({ ...original, headId: id })
        const text = (message: Message): string => (message.role === 'user' ? message.text : '')
        expect(pathOf(branch).map(text)).toEqual(wanted.map(text))
        expect(branch.messages).toHaveLength(wanted.length)
      }),
    )
  })

  it('is refused for what is not there', () => {
    try {
      branchOf(withMessages([userMessage('a', null, 'a')]), 'b', 0)
      expect.unreachable()
    } catch (thrown) {
      expect(toAppError(thrown)).toEqual({ code: 'not-found', what: 'message' })
    }
  })
})
