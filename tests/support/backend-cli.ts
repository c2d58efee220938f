/**
 * `npm run dev:backend`: a Backend API server to try the app against; docs/scenario-server.md tells of it. The model that
 * is asked chooses what it does; the models appear in the app's model picker.
 */
import { readFile } from 'node:fs/promises'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { AppFailure } from '../../src/shared/errors'
import { playbackOf, readRecording } from '../../src/main/wire/recording-file'
import type { Answer } from './player/answer'
import { answerOf, parseRecording, replay } from './player/recording'
import { listModes } from './player/scenarios'
import { startScenarioServer } from './scenario-server'

const USAGE = `npm run dev:backend -- [OPTIONS]

  --port PORT            where to listen; 1337 without it, 0 for any free port
  --host HOST            127.0.0.1 without it
  --key SECRET           asks for this key
  --catalogue huge       10,000 providers, hostile names, a model name of 1 MiB
  --recording FILE       answers every question with a recording: one saved in the wire view, or NAME.raw beside
                         its NAME.timing.json
  --speed 4              plays the recording four times as fast; 0 as fast as it is read
  --help                 this text and the list of modes, then ends
`

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '1337' },
    host: { type: 'string', default: '127.0.0.1' },
    key: { type: 'string' },
    catalogue: { type: 'string', default: 'usual' },
    recording: { type: 'string' },
    speed: { type: 'string', default: '1' },
    help: { type: 'boolean', default: false },
    /** Prints the address alone, for a program that started this one. */
    quiet: { type: 'boolean', default: false },
  },
})

const say = (line: string) => process.stdout.write(`${line}\n`)
// `--help | head` has read enough.
process.stdout.on('error', () => process.exit(0))

if (values.help) {
  say(USAGE)
  sayModes()
} else await serve()

function sayModes(): void {
  const modes = listModes()
  for (const group of new Set(modes.map((mode) => mode.group))) {
    say(`  ${group}`)
    for (const mode of modes.filter((each) => each.group === group)) {
      const options = Object.entries(mode.options).map(([key, value]) => `${key}=${value}`)
      const example = options.length === 0 ? '' : `  (${mode.name}:${options.join(',')})`
      say(`    ${mode.name.padEnd(14)} ${mode.about}${example}`)
    }
  }
}

async function serve(): Promise<void> {
  const answer = values.recording === undefined ? null : await recordedAnswer(values.recording)
  const server = await startScenarioServer({
    port: Number(values.port),
    host: values.host,
    catalogue: values.catalogue === 'huge' ? 'huge' : 'usual',
    ...(values.key === undefined ? {} : { apiKey: values.key }),
  })
  if (answer !== null) server.next(...Array.from({ length: 10_000 }, () => answer))

  if (values.quiet) say(server.url)
  else {
    say(`The scenario server listens at ${server.url}`)
    if (values.recording === undefined) {
      say('Connect Parley to this address. Each model is a mode:\n')
      sayModes()
    } else say('Connect Parley to this address. Every question is answered with the recording.')
    say('\nCtrl+C ends it.')
  }

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      void server.close().then(() => process.exit(0))
    })
  }
}

/** A new one for each question: the steps of an answer are used up when it is played. */
async function recordedAnswer(file: string): Promise<() => Answer> {
  const speed = Number(values.speed) > 0 ? Number(values.speed) : Infinity
  try {
    const bytes = await readFile(file)
    if (file.endsWith('.raw')) {
      const timing: unknown = JSON.parse(await readFile(file.replace(/\.raw$/, '.timing.json'), 'utf8'))
      const recording = parseRecording(bytes, timing)
      return () => replay(recording, speed)
    }
    const playback = playbackOf(readRecording(bytes))
    return () => answerOf(playback, speed)
  } catch (thrown) {
    const why = thrown instanceof AppFailure ? 'it is no recording of the wire view' : String(thrown)
    process.stderr.write(`${file} cannot be played: ${why}\n`)
    process.exit(1)
  }
}
