// @vitest-environment happy-dom
import { expect, it } from 'vitest'
import { bootStore } from '../../../src/renderer/store/boot'
import { needModels } from '../../../src/renderer/store/models'
import { useStore } from '../../../src/renderer/store/state'
import type { CatalogueProvider } from '../../../src/shared/contract'
import { startMain } from './main-stand-in'

const provider = (name: string, hasModelDetails: boolean): CatalogueProvider => ({
  name,
  label: '',
  needsKey: false,
  loginUrl: null,
  hasVision: false,
  makes: [],
  hasModelDetails,
  models: [],
})

it('what a provider tells is in the list once it is waited for no more', async () => {
  const main = startMain()
  const names = ['Lab', 'Other', 'Silent']
  const providers = names.map((name) => provider(name, false))
  main.answer('backend.catalogue', () => ({ providers, isStale: false, error: null }))
  main.answer('backend.models', ({ provider: name }: { provider: string }) =>
    name === 'Silent' ? null : provider(name, true),
  )
  await bootStore()
  await expect.poll(() => useStore.getState().catalogues.get('home')?.status).toBe('ready')
  await Promise.all(names.map((name) => needModels('home', name)))
  const known = useStore.getState().catalogues.get('home')?.catalogue?.providers ?? []
  expect(known.map(({ name, hasModelDetails }) => [name, hasModelDetails])).toEqual([
    ['Lab', true],
    ['Other', true],
    ['Silent', false],
  ])
})
