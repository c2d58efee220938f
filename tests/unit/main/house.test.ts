import { createHash, randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { Desk } from '../../../src/main/handlers'
import { openHouse, type OpenedHouse } from '../../../src/main/house'
import { silentLogger } from '../../../src/main/logger'
import { LiveSettings } from '../../../src/main/settings'
import { moveDeleted, removeDeleted } from '../../../src/main/transfer/deletion'
import type { EventName, EventPayload, StartGeneration } from '../../../src/shared/contract'
import type { AssistantMessage } from '../../../src/shared/conversation'
import { translator } from '../../../src/shared/i18n'
import { defaultSettings } from '../../../src/shared/settings'
import { noKeychain } from '../../support/backends'
import { eventually } from '../../support/eventually'
import { png } from '../../support/images'
import { startScenarioServer, type ScenarioServer } from '../../support/scenario-server'

const CANARY = 'CANARY-key-0123456789abc'

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function serve(options?: Parameters<typeof startScenarioServer>[0]): Promise<ScenarioServer> {
  const server = await startScenarioServer(options)
  closing.push(() => server.close())
  return server
}

interface Told {
  name: EventName
  payload: unknown
}

async function open(
  desk: Partial<Desk> = {},
  shutGate = async (): Promise<void> => undefined,
): Promise<{ house: OpenedHouse; told: Told[]; folder: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'parley-house-'))
  mkdirSync(join(folder, 'logs'))
  writeFileSync(join(folder, 'logs', 'main.log'), '[info] start\n')
  const told: Told[] = []
  const house = await openHouse({
    folder,
    resources: 'resources',
    settings: new LiveSettings(defaultSettings('linux'), { write: async () => undefined }, silentLogger),
    keychain: noKeychain,
    // No request of these tests asks for the desktop.
    desk: {
      shortcutState: () => ({ 'quick-ask': { kind: 'off' }, 'ask-region': { kind: 'off' } }),
      shut: () => undefined,
      noteSetAside: () => undefined,
      ...desk,
    } as Partial<Desk> as Desk,
    broadcast: <K extends EventName>(name: K, payload: EventPayload<K>) => void told.push({ name, payload }),
    locale: () => 'en',
    systemLocale: 'en',
    translate: () => translator('en'),
    protect: () => undefined,
    logger: silentLogger,
    mark: () => undefined,
    about: { version: '1.2.3', electron: '45.0.0', platform: 'linux' },
    logFolder: join(folder, 'logs'),
    chromium: '150.0.1',
    graphics: () => null,
    shutGate,
    findSystemProxy: async () => 'DIRECT',
  })
  closing.push(() => house.leave())
  return { house, told, folder }
}

/** Asks, and waits for the whole answer. */
async function ask(
  house: OpenedHouse,
  backendId: string,
  model: string,
  isTemporary = false,
): Promise<AssistantMessage> {
  const request: StartGeneration = {
    generationId: randomUUID(),
    answerId: randomUUID(),
    conversationId: randomUUID(),
    origin: 'window',
    isTemporary,
    backendId,
    provider: null,
    model,
    question: { kind: 'new', messageId: randomUUID(), parentId: null, text: 'Why?', attachmentIds: [] },
  }
  await house.generations.start(request)
  const { conversationId, generationId } = request
  const answer = async (): Promise<AssistantMessage> => (await house.generations.attach(generationId)).message
  await eventually(answer, ({ state }) => state !== 'running', 'the end of the answer')
  house.generations.retryNow(generationId)
  expect((await house.library.open(conversationId)).messages).toHaveLength(2)
  return answer()
}

