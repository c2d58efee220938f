// @vitest-environment happy-dom
import { createHash, randomUUID } from 'node:crypto'
import { execFileSync } from 'node:child_process'
import { lstat, readdir, readFile, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { translator } from '../../../src/shared/i18n'
import { fold, type AssistantMessage, type Conversation } from '../../../src/shared/conversation'
import { openArchive } from '../../../src/main/transfer/archive'
import { DOCUMENT_STYLE } from '../../../src/main/transfer/document-style'
import { DOCUMENT_POLICY, exportHtml } from '../../../src/main/transfer/html'
import { exportJson } from '../../../src/main/transfer/json'
import { exportMarkdown } from '../../../src/main/transfer/markdown'
import { portable } from '../../../src/main/transfer/portable'
import { anyPart, conversationOf, newAnswer, userMessage } from '../../support/conversation-samples'
import { png } from '../../support/images'
import { attackVectors } from '../../support/markdown-attacks'
import { restoreFile, transferHouse, type TransferHouse } from '../../support/transfer-house'

const wording = { t: translator('en'), locale: 'en', nowMs: Date.UTC(2026, 10, 22, 12) } as const
const none = async () => null

function answered(text: string, change: Partial<AssistantMessage> = {}): Conversation {
  const conversation = conversationOf(randomUUID(), [['Why?', text]])
  const [question, answer] = conversation.messages
  if (question === undefined || answer?.role !== 'assistant') throw new Error('no answer')
  return { ...conversation, messages: [question, { ...answer, ...change }] }
}

const parse = (html: string): Document => new DOMParser().parseFromString(html, 'text/html')

describe('markdown', () => {
  it('R46: has who said what and when, thinking, tries, and how a partial answer ended', () => {
    const text = exportMarkdown(
      {
        ...answered('So far\n\n```js\nlet a', {
          state: 'interrupted',
          error: { code: 'connection-lost' },
          provider: { name: 'Lab', label: 'The *lab*', model: 'm-1', url: null },
          reasoning: { text: 'First.\n\nThen.', startMs: 0, durationMs: 12_000 },
          attempts: [
            {
              provider: { name: 'Old', label: null, model: null, url: null },
              reason: 'no\nkey',
              durationMs: 1,
              content: [],
              reasoning: null,
            },
          ],
          notices: [{ kind: 'info', text: 'slow today' }],
          preview: 'a preview',
        }),
        title: '# A [title] <b>',
      },
      wording,
    )
    expect(text).toContain('# \\# A \\[title\\] \\<b\\>')
    expect(text).toContain('## You')
    expect(text).toContain('## The \\*lab\\* · m-1')
    expect(text).toContain('*Old was tried first: no key*')
    expect(text).toContain('*Note from the backend: slow today*')
    expect(text).toContain('> **Thought for 12 s**\n>\n> First.\n>\n> Then.')
    expect(text).toContain('```js\nlet a\n```')
    expect(text).toContain('a preview')
    expect(text).toMatch(/\*The answer broke off: .+\*\n$/)
  })

  it('names pictures, and links only to where a link may lead', () => {
    const text = exportMarkdown(
      answered('Here:', {
        content: [
          {
            type: 'media',
            kind: 'image',
            sources: ['https://example.org/a.png', 'javascript:alert(1)'],
            alt: 'a ]( boat',
          },
        ],
      }),
      wording,
    )
    expect(text).toContain('[Image: a \\]( boat](<https://example.org/a.png>)')
    expect(text).not.toContain('javascript:')
  })

  it('is the same in Russian', () => {
    const text = exportMarkdown(answered('Да'), { ...wording, t: translator('ru'), locale: 'ru' })
    expect(text).toContain('## Вы')
    expect(text).toContain('2 сообщения')
  })
})

describe('HTML', () => {
  it('stands alone: its own policy, its style by hash, images inside', async () => {
    const image = png()
    const id = createHash('sha256').update(image).digest('hex')
    const conversation = answered(`![in the text](app://local/attachment/${id})`, {})
    const [question] = conversation.messages
    if (question?.role === 'user') {
      question.attachments = [
        {
          id,
          name: 'a "quoted" <name>.png',
          mime: 'image/png',
          bytes: image.length,
          width: 4,
          height: 3,
          orientation: 1,
          hasLocation: false,
        },
      ]
    }
    const html = await exportHtml(conversation, wording, async () => ({ mime: 'image/png', bytes: image }))
    const page = parse(html)
    expect(page.querySelector('meta[http-equiv]')?.getAttribute('content')).toBe(DOCUMENT_POLICY)
    const style = page.querySelector('style')?.textContent ?? ''
    expect(DOCUMENT_POLICY).toContain(`'sha256-${createHash('sha256').update(style).digest('base64')}'`)
    expect(DOCUMENT_POLICY).toContain("default-src 'none'")
    const sources = [...page.querySelectorAll('img')].map((each) => each.getAttribute('src'))
    expect(sources).toHaveLength(2)
    expect(new Set(sources)).toEqual(new Set([`data:image/png;base64,${image.toString('base64')}`]))
    expect(page.querySelector('img')?.getAttribute('alt')).toContain('"quoted" <name>')
  })

  it('reads markdown: headings, lists, tables, code, footnotes, tasks', async () => {
    const html = await exportHtml(
      answered(
        '# H\n\n1. one\n2. two\n\n- [x] done\n\n| a | b |\n|:-:|--:|\n| 1 | 2 |\n\n```js\na < b\n```\n\n> q[^1]\n\n[^1]: note',
      ),
      wording,
      none,
    )
    const body = parse(html).body
    expect(body.querySelector('h3')?.textContent).toBe('H')
    expect([...body.querySelectorAll('ol > li')].map((each) => each.textContent.trim())).toContain('two')
    expect(body.querySelector('td.end')?.textContent).toBe('2')
    expect(body.querySelector('pre code')?.textContent).toContain('a < b')
    expect(body.querySelector('blockquote sup')?.textContent).toBe('1')
    expect(body.textContent).toContain('☑ done')
  })

  it('shows a question as the text that was typed', async () => {
    const conversation = {
      ...answered('ok'),
      messages: [userMessage('# not a heading\n<b>')],
      headId: null as string | null,
    }
    conversation.headId = conversation.messages[0]?.id ?? null
    const body = parse(await exportHtml(conversation, wording, none)).body
    expect(body.querySelector('.question div')?.textContent).toBe('# not a heading\n<b>')
    expect(body.querySelector('b')).toBeNull()
  })

  it.each(attackVectors)('S06 S42: lets nothing run or load: %s', async (attack) => {
    const everywhere = answered(attack, {
      provider: { name: attack, label: attack, model: attack, url: attack },
      reasoning: { text: attack, startMs: 0, durationMs: null },
      attempts: [
        {
          provider: { name: attack, label: null, model: null, url: null },
          reason: attack,
          durationMs: 0,
          content: [],
          reasoning: null,
        },
      ],
      notices: [{ kind: attack, text: attack }],
      preview: attack,
      state: 'failed',
      error: { code: 'backend', kind: attack, message: attack },
      content: [
        { type: 'text', text: attack },
        { type: 'media', kind: 'image', sources: [attack, `attachment:${attack}`], alt: attack },
        { type: 'media', kind: 'video', sources: [attack], alt: attack },
      ],
    })
    const [question] = everywhere.messages
    if (question?.role === 'user') {
      question.text = attack
      question.attachments = [
        {
          id: attack,
          name: attack,
          mime: 'image/png',
          bytes: 1,
          width: 1,
          height: 1,
          orientation: 1,
          hasLocation: false,
        },
      ]
    }
    const html = await exportHtml({ ...everywhere, title: attack }, wording, async () => ({
      mime: 'text/html"><script>',
      bytes: Buffer.from('<script>'),
    }))
    expect(findings(parse(html))).toEqual([])
  })

  it('S06: is safe for any parts whatever', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyPart, { maxLength: 20 }), async (parts) => {
        const answer = parts.reduce((message, part, index) => fold(message, { atMs: index, part }), newAnswer())
        const conversation = { ...conversationOf(randomUUID(), []), headId: answer.id, messages: [answer] }
        expect(findings(parse(await exportHtml(conversation, wording, none)))).toEqual([])
      }),
      { numRuns: 200 },
    )
  })
})

