import { beforeEach, describe, expect, it, vi } from 'vitest'
import { silentLogger } from '../../../../src/main/logger'
import { TrayPresence } from '../../../../src/main/windows/tray-presence'
import type { ShortcutStates } from '../../../../src/shared/contract'
import { translator } from '../../../../src/shared/i18n'

const seen = vi.hoisted(() => ({ icons: 0, closed: 0, labels: [] as string[] }))

vi.mock('electron', () => ({
  Menu: { buildFromTemplate: (template: unknown) => template },
  nativeImage: { createFromPath: (path: string) => path },
  nativeTheme: { shouldUseDarkColors: false, on: () => undefined, off: () => undefined },
  Tray: class {
    constructor() {
      seen.icons += 1
    }
    setImage(): void {}
    setToolTip(): void {}
    setContextMenu(menu: { label?: string }[]): void {
      seen.labels = menu.flatMap(({ label }) => (label === undefined ? [] : [label]))
    }
    on(): void {}
    destroy(): void {
      seen.closed += 1
    }
  },
}))

function open(platform: NodeJS.Platform = 'linux') {
  const host = { isThere: true, gone: 0 }
  const states: ShortcutStates = {
    'quick-ask': { kind: 'registered', accelerator: 'Alt+Space', trigger: null },
    'ask-region': { kind: 'off' },
  }
  const shortcuts = { states, isPaused: false as boolean | null, pause: () => states }
  const nothing = () => undefined
  const tray = new TrayPresence({
    hasHost: async () => host.isThere,
    platform,
    actions: {
      quickAsk: nothing,
      showWindow: nothing,
      newConversation: nothing,
      openConversation: nothing,
      openSettings: nothing,
      quit: nothing,
    },
    shortcuts,
    translate: () => translator('en'),
    icons: '/icons',
    onHostGone: () => (host.gone += 1),
    logger: silentLogger,
  })
  return { tray, host, shortcuts }
}

describe('the icon in a panel that comes and goes', () => {
  beforeEach(() => void Object.assign(seen, { icons: 0, closed: 0, labels: [] }))

  it('brings nothing back before it is there, nor without a panel', async () => {
    const { tray, host } = open()
    expect(await tray.isSeen()).toBe(false)
    tray.open()
    expect(await tray.isSeen()).toBe(true)
    host.isThere = false
    expect(await tray.isSeen()).toBe(false)
    tray.leave()
  })

  it('says once that the panel is gone, when a second look finds none, and is made anew when it is back', async () => {
    const { tray, host } = open()
    tray.open()
    await tray.look()
    expect([seen.icons, host.gone]).toEqual([1, 0])
    host.isThere = false
    await tray.look()
    expect(host.gone).toBe(0)
    await tray.look()
    await tray.look()
    expect(host.gone).toBe(1)
    host.isThere = true
    await tray.look()
    expect([seen.icons, seen.closed]).toEqual([2, 1])
    await tray.look()
    expect(seen.icons).toBe(2)
    tray.leave()
    host.isThere = false
    await tray.look()
    await tray.look()
    expect(host.gone).toBe(1)
  })

  it('offers the pause of the shortcut only where there is something to let go of', () => {
    const { tray, shortcuts } = open('darwin')
    tray.open()
    expect(seen.labels).toContain('Pause the shortcuts')
    shortcuts.isPaused = null
    tray.render()
    expect(seen.labels).not.toContain('Pause the shortcuts')
    tray.leave()
  })
})
