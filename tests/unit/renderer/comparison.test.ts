// @vitest-environment happy-dom
import { beforeEach, describe, expect, it } from 'vitest'
import { bootStore } from '../../../src/renderer/store/boot'
import {
  addColumn,
  changeColumn,
  chosenCount,
  closeComparison,
  compareVersions,
  hasText,
  keepColumn,
  openComparison,
} from '../../../src/renderer/store/comparison'
import { changeDraft } from '../../../src/renderer/store/drafts'
import { askColumn, retryAnswer } from '../../../src/renderer/store/answers'
import { sendDraft } from '../../../src/renderer/store/sending'
import { stopAnswer } from '../../../src/renderer/store/stopping'
import { choiceOf, conversationOf, runningAnswers, useStore, type Choice } from '../../../src/renderer/store/state'
import { answerText, pathOf } from '../../../src/shared/conversation'
import { settle, startMain } from './main-stand-in'

let main: ReturnType<typeof startMain>

const model = (name: string): Choice => ({ backendId: 'home', provider: 'Scenario', model: name })

beforeEach(async () => {
  globalThis.IS_REACT_ACT_ENVIRONMENT = true
  main = startMain({ recents: [model('second')] })
  await bootStore()
})

const here = (): string => useStore.getState().currentId
const comparison = () => useStore.getState().comparisons.get(here())
const columns = () => comparison()?.columns ?? []
const messages = () => conversationOf(useStore.getState(), here())?.messages ?? []

async function ask(text: string): Promise<void> {
  changeDraft(here(), (before) => ({ ...before, text }))
  await settle(() => sendDraft(here()))
}

/** Three columns, asked. */
async function compareThree(): Promise<void> {
  openComparison(here())
  changeColumn(here(), columns()[0]!.key, { choice: model('first') })
  addColumn(here())
  changeColumn(here(), columns()[2]!.key, { choice: model('third') })
  await ask('Which?')
}

describe('comparing models', () => {
  it('begins with who answers now and whoever was chosen last, and asks nobody while one is missing', async () => {
    openComparison(here())
    expect(columns().map(({ choice }) => choice?.model ?? null)).toEqual([null, 'second'])
    addColumn(here())
    expect([columns().length, comparison()?.choosing]).toEqual([3, columns()[2]!.key])
    expect(chosenCount(useStore.getState(), here())).toBe(2)
    closeComparison(here())
    expect(chosenCount(useStore.getState(), here())).toBe(null)

    main = startMain()
    await bootStore()
    openComparison(here())
    await ask('Alone?')
    expect(main.asked()).toEqual([])
  })

  it('asks one question once, with an answer of each beside the others', async () => {
    await compareThree()
    const asked = main.asked()
    expect(asked.map((each) => each.model)).toEqual(['first', 'second', 'third'])
    expect(asked.map(({ question }) => question.kind)).toEqual(['new', 'again', 'again'])
    const question = messages().filter(({ role }) => role === 'user')
    expect(question).toHaveLength(1)
    expect(messages().filter(({ parentId }) => parentId === question[0]!.id)).toHaveLength(3)
    expect(columns().map(({ headId }) => headId)).toEqual(asked.map(({ answerId }) => answerId))
    expect(runningAnswers(useStore.getState(), here())).toHaveLength(3)
  })

  it('one that cannot start leaves the others as they are, with what they have said since', async () => {
    openComparison(here())
    changeColumn(here(), columns()[0]!.key, { choice: model('first') })
    await ask('Which?')
    await main.say({ type: 'text-delta', text: 'Good ' })
    const before = messages().map(({ id }) => id)
    addColumn(here())
    changeColumn(here(), columns()[2]!.key, { choice: model('third') })
    main.refuseNext({ code: 'storage', reason: 'full' })
    const refused = askColumn(here(), columns()[2]!.key)
    await main.say({ type: 'text-delta', text: 'day' })
    await settle(() => refused)
    expect(messages().map(({ id }) => id)).toEqual(before)
    const last = messages().at(-1)
    expect(last?.role === 'assistant' ? answerText(last) : null).toBe('Good day')
    expect(columns()[2]!.headId).toBe(null)
  })

  it('stops all, tries one again beside what it said, and keeps one as the conversation', async () => {
    await compareThree()
    await main.say({ type: 'text-delta', text: 'Third' })
    await settle(() => stopAnswer(here()))
    expect(main.named('generation.stop')).toHaveLength(3)
    const third = columns()[2]!
    await settle(() => retryAnswer(here(), third.headId ?? ''))
    expect(main.asked().at(-1)).toMatchObject({ model: 'third', question: { kind: 'again', messageId: third.headId } })
    expect(columns()[2]!.headId).not.toBe(third.headId)
    expect(
      columns()
        .slice(0, 2)
        .map(({ headId }) => headId),
    ).toEqual(
      main
        .asked()
        .slice(0, 2)
        .map(({ answerId }) => answerId),
    )

    // Nothing to keep without a word.
    await settle(() => keepColumn(here(), columns()[2]!.key))
    expect(comparison()).toBeDefined()
    await main.say({ type: 'text-delta', text: 'Again' })
    const kept = columns()[2]!
    main.answer('conversation.showMessage', () => ({ conversation: conversationOf(useStore.getState(), here()) }))
    expect(hasText(useStore.getState(), here(), kept.headId)).toBe(true)
    await settle(() => keepColumn(here(), kept.key))
    expect(comparison()).toBeUndefined()
    expect(conversationOf(useStore.getState(), here())?.headId).toBe(kept.headId)
    expect(choiceOf(useStore.getState(), here())).toEqual(model('third'))
    expect(main.named('conversation.showMessage')).toEqual([
      { conversationId: here(), messageId: kept.headId, isKept: true },
    ])
    expect(messages().filter(({ role }) => role === 'assistant')).toHaveLength(4)
  })

  it('what is asked later goes to each under its own answer, and the way back shows it all again', async () => {
    await compareThree()
    await settle(() => stopAnswer(here()))
    // The stand-in ends only the last one; main tells of all.
    useStore.setState(({ threads }) => {
      const thread = threads.get(here())
      if (thread?.status !== 'ready') return {}
      const ended = thread.conversation.messages.map((message) =>
        message.role === 'assistant' ? { ...message, state: 'stopped' as const } : message,
      )
      return { threads: new Map([[here(), { ...thread, conversation: { ...thread.conversation, messages: ended } }]]) }
    })
    const first = columns().map(({ headId }) => headId)
    await ask('And then?')
    expect(
      main
        .asked()
        .slice(3)
        .map(({ question }) => question),
    ).toMatchObject(first.map((parentId) => ({ kind: 'new', parentId, text: 'And then?' })))
    const heads = columns().map(({ headId }) => headId)
    const questionId = comparison()?.questionId
    closeComparison(here())
    expect(compareVersions(here(), first[1] ?? '')).toBe(null)
    expect(columns().map(({ headId }) => headId)).toEqual(heads)
    expect(columns().map(({ choice }) => choice?.model)).toEqual(['first', 'second', 'third'])
    expect(comparison()?.questionId).toBe(questionId)
    expect(pathOf({ headId: heads[1] ?? null, messages: messages() })).toHaveLength(4)
  })
})
