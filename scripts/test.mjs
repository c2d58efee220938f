/**
 * `npm test` runs everything from a fresh clone on: format, lint, types, unit tests on this Node, those of main on Node 24
 * too, build, end-to-end tests. `unit`, `e2e` and `check` run a part, and `faults` the fault suite in full, of which the unit
 * tests have a short form; what follows them is passed on (`npm run test:unit -- stream`).
 */
import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { buildApp } from './build.mjs'
import { readIfThere } from './cache.mjs'
import { openDisplay } from './display.mjs'
import { declaredVersion, describeRuntime } from './electron-runtime.mjs'
import { findCommand } from './packages.mjs'
import { run } from './children.mjs'
import { atExit, isEnding, Refusal, runScript, say } from './process.mjs'
import { obtainNode24 } from './runtime/node24.mjs'
import { setUp } from './setup.mjs'
import { addCounts, countTests, noTests } from './test-counts.mjs'

/** Undefined until the first vitest run has ended. @type {import('./test-counts.mjs').TestCounts | undefined} */
let counts

/** Far above what a step needs on two cores: an endless loop in a test is not ended by vitest itself. */
const stepLimitMs = 10 * 60_000

/**
 * @param {string} title
 * @param {string} alone the command that runs this step alone
 * @param {() => Promise<number>} body resolves with an exit code
 */
async function step(title, alone, body) {
  const startedMs = Date.now()
  say(`\n── ${title}`)
  let status
  try {
    status = await body()
  } catch (error) {
    if (error instanceof Refusal) throw new Refusal(`${error.message}\n${title} failed. Alone: ${alone}`)
    throw error
  }
  const seconds = ((Date.now() - startedMs) / 1000).toFixed(1)
  if (status !== 0) throw new Refusal(`${title} failed after ${seconds} s. Alone: ${alone}`)
  say(`   ${title}: ${seconds} s`)
}

/**
 * @param {string} packageName
 * @param {readonly string[]} args
 * @param {{node?: string, env?: NodeJS.ProcessEnv}} [options]
 */
async function runTool(packageName, args, { node = process.execPath, env } = {}) {
  const done = await run(node, [await commandOf(packageName), ...args], {
    timeoutMs: stepLimitMs,
    ...(env === undefined ? {} : { env }),
  })
  if (done.isTimedOut) say(`   ${hung}`)
  return done.status
}

const hung = `ended after ${stepLimitMs / 60_000} minutes: it hangs`

/** @param {string} packageName */
const commandOf = (packageName) => findCommand(packageName, packageName === 'typescript' ? 'tsc' : packageName)

/**
 * @param {string} packageName
 * @param {readonly string[]} args
 * @returns {Promise<{status: number, output: string}>} what it printed, on both of its outputs
 */
async function captureTool(packageName, args) {
  const done = await run(process.execPath, [await commandOf(packageName), ...args], {
    timeoutMs: stepLimitMs,
    isCaptured: true,
  })
  return { status: done.status, output: `${done.stdout}${done.stderr}${done.isTimedOut ? hung : ''}` }
}

/**
 * Runs vitest and adds up its counts.
 * @param {readonly string[]} args
 * @param {{node?: string, env?: NodeJS.ProcessEnv}} [options]
 */
async function runVitest(args, options) {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'parley-vitest-'))
  const forget = atExit(() => rm(folder, { recursive: true, force: true }))
  const file = path.join(folder, 'report.json')
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
  const status = await runTool('vitest', ['run', ...reporters, ...args], options)
  const report = await readIfThere(file)
  counts = addCounts(counts ?? noTests, countTests(report === undefined ? undefined : JSON.parse(report), status))
  forget()
  await rm(folder, { recursive: true, force: true })
  return status
}

/**
 * Steps of one core each, at once. What each of them prints is shown in one piece when it has ended, and all that fail are
 * named in the end, not only the first.
 * @param {ReadonlyArray<{title: string, alone: string, packageName: string, args: readonly string[]}>} tools
 */
async function sideBySide(tools) {
  say(`\n── ${tools.map(({ title }) => title).join(', ')}: side by side`)
  /** @type {string[]} */
  const complaints = []
  const check = async (/** @type {(typeof tools)[number]} */ { title, alone, packageName, args }) => {
    const startedMs = Date.now()
    const { status, output } = await captureTool(packageName, args)
    const seconds = ((Date.now() - startedMs) / 1000).toFixed(1)
    if (status === 0) return say(`   ${title}: ${seconds} s`)
    say(`\n── ${title}\n${output.trimEnd()}`)
    complaints.push(`${title} failed after ${seconds} s. Alone: ${alone}`)
  }
  await Promise.all(tools.map(check))
  if (complaints.length > 0) throw new Refusal(complaints.join('\n'))
}

