import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gradient } from './images'
import { sse } from './raw-server'
import { mp4, wav } from './sounds'

export interface MediaServer {
  url: string
  /** Method and path of every request, in the order of arrival. */
  asked: string[]
  /** The events of the next answers, one list each; after that an answer of one word. */
  next(...answers: ({ type: string } & Record<string, unknown>)[][]): void
  close(): Promise<void>
}

/** A Backend API server whose answers hold results: pictures by `/media/WIDTHxHEIGHT.png`, sounds, and speech. */
export async function startMediaServer(): Promise<MediaServer> {
  const asked: string[] = []
  const queue: ({ type: string } & Record<string, unknown>)[][] = []
  const json = { 'content-type': 'application/json' }
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://server')
    asked.push(`${request.method} ${request.url}`)
    const size = /^\/media\/(\d+)x(\d+)\.png$/u.exec(pathname)
    if (pathname.endsWith('/version')) response.writeHead(200, json).end('{"version":"8.1.7","latest_version":"8.1.7"}')
    else if (pathname.endsWith('/providers')) response.writeHead(200, json).end('[]')
    else if (size !== null) response.end(gradient(Number(size[1]), Number(size[2])))
    else if (pathname.includes('/synthesize/')) response.end(wav(3))
    else if (pathname.endsWith('.wav')) response.end(wav(2))
    else if (pathname.endsWith('.mp4')) response.end(mp4())
    else if (pathname.endsWith('/conversation')) {
      request.resume()
      const events = queue.shift() ?? [{ type: 'content', content: 'Yes.' }]
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.end([...events, { type: 'finish', finish: { reason: 'stop' } }].map(sse).join(''))
    } else response.writeHead(404, { 'content-type': 'text/html' }).end('<!doctype html>')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    next: (...answers) => void queue.push(...answers),
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
