// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { changeEdit, endEditing, useEdits } from '../../../src/renderer/chat/edit-state'
import { bootStore } from '../../../src/renderer/store/boot'
import {
  keepConversation,
  showConversation,
  showNewConversation,
  showTemporaryConversation,
} from '../../../src/renderer/store/conversations'
import { attachFiles, removeRefused } from '../../../src/renderer/store/chips'
import { changeDraft, cutExcess } from '../../../src/renderer/store/drafts'
import { sendDraft } from '../../../src/renderer/store/sending'
import { chipOf, EMPTY_DRAFT, useStore } from '../../../src/renderer/store/state'
import { MAX_DRAFT_TEXT, MAX_QUESTION_TEXT } from '../../../src/shared/contract'
import type { AttachmentInfo } from '../../../src/shared/conversation'
import { newConversation, settle, startMain } from './main-stand-in'

const IMAGE: AttachmentInfo = {
  id: 'a'.repeat(64),
  name: 'fern.png',
  mime: 'image/png',
  bytes: 900,
  width: 30,
  height: 20,
  orientation: 1,
  hasLocation: false,
}
const BEFORE = { format: 'PNG', bytes: 9000, width: 300, height: 200, isAnimated: false, isSendable: true }
/** More than the pause after which a draft is told. */
const PAUSE_MS = 300

let main: ReturnType<typeof startMain>
const here = (): string => useStore.getState().currentId
const draft = (id = here()): string => (useStore.getState().drafts.get(id) ?? EMPTY_DRAFT).text
const write = (text: string, id = here()): void => changeDraft(id, (before) => ({ ...before, text }))
const pause = (): Promise<void> => settle(() => new Promise((resolve) => setTimeout(resolve, PAUSE_MS)))

beforeEach(() => {
  globalThis.IS_REACT_ACT_ENVIRONMENT = true
  location.hash = ''
  useEdits.setState({ edits: new Map() })
  main = startMain()
})
afterEach(() => vi.restoreAllMocks())

