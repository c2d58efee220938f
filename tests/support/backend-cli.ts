/**
 * `npm run dev:backend`: a Backend API server to try the app against. The model that is asked chooses what it does; the
 * models appear in the app's model picker. `-- --port 1337`, `--key SECRET` (asks for it), `--replay NAME.raw [--speed 2]`
 * (answers every question with a recording).
 */
import { readFile } from 'node:fs/promises'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { parseRecording, replay } from './player/recording'
import { listModes } from './player/scenarios'
import { startScenarioServer } from './scenario-server'

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '1337' },
    host: { type: 'string', default: '127.0.0.1' },
    key: { type: 'string' },
    replay: { type: 'string' },
    speed: { type: 'string', default: '1' },
    /** Prints the address alone, for a program that started this one. */
    quiet: { type: 'boolean', default: false },
  },
})

const say = (line: string) => process.stdout.write(`${line}\n`)

const recording =
  values.replay === undefined
    ? null
    : parseRecording(
        await readFile(values.replay),
        JSON.parse(await readFile(values.replay.replace(/\.raw$/, '.timing.json'), 'utf8')),
      )

const server = await startScenarioServer({
  port: Number(values.port),
  host: values.host,
  ...(values.key === undefined ? {} : { apiKey: values.key }),
})
if (recording !== null) server.next(...Array.from({ length: 10_000 }, () => replay(recording, Number(values.speed))))

if (values.quiet) say(server.url)
else {
  say(`The scenario server listens at ${server.url}`)
  say('Connect Parley to this address. Each model is a mode:\n')
  const modes = listModes()
  for (const group of new Set(modes.map((mode) => mode.group))) {
    say(`  ${group}`)
    for (const mode of modes.filter((each) => each.group === group)) {
      const options = Object.entries(mode.options).map(([key, value]) => `${key}=${value}`)
      const example = options.length === 0 ? '' : `  (${mode.name}:${options.join(',')})`
      say(`    ${mode.name.padEnd(14)} ${mode.about}${example}`)
    }
  }
  say('\nCtrl+C ends it.')
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    void server.close().then(() => process.exit(0))
  })
}
