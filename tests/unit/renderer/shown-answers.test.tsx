// @vitest-environment happy-dom
import { afterEach, expect, it } from 'vitest'
import { useShownAnswers, type ShownAnswers } from '../../../src/renderer/markdown/shown-answers'
import { emptyAnswer, type AssistantMessage } from '../../../src/shared/conversation'
import { mount } from '../markdown/mount'

let unmount = (): void => undefined
afterEach(() => unmount())

const start = {
  id: 'a',
  parentId: null,
  createdAt: 0,
  generationId: 'a',
  backendId: 'b',
  provider: null,
  model: null,
}
const written = (text: string, pictures?: AssistantMessage['pictures']): AssistantMessage => ({
  ...emptyAnswer(start),
  content: [{ type: 'text', text }],
  ...(pictures === undefined ? {} : { pictures }),
})

it('what pictures are drawn from is the same while words come, and another when a picture comes or another answer', () => {
  const seen: ShownAnswers[] = []
  function Shown({ messages }: { messages: AssistantMessage[] }) {
    seen.push(useShownAnswers('c', messages))
    return null
  }
  const page = mount(<Shown messages={[written('one')]} />)
  unmount = page.unmount
  const first = seen.at(-1)
  page.render(<Shown messages={[written('one two')]} />)
  expect(seen.at(-1)).toBe(first)

  const file = { id: 'f', mime: 'image/png', bytes: 1, width: null, height: null }
  const pictures = { 'https://example.org/a.png': file }
  page.render(<Shown messages={[written('one two', pictures)]} />)
  const withPicture = seen.at(-1)
  expect(withPicture?.messages[0]?.pictures).toBe(pictures)
  page.render(<Shown messages={[written('one two three', pictures)]} />)
  expect(seen.at(-1)).toBe(withPicture)

  const next = { ...written('four'), id: 'next' }
  page.render(<Shown messages={[written('one two three', pictures), next]} />)
  expect(seen.at(-1)?.messages.map(({ id }) => id)).toEqual(['a', 'next'])
})
