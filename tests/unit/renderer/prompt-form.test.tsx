// @vitest-environment happy-dom
import { act } from 'react'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { PromptForm } from '../../../src/renderer/prompts/prompt-form'
import { newPrompt } from '../../../src/renderer/prompts/state'
import type { Prompt } from '../../../src/shared/prompts'
import { mount } from '../markdown/mount'
import { createPerson } from '../renderer-settings/main-stand-in'
import { startMain } from './main-stand-in'

const person = createPerson()
let close = (): void => undefined

beforeEach(() => document.body.replaceChildren())
afterEach(() => close())

describe('a prompt under edit', () => {
  it('keeps what was set for a variable that is cut out of the text, whatever is set meanwhile', async () => {
    const main = startMain()
    const prompt = newPrompt({
      name: 'Translate',
      text: '{words} into {language}',
      variables: [
        { name: 'words', first: '', choices: [], last: null },
        { name: 'language', first: '', choices: ['French', 'Russian'], last: null },
      ],
    })
    const nothing = (): void => undefined
    const page = mount(
      <PromptForm
        prompt={prompt}
        others={[prompt]}
        isNew={false}
        onDuplicate={nothing}
        onUse={nothing}
        onDelete={nothing}
      />,
    )
    close = page.unmount
    await person.type('Text', '{words} into')
    await person.type('words begins with', 'this')
    await person.type('Text', '{words} into {language}')
    close()
    await act(async () => undefined)
    const [saved] = main.named('prompt.save') as Prompt[]
    expect(saved?.variables).toEqual([
      { name: 'words', first: 'this', choices: [], last: null },
      { name: 'language', first: '', choices: ['French', 'Russian'], last: null },
    ])
  })
})
