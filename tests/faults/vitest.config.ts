import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

/** The fault suite in full, `npm run test:faults`: minutes of kills, torn and flipped files, full disks. */
export default defineConfig({
  test: {
    root: fileURLToPath(new URL('../..', import.meta.url)),
    include: ['tests/faults/**/*.test.ts'],
    environment: 'node',
    pool: 'forks',
    // The kills are measured against the clock.
    fileParallelism: false,
    hookTimeout: 30_000,
    testTimeout: 600_000,
    expect: { requireAssertions: true },
  },
})
