// @vitest-environment happy-dom
import { beforeEach, describe, expect, it } from 'vitest'
import { bootStore } from '../../../src/renderer/store/boot'
import { changeColumn, closeComparison, openComparison } from '../../../src/renderer/store/comparison'
import { showNewConversation } from '../../../src/renderer/store/conversations'
import { deleteMessage, discardConversation, trashConversation } from '../../../src/renderer/store/deletion'
import { changeDraft } from '../../../src/renderer/store/drafts'
import { resendQuestion, sendDraft } from '../../../src/renderer/store/sending'
import { retryAnswer } from '../../../src/renderer/store/answers'
import { stopAnswer } from '../../../src/renderer/store/stopping'
import { conversationOf, EMPTY_DRAFT, stoppableAnswers, useStore } from '../../../src/renderer/store/state'
import { emptyAnswer, pathOf, summarize, type Conversation, type Message } from '../../../src/shared/conversation'
import { newConversation, settle, startMain } from './main-stand-in'

let main: ReturnType<typeof startMain>

beforeEach(async () => {
  globalThis.IS_REACT_ACT_ENVIRONMENT = true
  main = startMain({ recents: [{ backendId: 'home', provider: 'Scenario', model: 'second' }] })
  await bootStore()
})

const here = (): string => useStore.getState().currentId
const asked = () => main.asked().map(({ question }) => question)
const columns = () => useStore.getState().comparisons.get(here())?.columns ?? []
const waiting = (id = here()) => (useStore.getState().queued.get(id) ?? []).map(({ text }) => text)
const model = (name: string) => ({ backendId: 'home', provider: 'Scenario', model: name })

async function ask(text: string): Promise<void> {
  changeDraft(here(), (before) => ({ ...before, text }))
  await settle(() => sendDraft(here()))
}

const answer = (id: string, parentId: string, state: 'running' | 'complete' | 'failed', name = 'first'): Message => {
  const start = { id, parentId, createdAt: 1, generationId: `g-${id}`, backendId: 'home', provider: null, model: name }
  return { ...emptyAnswer(start), state }
}
const question = (id: string, parentId: string | null): Message => ({
  role: 'user',
  id,
  parentId,
  createdAt: 1,
  text: id,
  attachments: [],
})

/** Puts a conversation on show, as main has it. */
function show(messages: Message[], headId: string): Conversation {
  const conversation = { ...newConversation(here(), 'home'), messages, headId }
  main.keep(conversation)
  useStore.setState(({ threads }) => ({
    threads: new Map([...threads, [here(), { status: 'ready' as const, conversation }]]),
  }))
  return conversation
}
const tell = (conversation: Conversation): void =>
  main.emit('conversation.changed', [{ kind: 'upsert', summary: summarize(conversation) }])

