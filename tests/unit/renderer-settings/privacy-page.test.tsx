// @vitest-environment happy-dom
import { act } from 'react'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { initialTransferState, useTransfer } from '../../../src/renderer/transfer/state'
import { TransferDialog } from '../../../src/renderer/transfer/transfer-dialog'
import { Toaster } from '../../../src/renderer/controls/toast'
import { PrivacyPage } from '../../../src/renderer/settings/privacy-page'
import type { CheckReport, LibrarySizes, RestoreDone, RestorePlan, TransferState } from '../../../src/shared/contract'
import { mount } from '../markdown/mount'
import { startMain } from '../renderer/main-stand-in'
import { createPerson } from './main-stand-in'

const person = createPerson()
let close = (): void => undefined

const SIZES: LibrarySizes = {
  folder: '~/.config/Parley',
  conversations: { count: 196, bytes: 12 * 1_048_576 },
  media: { count: 40, bytes: 68 * 1_048_576 },
  trash: { count: 4, bytes: 1024 },
  backups: { count: 0, bytes: 0 },
  logs: { bytes: 4096 },
  cache: { bytes: 0 },
}

const PLAN: RestorePlan = {
  planId: 'plan-1',
  fileName: 'parley-2026-11-15.zip',
  bytes: 84 * 1_048_576,
  source: 'parley',
  items: [
    { id: 'boat', title: 'Packing list for the boat', updatedAt: Date.UTC(2026, 10, 4), outcome: 'new' },
    { id: 'nginx', title: 'Bursty tokens behind nginx', updatedAt: Date.UTC(2026, 10, 22), outcome: 'newer-here' },
    { id: 'unnamed', title: '', updatedAt: Date.UTC(2026, 9, 30), outcome: 'newer-there' },
  ],
  same: 181,
  problems: [{ name: 'media/a.png', error: { code: 'bad-archive', reason: 'damaged' } }],
  media: 3,
  backends: 2,
  pictures: 0,
  parameters: 0,
  prompts: 0,
  hasOtherSettings: false,
}

const DONE: RestoreDone = {
  added: 0,
  updated: 0,
  kept: 0,
  missing: 0,
  pictures: 0,
  drafts: 0,
  prompts: 0,
  backends: 0,
  hasSettings: false,
  problems: [],
}

const RUNNING: TransferState = {
  id: 'transfer-1',
  kind: 'restore',
  fileName: 'parley-2026-11-15.zip',
  bytes: 1,
  source: 'parley',
  step: 'work',
  done: 148,
  total: 312,
  item: { title: 'Bread without kneading', images: 6 },
  leftMs: 38_000,
  problems: [],
  isStopping: false,
  end: null,
}

async function open(plan: RestorePlan | null | Promise<RestorePlan> = PLAN) {
  const main = startMain()
  main.answer('library.sizes', () => SIZES)
  main.answer('transfer.state', () => null)
  main.answer('contact.list', () => [
    {
      host: 'chat.home.lan',
      purpose: { kind: 'backend', backendId: 'gone', name: 'Home server' },
      requests: 1204,
      lastAt: 0,
    },
  ])
  main.answer('library.planRestore', () => plan)
  const around = (
    <>
      <TransferDialog />
      <Toaster />
    </>
  )
  const page = mount(
    <>
      <PrivacyPage />
      {around}
    </>,
  )
  close = page.unmount
  await act(async () => undefined)
  return Object.assign(main, {
    leavePage: () =>
      page.render(
        <>
          {null}
          {around}
        </>,
      ),
  })
}

const menuItem = (name: string): HTMLElement => {
  const found = [...document.querySelectorAll<HTMLElement>('[role=menuitem]')].find((each) => each.textContent === name)
  if (found === undefined) throw new Error(`no item ${name}`)
  return found
}
const showInDialog = (): HTMLElement => {
  const buttons = document.querySelectorAll<HTMLElement>('[role=dialog] button[aria-expanded=false]')
  if (buttons[0] === undefined) throw new Error('no Show')
  return buttons[0]
}

const restored = (): Promise<void> => person.press(person.button('Restore…'))