/** Whatever could run, load or lead somewhere: nothing but the head that the document itself has. */
function findings(page: Document): string[] {
  const found: string[] = []
  const allowed = new Set(
    'html head body meta title style header h1 h2 h3 h4 h5 h6 p article div details summary ul ol li blockquote pre code table thead tbody tr th td hr br strong em del sub sup kbd mark ins small a img bdi'.split(
      ' ',
    ),
  )
  for (const element of page.querySelectorAll('*')) {
    const tag = element.tagName.toLowerCase()
    if (!allowed.has(tag)) found.push(`<${tag}>`)
    for (const { name, value } of element.attributes) {
      if (/^on|^style$|^srcset$|^srcdoc$|^action$|^background$/iu.test(name)) found.push(`${tag}[${name}]`)
      if (name === 'src' && !/^data:image\/(?:png|jpeg|gif|webp|avif);base64,[A-Za-z0-9+/=]*$/u.test(value))
        found.push(`src=${value}`)
      if (name === 'href' && !/^(?:https?|mailto):/u.test(value)) found.push(`href=${value}`)
    }
  }
  if (page.querySelectorAll('meta[http-equiv]').length !== 1) found.push('policy')
  return found
}

describe('JSON', () => {
  it('S41 S42: has all branches, no session state, and comes back as it was', async () => {
    const conversation = answered('Because.', { sessions: { Lab: { token: 'CANARY-session' } } })
    conversation.messages.push({ ...newAnswer(), parentId: conversation.messages[0]?.id ?? null, state: 'complete' })
    const text = exportJson(conversation, { version: '0.1.0', nowMs: 0 })
    expect(text).not.toContain('CANARY-session')
    expect(JSON.parse(text)).toMatchObject({ format: 'parley-conversation', version: 1 })
    const house = await transferHouse()
    const { plan } = await restoreFile(house, { name: 'chat.json', bytes: text })
    expect(plan.source).toBe('parley')
    expect([...(await house.all()).values()]).toEqual([portable(conversation)])
    expect((await restoreFile(house, { name: 'chat.json', bytes: text })).plan.same).toBe(1)
  })
})

