import { existsSync } from 'node:fs'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import {
  applyTheme,
  menuLabel,
  TrayIcon,
  trayIconName,
  trayMenu,
  type TrayActions,
  type TrayState,
} from '../../../src/main/tray'
import type { ConversationSummary } from '../../../src/shared/conversation'
import { translator } from '../../../src/shared/i18n'

const shown = vi.hoisted(() => ({ calls: [] as unknown[][], isDark: false }))

vi.mock('electron', () => ({
  Menu: { buildFromTemplate: (template: unknown) => template },
  nativeImage: { createFromPath: (path: string) => path },
  nativeTheme: {
    themeSource: 'system',
    get shouldUseDarkColors() {
      return this.themeSource === 'system' ? shown.isDark : this.themeSource === 'dark'
    },
    on: () => undefined,
    off: () => undefined,
  },
  Tray: class {
    setImage(image: string): void {
      shown.calls.push(['image', image])
    }
    setToolTip(text: string): void {
      shown.calls.push(['toolTip', text])
    }
    setContextMenu(menu: { label: string }[]): void {
      shown.calls.push(['menu', menu.map(({ label }) => label)])
    }
    on(): void {
      shown.calls.push(['on'])
    }
    destroy(): void {
      shown.calls.push(['destroy'])
    }
  },
}))

function summary(id: string, title: string, more: Partial<ConversationSummary> = {}): ConversationSummary {
  return {
    id,
    title,
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

const state: TrayState = {
  isRunning: false,
  conversations: [1, 2, 3, 4, 5, 6, 7].map((index) => summary(`id${index}`, `Title ${index}`)),
  accelerator: 'Control+Shift+Space',
  isPaused: false,
  t: translator('en'),
}

function actions(): { actions: TrayActions; done: string[] } {
  const done: string[] = []
  return {
    done,
    actions: {
      quickAsk: () => done.push('quickAsk'),
      showWindow: () => done.push('showWindow'),
      newConversation: () => done.push('newConversation'),
      pauseShortcut: () => done.push('pauseShortcut'),
      openConversation: (id) => done.push(id),
      openSettings: () => done.push('openSettings'),
      quit: () => done.push('quit'),
    },
  }
}

describe('the tray menu', () => {
  it('does everything by itself: question, window, new chat, the last five, settings, quit', () => {
    const { actions: given, done } = actions()
    const menu = trayMenu(state, given)
    for (const { click } of menu) (click as (() => void) | undefined)?.()
    expect(done).toEqual([
      'quickAsk',
      'showWindow',
      'newConversation',
      'id1',
      'id2',
      'id3',
      'id4',
      'id5',
      'pauseShortcut',
      'openSettings',
      'quit',
    ])
  })

  it('is in the language of the person', () => {
    const labels = trayMenu({ ...state, t: translator('ru') }, actions().actions).map(({ label }) => label)
    expect(labels[0]).toBe('Быстрый вопрос')
    expect(labels.at(-1)).toBe('Завершить Parley')
  })

  it('names the shortcut only while it works', () => {
    const [on] = trayMenu(state, actions().actions)
    const [off] = trayMenu({ ...state, accelerator: null }, actions().actions)
    expect([on?.accelerator, on?.registerAccelerator, off?.accelerator]).toEqual([
      'Control+Shift+Space',
      false,
      undefined,
    ])
  })

  it('leaves out what cannot be opened, and has a name for what has none', () => {
    const conversations = [summary('a', 'Broken', { isDamaged: true }), summary('b', '')]
    const labels = trayMenu({ ...state, conversations }, actions().actions).map(({ label }) => label)
    expect(labels).toContain('Untitled chat')
    expect(labels).not.toContain('Broken')
  })

  it.each([
    ['<img src=x onerror=alert(1)>', '<img src=x onerror=alert(1)>'],
    ['Rhythm & Blues', 'Rhythm && Blues'],
    ['two\nlines\u2028and\ttabs', 'two lines and tabs'],
    ['\u202Egnp.exe', 'gnp.exe'],
    ['x'.repeat(500), `${'x'.repeat(47)}…`],
    ['👩‍👩‍👧 family', '👩 👩 👧 family'],
  ])('S06 shows the title %j as text of one line', (title, label) => {
    expect(menuLabel(title)).toBe(label)
  })
})

describe('the tray icon', () => {
  it.each([
    ['linux', true, false, 'tray-on-dark'],
    ['linux', false, true, 'tray-on-light-running'],
    ['win32', true, true, 'tray-on-dark-running'],
    ['darwin', true, false, 'trayTemplate'],
    ['darwin', false, true, 'tray-runningTemplate'],
  ] as const)('has a picture for %s, dark panel %s, running %s', (platform, isDark, isRunning, name) => {
    expect(trayIconName(platform, isDark, isRunning)).toBe(name)
    for (const density of ['', '@1.5x', '@2x', '@3x']) {
      expect(existsSync(`resources/icons/tray/${name}${density}.png`)).toBe(true)
    }
  })

  beforeEach(() => {
    shown.calls.length = 0
    shown.isDark = false
  })

  it('renders a state once, and anew when anything in it changes', () => {
    const icon = new TrayIcon(state, actions().actions, 'icons')
    const count = () => shown.calls.filter(([what]) => what === 'menu').length
    expect(count()).toBe(1)
    icon.render(state)
    icon.render({ ...state, conversations: state.conversations.map((each) => ({ ...each, updatedAt: 1 })) })
    expect(count()).toBe(1)
    icon.render({ ...state, isRunning: true })
    expect(count()).toBe(2)
    expect(shown.calls.at(-3)?.[1]).toMatch(/running\.png$|running.*Template\.png$/u)
    expect(shown.calls.at(-2)).toEqual(['toolTip', 'Parley: an answer is being written'])
    icon.render({ ...state, isRunning: true, conversations: [summary('other', 'Title 1')] })
    expect(count()).toBe(3)
    shown.isDark = true
    icon.render({ ...state, isRunning: true, conversations: [summary('other', 'Title 1')] })
    expect(count()).toBe(4)
    // The panel does not follow the theme of the app.
    applyTheme('light')
    icon.render({ ...state, isRunning: true, conversations: [summary('other', 'Title 1')] })
    expect(count()).toBe(4)
    applyTheme('system')
    icon.close()
    expect(shown.calls.at(-1)).toEqual(['destroy'])
  })
})
