import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { editLastQuestion } from '../../../src/renderer/chat/edit-state'
import { attachFiles } from '../../../src/renderer/store/chips'
import { retryAnswer } from '../../../src/renderer/store/answers'
import { sendDraft } from '../../../src/renderer/store/sending'
import { initialState, useStore } from '../../../src/renderer/store/state'
import { summarize } from '../../../src/shared/conversation'
import { conversationOf } from '../../support/conversation-samples'

const conversation = conversationOf('00000000-0000-4000-8000-000000000001', [['Why?', 'So.']])
const { id } = conversation

function hold(isReadOnly: boolean): void {
  useStore.setState({
    ...initialState(),
    conversations: new Map([[id, { ...summarize(conversation), ...(isReadOnly && { isReadOnly }) }]]),
    threads: new Map([[id, { status: 'ready', conversation }]]),
    drafts: new Map([[id, { text: 'More?', chips: [] }]]),
  })
}

beforeEach(() => hold(true))
afterEach(() => useStore.setState(initialState()))

describe('a chat of a newer Parley in the page (R38)', () => {
  it('sends nothing, and what was written stays', () => {
    expect(sendDraft(id)).toBe(false)
    expect(useStore.getState().drafts.get(id)?.text).toBe('More?')
  })

  it('takes no files, makes no field of a question, and asks nothing again', async () => {
    await attachFiles(id, [new File(['x'], 'a.png')])
    expect(useStore.getState().drafts.get(id)?.chips).toEqual([])
    expect(editLastQuestion(id)).toBe(false)
    // Without a window there is nobody to ask: it would throw.
    await retryAnswer(id, conversation.headId ?? '')
    expect(useStore.getState().threads.get(id)).toEqual({ status: 'ready', conversation })
    hold(false)
    expect(editLastQuestion(id)).toBe(true)
  })
})
