import { describe, expect, it } from 'vitest'
import { blindnessOf } from '../../../src/renderer/composer/vision'
import type { Catalogue } from '../../../src/shared/contract'

const model = (id: string, hasVision: boolean) => ({ id, label: id, isDefault: false, hasVision, makes: [] })
function catalogue(hasModelDetails = true): Catalogue {
  const models = [model('plain', false), model('eyes', true), model('owl', true)]
  const provider = { name: 'Lab', label: 'Lab', needsKey: false, loginUrl: null, hasVision: true, makes: [] }
  return { providers: [{ ...provider, hasModelDetails, models }], isStale: false, error: null }
}

describe('a model that cannot read images', () => {
  it('is warned of, with one of the same provider that can', () => {
    expect(blindnessOf(catalogue(), { provider: 'Lab', model: 'plain' }, [])).toMatchObject({
      label: 'plain',
      instead: { id: 'eyes' },
    })
  })

  it('one that the person likes is offered first', () => {
    const liked = [{ provider: 'Lab', model: 'owl' }]
    expect(blindnessOf(catalogue(), { provider: 'Lab', model: 'plain' }, liked)?.instead?.id).toBe('owl')
  })

  it.each([
    ['one that can', catalogue(), { provider: 'Lab', model: 'eyes' }],
    ['no model chosen', catalogue(), { provider: 'Lab', model: null }],
    ['a model that is not listed', catalogue(), { provider: 'Lab', model: 'new' }],
    ['a provider that has not described its models', catalogue(false), { provider: 'Lab', model: 'plain' }],
    ['no catalogue', null, { provider: 'Lab', model: 'plain' }],
  ] as const)('nothing is said of %s', (_, found, choice) => {
    expect(blindnessOf(found, choice, [])).toBeNull()
  })
})
