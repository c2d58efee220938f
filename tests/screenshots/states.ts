/**
 * States that main tells a page of and that do not stay long enough for a picture (a transfer, a shortcut that is being asked
 * for), columns side by side, and a library with faults in it.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { writeConversation } from '../../src/main/library/schema'
import type { EventName, EventPayload, ShortcutState } from '../../src/shared/contract'
import {
  ask,
  button,
  collectEvents,
  composer,
  dropFiles,
  isSettled,
  isState,
  lastAnswer,
  set,
  shows,
  t,
} from '../e2e/chat'
import { eventually } from '../support/eventually'
import { picture } from '../support/images'
import type { Answer } from '../support/player/answer'
import * as wire from '../support/player/events'
import { hold, page, say, stream } from '../support/player/scenarios'
import { conversationOf, QUESTION } from './sample'
import { begun, begunBy, chooseModel, ended, events, finished, openSettings, short, talk } from './scenes'
import { BACKEND_ID, type Scene, type Stage } from './stage'

/** Tells the page what main would tell it. */
async function tell<Name extends EventName>({ app }: Stage, name: Name, payload: EventPayload<Name>): Promise<void> {
  await app.electron.evaluate(
    ({ BrowserWindow }, [channel, told]) => {
      for (const each of BrowserWindow.getAllWindows()) each.webContents.send(channel, told)
    },
    [name, payload] as const,
  )
}

const shortcutScene = (name: string, state: ShortcutState): Scene => ({
  name: `32-shortcut-${name}`,
  show: async (stage) => {
    await openSettings(stage, 'quick-ask')
    await tell(stage, 'quickAsk.shortcutChanged', { 'quick-ask': state, 'ask-region': { kind: 'off' } })
  },
  leave: async (stage) => {
    const present = await stage.window.evaluate(() => window.parley.request['quickAsk.shortcutState']())
    if (present.ok) await tell(stage, 'quickAsk.shortcutChanged', present.value)
  },
  also: ['narrow', 'russian'],
})

const COMPARED: Answer = stream([
  ...begunBy('Groq', 'qwen-3-32b'),
  ...say(
    'Turn it off for the stream alone. Three reasons:\n\n1. Text and scripts compress well.\n2. gzip collects bytes before it emits a block.\n3. An exact location is easier to find again than a',
  ),
  hold,
  ...say(' wide one.'),
  ...ended(40),
])
const done = (): Answer =>
  short(
    '**Only for the stream.** Static files shrink by 60 to 80% with gzip, and nothing waits for them word by word.\n\n',
    'Put the switch in the location that streams:\n\n```nginx\nlocation /backend-api/v2/ {\n    gzip off;\n}\n```\n\n',
    'Everything else keeps the setting of the server block above it.',
  )
const thinking = (): Answer =>
  stream([
    ...begunBy('OpenRouter', 'deepseek-r1'),
    ...events(wire.thought('What does gzip hold back?')),
    hold,
    ...say('So.'),
    ...ended(1),
  ])
const failed = (): Answer => page(503, 'application/json', JSON.stringify({ error: { message: 'overloaded' } }))

/** Three columns, asked; each gets the answer of its model, in whichever order they ask. */
async function compare(stage: Stage, third: () => Answer): Promise<void> {
  const { window, server } = stage
  await set(window, { recents: [{ backendId: BACKEND_ID, provider: 'Groq', model: 'qwen-3-32b' }] })
  await composer(window).press('Control+Shift+M')
  await button(window, t('compare:chip', { count: 2 })).click()
  await window.getByRole('menuitem', { name: t('compare:add') }).click()
  await shows(window.getByRole('combobox'))
  await window.keyboard.type('deepseek-r1')
  await shows(window.getByRole('option', { name: /deepseek-r1/u }).first())
  await window.keyboard.press('Enter')
  await shows(button(window, t('compare:chip', { count: 3 })))
  const answers: Readonly<Record<string, () => Answer>> = { 'qwen-3-32b': () => COMPARED, 'deepseek-r1': third }
  const answer = ({ json }: { json: Record<string, unknown> }): Answer => (answers[String(json.model)] ?? done)()
  server.next(answer, answer, answer)
  await composer(window).fill('Is it safe to turn gzip off for the whole site, or only for the stream?')
  await composer(window).press('Enter')
  await shows(window.getByText('than a').first())
  await shows(window.getByText('above it').first())
}

const endComparison = async ({ window, server }: Stage): Promise<void> => {
  server.release()
  await isSettled(window)
  await window.keyboard.press('Escape')
  await composer(window).press('Control+Shift+M')
}