describe('messages that wait', () => {
  it('go one by one also when the chat is not on show and main tells of it twice at once', async () => {
    await ask('One')
    await ask('Two')
    await ask('Three')
    const id = here()
    showNewConversation()
    // The second look at the thread ends after the first has sent, with what main had before that.
    let opened = 0
    main.answer('conversation.open', async () => {
      opened += 1
      const { question: one, answerId } = main.asked()[0]!
      const first = one.kind === 'new' ? one.messageId : ''
      const isAsked = main.asked().length > 1
      const messages = [question(first, null), answer(answerId, first, isAsked ? 'running' : 'complete')]
      await new Promise((resolve) => setTimeout(resolve, opened * 10))
      return { conversation: { ...newConversation(id, 'home'), messages, headId: answerId }, running: [] }
    })
    await settle(() => {
      const idle = { ...newConversation(id, 'home'), messages: [] }
      tell(idle)
      tell(idle)
    })
    expect(asked().map((each) => (each.kind === 'new' ? each.text : ''))).toEqual(['One', 'Two'])
    expect(asked()).toMatchObject([{ text: 'One' }, { text: 'Two', isFirstThere: true }])
    expect(waiting(id)).toEqual(['Three'])
  })

  it('wait on when another window was first, and go after its answer', async () => {
    show([question('q', null), answer('a', 'q', 'running')], 'a')
    await ask('Mine')
    const idle = show([question('q', null), answer('a', 'q', 'complete')], 'a')
    const theirs = [...idle.messages, question('theirs', 'a'), answer('b', 'theirs', 'running')]
    let opened = 0
    main.answer('conversation.open', () => {
      opened += 1
      return { conversation: opened === 1 ? idle : { ...idle, messages: theirs, headId: 'b' }, running: [] }
    })
    main.refuseNext({ code: 'busy' })
    main.refuseNext({ code: 'busy' })
    await settle(() => tell(idle))
    await settle(() => new Promise((resolve) => setTimeout(resolve, 600)))
    expect(asked().at(-1)).toMatchObject({ text: 'Mine', parentId: 'a', isFirstThere: true })
    expect(waiting()).toEqual(['Mine'])
    expect(useStore.getState().refusals.size).toBe(0)
    expect(useStore.getState().drafts.get(here()) ?? EMPTY_DRAFT).toEqual(EMPTY_DRAFT)

    const done = { ...idle, messages: [...theirs.slice(0, -1), answer('b', 'theirs', 'complete')], headId: 'b' }
    main.keep(done)
    main.answer('conversation.open', () => ({ conversation: done, running: [] }))
    await settle(() => tell(done))
    expect(asked().at(-1)).toMatchObject({ text: 'Mine', parentId: 'b' })
    expect(waiting()).toEqual([])
  })

  it('a message that is sent in two windows at once waits behind the other one', async () => {
    const idle = show([question('q', null), answer('a', 'q', 'complete')], 'a')
    const theirs = [...idle.messages, question('theirs', 'a'), answer('b', 'theirs', 'running')]
    main.answer('conversation.open', () => ({ conversation: { ...idle, messages: theirs, headId: 'b' }, running: [] }))
    main.refuseNext({ code: 'busy' })
    main.refuseNext({ code: 'busy' })
    await ask('Mine')
    await expect.poll(() => waiting()).toEqual(['Mine'])
    expect(asked()).toMatchObject([
      { text: 'Mine', parentId: 'a', isFirstThere: true },
      { text: 'Mine', parentId: 'a' },
    ])
    expect(useStore.getState().refusals.size).toBe(0)
    expect(conversationOf(useStore.getState(), here())?.messages.map(({ id }) => id)).toEqual(['q', 'a', 'theirs', 'b'])

    const done = { ...idle, messages: [...theirs.slice(0, -1), answer('b', 'theirs', 'complete')], headId: 'b' }
    main.keep(done)
    main.answer('conversation.open', () => ({ conversation: done, running: [] }))
    await settle(() => tell(done))
    expect(asked().at(-1)).toMatchObject({ text: 'Mine', parentId: 'b' })
    expect(waiting()).toEqual([])
  })

  it('a message beside a question that is there already is asked there on purpose', async () => {
    const beside = [
      question('q', null),
      answer('a', 'q', 'complete'),
      question('q2', 'a'),
      answer('b', 'q2', 'complete'),
    ]
    show(beside, 'a')
    main.refuseNext({ code: 'busy' })
    main.refuseNext({ code: 'busy' })
    await ask('Other')
    await expect.poll(() => useStore.getState().drafts.get(here())?.text).toBe('Other')
    expect(asked().every((each) => each.kind === 'new' && each.isFirstThere !== true)).toBe(true)
    expect(useStore.getState().refusals.get(here())).toEqual({ code: 'busy' })
  })

  it('go to the answer they were written for, also when it is compared meanwhile [37]', async () => {
    show([question('q', null), answer('a', 'q', 'running')], 'a')
    await ask('Later')
    openComparison(here())
    expect(columns().map(({ headId, choice }) => [headId, choice?.model ?? null])).toEqual([
      ['a', 'first'],
      [null, null],
    ])
    expect(stoppableAnswers(useStore.getState(), here()).map(({ id }) => id)).toEqual(['a'])
    changeColumn(here(), columns()[1]!.key, { choice: model('second'), headId: 'b' })
    const idle = show([question('q', null), answer('a', 'q', 'complete'), answer('b', 'q', 'complete', 'second')], 'b')
    await settle(() => tell(idle))
    expect(asked()).toMatchObject([{ kind: 'new', text: 'Later', parentId: 'a' }])
    expect(columns().map(({ headId }) => headId)).toEqual([main.asked()[0]?.answerId, 'b'])
  })

  it('wait on while the answer before them is asked once more, and go after that one', async () => {
    await ask('One')
    await ask('Two')
    const answerId = main.asked()[0]!.answerId
    await settle(() => retryAnswer(here(), answerId))
    expect(asked()).toMatchObject([{ text: 'One' }, { kind: 'again', messageId: answerId }])
    expect(waiting()).toEqual(['Two'])
    await main.finish('complete')
    expect(asked().at(-1)).toMatchObject({ text: 'Two', parentId: main.asked()[1]!.answerId })
  })

  it('wait on while the question before them is asked in other words', async () => {
    await ask('One')
    await ask('Two')
    const { messages } = conversationOf(useStore.getState(), here())!
    await settle(() => resendQuestion(here(), messages[0]!.id, 'One, rather', []))
    expect(asked()).toMatchObject([{ text: 'One' }, { text: 'One, rather' }])
    expect(waiting()).toEqual(['Two'])
    await main.finish('complete')
    expect(asked().at(-1)).toMatchObject({ text: 'Two', parentId: main.asked()[1]!.answerId })
  })

  it('that were meant for all compared go back into the field when the comparison was left', async () => {
    openComparison(here())
    changeColumn(here(), columns()[0]!.key, { choice: model('first') })
    await ask('Both?')
    await ask('And then?')
    expect(waiting()).toEqual(['And then?'])
    closeComparison(here())
    const { messages = [] } = conversationOf(useStore.getState(), here()) ?? {}
    const done = messages.map((each) => (each.role === 'assistant' ? { ...each, state: 'complete' as const } : each))
    const idle = show(done, done.at(-1)!.id)
    await settle(() => tell(idle))
    expect(main.asked()).toHaveLength(2)
    expect(waiting()).toEqual([])
    expect(useStore.getState().drafts.get(here())?.text).toBe('And then?')
  })
})

