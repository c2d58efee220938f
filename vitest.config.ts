import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { shipLicences } from './scripts/packaging/licences.mjs'

/**
 * Unit tests: plain Node, real files and real sockets, no Electron. A file that needs a DOM says so in its first line:
 * `// @vitest-environment happy-dom`. End-to-end tests have their own configuration in tests/e2e.
 */
export default defineConfig({
  plugins: [shipLicences()],
  test: {
    include: ['tests/unit/**/*.test.{ts,tsx}'],
    environment: 'node',
    // Processes, because threads share stdio, signals and the process-wide umask, which some tests set.
    pool: 'forks',
    // By itself vitest leaves a core to its own process, which needs none for long: of two that would be half of the time.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // Limits of hanging: on a busy machine what takes two seconds can take ten.
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // What a test leaves behind must not help the next one.
    restoreMocks: true,
    unstubEnvs: true,
    unstubGlobals: true,
    expect: { requireAssertions: true },
    dangerouslyIgnoreUnhandledErrors: false,
  },
})