describe('drafts', () => {
  it('R33: come back after a restart, each to its chat, with what is attached', async () => {
    main.keep(newConversation('c1', 'home'))
    main.draft('new', 'in the new one', [IMAGE])
    main.draft('c1', 'in c1')
    main.draft('quick-ask', 'of the other window')
    await bootStore()
    expect(draft()).toBe('in the new one')
    expect(useStore.getState().drafts.get(here())?.chips).toMatchObject([{ kind: 'ready', attachment: IMAGE }])
    expect(draft('c1')).toBe('in c1')
    await showConversation('c1')
    showNewConversation()
    expect(draft()).toBe('in the new one')
    await pause()
    expect(main.named('draft.set')).toEqual([])
    expect(main.drafts()).toEqual({ new: 'in the new one', c1: 'in c1', 'quick-ask': 'of the other window' })
  })

  it('R33: a question that is being written anew comes back as it was left, and is forgotten once it is ended', async () => {
    const editing = { messageId: 'm1', text: 'half of a better question', attachments: [IMAGE] }
    main.keep(newConversation('c1', 'home'))
    main.draft('c1', '', [], { editing })
    await bootStore()
    const edit = () => useEdits.getState().edits.get('c1')
    expect(edit()).toMatchObject({ messageId: 'm1', text: editing.text, chips: [{ kind: 'ready', attachment: IMAGE }] })
    expect(draft('c1')).toBe('')
    await pause()
    expect(main.named('draft.set')).toEqual([])
    changeEdit('c1', (before) => ({ ...before, text: 'a better question' }))
    await pause()
    expect(main.named('draft.set')).toMatchObject([{ key: 'c1', editing: { ...editing, text: 'a better question' } }])
    endEditing('c1')
    await pause()
    expect(main.drafts()).toEqual({})
  })

  it('R33: the slots of a prompt come back, behind what waits as well, and are told when they are filled', async () => {
    const filling = { promptId: 'p', name: 'Weather', slots: [{ name: 'city', choices: [], from: 8, to: 14 }] }
    main.draft('new', 'Weather {city}?', [], { filling })
    await bootStore()
    expect(useStore.getState().drafts.get(here())?.filling).toEqual(filling)
    await pause()
    expect(main.named('draft.set')).toEqual([])
    changeDraft(here(), (before) => ({
      ...before,
      text: 'Weather Oslo?',
      filling: { ...filling, slots: [{ ...filling.slots[0]!, to: 12 }] },
    }))
    await pause()
    expect(main.named('draft.set')).toMatchObject([
      { text: 'Weather Oslo?', filling: { slots: [{ from: 8, to: 12 }] } },
    ])
    const waiting = { key: 'k', text: 'First', attachments: [], afterId: null }
    useStore.setState({ queued: new Map([[here(), [waiting]]]) })
    await pause()
    expect(main.named('draft.set').at(-1)).toMatchObject({
      text: 'First\n\nWeather Oslo?',
      filling: { slots: [{ from: 15, to: 19 }] },
    })
    // Who closes the bar has plain text.
    changeDraft(here(), ({ filling: _filling, ...before }) => before)
    await pause()
    expect(main.named('draft.set').at(-1)).not.toHaveProperty('filling')
  })

  it('R33: what stands in the composer of a temporary chat is kept with it, without another key', async () => {
    main.keep({ ...newConversation('c1', 'home'), isTemporary: true })
    await bootStore()
    await showConversation('c1')
    write('half a question')
    await pause()
    expect(main.named('draft.set')).toEqual([])
    expect(await keepConversation('c1')).toBeNull()
    await pause()
    expect(main.drafts()).toEqual({ c1: 'half a question' })
  })

  it('for which there is no room are named, until they are sent, cleared or kept', async () => {
    await bootStore()
    write('x'.repeat(MAX_DRAFT_TEXT + 1))
    await pause()
    expect(main.named('draft.set')).toEqual([])
    expect([...useStore.getState().unkept]).toEqual([here()])
    write('short')
    await pause()
    expect(main.drafts()).toEqual({ new: 'short' })
    expect(useStore.getState().unkept.size).toBe(0)
    main.refuse('draft.set', { code: 'storage', reason: 'full' })
    write('one too many')
    await pause()
    expect([...useStore.getState().unkept]).toEqual([here()])
    expect(draft()).toBe('one too many')
    write('')
    await pause()
    expect(useStore.getState().unkept.size).toBe(0)
  })

  it('that are too long for one message are not sent; what is too much goes to the clipboard', async () => {
    await bootStore()
    const text = `${'x'.repeat(MAX_QUESTION_TEXT - 1)}🙂 the rest`
    write(text)
    expect(sendDraft(here())).toBe(false)
    expect(draft()).toBe(text)
    const copy = vi.spyOn(navigator.clipboard, 'writeText').mockRejectedValueOnce(new Error('refused'))
    await expect(cutExcess(here())).rejects.toThrow()
    expect(draft()).toBe(text)
    copy.mockResolvedValueOnce()
    await cutExcess(here())
    expect(copy).toHaveBeenLastCalledWith('🙂 the rest')
    expect(draft()).toBe('x'.repeat(MAX_QUESTION_TEXT - 1))
    expect(sendDraft(here())).toBe(true)
  })

  it('are told while somebody types, not after it, and at once when the field is left', async () => {
    await bootStore()
    for (const text of ['a', 'ab', 'abc', 'abcd']) {
      write(text)
      await new Promise((resolve) => setTimeout(resolve, 90))
    }
    expect(main.named('draft.set').length).toBeGreaterThan(0)
    expect(main.named('draft.set').length).toBeLessThan(4)
    write('abcde')
    document.dispatchEvent(new Event('focusout'))
    expect(main.named('draft.set').at(-1)).toMatchObject({ key: 'new', text: 'abcde', attachments: [] })
    document.dispatchEvent(new Event('focusout'))
    const count = main.named('draft.set').length
    await pause()
    expect(main.named('draft.set')).toHaveLength(count)
  })

  it('that are sent are gone, and the next one belongs to the conversation', async () => {
    await bootStore()
    write('Why?')
    await pause()
    expect(main.drafts()).toEqual({ new: 'Why?' })
    await settle(() => sendDraft(here()))
    await pause()
    expect(main.drafts()).toEqual({})
    write('And then?')
    await pause()
    expect(main.drafts()).toEqual({ [here()]: 'And then?' })
  })

  it('hold what waits for the end of an answer, until it is sent', async () => {
    await bootStore()
    write('Why?')
    await settle(() => sendDraft(here()))
    write('the next question')
    await settle(() => sendDraft(here()))
    write('half of the third')
    await pause()
    expect(main.drafts()).toEqual({ [here()]: 'the next question\n\nhalf of the third' })
    await main.finish('complete')
    await pause()
    expect(main.drafts()).toEqual({ [here()]: 'half of the third' })
  })

  it('of a temporary chat stay in the window; kept, they are told', async () => {
    await bootStore()
    showTemporaryConversation()
    write('nobody else needs to know')
    await pause()
    expect(main.named('draft.set')).toEqual([])
    await keepConversation(here())
    await pause()
    expect(main.drafts()).toEqual({ new: 'nobody else needs to know' })
  })

  it('of the new chat and of a temporary one that is kept become one', async () => {
    await bootStore()
    write('first')
    showTemporaryConversation()
    write('second')
    await keepConversation(here())
    expect(draft()).toBe('first\n\nsecond')
    expect([...useStore.getState().newChats]).toEqual([[here(), { isTemporary: false }]])
    await pause()
    expect(main.drafts()).toEqual({ new: 'first\n\nsecond' })
  })

  it('of a deleted conversation wait for it, and are no new chat', async () => {
    main.keep(newConversation('c1', 'home'))
    await bootStore()
    await showConversation('c1')
    write('in c1')
    await settle(() => main.emit('conversation.changed', [{ kind: 'remove', conversationId: 'c1' }]))
    expect(here()).not.toBe('c1')
    showNewConversation()
    expect(draft()).toBe('')
    await pause()
    expect(main.drafts()).toEqual({ c1: 'in c1' })
  })

  it('of a conversation that is deleted while a message waits hold that message', async () => {
    await bootStore()
    write('Why?')
    await settle(() => sendDraft(here()))
    const id = here()
    write('the next question')
    await settle(() => sendDraft(id))
    await settle(() => main.emit('conversation.changed', [{ kind: 'remove', conversationId: id }]))
    await pause()
    expect(main.drafts()).toEqual({ [id]: 'the next question' })
  })

  it('are told once more when main could not take them', async () => {
    await bootStore()
    main.refuse('draft.set', { code: 'storage', reason: 'full' })
    write('a')
    await pause()
    main.refuse('draft.set', null)
    changeDraft(here(), (before) => ({ ...before }))
    await pause()
    expect(main.drafts()).toEqual({ new: 'a' })
  })

  it('have no file that is refused or still looked at', async () => {
    await bootStore()
    write('with a file')
    await settle(() => attachFiles(here(), [new File(['x'], 'scan.tiff')]))
    await pause()
    expect(main.named('draft.set').at(-1)).toMatchObject({ text: 'with a file', attachments: [] })
  })
})

