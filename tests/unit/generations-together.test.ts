import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { systemClock } from '../../src/main/clock'
import { Generations } from '../../src/main/generations'
import { silentLogger } from '../../src/main/logger'
import { answerText, summarize, type AssistantMessage, type Part } from '../../src/shared/conversation'
import { startOf } from '../support/conversation-samples'
import { eventually } from '../support/eventually'
import { memoryLibrary } from '../support/memory-library'
import { scriptedSessions } from '../support/scripted-session'

const says = (text: string): Part => ({ type: 'text-delta', text })
const complete: Part = { type: 'finish', state: 'complete', error: null }

/** One question with three answers that run at once. */
async function askThree() {
  const library = memoryLibrary()
  const sessions = scriptedSessions()
  const generations = new Generations({
    library,
    openSession: sessions.openSession,
    findAttachments: () => Promise.resolve([]),
    clock: systemClock,
    logger: silentLogger,
    isOnShow: () => false,
  })
  const first = { ...startOf(randomUUID(), { text: 'Which?' }), model: 'one' }
  await generations.start(first)
  const questionId = first.question.messageId
  const others = ['two', 'three'].map((model) => ({
    ...startOf(first.conversationId, { text: 'unused' }),
    model,
    question: { kind: 'again' as const, messageId: questionId },
  }))
  for (const request of others) await generations.start(request)
  const requests = [first, ...others]
  await eventually(
    () => Promise.resolve(sessions.opened.length),
    (count) => count === 3,
    'three sessions',
  )
  const conversation = () => library.conversations.get(first.conversationId)!
  const answers = () =>
    requests.map(({ answerId }) => {
      const found = conversation().messages.find(({ id }) => id === answerId)
      return found as AssistantMessage
    })
  const session = (index: number) =>
    sessions.opened.find(({ context }) => context.answerId === requests[index]!.answerId)!
  return { generations, requests, questionId, conversation, answers, session }
}

describe('several answers to one question at once', () => {
  it('R01 R25 each has its own session, log and end; one that is stopped or fails leaves the others', async () => {
    const { generations, requests, questionId, conversation, answers, session } = await askThree()
    expect(generations.running(requests[0]!.conversationId)).toHaveLength(3)
    expect(answers().map(({ parentId }) => parentId)).toEqual([questionId, questionId, questionId])
    // None of them is told what another says.
    for (const index of [0, 1, 2]) expect(session(index).context.messages.map(({ id }) => id)).toEqual([questionId])

    session(0).say(says('One'))
    session(1).say(says('Two'))
    session(2).say(says('Three'), complete)
    await eventually(
      () => Promise.resolve(answers().map(({ state }) => state)),
      (states) => states[2] === 'complete',
      'the end of the third',
    )
    expect(summarize(conversation())).toMatchObject({ isRunning: true, isUnread: true })

    generations.stop(requests[0]!.generationId)
    session(1).say(says(' more'), { type: 'finish', state: 'failed', error: { code: 'empty-answer' } })
    await eventually(
      () => Promise.resolve(generations.running(requests[0]!.conversationId).length),
      (count) => count === 0,
      'the end of all',
    )
    await eventually(
      () => Promise.resolve(answers().map((answer) => `${answer.state} ${answerText(answer)}`)),
      (found) => found.join() === 'stopped One,failed Two more,complete Three',
      'all in the library',
    )
    expect(summarize(conversation()).isRunning).toBe(false)
  })

  it('one that is kept is the path, and whoever gave it answers next; to look at one changes nobody', async () => {
    const { generations, requests, conversation, session } = await askThree()
    for (const index of [0, 1, 2]) session(index).say(says('word'), complete)
    const { conversationId } = requests[0]!
    await eventually(
      () => Promise.resolve(generations.running(conversationId).length),
      (count) => count === 0,
      'the end of all',
    )
    await generations.showMessage(conversationId, requests[0]!.answerId)
    expect([conversation().headId, conversation().model]).toEqual([requests[0]!.answerId, 'three'])
    await generations.showMessage(conversationId, requests[1]!.answerId, true)
    expect([conversation().headId, conversation().model]).toEqual([requests[1]!.answerId, 'two'])
  })
})
