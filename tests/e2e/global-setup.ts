import { execFile } from 'node:child_process'
import { access } from 'node:fs/promises'
import { promisify } from 'node:util'

/** Refuses in one sentence when something is missing, and says what really runs. */
export async function setup(): Promise<void> {
  const executable = process.env.ELECTRON_EXEC_PATH
  if (executable === undefined)
    throw new Error('ELECTRON_EXEC_PATH is not set: use `npm run test:e2e`, which finds an Electron.')
  if (process.platform === 'linux' && process.env.DISPLAY === undefined) {
    throw new Error('There is no display: use `npm run test:e2e`, which brings one.')
  }
  await access('out/main/index.js').catch(() => {
    throw new Error('The app is not built: use `npm run test:e2e`, or run `npx electron-vite build`.')
  })
  const { stdout } = await promisify(execFile)(
    executable,
    [
      '-p',
      "['Electron', process.versions.electron, 'Chromium', process.versions.chrome, 'Node', process.versions.node].join(' ')",
    ],
    { env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' } },
  )
  process.stdout.write(`End-to-end tests run on ${stdout.trim()}, screen ${process.env.DISPLAY ?? 'of the session'}\n`)
}
