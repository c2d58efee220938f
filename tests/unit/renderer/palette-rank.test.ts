import { describe, expect, it } from 'vitest'
import { best, FIT, fitOf, folded, queryOf } from '../../../src/renderer/palette/rank'
import { shortestMs } from '../../support/shortest'

const fit = (typed: string, name: string) => fitOf(queryOf(typed), folded(name), true)

describe('fitOf', () => {
  it.each([
    ['new', 'New chat', FIT.begins],
    ['new ch', 'New chat', FIT.begins],
    ['chat', 'New chat', FIT.words],
    ['chat new', 'New chat', FIT.words],
    ['3.3', 'llama-3.3-70b', FIT.words],
    ['70b', 'llama-3.3-70b', FIT.words],
    ['hat', 'New chat', FIT.inside],
    ['nc', 'New chat', FIT.near],
    ['setings', 'Settings', FIT.near],
    ['sidbear', 'Show or hide the sidebar', FIT.near],
    ['новый', 'Новый чат', FIT.begins],
    ['ЧАТ', 'Новый чат', FIT.words],
    ['еще', 'Ещё версия', FIT.begins],
    ['темнная', 'Тёмная тема', FIT.near],
    ['cafe', 'Café', FIT.begins],
    ['xyz', 'New chat', FIT.none],
    ['cht', 'New chat', FIT.none],
    ['', 'New chat', FIT.inside],
  ])('%s in %s', (typed, name, expected) => {
    expect(fit(typed, name)).toBe(expected)
  })
})

describe('best', () => {
  const names = ['Find in this chat', 'Chats', 'New chat', 'Previous chat', 'Rechatter']
  const found = (typed: string, limit = 10) => best(names, folded, queryOf(typed), limit)

  it('has those that begin with it first, and leaves the order alone where they fit alike', () => {
    expect(found('chat').items).toEqual(['Chats', 'Find in this chat', 'New chat', 'Previous chat', 'Rechatter'])
    expect(found('chat', 2)).toEqual({ items: ['Chats', 'Find in this chat'], fit: FIT.begins, total: 5 })
  })

  it('has what is nearly right only where nothing is right', () => {
    expect(found('previuos')).toMatchObject({ items: ['Previous chat'], fit: FIT.near })
    expect(found('find').items).toEqual(['Find in this chat'])
    expect(found('zzqqy')).toEqual({ items: [], fit: FIT.none, total: 0 })
  })

  it('R37 goes through 20,000 models within a frame or two, also with a slip', () => {
    const models = Array.from({ length: 20_000 }, (_each, index) =>
      folded(`model-${index % 977}-v${index} provider ${index % 40}`),
    )
    for (const typed of ['model 97', 'provider 3 v199', 'modle-12']) {
      const query = queryOf(typed)
      expect(best(models, (name) => name, query, 6).total).toBeGreaterThan(0)
      // On a busy machine; alone it is a tenth of it.
      expect(shortestMs(400, () => best(models, (name) => name, query, 6))).toBeLessThan(400)
    }
  })
})
