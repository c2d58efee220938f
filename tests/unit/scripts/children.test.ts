import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { listDescendants, run, spawnTied, stopChild } from '../../../scripts/children.mjs'
import { npmReason } from '../../../scripts/process.mjs'

describe('child processes', () => {
  it.runIf(process.platform === 'linux')(
    'are stopped with what they started, even when that is in an endless loop',
    async () => {
      const loop = 'process.on("SIGTERM", () => {}); console.log(process.pid); for (;;);'
      const program = `require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(loop)}], { stdio: 'inherit' })`
      const child = spawnTied(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
      await once(child.stdout!, 'data')
      expect(listDescendants(process.pid).size).toBeGreaterThanOrEqual(2)
      const grandchildren = [...listDescendants(child.pid!).keys()]
      expect(grandchildren.length).toBe(1)
      await stopChild(child)
      // Killed, it is a zombie until its new parent looks; a zombie is not listed.
      await expect
        .poll(() => [...listDescendants(process.pid).keys(), ...listDescendants(1).keys()])
        .not.toContain(grandchildren[0])
    },
  )

  it('tell how they ended', async () => {
    const ended = await run(process.execPath, ['-e', 'console.log("out"); console.error("err"); process.exit(3)'], {
      isCaptured: true,
    })
    expect(ended).toEqual({ status: 3, stdout: 'out\n', stderr: 'err\n', isTimedOut: false })
    const endless = await run(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], {
      isCaptured: true,
      timeoutMs: 20,
    })
    expect(endless).toMatchObject({ status: 143, isTimedOut: true })
    expect((await run('/nothing/here', [], { isCaptured: true })).status).toBe(127)
  })

  it('of npm give their reason, not their help text', () => {
    const stderr =
      'npm warn x\nnpm error code EUSAGE\nnpm error\nnpm error lock out of step\nnpm error\nnpm error Usage:\nnpm error npm ci'
    expect(npmReason(stderr)).toBe(
      'npm error code EUSAGE\nnpm error lock out of step\nnpm error Usage:\nnpm error npm ci',
    )
    expect(npmReason('a\nb')).toBe('a\nb')
  })
})
