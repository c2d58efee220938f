// @vitest-environment happy-dom
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { bootStore } from '../../../src/renderer/store/boot'
import { choose } from '../../../src/renderer/store/backends'
import { attachFiles } from '../../../src/renderer/store/chips'
import { changeDraft } from '../../../src/renderer/store/drafts'
import { continueAnswer, retryAnswer } from '../../../src/renderer/store/answers'
import { removeQueued, takeBackQueued } from '../../../src/renderer/store/queue'
import { sendDraft, sendMessage, stopAndSend } from '../../../src/renderer/store/sending'
import { stopAnswer } from '../../../src/renderer/store/stopping'
import { conversationOf, EMPTY_DRAFT, runningAnswer, useStore } from '../../../src/renderer/store/state'
import { answerText, pathOf } from '../../../src/shared/conversation'
import { settle, startMain } from './main-stand-in'

let main: ReturnType<typeof startMain>

beforeEach(async () => {
  globalThis.IS_REACT_ACT_ENVIRONMENT = true
  main = startMain()
  await bootStore()
})

const here = (): string => useStore.getState().currentId
const draft = (): string => (useStore.getState().drafts.get(here()) ?? EMPTY_DRAFT).text
const write = (text: string): void => changeDraft(here(), (before) => ({ ...before, text }))
const thread = (): string[] => {
  const conversation = conversationOf(useStore.getState(), here())
  if (conversation === null) return []
  return pathOf(conversation).map((message) =>
    message.role === 'user' ? message.text : `${message.state}: ${answerText(message)}`,
  )
}

async function ask(text: string): Promise<void> {
  write(text)
  await settle(() => sendDraft(here()))
}

