import { spawn } from 'node:child_process'
import { mkdtemp, readdir, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { closing, hold, opening, say, stream } from '../support/player/scenarios'
import { eventually } from '../support/eventually'
import { startScenarioServer, type ScenarioServer } from '../support/scenario-server'
import { launchApp, processesOf, removeProfile, sandboxSwitches, type RunningApp } from './app'
import { connectTo, conversations, shows } from './chat'

interface Ended {
  code: number | null
  out: string
  err: string
}

/** A command as a person types it; `input` is what comes on its standard input. */
function command(userDataDir: string, args: string[], input = '', environment: Record<string, string> = {}) {
  const child = spawn(
    process.env.ELECTRON_EXEC_PATH ?? '',
    ['.', ...sandboxSwitches(), '--log-level=3', `--user-data-dir=${userDataDir}`, ...args],
    { stdio: 'pipe', env: { ...process.env, LC_ALL: 'en_US.UTF-8', LANGUAGE: 'en', ...environment } },
  )
  const ended: Ended = { code: null, out: '', err: '' }
  child.stdout.on('data', (data) => (ended.out += String(data)))
  child.stderr.on('data', (data) => (ended.err += String(data)))
  // It does not read to the end of a question that is too long.
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  return {
    child,
    ended: new Promise<Ended>((resolve) => child.once('close', (code) => resolve({ ...ended, code }))),
    printed: () => ended.out,
  }
}

describe('a question on the command line', () => {
  let server: ScenarioServer
  let profile = ''
  beforeAll(async () => {
    server = await startScenarioServer()
    profile = await mkdtemp(path.join(os.tmpdir(), 'parley-command-line-'))
    // So that there is a backend to ask.
    const app = await launchApp({ userDataDir: profile, isProfileKept: true })
    await connectTo(app.window, server.url)
    // A window that is closed while it loads is noted as an error.
    await (await app.quickAsk()).waitForLoadState('load')
    await app.close()
  })
  afterAll(async () => {
    await server.close()
    await removeProfile(profile)
  })
  const run = (args: string[], input?: string) => command(profile, args, input).ended
  const kept = async () => (await readdir(path.join(profile, 'library', 'conversations'))).length
  const word = (text: string) => stream([...opening(), ...say(text), ...closing(3)])

  it('is answered without a Parley that runs, and kept', async () => {
    server.next(word('Without a window.'))
    expect(await run(['--ask', 'Who answers?'])).toEqual({ code: 0, out: 'Without a window.\n', err: '' })
    expect(await kept()).toBe(1)
    await eventually(
      () => processesOf(profile),
      (pids) => pids.length === 0,
      'no process left',
    )
  })

  it('says what is wrong, asks nothing, and ends with 2', async () => {
    const before = server.requests.length
    const svg = path.join(profile, 'a.svg')
    await writeFile(svg, '<svg xmlns="http://www.w3.org/2000/svg"/>')
    const results = await Promise.all([
      run(['--ask', 'x', '--image', svg]),
      run(['--ask', 'What', 'is', 'this']),
      run(['--ask', '-'], 'x'.repeat(10_000_000)),
      run(['--ask', 'x', '--image', '/nonexistent.png']),
      run([`--quick-ask${'x'.repeat(65_536)}`]),
      run(['--ask', 'x', '--backend', 'Nobody']),
    ])
    expect(results.map(({ code, out }) => ({ code, out }))).toEqual(Array(6).fill({ code: 2, out: '' }))
    expect(results.map(({ err }) => err.trim().split('\n').length)).toEqual([1, 1, 1, 1, 1, 1])
    expect(results[5].err).toContain('No backend has this name')
    expect(results[0].err).toContain('a.svg is SVG. Parley converts it in a window only.')
    expect(server.requests).toHaveLength(before)
  })

  it.runIf(process.platform === 'linux')(
    'without a display it says so instead of crashing, and can do without one',
    async () => {
      const blind = { DISPLAY: '', WAYLAND_DISPLAY: '' }
      const [asked, opened] = await Promise.all([
        command(profile, ['--ask', 'x'], '', blind).ended,
        command(`${profile}-blind`, [], '', blind).ended,
      ])
      expect([asked.code, opened.code]).toEqual([2, 1])
      expect(asked.err).toContain(
        'There is no display. Questions are answered without one with: --ozone-platform=headless',
      )
      expect(opened.err).toContain('There is no display to open a window on.')
      server.next(word('Blind.'))
      const headless = ['--ozone-platform=headless', '--disable-gpu', '--ask', 'x']
      expect(await command(profile, headless, '', blind).ended).toMatchObject({ code: 0, out: 'Blind.\n' })
      await removeProfile(`${profile}-blind`)
    },
  )

  it('--version and --help print, and nothing is opened', async () => {
    expect((await run(['--version'])).out).toMatch(/^Parley \d/)
    expect((await run(['--help'])).out).toContain('--ask TEXT')
  })

  it('Ctrl+C stops it with 130, what had arrived is kept; a closed output ends it', async () => {
    const before = await kept()
    server.next(stream([...opening(), ...say('Half '), hold, ...say('whole'), ...closing(3)]))
    const asked = command(profile, ['--ask', 'x'])
    await eventually(asked.printed, (text) => text.includes('Half'), 'the first words', 15_000)
    asked.child.kill('SIGINT')
    expect(await asked.ended).toMatchObject({ code: 130, out: 'Half ' })
    expect(await kept()).toBe(before + 1)
    server.release()

    server.next(stream([...opening(), ...say('Half '), hold, ...say('whole'), ...closing(3)]))
    const piped = command(profile, ['--ask', 'x'])
    await eventually(piped.printed, (text) => text.includes('Half'), 'the first words', 15_000)
    piped.child.stdout.destroy()
    server.release()
    expect((await piped.ended).code).toBe(141)
  })

  describe('with a Parley that runs', () => {
    let app: RunningApp
    beforeAll(async () => {
      app = await launchApp({ userDataDir: profile, isProfileKept: true })
    })
    afterAll(() => app.close())

    it('that one answers, and the chat is in its history', async () => {
      server.next(word('From the window.'))
      expect(await run(['--ask', 'Into the history', '--json'])).toMatchObject({ code: 0, err: '' })
      await shows(app.window.getByRole('navigation').getByText('Into the history').first())
      const [newest] = await conversations(app.window)
      expect(newest?.conversation).toMatchObject({ isUnread: false, origin: 'terminal' })
      await shows(
        app.window.getByRole('navigation').getByRole('button', { name: /Into the history.*from the terminal/ }),
      )
    })

    it('R32: ten at once are ten answers, and an endless argument harms nobody', async () => {
      server.next(...Array.from({ length: 10 }, () => word('One of ten.')))
      const results = await Promise.all([
        ...Array.from({ length: 10 }, (_, index) => run(['--ask', `Number ${index}`])),
        run([`--quick-ask${'x'.repeat(65_536)}`]),
      ])
      expect(results.map(({ code }) => code)).toEqual([...(Array(10).fill(0) as number[]), 2])
      expect(results.slice(0, 10).map(({ out }) => out)).toEqual(Array(10).fill('One of ten.\n'))
      expect(await app.window.title()).toContain('Parley')
    })

    it('S46: nothing of it listens once it is answered', async () => {
      const folders = async () => (await readdir(os.tmpdir())).filter((name) => name.startsWith('parley-ask-'))
      const before = await folders()
      server.next(word('Done.'))
      await run(['--ask', 'x'])
      await expect.poll(async () => (await folders()).filter((name) => !before.includes(name))).toEqual([])
    })
  })
})
