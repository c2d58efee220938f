import { dialog, type BrowserWindow } from 'electron'
import { describe, expect, it, vi } from 'vitest'
import { silentLogger } from '../../../../src/main/logger'
import { closing, type ClosingOptions } from '../../../../src/main/windows/closing'
import { failure } from '../../../../src/shared/errors'
import { translator } from '../../../../src/shared/i18n'
import { defaultSettings } from '../../../../src/shared/settings'

vi.mock('electron', () => ({ dialog: {} }))

describe('closing the main window', () => {
  it('R08 ends Parley also when the library cannot be read', async () => {
    const list = () => Promise.reject(failure({ code: 'storage', reason: 'failed' }))
    let quits = 0
    const close = closing({
      platform: 'linux',
      settings: { current: defaultSettings('linux'), change: () => defaultSettings('linux') },
      house: () => ({ library: { list } }) as unknown as ReturnType<ClosingOptions['house']>,
      isTraySeen: async () => false,
      translate: () => translator('en'),
      quit: () => (quits += 1),
      logger: silentLogger,
    })
    await close({} as BrowserWindow)
    expect(quits).toBe(1)
  })

  it('keeps a temporary chat when the question after that about it is cancelled', async () => {
    const settings = { ...defaultSettings('linux'), closeToTray: null }
    const did: string[] = []
    const asked: string[] = []
    const close = closing({
      platform: 'linux',
      settings: { current: settings, change: () => settings },
      house: () =>
        ({
          library: { list: async () => [{ id: 'secret', isTemporary: true }] },
          upkeep: { discard: async (id: string) => did.push(`discard ${id}`), keep: async () => did.push('keep') },
        }) as unknown as ReturnType<ClosingOptions['house']>,
      isTraySeen: async () => true,
      translate: () => translator('en'),
      quit: () => did.push('quit'),
      logger: silentLogger,
    })
    const t = translator('en')
    let last = t('common:cancel')
    const window = { isDestroyed: () => false } as BrowserWindow
    Object.assign(dialog, {
      showMessageBox: async (_window: unknown, { message, buttons }: { message: string; buttons: string[] }) => {
        asked.push(message)
        return { response: buttons.indexOf(asked.length % 2 === 1 ? t('desktop:temporary.discard') : last) }
      },
    })
    await close(window)
    expect([asked.length, did]).toEqual([2, []])
    last = t('desktop:close.quit')
    await close(window)
    expect([asked.length, did]).toEqual([4, ['discard secret', 'quit']])
  })
})
