import { access } from 'node:fs/promises'
import { describeElectron } from './app'

/** Refuses in one sentence when something is missing, and says what really runs. */
export async function setup(): Promise<void> {
  if (process.env.ELECTRON_EXEC_PATH === undefined) {
    throw new Error('ELECTRON_EXEC_PATH is not set: use `npm run test:e2e`, which finds an Electron.')
  }
  if (process.platform === 'linux' && process.env.DISPLAY === undefined) {
    throw new Error('There is no display: use `npm run test:e2e`, which brings one.')
  }
  await access('out/main/index.js').catch(() => {
    throw new Error('The app is not built: use `npm run test:e2e`, or run `npx electron-vite build`.')
  })
  process.stdout.write(`End-to-end tests run on ${await describeElectron()}\n`)
}
