// @vitest-environment happy-dom
import { expect, it } from 'vitest'
import { startEditing, useEdits } from '../../../src/renderer/chat/edit-state'
import { loadCatalogue } from '../../../src/renderer/store/backends'
import { bootStore } from '../../../src/renderer/store/boot'
import { openComparison } from '../../../src/renderer/store/comparison'
import {
  showChat,
  showChatSettings,
  showConversation,
  showPrompts,
  showSettings,
  showTrash,
} from '../../../src/renderer/store/conversations'
import { changeDraft } from '../../../src/renderer/store/drafts'
import { useStore } from '../../../src/renderer/store/state'
import type { Catalogue, ConversationChange } from '../../../src/shared/contract'
import { summarize, type Message } from '../../../src/shared/conversation'
import type { AppError } from '../../../src/shared/errors'
import { newConversation, settle, startMain } from './main-stand-in'

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

it('S44: nothing of a temporary chat that was discarded stays in the window', async () => {
  const main = startMain()
  await bootStore()
  const id = 'unkept'
  const messages: Message[] = [{ role: 'user', id: 'q', parentId: null, createdAt: 1, text: 'q', attachments: [] }]
  const conversation = { ...newConversation(id, 'home'), isTemporary: true, headId: 'q', messages }
  main.keep(conversation)
  main.emit('conversation.changed', [{ kind: 'upsert', summary: summarize(conversation) }])
  await showConversation(id)
  openComparison(id)
  changeDraft(id, (draft) => ({ ...draft, text: 'Between us' }))
  startEditing(id, 'q')
  const error: AppError = { code: 'attachment', reason: 'damaged', name: 'secret.png', format: null, limit: null }
  useStore.setState({ refusals: new Map([[id, error]]) })

  main.emit('conversation.changed', [{ kind: 'remove', conversationId: id }])
  const { drafts, threads, refusals, comparisons, choices } = useStore.getState()
  expect([drafts, threads, refusals, comparisons, choices].map((each) => each.has(id))).toEqual(Array(5).fill(false))
  expect(useEdits.getState().edits.has(id)).toBe(false)
})

it('what a server said before its address was changed does not count afterwards', async () => {
  const main = startMain()
  await bootStore()
  const answers: ((value: unknown) => void)[] = []
  main.answer('backend.catalogue', () => new Promise((resolve) => answers.push(resolve)))
  const [guide, home] = useStore.getState().backends
  void loadCatalogue('home')
  const moved = { ...home!, profile: { ...home!.profile, url: 'http://127.0.0.1:2' } }
  main.emit('backend.changed', [guide, moved])
  void loadCatalogue('home')
  const facts = { label: '', needsKey: false, loginUrl: null, hasVision: false, makes: [], hasModelDetails: true }
  const catalogue = (name: string): Catalogue => ({
    providers: [{ ...facts, name, models: [] }],
    isStale: false,
    error: null,
  })
  answers.at(-1)?.(catalogue('new'))
  await expect.poll(() => useStore.getState().catalogues.get('home')?.status).toBe('ready')
  answers[0]?.(catalogue('old'))
  await settle()
  const known = useStore.getState().catalogues.get('home')?.catalogue
  expect(known?.providers.map(({ name }) => name)).toEqual(['new'])
})

it('the settings of a chat are closed by whatever comes in its place, and do not come back with it', async () => {
  startMain()
  await bootStore()
  const { currentId } = useStore.getState()
  for (const leave of [() => showSettings('general'), showTrash, showPrompts]) {
    showChatSettings(currentId)
    leave()
    showChat()
    expect(useStore.getState().chatSettings).toBeNull()
  }
})