/** @param {readonly string[]} args */
async function check(args) {
  if (args.includes('--fix')) {
    // One after the other: both write the same files.
    await step('Format', 'npm run check', () => runTool('prettier', ['--write', '.', '--log-level=warn']))
    await step('Lint', 'npm run check', () => runTool('eslint', ['.', '--max-warnings=0', '--fix']))
    await step('Types', 'npx tsc -b', () => runTool('typescript', ['-b']))
    return
  }
  await sideBySide([
    { title: 'Lint', alone: 'npx eslint . --max-warnings=0', packageName: 'eslint', args: ['.', '--max-warnings=0'] },
    { title: 'Types', alone: 'npx tsc -b', packageName: 'typescript', args: ['-b'] },
    { title: 'Format check', alone: 'npx prettier --check .', packageName: 'prettier', args: ['--check', '.'] },
  ])
}

/** @param {readonly string[]} args */
async function unit(args) {
  await step(`Unit tests on Node ${process.versions.node}`, 'npm run test:unit', () => runVitest(args))
}

/** @param {readonly string[]} args */
async function faults(args) {
  await step('Fault suite', 'npm run test:faults', () =>
    runVitest(['--config', 'tests/faults/vitest.config.ts', ...args]),
  )
}

/** What main runs. Pages live in Chromium: a second Node says nothing about them, and costs minutes. */
const testsOfMain = ['backend', 'generations', 'guide', 'library', 'main', 'search', 'shared'].map(
  (name) => `tests/unit/${name}`,
)

async function unitOnNode24() {
  if (Number(process.versions.node.split('.')[0]) >= 24) return
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    say('\n── Unit tests on Node 24: left out, the package that carries it is for linux-x64 only')
    return
  }
  const node = await obtainNode24()
  const command = `${node} node_modules/vitest/vitest.mjs run ${testsOfMain.join(' ')}`
  await step('Unit tests of main on Node 24', command, () => runVitest(testsOfMain, { node }))
}

/** Half the time of a test is waiting: two files at once, each on a display of its own, where displays cost nothing. */
async function openDisplays() {
  const first = await openDisplay({ isAlwaysVirtual: true, isOpenToLocalUsers: true })
  if (!first.isVirtual) return [first]
  return [first, await openDisplay({ isAlwaysVirtual: true, isOpenToLocalUsers: true })]
}

/**
 * @param {readonly string[]} args
 * @param {import('./electron-runtime.mjs').ElectronRuntime} runtime
 */
async function endToEnd(args, runtime) {
  await step('End-to-end tests', 'npm run test:e2e', async () => {
    const displays = await openDisplays()
    const [first] = displays
    const env = {
      ...first?.env,
      ELECTRON_EXEC_PATH: runtime.executable,
      // Of displays in memory each file takes its own (tests/e2e/setup.ts); a person's screen there is but once.
      ...(first?.isVirtual === true ? { PARLEY_DISPLAYS: displays.map(({ env }) => env.DISPLAY).join(' ') } : {}),
    }
    const status = await runVitest(['--config', 'tests/e2e/vitest.config.ts', ...args], { env })
    for (const display of displays) await display.close()
    return status
  })
}

/** @param {import('./electron-runtime.mjs').ElectronRuntime} runtime */
async function sayVersions(runtime) {
  say(describeRuntime(runtime, await declaredVersion()))
}

async function everything() {
  const startedMs = Date.now()
  const runtime = await setUp('tests')
  await sayVersions(runtime)
  say(`Node ${process.versions.node}, set up in ${((Date.now() - startedMs) / 1000).toFixed(1)} s`)
  await check([])
  await unit([])
  await unitOnNode24()
  await step('Build', 'npx electron-vite build', async () => {
    await buildApp({ isForced: true, say: () => undefined })
    return 0
  })
  await endToEnd([], runtime)
  say(`\nEverything passed in ${Math.round((Date.now() - startedMs) / 1000)} s.`)
}

/** @param {readonly string[]} args */
async function test([part, ...args]) {
  switch (part) {
    case undefined:
      return everything()
    case 'unit':
      await setUp('tools')
      return unit(args)
    case 'e2e': {
      const runtime = await setUp('tests')
      await sayVersions(runtime)
      await buildApp()
      return endToEnd(args, runtime)
    }
    case 'faults':
      await setUp('tools')
      return faults(args)
    case 'check':
      await setUp('tools')
      return check(args)
    default:
      throw new Refusal(
        'npm test takes no arguments. A part of it: npm run test:unit -- NAME, npm run test:e2e -- NAME.',
      )
  }
}

await runScript(async () => {
  let code = 0
  try {
    await test(process.argv.slice(2))
  } catch (error) {
    if (!(error instanceof Refusal) || isEnding()) throw error
    process.stderr.write(`\n${error.message}\n`)
    code = 1
  }
  if (counts !== undefined) {
    if (counts.skipped > 0) say(`${counts.skipped} skipped`)
    say(`${counts.passed} passed, ${counts.failed} failed`)
  }
  return code
})