describe('saving', () => {
  it.each([
    ['../../x', 'markdown'],
    ['CON', 'html'],
    ['a\0b\u202egnp', 'json'],
    ['x'.repeat(300), 'pdf'],
    ['', 'markdown'],
  ] as const)(
    'S20: suggests a harmless name for “%s”, and writes only where the person says',
    async (title, format) => {
      const house = await transferHouse()
      const conversation = { ...answered('ok'), title }
      await house.library.create(conversation)
      house.desk.place = join(house.folder, 'chosen')
      const before = await readdir(house.folder)
      expect(await house.transfer.exportConversation(house.desk, conversation.id, format)).toMatchObject({
        fileName: 'chosen',
      })
      expect((await readdir(house.folder)).filter((name) => !before.includes(name))).toEqual(['chosen'])
      const [name = ''] = house.desk.names
      expect(name).not.toMatch(/[/\\\0\u202e]/u)
      expect(Buffer.byteLength(name)).toBeLessThanOrEqual(200)
      expect(name).not.toMatch(/^con\./iu)
    },
  )

  it('S20: replaces a link instead of following it, and does nothing when no place is chosen', async () => {
    const house = await transferHouse()
    const conversation = answered('ok')
    await house.library.create(conversation)
    const precious = join(house.folder, 'precious.txt')
    await writeFile(precious, 'precious')
    house.desk.place = join(house.folder, 'link.md')
    await symlink(precious, house.desk.place)
    await house.transfer.exportConversation(house.desk, conversation.id, 'markdown')
    expect(await readFile(precious, 'utf8')).toBe('precious')
    expect(await readFile(house.desk.place, 'utf8')).toContain('ok')
    house.desk.place = null
    expect(await house.transfer.exportConversation(house.desk, conversation.id, 'html')).toBeNull()
  })

  it('prints the HTML as PDF', async () => {
    const house = await transferHouse()
    const conversation = answered('printed words')
    await house.library.create(conversation)
    house.desk.place = join(house.folder, 'out.pdf')
    await house.transfer.exportConversation(house.desk, conversation.id, 'pdf')
    expect(house.desk.printed[0]).toContain('printed words')
    expect(await readFile(house.desk.place, 'utf8')).toBe('%PDF-1.7')
  })

  it('a chat with a picture is a zip: Markdown names the picture beside it, JSON brings it back', async () => {
    const house = await transferHouse()
    const { conversation, id } = await withPicture(house)
    await house.library.create(conversation)
    house.desk.place = join(house.folder, 'sunset.zip')
    await house.transfer.exportConversation(house.desk, conversation.id, 'markdown')
    expect(house.desk.names[0]).toMatch(/\.zip$/)
    const archive = await openArchive(house.desk.place)
    expect([...archive.entries.keys()].sort()).toEqual([`images/${id}.png`, 'sunset.md'])
    const pieces: Buffer[] = []
    for await (const piece of await archive.entries.get('sunset.md')!.open()) pieces.push(piece as Buffer)
    archive.close()
    expect(Buffer.concat(pieces).toString()).toContain(`](<images/${id}.png>)`)
    await house.transfer.exportConversation(house.desk, conversation.id, 'json')
    const other = await transferHouse()
    const { done } = await restoreFile(other, { name: 'chat.zip', bytes: await readFile(house.desk.place) })
    expect(done).toMatchObject({ added: 1, missing: 0, problems: [] })
    expect([...(await other.all()).values()]).toEqual([portable(conversation)])
  })

  it('S20: puts no file among those of Parley, and none in the place of a pipe', async () => {
    const house = await transferHouse()
    const conversation = answered('ok')
    await house.library.create(conversation)
    await house.library.flush()
    const own = house.library.pathOf(conversation.id)
    const before = await readFile(own, 'utf8')
    house.desk.place = own
    const refused = { error: { code: 'storage' } }
    await expect(house.transfer.backUp(house.desk)).rejects.toMatchObject(refused)
    await expect(house.transfer.exportAll(house.desk)).rejects.toMatchObject(refused)
    await expect(house.transfer.exportConversation(house.desk, conversation.id, 'json')).rejects.toMatchObject(refused)
    expect(await readFile(own, 'utf8')).toBe(before)
    if (process.platform === 'win32') return
    const pipe = join(house.folder, 'pipe.zip')
    execFileSync('mkfifo', [pipe])
    house.desk.place = pipe
    await expect(house.transfer.backUp(house.desk)).rejects.toMatchObject(refused)
    expect((await lstat(pipe)).isFIFO()).toBe(true)
  })

  it('removes what a killed backup has left in the folder, and nothing that is no zip of ours', async () => {
    const house = await transferHouse()
    await house.library.create(answered('ok'))
    const names = ['a.zip.00000001.tmp', 'young.zip.00000002.tmp', 'text.zip.00000003.tmp', 'mine.tmp']
    for (const name of names) {
      const path = join(house.folder, name)
      await writeFile(path, name.startsWith('text') ? 'words' : Buffer.from('PK\x03\x04 half'))
      if (!name.startsWith('young')) await utimes(path, 1000, 1000)
    }
    await house.transfer.backUp(house.desk)
    expect((await readdir(house.folder)).filter((name) => name.endsWith('.tmp')).sort()).toEqual(names.slice(1).sort())
  })

  it('a file that was written can be shown, and no other', async () => {
    const house = await transferHouse()
    const conversation = answered('ok')
    await house.library.create(conversation)
    const file = await house.transfer.exportConversation(house.desk, conversation.id, 'html')
    expect(house.transfer.pathOfFile(file!.fileId)).toBe(house.desk.place)
    expect(() => house.transfer.pathOfFile(randomUUID())).toThrow()
  })
})

