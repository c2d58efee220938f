/**
 * `node scripts/run-ts.mjs FILE ARGS…` runs a TypeScript file under plain Node, through Vite's module runner. The file sees
 * itself and ARGS in process.argv; it may import the app's sources, `?raw` files and packages, but not Electron.
 */
import path from 'node:path'
import { createRunnableDevEnvironment, resolveConfig } from 'vite'
import { projectRoot, Refusal, runScript } from './process.mjs'

/**
 * @param {string} file
 * @returns {Promise<unknown>} the module
 */
async function runTypeScript(file) {
  const config = await resolveConfig(
    {
      root: projectRoot,
      configFile: false,
      envDir: false,
      logLevel: 'error',
      cacheDir: path.join(projectRoot, 'node_modules', '.cache', 'run-ts'),
      environments: {
        script: {
          consumer: 'server',
          dev: { moduleRunnerTransform: true },
          resolve: { external: true, mainFields: [], conditions: ['node'] },
        },
      },
    },
    'serve',
  )
  const environment = createRunnableDevEnvironment('script', config, {
    runnerOptions: { hmr: { logger: false } },
    hot: false,
  })
  await environment.init()
  // Never closed: a script may import() more at any time until the process ends.
  return environment.runner.import(file)
}

const [file, ...args] = process.argv.slice(2)
if (file === undefined) {
  await runScript(() => Promise.reject(new Refusal('Usage: node scripts/run-ts.mjs FILE ARGS…')))
} else {
  const entry = path.resolve(file)
  process.argv = [process.execPath, entry, ...args]
  await runTypeScript(entry)
}
