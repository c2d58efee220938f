import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { afterPack } from '../../../scripts/packaging/after-pack.mjs'
import { command, debianArch, readPngSize, writeControl } from '../../../scripts/packaging/deb.mjs'

describe('packaged app', () => {
  it('S47: is configured with the fuses of the requirements', async () => {
    const text = await readFile(new URL('../../../electron-builder.yml', import.meta.url), 'utf8')
    const block = /^electronFuses:\n((?: {2}\w+: \w+\n)+)/m.exec(text)?.[1] ?? ''
    const pairs = [...block.matchAll(/^ {2}(\w+): (\w+)$/gm)].map((match): [string, string] => [match[1]!, match[2]!])
    const fuses: Record<string, string> = Object.fromEntries(pairs)
    expect(fuses).toEqual({
      runAsNode: 'false',
      enableCookieEncryption: 'true',
      enableNodeOptionsEnvironmentVariable: 'false',
      enableNodeCliInspectArguments: 'false',
      enableEmbeddedAsarIntegrityValidation: 'true',
      onlyLoadAppFromAsar: 'true',
      loadBrowserProcessSpecificV8Snapshot: 'false',
      grantFileProtocolExtraPrivileges: 'false',
    })
  })

  it('S47: holds no app that runs any folder given to it', async () => {
    const appOutDir = await mkdtemp(path.join(os.tmpdir(), 'parley-scripts-'))
    try {
      await mkdir(path.join(appOutDir, 'resources'))
      for (const name of ['.complete', 'parley', 'resources/default_app.asar', 'resources/app.asar']) {
        await writeFile(path.join(appOutDir, name), '')
      }
      await afterPack({ appOutDir, electronPlatformName: 'linux' })
      expect((await readdir(appOutDir, { recursive: true })).sort()).toEqual([
        'parley',
        'resources',
        'resources/app.asar',
      ])
    } finally {
      await rm(appOutDir, { recursive: true, force: true, maxRetries: 5 })
    }
  })
})

describe('.deb', () => {
  it('describes itself in a control file', () => {
    const app = { version: '1.0.0-rc.1', description: 'A chat client', author: 'The authors', arch: 'x64' }
    const control = writeControl(app, 1234)
    expect(control).toContain('Version: 1.0.0~rc.1\n')
    expect(control).toContain('Architecture: amd64\n')
    expect(control).toContain('Installed-Size: 1234\n')
    expect(control).toMatch(/^Depends: .*libgtk-3-0 \| libgtk-3-0t64/m)
    expect(control.endsWith('Description: A chat client\n')).toBe(true)
  })

  it('uses Debian’s names of the architectures', () => {
    expect(['x64', 'arm64', 'arm'].map(debianArch)).toEqual(['amd64', 'arm64', 'armhf'])
  })

  it('reads the size of an icon', () => {
    const png = Buffer.alloc(24)
    png.write('\x89PNG\r\n\x1a\n', 'latin1')
    png.writeUInt32BE(512, 16)
    png.writeUInt32BE(256, 20)
    expect(readPngSize(png)).toEqual({ width: 512, height: 256 })
    expect(readPngSize(Buffer.from('GIF89a'))).toBeUndefined()
  })

  it.runIf(process.platform === 'linux')(
    'its command answers questions without a display, and changes nothing else',
    async () => {
      const folder = await mkdtemp(path.join(os.tmpdir(), 'parley-scripts-'))
      try {
        const program = path.join(folder, 'parley')
        await writeFile(program, '#!/bin/sh\nprintf "%s\\n" "$@"\nexit 7\n', { mode: 0o755 })
        const script = path.join(folder, 'command')
        await writeFile(script, command.replaceAll('/usr/lib/parley/parley', program))
        const run = (args: string[], env: Record<string, string> = {}) => {
          const { stdout, status } = spawnSync('sh', [script, ...args], { env: { PATH: process.env.PATH, ...env } })
          expect(status).toBe(7)
          return String(stdout).split('\n').slice(0, -1)
        }
        const headless = ['--ozone-platform=headless', '--disable-gpu', '--log-level=3']
        const question = ['--ask', 'two words; `x` $HOME', '--json']
        expect(run(question)).toEqual([...headless, ...question])
        expect(run(['--json', '--ask=x'])).toEqual([...headless, '--json', '--ask=x'])
        expect(run(question, { DISPLAY: ':0' })).toEqual(question)
        expect(run(question, { WAYLAND_DISPLAY: 'wayland-0' })).toEqual(question)
        expect(run(['--hidden', 'a b'])).toEqual(['--hidden', 'a b'])
      } finally {
        await rm(folder, { recursive: true, force: true, maxRetries: 5 })
      }
    },
  )
})
