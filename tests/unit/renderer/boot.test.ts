// @vitest-environment happy-dom
import { expect, it } from 'vitest'
import { bootStore } from '../../../src/renderer/store/boot'
import { useStore } from '../../../src/renderer/store/state'
import type { ConversationChange } from '../../../src/shared/contract'
import { summarize } from '../../../src/shared/conversation'
import { newConversation, startMain } from './main-stand-in'

const upsert = (id: string, title = ''): ConversationChange => ({
  kind: 'upsert',
  summary: { ...summarize(newConversation(id, 'home')), title },
})

it('thousands of changes that main tells at once are one change of the window (R36)', async () => {
  const main = startMain()
  await bootStore()
  let changes = 0
  const stop = useStore.subscribe(() => (changes += 1))
  main.emit(
    'conversation.changed',
    Array.from({ length: 5000 }, (_, at) => upsert(`c${at}`)),
  )
  expect(changes).toBe(1)
  expect(useStore.getState().conversations.size).toBe(5000)

  // In their order: what is deleted and comes back is there, what goes last is gone.
  main.emit('conversation.changed', [
    upsert('c1', 'before'),
    { kind: 'remove', conversationId: 'c1' },
    upsert('c1', 'after'),
    upsert('c2', 'last'),
    { kind: 'remove', conversationId: 'c2' },
  ] satisfies ConversationChange[])
  const { conversations } = useStore.getState()
  expect(conversations.get('c1')?.title).toBe('after')
  expect(conversations.has('c2')).toBe(false)
  stop()
})

it('a chat that was new is one of the list once main tells of it', async () => {
  const main = startMain()
  await bootStore()
  const { currentId } = useStore.getState()
  expect(useStore.getState().newChats.has(currentId)).toBe(true)
  main.emit('conversation.changed', [upsert('other'), upsert(currentId)])
  expect(useStore.getState().newChats.has(currentId)).toBe(false)
})
