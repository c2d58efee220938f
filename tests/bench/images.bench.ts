import { randomFillSync } from 'node:crypto'
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { Attachments } from '../../src/main/attachments'
import { BackendApi } from '../../src/main/backend/api'
import { StoredFile, type MediaItem } from '../../src/main/backend/media'
import { silentLogger } from '../../src/main/logger'
import { jpeg, tiff } from '../support/images'

const IMAGES = 10
const IMAGE_BYTES = 10 * 1024 * 1024
const RUNS = 5
const SAMPLE_MS = 5
const PHOTO_BYTES = 19 * 1024 * 1024

/** Reads all and answers one word. A process of its own, so that neither its memory nor its work is measured. */
const SINK = `
const server = require('node:http').createServer((request, response) => {
  request.resume().on('end', () => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.end('event: content\\ndata: {"type": "content", "content": "seen"}\\n\\n')
  })
})
server.listen(0, '127.0.0.1', () => process.stdout.write(String(server.address().port)))
`

async function startSink(): Promise<{ url: string; child: ChildProcess }> {
  const child = spawn(process.execPath, ['-e', SINK], { stdio: ['ignore', 'pipe', 'inherit'] })
  const port = await new Promise<string>((resolve) =>
    child.stdout.once('data', (text: Buffer) => resolve(String(text))),
  )
  return { url: `http://127.0.0.1:${port}`, child }
}

interface SentImages {
  seconds: number
  /** Most memory above that before the request. */
  grownMb: number
  delayP99Ms: number
  delayMaxMs: number
}

async function send(url: string, media: readonly MediaItem[]): Promise<SentImages> {
  globalThis.gc?.()
  const before = process.memoryUsage.rss()
  let most = before
  const sampler = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss())
  }, SAMPLE_MS)
  // Its own interval is part of every delay it tells.
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const startMs = performance.now()
  let answer = ''
  const messages = [{ role: 'user', content: 'What do you see?' }]
  for await (const event of new BackendApi({ url }).conversation({ messages, media })) {
    if (typeof event.content === 'string') answer += event.content
  }
  const seconds = (performance.now() - startMs) / 1000
  delay.disable()
  clearInterval(sampler)
  if (answer !== 'seen') throw new Error('the images did not arrive')
  return {
    seconds,
    grownMb: (most - before) / 1e6,
    delayP99Ms: delay.percentile(99) / 1e6 - 1,
    delayMaxMs: delay.max / 1e6 - 1,
  }
}

/** A photo of 19 MiB with a place in it: noise as its coded data, where a zero follows every byte that could be a mark. */
function largePhoto(): Buffer {
  const small = jpeg({ exif: tiff({ orientation: 6, gps: 'position' }) })
  const scan = small.lastIndexOf(Buffer.from([0xff, 0xda]))
  const head = small.subarray(0, scan + 2 + small.readUInt16BE(scan + 2))
  const noise = randomFillSync(Buffer.alloc(PHOTO_BYTES))
  for (let at = noise.indexOf(0xff); at !== -1; at = noise.indexOf(0xff, at + 2)) noise[at + 1] = 0
  return Buffer.concat([head, noise, Buffer.from([0xff, 0xd9])])
}

/** Reads, checks, cleans, hashes and stores a photo; the longest that nothing else could be done meanwhile. */
async function add(folder: string, index: number): Promise<number> {
  const file = path.join(folder, `photo-${index}.jpg`)
  await writeFile(file, largePhoto())
  const attachments = new Attachments(path.join(folder, 'attachments'), silentLogger)
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const added = await attachments.addFile({ name: 'photo.jpg', path: file })
  delay.disable()
  if (!('attachment' in added)) throw new Error('the photo was not taken')
  return delay.max / 1e6 - 1
}

const middle = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1] ?? NaN

/** A question with ten images of 10 MiB: what encoding and sending them costs the process (R40). Medians of five. */
export async function run(): Promise<Record<string, number | string>> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'parley-images-'))
  const sink = await startSink()
  try {
    const media: MediaItem[] = []
    for (let index = 0; index < IMAGES; index += 1) {
      const file = path.join(folder, `${index}.png`)
      await writeFile(file, randomFillSync(Buffer.alloc(IMAGE_BYTES)))
      media.push([new StoredFile(file, 'image/png', IMAGE_BYTES), `${index}.png`])
    }
    // The first one loads undici and warms the code.
    await send(sink.url, media)
    const runs: SentImages[] = []
    for (let each = 0; each < RUNS; each += 1) runs.push(await send(sink.url, media))
    const added: number[] = []
    for (let each = 0; each <= RUNS; each += 1) added.push(await add(folder, each))
    const of = (pick: (run: SentImages) => number) => middle(runs.map(pick))
    return {
      'ten images of 10 MiB, memory grows by, MB (budget 60)': Math.round(of((each) => each.grownMb)),
      'event-loop delay p99, ms (budget 20)': Number(of((each) => each.delayP99Ms).toFixed(1)),
      'event-loop delay, longest, ms': Number(of((each) => each.delayMaxMs).toFixed(1)),
      // The first one loads its readers.
      'adding a photo of 19 MiB, event-loop delay, longest, ms (budget 20)': Number(middle(added.slice(1)).toFixed(1)),
      'sent, MB/s': Math.round((IMAGES * IMAGE_BYTES * 4) / 3 / 1e6 / of((each) => each.seconds)),
    }
  } finally {
    sink.child.kill()
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}