describe('messages that wait, in a chat that goes', () => {
  /** Has main stop the answer before it does what is asked, as it does, and tell of it at once. */
  async function goesWith(name: string): Promise<void> {
    await ask('One')
    await ask('Two')
    const { messages } = conversationOf(useStore.getState(), here())!
    const stopped = messages.map((each) => (each.role === 'user' ? each : { ...each, state: 'stopped' as const }))
    main.answer(name, async () => {
      tell(show(stopped, stopped.at(-1)!.id))
      await new Promise((resolve) => setTimeout(resolve, 40))
    })
  }
  const asks = () => asked().map((each) => (each.kind === 'new' ? each.text : each.kind))

  it('are not sent when it is deleted, and are back in the field with it', async () => {
    await goesWith('conversation.trash')
    const id = here()
    await settle(() => trashConversation(id))
    expect(asks()).toEqual(['One'])
    expect(useStore.getState().drafts.get(id)?.text).toBe('Two')
  })

  it('are not sent when it is discarded', async () => {
    await goesWith('conversation.discard')
    await settle(() => discardConversation(here()))
    expect(asks()).toEqual(['One'])
  })

  it('are not sent when the question is deleted whose answer they wait for', async () => {
    await goesWith('conversation.deleteMessage')
    const [first] = conversationOf(useStore.getState(), here())!.messages
    await settle(() => deleteMessage(here(), first!.id))
    expect(asks()).toEqual(['One'])
    expect(useStore.getState().drafts.get(here())?.text).toBe('Two')
  })
})

describe('leaving a comparison', () => {
  it('shows the first answer that is good or still written, with Stop for all of them [37]', async () => {
    openComparison(here())
    changeColumn(here(), columns()[0]!.key, { choice: model('first') })
    await ask('Which?')
    const [first, second] = columns().map(({ headId }) => headId ?? '')
    const { id } = conversationOf(useStore.getState(), here())!.messages[0]!
    show([question(id, null), answer(first!, id, 'running'), answer(second!, id, 'failed', 'second')], second!)
    closeComparison(here())
    await settle()
    const shown = conversationOf(useStore.getState(), here())!
    expect(pathOf(shown).map((each) => each.id)).toEqual([id, first])

    // One that is done is on show, the other is still written: Stop reaches it.
    show([question(id, null), answer(first!, id, 'complete'), answer(second!, id, 'running', 'second')], first!)
    await settle(() => stopAnswer(here()))
    expect(main.named('generation.stop')).toEqual([{ generationId: `g-${second}` }])
  })

  it('without a question asked leaves on show what was', async () => {
    show([question('q', null), answer('a', 'q', 'complete'), answer('b', 'q', 'failed')], 'b')
    openComparison(here())
    closeComparison(here())
    await settle()
    expect(conversationOf(useStore.getState(), here())?.headId).toBe('b')
    expect(main.named('conversation.showMessage')).toEqual([])
  })
})
