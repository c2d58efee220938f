import { expect, it } from 'vitest'
import { askIn, type AskEvent, type AskRooms } from '../../../src/main/ask'
import type { StartGeneration } from '../../../src/shared/contract'
import type { GenerationEvent } from '../../../src/shared/conversation'
import { defaultSettings, newBackendProfile } from '../../../src/shared/settings'

it('a question without a page hides the end of its own answer from everybody else, and of no other one', async () => {
  const ignored: string[] = []
  const started: StartGeneration[] = []
  let tell: (events: GenerationEvent[]) => void = () => undefined
  const rooms = {
    generations: {
      onEvents: (listener: typeof tell) => {
        tell = listener
        return () => undefined
      },
      start: async (request: StartGeneration) => {
        // Nobody may hear of it before it is known to be looked at.
        expect(ignored).toEqual([request.generationId])
        started.push(request)
        const of = { generationId: request.generationId, conversationId: request.conversationId, messageId: 'm' }
        setImmediate(() => {
          tell([
            { ...of, seq: 1, atMs: 0, part: { type: 'text-delta', text: 'Hello' } },
            { ...of, seq: 2, atMs: 1, part: { type: 'finish', state: 'complete', error: null } },
          ])
        })
      },
      stop: () => undefined,
      attach: async () => ({ message: { content: [], provider: null, usage: null } }),
    },
    settings: { current: { ...defaultSettings('linux'), activeBackendId: 'home' } },
    backends: { list: () => [{ profile: newBackendProfile('home', 'Home', 'http://localhost:1337') }] },
    attachments: {},
    ignore: (generationId: string) => ignored.push(generationId),
    library: { markRead: async () => undefined },
  } as unknown as AskRooms
  const told: AskEvent[] = []
  const request = { text: 'Hi', images: [], backend: null, provider: null, model: null }
  await askIn(rooms)(request, (event) => told.push(event), new AbortController().signal)
  expect(told.map(({ kind }) => kind)).toEqual(['started', 'text', 'ended'])
  expect(ignored).toEqual(started.map(({ generationId }) => generationId))
})
