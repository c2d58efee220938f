import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import type { Conversation } from '../../../src/shared/conversation'
import { readJsonItems } from '../../../src/main/transfer/json-items'
import { png } from '../../support/images'
import { restoreFile, transferHouse, type TransferHouse } from '../../support/transfer-house'
import { zipOf } from '../../support/zips'

const picture = png()
const id = createHash('sha256').update(picture).digest('hex')

async function only(house: TransferHouse): Promise<Conversation> {
  const [conversation, ...rest] = [...(await house.all()).values()]
  expect(rest).toEqual([])
  return conversation!
}

const turn = (parent: string | null, role: string, parts: unknown[], metadata: object = {}) => ({
  parent,
  message: {
    author: { role },
    create_time: 1_700_000_000,
    content: { content_type: 'multimodal_text', parts },
    metadata,
  },
})
const pointer = (fileId: string) => ({ content_type: 'image_asset_pointer', asset_pointer: fileId })
const chatGptZip = (title: string) =>
  zipOf([
    {
      name: 'conversations.json',
      content: JSON.stringify([
        {
          id: 'c1',
          title,
          current_node: 'a',
          mapping: {
            q: turn(null, 'user', [pointer('file-service://file-ABC123'), 'What is this?'], {
              attachments: [{ id: 'file-ABC123', name: 'garden.png' }],
            }),
            a: turn('q', 'tool', [pointer('sediment://file_0001#p_0.png')]),
          },
        },
        {
          id: 'c2',
          title: 'Without',
          current_node: 'q',
          mapping: { q: turn(null, 'user', [pointer('file-service://file-GONE'), 'And this?']) },
        },
      ]),
    },
    { name: 'file-ABC123-garden.png', content: picture },
    { name: 'dalle-generations/file_0001-made.png', content: picture },
    { name: 'file-OTHER.png', content: 'no picture' },
  ])

it('R46: takes over the pictures of ChatGPT that are in the zip, and says which chats lack some', async () => {
  const house = await transferHouse()
  const { plan, done } = await restoreFile(house, { name: 'chatgpt.zip', bytes: chatGptZip('Garden') })
  expect(plan.problems).toEqual([{ name: 'Without', error: { code: 'not-found', what: 'attachment' } }])
  expect(done).toMatchObject({ added: 2, missing: 1 })
  const made = [...(await house.all()).values()].find(({ title }) => title === 'Garden')
  expect(made?.messages[0]).toMatchObject({
    text: 'What is this?',
    attachments: [{ id, name: 'garden.png', mime: 'image/png', width: 6, height: 4 }],
  })
  const answer = made?.messages[1]
  expect(answer?.role === 'assistant' && answer.content).toEqual([
    {
      type: 'media',
      kind: 'image',
      alt: '',
      sources: [`attachment:${id}`],
      files: { [`attachment:${id}`]: { id, mime: 'image/png', bytes: picture.length, width: 6, height: 4 } },
    },
  ])
  expect(await house.attachments.isWhole({ id, bytes: picture.length })).toBe(true)
  expect((await restoreFile(house, { name: 'chatgpt.zip', bytes: chatGptZip('Garden') })).plan.same).toBe(2)
})

it('R46: takes over the data URIs of gpt4free, and shows that pictures of its server are gone', async () => {
  const house = await transferHouse()
  const uri = `data:image/png;base64,${picture.toString('base64')}`
  const code = '```md\n![kept](/media/2.png)\n```'
  const bytes = JSON.stringify({
    'conversation:a': {
      id: 'a',
      title: 'Ferns',
      added: 1_700_000_000_000,
      items: [
        {
          role: 'user',
          content: [
            { type: 'image_url', image_url: { url: uri } },
            { type: 'text', text: 'Which?' },
          ],
        },
        { role: 'assistant', content: `Look:\n\n[![fern](/media/1.png)](/media/1.png)\n\n${code}\n\n![x](${uri})` },
        { role: 'user', content: [{ name: 'leaf.jpg', bucket_id: 'b' }] },
      ],
    },
  })
  const { plan, done } = await restoreFile(house, { name: 'chat.json', bytes })
  expect(plan.problems).toEqual([{ name: 'Ferns', error: { code: 'not-found', what: 'attachment' } }])
  expect(done).toMatchObject({ added: 1, missing: 1 })
  const { messages } = await only(house)
  expect(messages[0]).toMatchObject({ text: 'Which?', attachments: [{ id }] })
  const answer = messages[1]
  expect(answer?.role === 'assistant' && answer.content).toMatchObject([
    { type: 'text', text: 'Look:\n\n' },
    { type: 'media', alt: 'fern', sources: ['refused:gone'] },
    { type: 'text', text: `\n\n${code}\n\n` },
    { type: 'media', alt: 'x', files: { [`attachment:${id}`]: { id } } },
  ])
  expect(messages[2]).toMatchObject({ text: '[leaf.jpg]', attachments: [] })
})

it('H1: a small file that unpacks to millions of values is refused in an instant, whoever it is said to be of', async () => {
  const house = await transferHouse()
  const many = `[${'{},'.repeat(4_000_000)}{}]`
  const chatGpt = zipOf([
    { name: 'conversations.json', isDeflated: true, content: `[{"id":"x","title":"Bomb","mapping":${many}}]` },
  ])
  const web = `{"conversation:a":{"items":${many}}}`
  const own = `{"format":"parley-conversation","version":1,"conversation":{"id":"a","messages":${many}}}`
  const began = performance.now()
  for (const [name, bytes] of [
    ['bomb.zip', chatGpt],
    ['web.json', web],
    ['own.json', own],
  ] as const) {
    await house.put(name, bytes)
    const plan = await house.transfer.planRestore(house.window, house.desk)
    expect(plan?.problems.map(({ error }) => error)).toEqual([{ code: 'bad-archive', reason: 'too-large' }])
  }
  // Parsing one of them takes longer than that.
  expect(performance.now() - began).toBeLessThan(10_000)
})

it('H1: counts commas as well: a list of a million numbers is as much as a million lists', async () => {
  async function* source() {
    yield Buffer.from(`[[${'1,'.repeat(99)}1],[1,2]]`)
  }
  const limits = { maxItemBytes: 1e6, maxDepth: 10, maxItems: 10, maxParts: 50 }
  const { items } = await readJsonItems(source(), limits)
  const found = []
  for await (const each of items) found.push(each)
  expect(found).toEqual([
    { key: null, problem: 'too-large' },
    { key: null, text: '[1,2]' },
  ])
})
