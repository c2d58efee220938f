import { beforeEach, expect, it, vi } from 'vitest'
import { loadPicture, pictureLoading } from '../../../src/renderer/markdown/picture-loading'
import { loadMedia } from '../../../src/renderer/store/media'
import { read } from '../../../src/shared/markdown/reading'
import { newAnswer } from '../../support/conversation-samples'

vi.mock('../../../src/shared/markdown/reading', { spy: true })
vi.mock('../../../src/renderer/store/media', () => ({ loadMedia: vi.fn() }))

const url = (name: string, index: number): string => `https://pictures.example/${name}/${index}.png`
const answerWith = (urls: readonly string[]) => ({
  ...newAnswer(),
  content: [{ type: 'text' as const, text: urls.map((each) => `![a](${each})`).join('\n\n') }],
})

beforeEach(() => {
  vi.mocked(read).mockClear()
  vi.mocked(loadMedia).mockReset()
})

it('S24 the page asks for 100 pictures of an answer, four at a time, and never reads it; a person can go on', async () => {
  let open = 0
  let most = 0
  vi.mocked(loadMedia).mockImplementation(async () => {
    open += 1
    most = Math.max(most, open)
    await Promise.resolve()
    open -= 1
    return { code: 'media', reason: 'gone', host: null, limitBytes: null }
  })
  const urls = Array.from({ length: 500 }, (_, index) => url('many', index))
  const answers = { conversationId: 'one', messages: [answerWith(urls)] }
  for (const each of urls) loadPicture(answers, each, true)
  await vi.waitFor(() => expect(loadMedia).toHaveBeenCalledTimes(100))
  await vi.waitFor(() => expect(open).toBe(0))
  expect(most).toBe(4)
  loadPicture(answers, url('many', 499))
  await vi.waitFor(() => expect(loadMedia).toHaveBeenCalledTimes(101))
  expect(vi.mocked(loadMedia).mock.lastCall).toEqual(['one', answers.messages[0]?.id, url('many', 499), false])
  expect(read).not.toHaveBeenCalled()
})

it('S24 of a text that goes on in the next answer, the first is read once, and each picture is asked of its own', async () => {
  vi.mocked(loadMedia).mockResolvedValue(null)
  const first = answerWith([url('a', 0), url('a', 1)])
  const second = answerWith([url('b', 0), url('b', 1)])
  const answers = { conversationId: 'two', messages: [first, second] }
  for (const name of ['a', 'b']) for (const index of [0, 1]) loadPicture(answers, url(name, index), true)
  await vi.waitFor(() => expect(loadMedia).toHaveBeenCalledTimes(4))
  expect(vi.mocked(loadMedia).mock.calls.map(([, id]) => id)).toEqual([first.id, first.id, second.id, second.id])
  expect(read).toHaveBeenCalledTimes(1)
})

it('S24 what main leaves to the person is no failure, and not asked for again by itself', async () => {
  vi.mocked(loadMedia).mockResolvedValue({
    code: 'media',
    reason: 'unasked',
    host: 'pictures.example',
    limitBytes: null,
  })
  const answers = { conversationId: 'three', messages: [answerWith([url('c', 0)])] }
  loadPicture(answers, url('c', 0), true)
  await vi.waitFor(() => expect(loadMedia).toHaveBeenCalledTimes(1))
  await vi.waitFor(() => expect(pictureLoading(answers, url('c', 0))).toEqual({ kind: 'left' }))
  loadPicture(answers, url('c', 0))
  await vi.waitFor(() => expect(vi.mocked(loadMedia).mock.lastCall?.[3]).toBe(false))
})
