import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

export interface FileServer {
  url: string
  port: number
  /** Every request, in the order of arrival. */
  requests: { path: string; headers: NodeJS.Dict<string | string[]>; isClosed: boolean }[]
}

/** An HTTP server on a free loopback port that notes who asked it for what; closed when the test has finished. */
export async function startFileServer(
  answer: (request: IncomingMessage, response: ServerResponse) => void | Promise<void>,
): Promise<FileServer> {
  const requests: FileServer['requests'] = []
  const server = createServer({ maxHeaderSize: 64 * 1024 }, (request, response) => {
    const seen = { path: request.url ?? '', headers: request.headers, isClosed: false }
    requests.push(seen)
    response.once('close', () => {
      seen.isClosed = true
    })
    void answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  )
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, port, requests }
}
