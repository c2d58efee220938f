import { beforeEach, describe, expect, it, vi } from 'vitest'
import { silentLogger } from '../../../../src/main/logger'
import { Attention } from '../../../../src/main/windows/attention'
import type { ConversationSummary } from '../../../../src/shared/conversation'
import { translator } from '../../../../src/shared/i18n'
import { defaultSettings } from '../../../../src/shared/settings'

const seen = vi.hoisted(() => ({ calls: [] as unknown[][] }))

vi.mock('electron', () => ({
  app: { on: () => undefined, setBadgeCount: (count: number) => seen.calls.push(['badge', count]) },
  BrowserWindow: { getAllWindows: () => [] },
  nativeImage: { createFromPath: (path: string) => path.replace(/.*[\\/]/u, '') },
  Notification: class {
    static isSupported = (): boolean => true
    constructor(private readonly said: { title: string; body: string }) {}
    on = (): void => undefined
    show = (): void => void seen.calls.push(['notification', this.said.body])
  },
  powerSaveBlocker: {
    start: (kind: string) => {
      seen.calls.push(['awake', kind])
      return 7
    },
    stop: (id: number) => seen.calls.push(['asleep', id]),
  },
}))

function summary(more: Partial<ConversationSummary>): ConversationSummary {
  return {
    id: 'id',
    title: 'A title',
    updatedAt: 0,
    createdAt: 0,
    origin: 'window',
    isPinned: false,
    isRunning: false,
    isUnread: false,
    hasFailed: false,
    isTemporary: false,
    isDamaged: false,
    ...more,
  }
}

function open(platform: NodeJS.Platform, staysAwake = false) {
  const settings = { ...defaultSettings('linux'), staysAwake }
  const window = {
    isDestroyed: () => false,
    setProgressBar: (value: number) => seen.calls.push(['progress', value]),
    setOverlayIcon: (icon: unknown, text: string) => seen.calls.push(['overlay', icon, text]),
  }
  const attention = new Attention({
    settings: () => settings,
    translate: () => translator('en'),
    logger: silentLogger,
    main: () => window as never,
    platform,
    icons: '/icons',
    open: () => undefined,
  })
  const said = (kind: string) => seen.calls.filter(([each]) => each === kind)
  return { attention, settings, said }
}

describe('what the taskbar and the computer learn of answers', () => {
  beforeEach(() => (seen.calls = []))

  it('shows a progress without an end while any answer is written, and takes it away', () => {
    const { attention, said } = open('linux')
    attention.render([summary({}), summary({ isRunning: true })])
    attention.render([summary({})])
    expect(said('progress')).toEqual([
      ['progress', 2],
      ['progress', -1],
    ])
  })

  it.each(['linux', 'darwin'] as const)(
    'counts what is unread on the badge of %s, and says each number once',
    (platform) => {
      const { attention, said } = open(platform)
      attention.render([])
      attention.render([summary({ isUnread: true }), summary({ isUnread: true })])
      attention.render([summary({ isUnread: true }), summary({ isUnread: true })])
      attention.render([summary({})])
      expect(said('badge')).toEqual([
        ['badge', 2],
        ['badge', 0],
      ])
      expect(said('overlay')).toEqual([])
    },
  )

  it('puts a dot with words on the taskbar of Windows, which has no numbers', () => {
    const { attention, said } = open('win32')
    attention.render([summary({ isUnread: true })])
    attention.render([])
    expect(said('overlay')).toEqual([
      ['overlay', 'badge.png', '1 unread answer'],
      ['overlay', null, ''],
    ])
    expect(said('badge')).toEqual([])
  })

  it('keeps the computer awake only while an answer is written, and only if the person wants it', () => {
    const off = open('linux')
    off.attention.render([summary({ isRunning: true })])
    expect(off.said('awake')).toEqual([])

    const on = open('linux', true)
    on.attention.render([summary({ isRunning: true })])
    on.attention.render([summary({ isRunning: true })])
    expect(on.said('awake')).toEqual([['awake', 'prevent-app-suspension']])
    // The wish is taken back in the middle of the answer.
    on.settings.staysAwake = false
    on.attention.render()
    expect(on.said('asleep')).toEqual([['asleep', 7]])
    on.settings.staysAwake = true
    on.attention.render()
    on.attention.render([])
    expect([on.said('awake').length, on.said('asleep').length]).toEqual([2, 2])
  })
})

describe('notifications of answers that end unseen', () => {
  beforeEach(() => (seen.calls = []))

  it('say nothing of an answer that a terminal shows, and of the next one in the same chat', async () => {
    const { attention, said } = open('linux')
    let tell: (events: unknown[]) => void = () => undefined
    const answer = (id: string) => ({ id, role: 'assistant', content: [] })
    attention.follow({
      generations: {
        onEvents: (listener: (events: unknown[]) => void) => (tell = listener),
        open: async () => ({ conversation: { title: 'A title', messages: [answer('m1'), answer('m2')] } }),
      },
    } as never)
    const finish = (generationId: string, messageId: string) =>
      tell([{ generationId, conversationId: 'c', messageId, part: { type: 'finish', state: 'complete', error: null } }])
    attention.ignore('g1')
    finish('g1', 'm1')
    finish('g2', 'm2')
    await expect.poll(() => said('notification')).toHaveLength(1)
  })
})
