// @vitest-environment happy-dom
import { act } from 'react'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ImagesPage } from '../../../src/renderer/settings/images-page'
import type { Settings } from '../../../src/shared/settings'
import { mount } from '../markdown/mount'
import { backendView, createPerson, startMain } from './main-stand-in'

const person = createPerson()
let close = (): void => undefined

async function open() {
  const main = await startMain([backendView('home')])
  const page = mount(<ImagesPage />)
  close = page.unmount
  await act(async () => undefined)
  const side = (): string => document.querySelector<HTMLElement>('[role=spinbutton]')!.getAttribute('aria-label')!
  const set = () => main.named<Pick<Settings, 'images'>>('settings.set').map(({ images }) => images.maxSidePx)
  return { ...page, side, set }
}

beforeEach(() => document.body.replaceChildren())
afterEach(() => close())

describe('R17: a number in a field', () => {
  it('is set with Enter, and the field keeps the focus', async () => {
    const { side, set } = await open()
    const field = person.field(side())
    act(() => field.focus())
    await person.type(side(), '1000')
    await person.key(field, 'Enter')
    expect(set()).toEqual([1000])
    expect(person.field(side()).value).toBe('1000')
    expect(document.activeElement).toBe(field)
  })

  it('goes to the nearest that may be, and back to what is set when it is no number', async () => {
    const { side, set } = await open()
    await person.type(side(), '99999')
    await person.leave(side())
    expect(person.field(side()).value).toBe('8192')
    await person.type(side(), 'many')
    await person.leave(side())
    expect(person.field(side()).value).toBe('8192')
    expect(set()).toEqual([8192])
  })

  it('is set also when the page is left out of it', async () => {
    const { side, set } = await open()
    await person.type(side(), '512')
    close()
    expect(set()).toEqual([512])
  })
})