describe('sending', () => {
  it('shows question and answer at once, empties the field and folds what comes', async () => {
    write('Hello?')
    expect(sendDraft(here())).toBe(true)
    expect(thread()).toEqual(['Hello?', 'running: '])
    expect(draft()).toBe('')
    await settle()
    await main.say({ type: 'text-delta', text: 'Good ' }, { type: 'text-delta', text: 'day' })
    expect(thread()).toEqual(['Hello?', 'running: Good day'])
    await main.finish('complete')
    expect(thread()).toEqual(['Hello?', 'complete: Good day'])
    await ask('And now?')
    const [first, second] = main.asked()
    expect(second?.question).toMatchObject({ kind: 'new', parentId: first?.answerId, text: 'And now?' })
    expect(second?.conversationId).toBe(first?.conversationId)
  })

  it('sends nothing that is empty', () => {
    write('  \n ')
    expect(sendDraft(here())).toBe(false)
    expect(main.asked()).toEqual([])
  })

  it('a message that cannot start goes back into the field, before what was written since', async () => {
    main.refuseNext({ code: 'storage', reason: 'full' })
    write('Precious words')
    sendDraft(here())
    write('more')
    await settle()
    expect(thread()).toEqual([])
    expect(draft()).toBe('Precious words\n\nmore')
    expect(useStore.getState().refusals.get(here())).toEqual({ code: 'storage', reason: 'full' })
    await settle(() => sendDraft(here()))
    expect(useStore.getState().refusals.size).toBe(0)
    expect(thread()[0]).toBe('Precious words\n\nmore')
  })

  const waiting = (): string[] => (useStore.getState().queued.get(here()) ?? []).map(({ text }) => text)

  it('messages wait for the running answer, and go one by one in their order', async () => {
    await ask('One')
    await ask('Two')
    await ask('Three')
    expect(main.asked()).toHaveLength(1)
    expect(waiting()).toEqual(['Two', 'Three'])
    await main.finish('complete')
    expect(main.asked().map(({ question }) => question)).toMatchObject([{ text: 'One' }, { text: 'Two' }])
    expect(waiting()).toEqual(['Three'])
    await main.finish('complete')
    expect(main.asked().at(-1)?.question).toMatchObject({ text: 'Three' })
    expect(useStore.getState().queued.size).toBe(0)
  })

  it('one that waits can be taken back to be edited, or taken out; what stops the answer goes first', async () => {
    await ask('One')
    await ask('Two')
    await ask('Three')
    const [two, three] = useStore.getState().queued.get(here()) ?? []
    takeBackQueued(here(), three?.key)
    expect([waiting(), draft()]).toEqual([['Two'], 'Three'])
    await settle(() => stopAndSend(here()))
    expect(main.asked().at(-1)?.question).toMatchObject({ text: 'Three' })
    expect(waiting()).toEqual(['Two'])
    removeQueued(here(), two?.key ?? '')
    expect(useStore.getState().queued.size).toBe(0)
    expect(draft()).toBe('')
  })

  it('after a failure all that waits is back in the field, in its order', async () => {
    await ask('One')
    await ask('Two')
    await ask('Three')
    await main.finish('failed', { code: 'empty-answer' })
    expect([waiting(), draft()]).toEqual([[], 'Two\n\nThree'])
  })

  it('is not sent into the same trouble: after a failure it is back in the field', async () => {
    await ask('One')
    await ask('Two')
    await main.finish('failed', { code: 'empty-answer' })
    expect(main.asked()).toHaveLength(1)
    expect(draft()).toBe('Two')
  })

  it('is given back on request', async () => {
    await ask('One')
    await ask('Two')
    takeBackQueued(here())
    expect(draft()).toBe('Two')
    await main.finish('complete')
    expect(main.asked()).toHaveLength(1)
  })

  it('stops the answer and sends at once', async () => {
    await ask('One')
    await main.say({ type: 'text-delta', text: 'So far' })
    write('Rather this')
    await settle(() => stopAndSend(here()))
    expect(thread()).toEqual(['One', 'stopped: So far', 'Rather this', 'running: '])
  })

  it('stops nothing when the answer has ended just before', async () => {
    await ask('One')
    await main.finish('complete')
    write('Rather this')
    await settle(() => stopAndSend(here()))
    expect(main.named('generation.stop')).toEqual([])
    expect(thread().slice(-2)).toEqual(['Rather this', 'running: '])
  })

  it('asks again as a variant of the same question', async () => {
    await ask('One')
    await main.finish('complete')
    const answerId = main.asked()[0]?.answerId ?? ''
    await settle(() => retryAnswer(here(), answerId))
    expect(main.asked()[1]?.question).toEqual({ kind: 'again', messageId: answerId })
    expect(thread()).toEqual(['One', 'running: '])
    const conversation = conversationOf(useStore.getState(), here())
    expect(conversation?.messages).toHaveLength(3)
  })

  it('asks another provider while the answer still runs: stops it first', async () => {
    await ask('One')
    const answerId = runningAnswer(useStore.getState(), here())?.id ?? ''
    await settle(() => retryAnswer(here(), answerId, { backendId: 'home', provider: 'Other', model: null }))
    expect(main.named('generation.stop')).toHaveLength(1)
    expect(main.asked()[1]).toMatchObject({ provider: 'Other', question: { kind: 'again' } })
  })

  it('goes on with a cut answer under it', async () => {
    await ask('One')
    await main.say({ type: 'text-delta', text: 'Half' })
    await main.finish('stopped')
    const answerId = main.asked()[0]?.answerId ?? ''
    await settle(() => continueAnswer(here(), answerId))
    await main.say({ type: 'text-delta', text: ' done' })
    expect(thread()).toEqual(['One', 'stopped: Half', 'running:  done'])
  })

  it('R41: a file that cannot be read is refused, and nobody waits for it', async () => {
    vi.spyOn(window.parley, 'attach').mockRejectedValue(new DOMException('gone', 'NotFoundError'))
    await settle(() => attachFiles(here(), [new File(['x'], 'gone.png')]))
    const chips = useStore.getState().drafts.get(here())?.chips
    expect(chips).toMatchObject([{ kind: 'refused', name: 'gone.png', error: { code: 'internal' } }])
  })

  it('R41: a refused file keeps the message from going until it is removed', async () => {
    write('Look')
    await settle(() => attachFiles(here(), [new File(['x'], 'scan.tiff')]))
    expect(useStore.getState().drafts.get(here())?.chips).toMatchObject([{ kind: 'refused', name: 'scan.tiff' }])
    expect(sendDraft(here())).toBe(false)
    changeDraft(here(), (before) => ({ ...before, chips: [] }))
    expect(sendDraft(here())).toBe(true)
    await settle()
  })
})

describe('stopping', () => {
  it('puts a message that waits back into the field instead of sending it', async () => {
    await ask('First?')
    await ask('Second?')
    expect(useStore.getState().queued.get(here())).toMatchObject([{ text: 'Second?' }])
    await settle(() => stopAnswer(here()))
    await main.finish('stopped')
    expect(thread()).toEqual(['First?', 'stopped: '])
    expect(draft()).toBe('Second?')
    expect(main.asked()).toHaveLength(1)
  })
})

describe('a chat whose backend was removed', () => {
  const remove = (): void =>
    useStore.setState(({ backends }) => ({ backends: backends.filter(({ isBuiltIn }) => isBuiltIn) }))

  it('asks nobody until a person says who goes on', async () => {
    await ask('Hello?')
    await main.finish('complete')
    remove()
    write('And now?')
    expect(sendDraft(here())).toBe(false)
    expect(draft()).toBe('And now?')
    await sendMessage(here(), 'Suggested', [])
    expect(main.asked()).toHaveLength(1)
    choose(here(), { backendId: 'guide', provider: null, model: null })
    await settle(() => void sendDraft(here()))
    expect(main.asked().at(-1)).toMatchObject({ backendId: 'guide' })
  })
})
