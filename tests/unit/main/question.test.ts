import { describe, expect, it } from 'vitest'
import { ask, newConversation, sessionsOn } from '../../../src/main/question'
import { emptyAnswer, type AssistantMessage } from '../../../src/shared/conversation'
import type { StartGeneration } from '../../../src/shared/contract'

function answer(createdAt: number, sessions: Record<string, unknown> | null, backendId = 'home'): AssistantMessage {
  const start = {
    id: `a${createdAt}`,
    parentId: null,
    createdAt,
    generationId: 'g',
    backendId,
    provider: null,
    model: null,
  }
  return { ...emptyAnswer(start), state: 'complete', sessions }
}

describe('what the providers of earlier answers want back', () => {
  const path = [answer(1, { A: 1 }), answer(2, null), answer(3, { A: 2, B: 1 }), answer(4, { A: 9 }, 'office')]

  it('is the latest of each, of this backend only', () => {
    expect(sessionsOn(path, 'home', 0)).toEqual({ A: 2, B: 1 })
    expect(sessionsOn(path, 'elsewhere', 0)).toBeNull()
  })

  it('S35: is nothing that another server gave, before the address changed', () => {
    expect(sessionsOn(path, 'home', 2)).toEqual({ A: 2, B: 1 })
    expect(sessionsOn(path, 'home', 4)).toBeNull()
  })
})

describe('a question that shall be the first after an answer', () => {
  const start = (
    messageId: string,
    answerId: string,
    parentId: string | null,
    isFirstThere?: boolean,
  ): StartGeneration => ({
    generationId: crypto.randomUUID(),
    answerId,
    conversationId: crypto.randomUUID(),
    origin: 'window',
    isTemporary: false,
    backendId: 'home',
    provider: null,
    model: null,
    question: {
      kind: 'new',
      messageId,
      parentId,
      text: 'Hello?',
      attachmentIds: [],
      ...(isFirstThere !== undefined && { isFirstThere }),
    },
  })
  const ids = Array.from({ length: 6 }, () => crypto.randomUUID())
  const [q1, a1, q2, a2, q3, a3] = ids as [string, string, string, string, string, string]

  it('is refused when another window was first; an edited one stands beside it', () => {
    const first = start(q1, a1, null)
    const begun = ask(newConversation(first, 1), first, [], 1).conversation
    const conversation = {
      ...begun,
      messages: begun.messages.map((each) =>
        each.role === 'assistant' ? { ...each, state: 'complete' as const } : each,
      ),
    }
    const went = ask(conversation, start(q2, a2, a1, true), [], 2).conversation
    expect(() => ask(went, start(q3, a3, a1, true), [], 3)).toThrow(
      expect.objectContaining({ error: { code: 'busy' } }) as Error,
    )
    expect(ask(went, start(q3, a3, a1), [], 3).conversation.headId).toBe(a3)
  })
})
