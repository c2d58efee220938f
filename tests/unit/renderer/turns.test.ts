import { describe, expect, it } from 'vitest'
import { contentOf, countWords, guessedHeight, textOf, turnsOf } from '../../../src/renderer/chat/turns'
import { emptyAnswer, type AssistantMessage, type Conversation, type Message } from '../../../src/shared/conversation'

function answer(id: string, parentId: string | null, content: AssistantMessage['content']): AssistantMessage {
  const start = { id, parentId, createdAt: 0, generationId: id, backendId: 'b', provider: null, model: null }
  return { ...emptyAnswer(start), state: 'complete', content }
}

function question(id: string, parentId: string | null): Message {
  return { role: 'user', id, parentId, createdAt: 0, text: id, attachments: [] }
}

function conversation(headId: string, messages: Message[]): Conversation {
  return {
    version: 1,
    id: 'c',
    title: '',
    titleSource: 'none',
    createdAt: 0,
    updatedAt: 0,
    origin: 'window',
    isPinned: false,
    isUnread: false,
    backendId: 'b',
    provider: null,
    model: null,
    headId,
    messages,
  }
}

describe('turns', () => {
  it('an answer and what continues it are one turn and one text', () => {
    const cut = answer('a1', 'q1', [{ type: 'text', text: 'The first ha' }])
    const rest = answer('a2', 'a1', [{ type: 'text', text: 'lf, and the second.' }])
    const turns = turnsOf(conversation('a2', [question('q1', null), cut, rest]))
    expect(turns.map(({ kind, key }) => [kind, key])).toEqual([
      ['question', 'q1'],
      ['answer', 'a1'],
    ])
    const [, turn] = turns
    expect(turn?.kind === 'answer' && contentOf(turn.messages)).toEqual([
      { type: 'text', text: 'The first half, and the second.' },
    ])
    expect(turn?.kind === 'answer' && textOf(turn.messages)).toBe('The first half, and the second.')
  })

  it('shows the path to the head only', () => {
    const messages = [question('q1', null), answer('a1', 'q1', []), answer('a2', 'q1', []), question('q2', 'a2')]
    expect(turnsOf(conversation('q2', messages)).map(({ key }) => key)).toEqual(['q1', 'a2', 'q2'])
  })

  it('pictures stay where they stand between texts', () => {
    const picture = { type: 'media', kind: 'image', sources: ['/media/a.png'], alt: '' } as const
    const mixed = answer('a1', null, [
      { type: 'text', text: 'a' },
      { ...picture, sources: ['/media/a.png'] },
    ])
    const rest = answer('a2', 'a1', [{ type: 'text', text: 'b' }])
    expect(contentOf([mixed, rest]).map(({ type }) => type)).toEqual(['text', 'media', 'text'])
  })

  it('counts words, not marks of markdown', () => {
    expect(countWords('')).toBe(0)
    expect(countWords('- **One** two, `three-four`\n\n| five |\n|-|')).toBe(4)
    expect(countWords("It isn't «слово за словом».")).toBe(5)
  })
})

describe('the guessed height of turns', () => {
  const turnsWith = (...lengths: number[]) =>
    turnsOf(
      conversation(
        `${lengths.length}`,
        lengths.map((length, index) => {
          const id = String(index + 1)
          const parentId = index === 0 ? null : String(index)
          return { role: 'user', id, parentId, createdAt: 0, text: 'x'.repeat(length), attachments: [] }
        }),
      ),
    )

  it('grows with their lines, one endless turn counts no more than a window is high, and none is a windowful', () => {
    expect(guessedHeight(turnsWith(10, 10))).toBe(86)
    expect(guessedHeight(turnsWith(10, 850))).toBe((86 + 320) / 2)
    expect(guessedHeight(turnsWith(1_000_000))).toBe(480)
    expect(guessedHeight([])).toBe(480)
  })
})
