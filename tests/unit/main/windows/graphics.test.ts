import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { readWindowState, WindowMemory } from '../../../../src/main/windows/bounds'
import { Graphics, isGraphicsOff } from '../../../../src/main/windows/graphics'

describe('drawing on the graphics chip', () => {
  const folders: string[] = []
  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  })

  function profile() {
    const folder = mkdtempSync(join(tmpdir(), 'parley-graphics-'))
    folders.push(folder)
    const file = join(folder, 'window.json')
    const done: string[] = []
    let nowMs = 0
    const start = (version = '1.0.0') =>
      new Graphics({
        app: {
          getVersion: () => version,
          relaunch: () => void done.push('relaunch'),
          quit: () => void done.push('quit'),
        },
        memory: new WindowMemory(file, (thrown) => {
          throw thrown
        }),
        nowMs: () => nowMs,
      })
    return { start, done, file, wait: (ms: number) => (nowMs += ms) }
  }

  it('R27: three crashes within five minutes, and the next start does without, said once', () => {
    const { start, file } = profile()
    const first = start()
    first.noteCrash()
    first.noteCrash()
    expect(isGraphicsOff(readWindowState(file), '1.0.0')).toBe(false)
    first.noteCrash()
    // This start goes on as it began, and has nothing to tell.
    expect([first.isOff, first.takeNotice()]).toEqual([false, false])
    const second = start()
    expect([second.isOff, second.takeNotice(), second.takeNotice()]).toEqual([true, true, false])
    const third = start()
    expect([third.isOff, third.takeNotice()]).toEqual([true, false])
  })

  it('three crashes in more than five minutes are no loop', () => {
    const { start, wait } = profile()
    const first = start()
    for (let crash = 0; crash < 5; crash += 1) {
      first.noteCrash()
      wait(150_001)
    }
    expect(start().isOff).toBe(false)
  })

  it('is used again when the person wants it, and by the next version', () => {
    const { start, done } = profile()
    const first = start()
    for (let crash = 0; crash < 3; crash += 1) first.noteCrash()
    expect(start('1.0.1').isOff).toBe(false)
    start().useAgain()
    expect(done).toEqual(['relaunch', 'quit'])
    expect(start().isOff).toBe(false)
  })
})