export const STATE_SCENES: readonly Scene[] = [
  {
    name: '04-status-lost',
    show: async (stage) => {
      const { window, server } = stage
      const told = await collectEvents(window)
      server.next(stream([hold, ...begun(), ...say('So.'), ...ended(1)]))
      await ask(window, QUESTION)
      const last = await eventually(
        async () => (await told()).at(-1),
        (event) => event !== undefined,
        'a first event',
      )
      if (last === undefined) return
      const status = { phase: 'retrying', attempt: 1, ofAttempts: 2, inMs: 4000 } as const
      await tell(stage, 'generation.event', [{ ...last, seq: last.seq + 1, part: { type: 'status', status } }])
      await shows(lastAnswer(window).getByText(t('chat:status.lost')).first())
    },
    leave: async ({ window, server }) => {
      server.release()
      await isState(window, 'complete')
    },
    also: ['narrow', 'russian'],
  },
  {
    name: '04-status-pause',
    show: async ({ window, server }) => {
      server.next(
        page(429, 'application/json', JSON.stringify({ error: { message: 'Too many requests' } }), {
          'retry-after': '20',
        }),
        short('Thank you for waiting.'),
      )
      await ask(window, QUESTION)
      await shows(lastAnswer(window).getByText(t('chat:status.pause')).first())
    },
    leave: async ({ window }) => {
      await button(window, t('chat:status.tryNow')).click()
      await isState(window, 'complete')
    },
    also: ['russian'],
  },
  {
    name: '14-quick-image',
    show: async (stage) => {
      const quickAsk = await stage.app.quickAsk()
      await stage.window.evaluate(() => window.parley.request['quickAsk.show']())
      await shows(quickAsk.getByRole('textbox'))
      const file = path.join(stage.folder, 'capture.png')
      await writeFile(file, picture(960, 540, 12))
      await dropFiles(quickAsk, [file])
      await shows(quickAsk.getByText('960×540').first())
      await quickAsk.getByRole('textbox').fill('What does this error mean?')
    },
    leave: async ({ app }) => {
      const quickAsk = await app.quickAsk()
      await quickAsk.getByRole('textbox').fill('')
      await quickAsk.locator('[data-chip]').first().press('Delete')
      await quickAsk.keyboard.press('Escape')
    },
    isQuickAsk: true,
  },
  shortcutScene('taken', { kind: 'taken', accelerator: 'CommandOrControl+Shift+Space' }),
  shortcutScene('asking', { kind: 'asking', accelerator: 'CommandOrControl+Shift+Space' }),
  shortcutScene('impossible', { kind: 'not-possible', reason: 'wayland', desktop: 'GNOME' }),
  {
    name: '32-shortcut-recording',
    show: async (stage) => {
      await openSettings(stage, 'quick-ask')
      await stage.window
        .locator('[data-setting]')
        .getByRole('button', { name: new RegExp(t('settings:quickAsk.record'), 'u') })
        .first()
        .click()
    },
    also: ['narrow', 'russian'],
  },
  {
    name: '34-delete-everything',
    show: async (stage) => {
      await openSettings(stage, 'privacy')
      await button(stage.window, t('transfer:delete.button')).click()
      await shows(stage.window.getByRole('dialog'))
    },
    also: ['narrow', 'russian'],
  },
  {
    name: '37-compare',
    show: (stage) => compare(stage, thinking),
    leave: endComparison,
    also: ['narrow', 'russian'],
  },
  {
    name: '37-compare-failed',
    show: async (stage) => {
      await compare(stage, failed)
      await button(stage.window, t('compare:chip', { count: 3 })).click()
      await shows(stage.window.getByRole('menuitem', { name: t('compare:leave') }))
    },
    leave: async (stage) => {
      await stage.window.keyboard.press('Escape')
      await endComparison(stage)
    },
    also: ['narrow', 'russian'],
  },
  {
    name: '39-import-progress',
    show: async (stage) => {
      await tell(stage, 'transfer.changed', {
        id: 'picture',
        kind: 'import',
        fileName: 'conversations.json',
        bytes: 41 * 1024 * 1024,
        source: 'chatgpt',
        step: 'work',
        done: 148,
        total: 312,
        item: { title: 'Bread without kneading', images: 6 },
        leftMs: 40_000,
        problems: [
          { name: 'A trip to the coast', error: { code: 'bad-archive', reason: 'damaged' } },
          { name: 'Names for a cat', error: { code: 'bad-archive', reason: 'damaged' } },
        ],
        isStopping: false,
        end: null,
      })
      await stage.window.locator('[data-sidebar-foot]').getByRole('button').first().click()
      await shows(stage.window.getByRole('dialog').getByRole('progressbar'))
    },
    leave: async (stage) => {
      await stage.window.keyboard.press('Escape')
      await tell(stage, 'transfer.changed', {
        id: 'picture',
        kind: 'plan',
        fileName: '',
        bytes: null,
        source: null,
        step: 'work',
        done: 0,
        total: 0,
        item: null,
        leftMs: null,
        problems: [],
        isStopping: false,
        end: { kind: 'planned' },
      })
    },
    also: ['narrow', 'russian'],
  },
  {
    name: '49-queued',
    show: async (stage) => {
      const { window, server } = stage
      server.next(stream([...begun(), ...say('One moment, this takes a while'), hold, ...say('.'), ...ended(6)]))
      await ask(window, QUESTION)
      await shows(lastAnswer(window).getByText('One moment').first())
      for (const question of ['And with HTTP/2?', 'Then write it as a checklist for the next server.']) {
        await composer(window).fill(question)
        await composer(window).press('Enter')
      }
      await shows(window.getByText('as a checklist').first())
    },
    leave: async ({ window, server }) => {
      server.next(short('Yes.'), short('Here it is.'))
      server.release()
      await eventually(
        () => window.getByText('Here it is.').count(),
        (count) => count > 0,
        'the queue to have gone',
      )
      await isSettled(window)
    },
    also: ['narrow', 'russian'],
  },
  {
    name: '49-kept-beside',
    show: async (stage) => {
      await talk(stage, QUESTION, finished())
      await tell(stage, 'conversation.keptBeside', { conversationId: 'none', title: 'Bursty tokens behind nginx' })
      await shows(stage.window.getByText(/Bursty tokens behind nginx/u).last())
    },
    also: ['narrow', 'russian'],
  },
  {
    name: '16-settings-tested',
    show: async (stage) => {
      const { window, server } = stage
      await openSettings(stage, 'backends')
      server.next(
        stream([
          ...begun(),
          ...'Nginx holds bytes until a buffer is full, and then it sends them all at once to you.'
            .split(' ')
            .flatMap((word, index) => [...say(`${word} `), { do: 'wait', ms: index === 11 ? 310 : 24 } as const]),
          ...ended(17),
        ]),
      )
      await button(window, t('settings:backends.test')).click()
      await shows(window.getByText(t('settings:test.streams')).first())
    },
    also: ['narrow', 'russian'],
  },
  {
    name: '12-vision',
    show: async (stage) => {
      const { window, folder } = stage
      await chooseModel(stage, 'deepseek-v3')
      const file = path.join(folder, 'sign-in-flow.png')
      await writeFile(file, picture(640, 360, 21))
      await dropFiles(window, [file])
      await shows(window.getByText(/cannot read images/u).first())
      await composer(window).fill('Which of these boxes should buffer?')
    },
    leave: (stage) => chooseModel(stage, 'llama-3.3-70b'),
    also: ['narrow', 'russian'],
  },
]

