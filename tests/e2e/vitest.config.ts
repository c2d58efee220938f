import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { displaysFor } from './displays'

const displays = displaysFor(process.env)

/** Files that measure times of the app, or start ten of it at once: they have the machine for themselves. */
const alone = ['command-line', 'desktop', 'safekeeping', 'stop', 'survival'].map((name) => `tests/e2e/${name}.test.ts`)

const common = {
  root: fileURLToPath(new URL('../..', import.meta.url)),
  environment: 'node' as const,
  pool: 'forks' as const,
  setupFiles: ['tests/e2e/setup.ts'],
  testTimeout: 60_000,
  hookTimeout: 60_000,
  retry: 0,
  expect: { poll: { timeout: 8000, interval: 25 } },
}

/** Drives the built app on a virtual screen: `npm run test:e2e` prepares both and then runs this. */
export default defineConfig({
  test: {
    root: common.root,
    globalSetup: ['tests/e2e/global-setup.ts'],
    projects: [
      {
        test: {
          ...common,
          name: 'together',
          include: ['tests/e2e/**/*.test.ts'],
          exclude: alone,
          // One file at a time on each screen: its tests share the focus, the clipboard and the global shortcut.
          fileParallelism: displays.length > 1,
          maxWorkers: Math.max(1, displays.length),
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: { ...common, name: 'alone', include: alone, fileParallelism: false, sequence: { groupOrder: 1 } },
      },
    ],
  },
})