describe('a question that is written anew', () => {
  it('takes files of its own, which the composer below has not, and loses what cannot be sent by one press', async () => {
    await bootStore()
    const id = here()
    const place = { editIn: id }
    useEdits.setState({ edits: new Map([[id, { messageId: 'q', text: 'Why?', chips: [chipOf(IMAGE)] }]]) })
    await settle(() => attachFiles(place, [new File(['x'], 'scan.tiff')]))
    const kinds = () =>
      useEdits
        .getState()
        .edits.get(id)
        ?.chips.map(({ kind }) => kind)
    expect(kinds()).toEqual(['ready', 'refused'])
    expect(useStore.getState().drafts.has(id)).toBe(false)
    removeRefused(place)
    expect(kinds()).toEqual(['ready'])
    await pause()
    expect(main.named('draft.set').at(-1)).toMatchObject({ editing: { messageId: 'q', attachments: [IMAGE] } })
    // An edit that was ended meanwhile stays ended.
    endEditing(id)
    await settle(() => attachFiles(place, [new File(['x'], 'scan.tiff')]))
    expect(useEdits.getState().edits.has(id)).toBe(false)
  })
})

describe('new chats', () => {
  it('are temporary where the settings say so, but for a draft that is kept', async () => {
    main = startMain({ isTemporaryByDefault: true })
    await bootStore()
    const { newChats } = useStore.getState()
    expect([...newChats.values()]).toEqual([{ isTemporary: true }])
    write('Why?')
    await settle(() => sendDraft(here()))
    expect(main.asked()[0]?.isTemporary).toBe(true)
    showNewConversation()
    expect(useStore.getState().newChats.get(here())).toEqual({ isTemporary: true })

    main = startMain({ isTemporaryByDefault: true })
    main.draft('new', 'kept')
    await bootStore()
    expect(draft()).toBe('kept')
    expect(useStore.getState().newChats.get(here())).toEqual({ isTemporary: false })
  })

  it('of both kinds are there side by side, each with its draft', async () => {
    await bootStore()
    write('ordinary')
    showTemporaryConversation()
    write('temporary')
    showNewConversation()
    expect(draft()).toBe('ordinary')
    showTemporaryConversation()
    expect(draft()).toBe('temporary')
    await settle(() => sendDraft(here()))
    expect(main.asked()[0]?.isTemporary).toBe(true)
    showTemporaryConversation()
    expect(draft()).toBe('')
  })
})
describe('files of temporary chats', () => {
  const other = (id: string): AttachmentInfo => ({ ...IMAGE, id: id.repeat(64), name: `${id}.png` })
  const put = (chips: readonly AttachmentInfo[], id = here()): void =>
    changeDraft(id, (before) => ({ ...before, chips: chips.map(chipOf) }))

  beforeEach(() => vi.useFakeTimers())
  afterEach(() => vi.useRealTimers())

  it('are let go some time after they were taken out; what stands in a field again stays', async () => {
    await bootStore()
    showTemporaryConversation()
    const id = here()
    put([{ ...other('a'), before: { ...BEFORE, id: 'c'.repeat(64) } }, other('b')])
    put([other('b')])
    put([])
    put([other('b')])
    await vi.advanceTimersByTimeAsync(5000)
    expect(main.named('attachment.release')).toEqual([])
    await vi.advanceTimersByTimeAsync(10_000)
    expect(main.named('attachment.release')).toEqual([{ temporary: id, ids: ['a'.repeat(64), 'c'.repeat(64)] }])
  })

  it('are not told while something is being put in, and never those of a chat that is kept', async () => {
    await bootStore()
    put([other('a')])
    put([])
    showTemporaryConversation()
    put([other('a')])
    changeDraft(here(), (before) => ({ ...before, chips: [{ kind: 'adding', key: 'k', name: 'a.png' }] }))
    await vi.advanceTimersByTimeAsync(30_000)
    expect(main.named('attachment.release')).toEqual([])
    put([])
    await vi.advanceTimersByTimeAsync(10_000)
    expect(main.named('attachment.release')).toEqual([{ temporary: here(), ids: ['a'.repeat(64)] }])
  })
})