describe('the rooms together', () => {
  it('delete everything that is theirs, and only then start anew', async () => {
    let atStart: string[] | null = null
    const { house, folder } = await open({ startAnew: () => void (atStart = readdirSync(folder)) })
    await ask(house, 'guide', 'guide')
    await house.library.flush()
    writeFileSync(join(folder, 'settings.json'), '{}')
    writeFileSync(join(folder, 'secrets.json'), CANARY)
    expect(readdirSync(folder)).toEqual(expect.arrayContaining(['library', 'logs', 'secrets.json', 'settings.json']))
    await house.deleteEverything()
    expect(atStart).toEqual([])
    expect(readdirSync(folder)).toEqual([])
  })

  it('M1 shut the windows and the gate before anything is deleted, and start anew also when something fails', async () => {
    const steps: string[] = []
    const { house, folder } = await open(
      {
        shut: () => void steps.push(`shut ${existsSync(join(folder, 'library'))}`),
        startAnew: () => void steps.push('anew'),
      },
      () => {
        steps.push(`gate ${existsSync(join(folder, 'library'))}`)
        return Promise.reject(new Error('nobody foresaw this'))
      },
    )
    await ask(house, 'guide', 'guide')
    await house.library.flush()
    await house.deleteEverything()
    expect(steps).toEqual(['shut true', 'gate true', 'anew'])
    // The next start goes on with it.
    expect(moveDeleted(folder, true)).toEqual([])
    await removeDeleted(folder, true)
    expect(readdirSync(folder)).toEqual([])
  })

  it('answer a question over the wire, which shows no secret', async () => {
    const server = await serve({ apiKey: CANARY })
    const { house, told } = await open()
    const { view, needsKey } = await house.backends.connect(server.url, null)
    expect(needsKey).toBe(true)
    const { id } = view.profile
    await house.backends.setSecret({ backendId: id, field: 'api-key' }, CANARY, false)
    await house.backends.setSecret({ backendId: id, field: 'provider-key', provider: 'Lab' }, `${CANARY}-lab`, false)
    const answer = await ask(house, id, 'plain')
    expect(answer).toMatchObject({ state: 'complete', backendId: id })

    const recording = house.wire.open(answer.id)
    expect(recording).toMatchObject({ messageId: answer.id, response: { status: 200 }, end: { error: null } })
    const recordingId = recording?.id ?? ''
    const { name, text } = house.wire.file(recordingId)
    expect(name).toMatch(/\.json$/u)
    expect(
      JSON.stringify([recording, text, house.wire.curl(recordingId), house.wire.rows(recordingId, 0)]),
    ).not.toContain(CANARY.slice(0, -4))
    const statuses = (): unknown[] =>
      told
        .flatMap(({ name: channel, payload }) =>
          channel === 'backend.changed' ? [(payload as EventPayload<'backend.changed'>)[0]?.status.kind] : [],
        )
        .filter((kind, index, all) => kind !== all[index - 1])
    await eventually(statuses, (kinds) => kinds.at(-1) === 'connected', 'a window that knows how the server stands')
    expect(statuses().slice(0, 2)).toEqual(['needs-key', 'unknown'])
    expect(JSON.stringify(told)).not.toContain(CANARY)
  })

  it('record the Guide as well, which has no server', async () => {
    const { house } = await open()
    const answer = await ask(house, 'guide', '')
    expect(answer.state).toBe('complete')
    expect(house.wire.open(answer.id)?.events).toBeGreaterThan(0)
  })

  it('keep the pictures of an answer with its conversation', async () => {
    const server = await serve()
    const { house, folder } = await open()
    const { view } = await house.backends.connect(server.url, null)
    const answer = await ask(house, view.profile.id, 'media')
    const kept = answer.content.flatMap((item) => (item.type === 'media' ? Object.values(item.files ?? {}) : []))
    expect(kept.length).toBeGreaterThan(0)
    for (const { id, bytes } of kept) expect((await house.attachments.file(id))?.bytes).toBe(bytes)
    expect(readdirSync(folder)).toContain('attachments')
  })

  it('leave nothing of a temporary conversation: no file, no picture, no recording, not when it is discarded or when Parley quits', async () => {
    const server = await serve()
    const { house, folder } = await open()
    const { view } = await house.backends.connect(server.url, null)
    const before = readdirSync(folder, { recursive: true }).map(String)
    const kept = (answer: AssistantMessage): string[] =>
      answer.content.flatMap((item) =>
        item.type === 'media' ? Object.values(item.files ?? {}).map((file) => file.id) : [],
      )
    const temporary = async (): Promise<{ id: string; answer: AssistantMessage }> => {
      const answer = await ask(house, view.profile.id, 'media', true)
      const found = (await house.library.list()).find(({ isTemporary }) => isTemporary)
      return { id: found?.id ?? '', answer }
    }
    const first = await temporary()
    expect(kept(first.answer).length).toBeGreaterThan(0)
    expect(house.wire.open(first.answer.id)).not.toBeNull()
    await house.upkeep.discard(first.id)
    await house.upkeep.settled()
    expect(house.wire.open(first.answer.id)).toBeNull()
    for (const id of kept(first.answer)) expect(await house.attachments.file(id)).toBeNull()

    const second = await temporary()
    await house.drafts.set({ key: second.id, text: CANARY, attachments: [], changedAt: 1 })
    await house.leave()
    for (const id of kept(second.answer)) expect(await house.attachments.file(id)).toBeNull()
    const left = readdirSync(folder, { recursive: true }).map(String)
    const isFile = (name: string): boolean => statSync(join(folder, name)).isFile()
    const names = left.filter((name) => !before.includes(name) && isFile(name) && !name.startsWith('search.db'))
    expect(names.filter((name) => /conversations|journals|attachments/u.test(name))).toEqual([])
    const texts = names.map((name) => readFileSync(join(folder, name), 'utf8'))
    expect(texts.join()).not.toContain(CANARY)
    for (const id of [first.id, second.id]) expect(texts.join()).not.toContain(id)
    expect(texts.join()).not.toMatch(/[0-9a-f]{64}/u)
  })

  it('know after a restart what the pictures of a question are called that is being written anew', async () => {
    const { house, folder } = await open()
    const id = createHash('sha256').update(png()).digest('hex')
    mkdirSync(join(folder, 'attachments'), { recursive: true })
    writeFileSync(join(folder, 'attachments', `${id}.png`), png())
    const found = await house.attachments.find(id)
    const attachments = found === null ? [] : [{ ...found, name: 'fern.png' }]
    const conversationId = randomUUID()
    await house.drafts.set({
      ...{ key: conversationId, text: '', attachments: [], changedAt: 1 },
      editing: { messageId: randomUUID(), text: 'Look', attachments },
    })
    await house.generations.start({
      ...{ generationId: randomUUID(), answerId: randomUUID(), conversationId, origin: 'window', isTemporary: false },
      ...{ backendId: 'guide', provider: null, model: 'guide' },
      question: { kind: 'new', messageId: randomUUID(), parentId: null, text: 'Look', attachmentIds: [id] },
    })
    const [question] = (await house.library.open(conversationId)).messages
    expect(question).toMatchObject({ attachments: [{ id, name: 'fern.png' }] })
  })

  it('say what they know of themselves, and nothing of the person', async () => {
    const server = await serve()
    const { house, folder } = await open()
    await house.backends.connect(server.url, null)
    const { rows, logLines } = await house.diagnostics()
    expect(rows).toContainEqual({ name: 'Backends', value: '1' })
    expect(rows).toContainEqual({ name: 'Graphics', value: 'not known' })
    expect(logLines).toEqual(['[info] start'])
    expect(JSON.stringify(rows)).not.toContain(folder)
    expect(JSON.stringify(rows)).not.toContain('127.0.0.1')
  })

  it('S29 keep their files for their owner', async () => {
    const server = await serve()
    const { house, folder } = await open()
    const { view } = await house.backends.connect(server.url, null)
    await house.backends.catalogue(view.profile.id)
    const catalogues = join(folder, 'catalogues.json')
    const written = (): boolean => readdirSync(folder).includes('catalogues.json')
    await eventually(written, (isThere) => isThere, 'a catalogue on disk')
    expect(statSync(catalogues).mode & 0o777).toBe(0o600)
    expect(readFileSync(catalogues, 'utf8')).not.toContain(CANARY)
  })
})