const DAY_MS = 24 * 60 * 60_000

/** A library in which not everything can be read, and a trash with all that may lie in it. */
export async function wearOut(userDataDir: string, nowMs: number): Promise<void> {
  const library = path.join(userDataDir, 'library')
  const trash = path.join(library, 'trash')
  await mkdir(trash, { recursive: true })
  const deleted = (title: string, daysAgo: number, turns: number) => {
    const whole = conversationOf(
      BACKEND_ID,
      title,
      nowMs - 40 * DAY_MS,
      null,
      Array.from({ length: turns }, (_, at) => [`Question ${at}`, `Answer ${at}`] as const),
    )
    return { name: `${whole.id}.${nowMs - daysAgo * DAY_MS}.json`, text: writeConversation(whole) }
  }
  for (const { name, text } of [
    deleted('Tbilisi to Kazbegi, four days', 0, 9),
    deleted('Names for a reading group', 1, 3),
    deleted('Convert a playlist to M3U', 13, 6),
    deleted('Why does my oven smell?', 28, 4),
    { name: deleted('', 5, 1).name, text: '{"version":1,"title":"Half of a fi' },
  ]) {
    await writeFile(path.join(trash, name), text)
  }
  const damaged = conversationOf(BACKEND_ID, 'Packing list for the boat', nowMs - DAY_MS, null, [
    ['What do we take?', 'Ropes, and more ropes.'],
  ])
  const text = writeConversation(damaged)
  await writeFile(path.join(library, 'conversations', `${damaged.id}.json`), text.slice(0, text.length / 2))
}

/** In a library that is worn out. */
export const WORN_SCENES: readonly Scene[] = [
  {
    name: '43-trash-full',
    show: async (stage) => {
      const { window } = stage
      await window.locator('nav [data-conversation]').getByText('Rename photos by EXIF date').click()
      await shows(lastAnswer(window))
      await lastAnswer(window)
        .getByRole('button', { name: t('chat:actions.more') })
        .click()
      await window.getByRole('menuitem', { name: t('thread:answer.delete') }).click()
      await window
        .locator('nav')
        .getByRole('button', { name: /^Trash/u })
        .click()
      await shows(window.locator('[data-trashed]').first())
    },
    also: ['narrow', 'russian'],
  },
  {
    name: '48-damaged',
    show: async ({ window }) => {
      await window
        .locator('nav [data-conversation]')
        .filter({ has: window.locator('.text-danger') })
        .first()
        .click()
      await shows(window.getByRole('main').getByRole('heading').first())
    },
    also: ['narrow', 'russian'],
  },
]
