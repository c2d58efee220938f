import { mkdir, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { Worker } from 'node:worker_threads'
import { build } from 'vite'
import type { WorkerOptions } from '../../src/main/search/worker-talk'

const projectRoot = resolve(import.meta.dirname, '../..')

/**
 * The worker of the search index as a file that plain Node can run, in a folder of its own.
 *
 * @returns `start` for SearchOptions.startWorker, and `remove` for when the last worker has ended
 */
export async function buildSearchWorker(): Promise<{
  start: (options: WorkerOptions) => Worker
  remove: () => Promise<void>
}> {
  // Below the project, so that its packages are found from there.
  const folder = join(projectRoot, 'node_modules', '.cache', `search-worker-${process.pid}-${Date.now()}`)
  await mkdir(folder, { recursive: true })
  await build({
    root: projectRoot,
    configFile: false,
    envDir: false,
    logLevel: 'error',
    build: {
      ssr: join(projectRoot, 'src/main/search/search-worker.ts'),
      outDir: folder,
      emptyOutDir: false,
      target: 'node20.18',
      rollupOptions: { external: ['libsql'], output: { format: 'es', entryFileNames: '[name].mjs' } },
    },
  })
  return {
    start: (workerData) => new Worker(join(folder, 'search-worker.mjs'), { workerData }),
    remove: () => rm(folder, { recursive: true, force: true, maxRetries: 5 }),
  }
}
