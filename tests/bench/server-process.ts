import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { createInterface } from 'node:readline'

export interface ServerProcess {
  url: string
  close(): Promise<void>
}

/** The scenario server in a process of its own, so that what it costs is not counted as the app's. */
export async function startServerProcess(): Promise<ServerProcess> {
  const runner = path.resolve('scripts/run-ts.mjs')
  const child = spawn(
    process.execPath,
    [runner, path.resolve('tests/support/backend-cli.ts'), '--port', '0', '--quiet'],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  const exited = once(child, 'exit')
  const lines = createInterface({ input: child.stdout })
  const [url] = (await Promise.race([
    once(lines, 'line'),
    exited.then(() => Promise.reject(new Error('The server did not start'))),
  ])) as [string]
  return {
    url,
    close: async () => {
      child.kill('SIGTERM')
      await exited
    },
  }
}
