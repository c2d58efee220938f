import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { Generations } from '../../../src/main/generations'
import { copyTitle } from '../../../src/main/copy-title'
import { silentLogger } from '../../../src/main/logger'
import { translator } from '../../../src/shared/i18n'
import { conversationOf } from '../../support/conversation-samples'
import { libraryOn, setClock, temporaryFolder } from '../../support/temporary-library'

const en = translator('en')
const ru = translator('ru')
const titled = (title: string, kind: 'copy' | 'branch', ...taken: string[]) =>
  copyTitle(title, kind, new Set([title, ...taken]), en)

describe('what a copy of a chat is called', () => {
  it('says that it is one, and counts on', () => {
    expect(titled('Ferns', 'copy')).toBe('Ferns (copy)')
    expect(titled('Ferns', 'branch')).toBe('Ferns (branch)')
    expect(titled('Ferns', 'copy', 'Ferns (copy)')).toBe('Ferns (copy 2)')
    expect(titled('Ferns (copy)', 'copy')).toBe('Ferns (copy 2)')
    expect(titled('Ferns (copy 2)', 'copy', 'Ferns', 'Ferns (copy)')).toBe('Ferns (copy 3)')
    expect(titled('Ferns (copy)', 'branch')).toBe('Ferns (copy) (branch)')
    expect(copyTitle('Папоротники (копия)', 'copy', new Set(['Папоротники (копия)']), ru)).toBe('Папоротники (копия 2)')
  })

  it('leaves what only looks like an ending, and what has no title', () => {
    expect(titled('Chapter 2', 'copy')).toBe('Chapter 2 (copy)')
    expect(titled('(copy)', 'copy')).toBe('(copy) (copy)')
    expect(titled('', 'copy')).toBe('')
    expect(titled('{{title}} $& {{number}}', 'copy')).toBe('{{title}} $& {{number}} (copy)')
  })

  it('is no longer than a title may be', () => {
    const made = titled('x'.repeat(200), 'copy')
    expect(made).toHaveLength(200)
    expect(made.endsWith('x… (copy)')).toBe(true)
  })

  it('is given to a duplicate and to a branch', async () => {
    const clock = setClock()
    const library = libraryOn(await temporaryFolder(), undefined, clock)
    const conversation = { ...conversationOf(randomUUID(), [['Why?', 'So.']]), title: 'Ferns' }
    await library.create(conversation)
    const generations = new Generations({
      library,
      openSession: () => ({ [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error('asked')) }) }),
      findAttachments: () => Promise.resolve([]),
      titleOfCopy: async (title, kind) =>
        copyTitle(title, kind, new Set((await library.list()).map((each) => each.title)), en),
      clock,
      logger: silentLogger,
      isOnShow: () => true,
    })
    expect((await generations.duplicate(conversation.id)).title).toBe('Ferns (copy)')
    expect((await generations.duplicate(conversation.id)).title).toBe('Ferns (copy 2)')
    const question = conversation.messages[0]!
    const branch = await generations.branch(conversation.id, question.id)
    expect(branch.title).toBe('Ferns (branch)')
    // The branch of a question ends with it: the page offers to ask it.
    expect((await library.open(branch.id)).messages).toMatchObject([{ role: 'user', text: 'Why?' }])
  })
})
