import { describe, expect, it } from 'vitest'
import { sessionsOn } from '../../../src/main/question'
import { emptyAnswer, type AssistantMessage } from '../../../src/shared/conversation'

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