async function withPicture(house: TransferHouse): Promise<{ conversation: Conversation; id: string }> {
  const added = await house.attachments.addFile({ name: 'sunset.png', bytes: png() })
  if (!added.ok || !('attachment' in added)) throw new Error('no picture')
  const conversation = answered('A sunset.')
  const [question] = conversation.messages
  if (question?.role === 'user') question.attachments = [added.attachment]
  return { conversation, id: added.attachment.id }
}

describe('documents', () => {
  it('have the colours of the app', async () => {
    const tokens = await readFile(join(import.meta.dirname, '../../../src/renderer/tokens.css'), 'utf8')
    const colours = [...DOCUMENT_STYLE.matchAll(/--([a-z0-9-]+):(#[0-9a-f]{3,8})/gu)]
    expect(colours.length).toBeGreaterThan(15)
    for (const [, name, colour] of colours) if (colour !== '#fff') expect(tokens).toContain(`--${name}: ${colour};`)
  })

  it('on paper: thinking is open, and a sound is named instead of played', async () => {
    const sound = { kind: 'audio' as const, sources: ['/a.mp3'], alt: 'a song' }
    const id = 'a'.repeat(64)
    const files = { '/a.mp3': { id, mime: 'audio/mpeg', bytes: 3, width: null, height: null } }
    const conversation = answered('', {
      content: [{ type: 'media', ...sound, files }],
      reasoning: { text: 'hm', startMs: 0, durationMs: null },
    })
    const find = async () => ({ mime: 'audio/mpeg', bytes: Buffer.from('mp3') })
    const paper = parse(await exportHtml(conversation, wording, find, true)).body
    expect(paper.querySelector('details')?.hasAttribute('open')).toBe(true)
    expect(paper.querySelector('audio')).toBeNull()
    expect(paper.textContent).toContain('Sound: a song')
    const page = parse(await exportHtml(conversation, wording, find)).body
    expect(page.querySelector('details')?.hasAttribute('open')).toBe(false)
    expect(page.querySelector('audio')).not.toBeNull()
  })

  it('say what tools were asked for, and whose words a note is', async () => {
    const conversation = answered('Done.', {
      toolCalls: [{ index: 0, id: null, name: 'search', arguments: '{"query":"<b>"}' }],
      notices: [{ kind: 'warning', text: 'SearchError: skipped' }],
    })
    const body = parse(await exportHtml(conversation, wording, none)).body.textContent
    const text = exportMarkdown(conversation, wording)
    for (const document of [body, text]) {
      expect(document).toContain('Asked for the tool search')
      expect(document).toContain('{"query":"<b>"}')
      expect(document).toContain('Note from the backend: SearchError: skipped')
    }
  })

  it('a question stays as it was typed, and ends where it ends', () => {
    const conversation = answered('fine')
    const [question] = conversation.messages
    if (question?.role === 'user') question.text = '# no heading\n```js\nopen\n<!-- open'
    const text = exportMarkdown(conversation, wording)
    expect(text).toContain('> # no heading\n> ```js\n> open\n> <!-- open\n\n## ')
  })
})