beforeEach(() => {
  document.body.replaceChildren()
  useTransfer.setState(initialTransferState(), true)
})
afterEach(() => close())

describe('privacy and data', () => {
  it('shows where the data lies, how much of it there is, and opens it', async () => {
    const main = await open()
    expect(person.text()).toContain('~/.config/Parley')
    expect(person.text()).toContain('Images68 MB')
    expect(person.text()).toContain('4 chats are in it.')
    // Of nothing no figure is shown.
    expect(person.text()).not.toContain('Copies before restores')
    expect(person.text()).toContain('chat.home.lanHome server1,204')
    await person.press(person.button('Show'))
    expect(main.named('app.openDataFolder')).toHaveLength(1)
  })

  it('says what a backup would change before anything does, and which of it stays', async () => {
    const main = await open()
    await restored()
    const text = person.text()
    for (const words of [
      'What this backup would change',
      'parley-2026-11-15.zip, 84 MB. Nothing has been changed yet.',
      'new, will be added1newer here, will stay1overwritten1',
      '181 are the same',
      'Also bring back 2 backends without keys',
      'Packing list for the boat',
      '1 problem',
      'Parley backs up the present state first.',
      'What is replaced goes to the trash.',
    ]) {
      expect(text).toContain(words)
    }
    expect(main.named('library.restore')).toEqual([])
    await person.press(person.button('Cancel'))
    expect(main.named('library.dropPlan')).toEqual([{ planId: 'plan-1' }])
    expect(main.named('library.restore')).toEqual([])
  })

  it('says what a file would change also to who has left the page while it was read', async () => {
    let isRead: (plan: RestorePlan) => void = () => undefined
    const main = await open(new Promise((resolve) => (isRead = resolve)))
    await restored()
    main.leavePage()
    expect(person.text()).toBe('')
    await act(async () => isRead(PLAN))
    expect(person.text()).toContain('What this backup would change')
    await person.press(person.button('Cancel'))
    expect(main.named('library.dropPlan')).toEqual([{ planId: 'plan-1' }])
    expect(person.text()).not.toContain('What this backup would change')
  })

  it('S35: says that parameters of chats never come from a file, and of no chat when none has any', async () => {
    await open({ ...PLAN, parameters: 2 })
    await restored()
    expect(person.text()).toContain('2 chats have extra parameters in the file.')
    await person.press(person.button('Cancel'))
    close()
    await open()
    await restored()
    expect(person.text()).not.toContain('extra parameters')
  })

  it('offers nothing to do when everything is here already', async () => {
    await open({ ...PLAN, items: [], problems: [], backends: 0 })
    await restored()
    expect(person.text()).toContain('Everything in it is here already.')
    expect(person.has('Close')).toBe(true)
    expect(person.has('Cancel')).toBe(false)
  })

  it('takes over what was chosen, shows how far it is, can be stopped, and says in words what came of it', async () => {
    const main = await open()
    main.answer('library.restore', () => new Promise<RestoreDone>(() => undefined))
    await restored()
    await person.press(person.button('What becomes of “Bursty tokens behind nginx”'))
    await person.press(menuItem('Overwrite this one'))
    await person.press(person.button('Take over 3 chats'))
    expect(main.named('library.restore')).toEqual([
      { planId: 'plan-1', overwrite: ['nginx'], withBackends: false, withSettings: false },
    ])
    await act(async () => main.emit('transfer.changed', RUNNING))
    expect(person.text()).toContain('148 of 312 chats')
    expect(person.text()).toContain('about 40 s left')
    expect(person.text()).toContain('Bread without kneading6 images')
    await person.press(person.button('Stop'))
    expect(main.named('transfer.stop')).toEqual([{ transferId: RUNNING.id }])
    const done: RestoreDone = { ...DONE, added: 1, kept: 3, problems: PLAN.problems }
    const end = { kind: 'taken-in', isStopped: true, done } as const
    await act(async () => main.emit('transfer.changed', { ...RUNNING, problems: PLAN.problems, end }))
    expect(person.text()).toContain('Stopped. 1 chat added. 3 newer ones stayed.')
    await person.press(showInDialog())
    expect(person.text()).toContain('media/a.png: It is damaged.')
  })

  it('goes on in the background, and a toast says when it is done', async () => {
    const main = await open()
    main.answer('library.restore', () => new Promise<RestoreDone>(() => undefined))
    await restored()
    await person.press(person.button('Take over 2 chats'))
    await act(async () => main.emit('transfer.changed', { ...RUNNING, kind: 'import' }))
    await person.press(person.button('Go on in the background'))
    expect(person.text()).not.toContain('148 of 312 chats')
    const end = { kind: 'taken-in', isStopped: false, done: { ...DONE, added: 312, missing: 2 } } as const
    await act(async () => main.emit('transfer.changed', { ...RUNNING, kind: 'import', end }))
    expect(person.text()).toContain('312 chats imported, 2 with missing pictures.')
    expect(main.named('transfer.stop')).toEqual([])
  })

  it('says why a file is refused', async () => {
    const main = await open()
    main.refuse('library.planRestore', { code: 'bad-archive', reason: 'unsafe' })
    await restored()
    expect(person.text()).toContain('The file is not safe')
    expect(person.text()).not.toContain('What this backup would change')
  })

  it('says what a check has found, and mends it when asked', async () => {
    const main = await open()
    const report: CheckReport = {
      conversations: 196,
      media: 40,
      bytes: 1,
      faults: [
        { kind: 'damaged', conversationId: 'a', fileName: 'a.json', savedAs: null },
        { kind: 'stray-media', count: 3, bytes: 2 * 1_048_576 },
      ],
    }
    main.answer('library.check', () => report)
    main.answer('library.repair', () => ({ ...report, faults: [] }))
    await person.press(person.button('Check'))
    expect(person.text()).toContain('a.json cannot be read.')
    expect(person.text()).toContain('3 images have no chat, 2.0 MB.')
    expect(main.named('library.repair')).toEqual([])
    await person.press(person.button('Repair'))
    expect(person.text()).toContain('No faults in 196 chats.')
    expect(person.has('Repair')).toBe(false)
  })

  it('names a damaged chat by its title, shows its saved text, and offers no second repair (R04)', async () => {
    const main = await open()
    const fault = { kind: 'damaged' as const, conversationId: 'a', fileName: 'a.json', title: 'Ferns' }
    const blank = { kind: 'damaged' as const, conversationId: 'b', fileName: 'b.json', savedAs: null }
    const report: CheckReport = { conversations: 2, media: 0, bytes: 1, faults: [{ ...fault, savedAs: null }, blank] }
    main.answer('library.check', () => report)
    main.answer('library.repair', () => ({ ...report, faults: [{ ...fault, savedAs: 'recovered/a.txt' }, blank] }))
    await person.press(person.button('Check'))
    expect(person.text()).toContain('“Ferns” cannot be read.')
    await person.press(person.button('Repair'))
    expect(person.text()).toContain('“Ferns” cannot be read. Its text was saved as recovered/a.txt.')
    expect(person.has('Repair')).toBe(false)
    await person.press(person.button('Show the saved text of “Ferns”'))
    expect(main.named('conversation.showFile')).toEqual([{ conversationId: 'a', isRecovered: true }])
  })

  it('deletes everything only when the word was typed', async () => {
    const main = await open()
    const confirm = () => person.press(person.button('Delete everything'))
    await person.press(person.button('Delete everything…'))
    await confirm()
    await person.type('Type “delete” to go on', 'delet')
    await confirm()
    expect(main.named('app.deleteEverything')).toEqual([])
    await person.type('Type “delete” to go on', ' Delete ')
    await confirm()
    expect(main.named('app.deleteEverything')).toHaveLength(1)
  })

  it('says what was backed up', async () => {
    const main = await open()
    const made = { fileName: 'b.zip', bytes: 2048, conversations: 2, media: 1 }
    main.answer('library.backUp', () => {
      main.emit('transfer.changed', { ...RUNNING, kind: 'backup', source: null, end: { kind: 'written', made } })
      return made
    })
    await person.press(person.button('Back up…'))
    expect(person.text()).toContain('2 chats saved in b.zip, 2 KB.')
  })
})
