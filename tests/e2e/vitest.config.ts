import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

/** Drives the built app on a virtual screen: `npm run test:e2e` prepares both and then runs this. */
export default defineConfig({
  test: {
    root: fileURLToPath(new URL('../..', import.meta.url)),
    include: ['tests/e2e/**/*.test.ts'],
    environment: 'node',
    pool: 'forks',
    // One app at a time: tests share the screen, the focus and the global shortcut.
    fileParallelism: false,
    globalSetup: ['tests/e2e/global-setup.ts'],
    setupFiles: ['tests/e2e/setup.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    retry: 0,
    expect: { poll: { timeout: 8000, interval: 25 } },
  },
})
