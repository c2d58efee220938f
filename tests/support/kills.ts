import { spawn, type ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { build } from 'vite'
import { expect } from 'vitest'
import { answerText, pathOf, type AssistantMessage } from '../../src/shared/conversation'
import { conversationOf } from './conversation-samples'
import { filesUnder, libraryOn } from './temporary-library'

/** Real processes for real kills: tests/support/crash-child.ts, built to where its packages are found. */
export interface CrashChild {
  path: string
  remove(): Promise<void>
}

export async function buildCrashChild(): Promise<CrashChild> {
  const cache = join(import.meta.dirname, '../../node_modules/.cache')
  await mkdir(cache, { recursive: true })
  const folder = await mkdtemp(join(cache, 'crash-'))
  await build({
    configFile: false,
    logLevel: 'silent',
    build: {
      ssr: join(import.meta.dirname, 'crash-child.ts'),
      outDir: folder,
      target: 'node20',
      rolldownOptions: { output: { entryFileNames: 'child.mjs' } },
    },
  })
  return { path: join(folder, 'child.mjs'), remove: () => rm(folder, { recursive: true, force: true, maxRetries: 5 }) }
}

/** Does the work of all runs, two at a time. */
export async function inPairs(runs: number, work: (run: number) => Promise<void>): Promise<void> {
  const numbers = Array.from({ length: runs }, (_, run) => run).values()
  const worker = async (): Promise<void> => {
    for (const run of numbers) await work(run)
  }
  await Promise.all([worker(), worker()])
}

/** Milliseconds on the clock that all processes of a machine share. */
const nowMs = (): number => performance.timeOrigin + performance.now()

/**
 * Kills with SIGKILL at the first byte of the request that reaches the server.
 *
 * @returns how many times the question was in the library afterwards
 */
export async function killAtFirstByte(child: CrashChild, base: string, runs: number): Promise<number> {
  let found = 0
  await inPairs(runs, async (run) => {
    const root = join(base, String(run))
    const id = randomUUID()
    const asked: { process: ChildProcess | null } = { process: null }
    const server = createServer()
    // Before any of it is read as HTTP.
    server.on('connection', (socket) => socket.prependOnceListener('data', () => asked.process?.kill('SIGKILL')))
    const url = await listen(server)
    asked.process = startChild(child, ['ask', root, id, url])
    await ended(asked.process)
    server.close()
    server.closeAllConnections()

    const library = libraryOn(root)
    expect(await library.recover()).toHaveLength(1)
    const [question, answer] = pathOf(await library.open(id))
    expect(question).toMatchObject({ role: 'user', text: 'Is this kept?' })
    expect(answer).toMatchObject({ state: 'interrupted', error: { code: 'process-ended' }, content: [] })
    expect(Object.keys(await filesUnder(root))).toEqual([`conversations/${id}.json`])
    found += 1
  })
  return found
}

/** What one kill in the middle of an answer has cost, measured at the moment of the kill. */
export interface Loss {
  /** Of what the process had received. */
  bytes: number
  /** Age of the oldest text that was received and is lost; 0 when none is. */
  ms: number
  /** The same of what the server had handed to the network. */
  sentBytes: number
  sentMs: number
}

/** Slow words, a fast model, and a flood of 1 MB/s. */
const PACES = [
  { size: 8, everyMs: 12 },
  { size: 60, everyMs: 1 },
  { size: 2048, everyMs: 2 },
]

/** Kills with SIGKILL at a random time while an answer streams from a server, whose log says what was sent. */
export async function killWhileStreaming(child: CrashChild, base: string, runs: number): Promise<Loss[]> {
  const losses: Loss[] = []
  await inPairs(runs, async (run) => {
    const { size, everyMs } = PACES[run % PACES.length] ?? { size: 8, everyMs: 12 }
    const root = join(base, String(run))
    const id = randomUUID()
    const sent: [bytes: number, atMs: number][] = []
    const server = createServer((request, response) => {
      request.resume()
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      stream(response, size, everyMs, sent)
    })
    const url = await listen(server)
    const running = startChild(child, ['ask', root, id, url])
    let said = ''
    running.stdout?.on('data', (data: Buffer) => (said += data.toString()))
    await once(running.stdout ?? running, 'data')
    await new Promise((resolve) => setTimeout(resolve, 20 + Math.random() * 400))
    const killedMs = nowMs()
    running.kill('SIGKILL')
    await ended(running)
    server.close()
    server.closeAllConnections()
    const received = said
      .split('\n')
      .slice(0, -1)
      .map((line) => line.split(' ').map(Number) as [number, number])

    const library = libraryOn(root)
    await library.recover()
    const path = pathOf(await library.open(id))
    expect(path[0]).toMatchObject({ role: 'user', text: 'Is this kept?' })
    const answer = path.at(-1) as AssistantMessage
    expect(answer).toMatchObject({ state: 'interrupted', error: { code: 'process-ended' } })
    const text = answerText(answer)
    // What is there is a true beginning of what was sent: no gap, nothing twice.
    const count = Math.ceil(text.length / size)
    expect(
      Array.from({ length: count }, (_, number) => numbered(number, size))
        .join('')
        .startsWith(text),
    ).toBe(true)
    expect(text.length).toBeLessThanOrEqual(received.at(-1)?.[0] ?? 0)
    losses.push({
      ...lossOf(received, text.length, killedMs),
      ...sentLoss(lossOf(sent, text.length, killedMs)),
    })
  })
  return losses
}

/** Whether a loss is one that R02 allows, of what was received. */
export function isAllowed({ bytes, ms }: Pick<Loss, 'bytes' | 'ms'>): boolean {
  return ms <= 250 || bytes <= 64 * 1024
}

/**
 * Kills with SIGKILL while a conversation is written again and again.
 *
 * @returns writes that were promised before the kills
 */
export async function killWhileWriting(child: CrashChild, base: string, runs: number): Promise<number> {
  let writes = 0
  await inPairs(runs, async (run) => {
    const root = join(base, String(run))
    const conversation = conversationOf(randomUUID(), [['Why?', 'So. '.repeat(5000)]])
    await libraryOn(root).create(conversation)
    const running = startChild(child, ['writes', root, conversation.id])
    let said = ''
    running.stdout?.on('data', (data: Buffer) => (said += data.toString()))
    await once(running.stdout ?? running, 'data')
    await new Promise((resolve) => setTimeout(resolve, 10 + Math.random() * 80))
    running.kill('SIGKILL')
    await ended(running)
    const told = said.split('\n').slice(0, -1)
    writes += told.length
    const library = libraryOn(root)
    await library.recover()
    const opened = await library.open(conversation.id)
    expect(Number(opened.title)).toBeGreaterThanOrEqual(Number(told.at(-1)))
    expect(opened.messages).toEqual(conversation.messages)
    expect(Object.keys(await filesUnder(root))).toEqual([`conversations/${conversation.id}.json`])
  })
  return writes
}

function lossOf(
  log: [bytes: number, atMs: number][],
  keptBytes: number,
  killedMs: number,
): { bytes: number; ms: number } {
  const before = log.filter(([, atMs]) => atMs <= killedMs)
  const firstLost = before.find(([bytes]) => bytes > keptBytes)
  if (firstLost === undefined) return { bytes: 0, ms: 0 }
  return { bytes: (before.at(-1)?.[0] ?? 0) - keptBytes, ms: killedMs - firstLost[1] }
}

function sentLoss({ bytes, ms }: { bytes: number; ms: number }): Pick<Loss, 'sentBytes' | 'sentMs'> {
  return { sentBytes: bytes, sentMs: ms }
}

/** Numbers of equal length, each logged when the network takes it. */
function stream(response: ServerResponse, size: number, everyMs: number, sent: [number, number][]): void {
  let number = 0
  const timer = setInterval(() => {
    const content = numbered(number, size)
    number += 1
    response.write(`event: content\ndata: ${JSON.stringify({ type: 'content', content })}\n\n`)
    sent.push([number * size, nowMs()])
  }, everyMs)
  response.on('close', () => clearInterval(timer))
}

function numbered(number: number, size: number): string {
  return `${number} `.padStart(size, '.')
}

function startChild(child: CrashChild, args: string[]): ChildProcess {
  return spawn(process.execPath, [child.path, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
}

/** Resolves when a killed process is gone, with all that it has said. */
async function ended(running: ChildProcess): Promise<void> {
  const [code, signal] = (await once(running, 'close')) as [number | null, NodeJS.Signals | null]
  if (signal !== 'SIGKILL') throw new Error(`the child ended with ${code}`)
}

async function listen(server: ReturnType<typeof createServer>): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
