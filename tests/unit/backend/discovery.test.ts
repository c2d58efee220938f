import { afterEach, describe, expect, test } from 'vitest'
import { BackendApi, type Timeouts } from '../../../src/main/backend/api'
import { connectBackend, discoverBackends } from '../../../src/main/backend/discovery'
import { createHttpTransport } from '../../../src/main/backend/http'
import { startRawServer, type RawConnection, type RawServer } from '../../support/raw-server'

const servers: RawServer[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

async function serve(handle: (connection: RawConnection) => void | Promise<void>): Promise<RawServer> {
  const server = await startRawServer(handle)
  servers.push(server)
  return server
}

/** Answers by path; anything else is a 404 page. */
function answering(answers: Record<string, unknown>, status = '200 OK') {
  return async (connection: RawConnection): Promise<void> => {
    const { path } = await connection.request()
    const answer = answers[path.replace('/backend-api/v2', '')]
    if (answer === undefined) connection.answer('404 NOT FOUND', { 'Content-Type': 'text/html' }, '<h1>Not Found</h1>')
    else connection.answer(status, { 'Content-Type': 'application/json' }, JSON.stringify(answer))
  }
}

/** An address where nothing listens. */
async function gone(): Promise<number> {
  const server = await startRawServer(() => undefined)
  await server.close()
  return server.port
}

const version = { version: '8.1.7', latest_version: '8.1.7' }
const locked = { '/version?cache=true': { error: { message: 'Not authenticated' } } }
const openApi = (url: string, timeouts?: Timeouts): BackendApi =>
  new BackendApi({ url, ...(timeouts === undefined ? {} : { timeouts }) })

describe('finding the server that a person means', () => {
  test('at its path, after the page that was copied', async () => {
    const server = await serve(answering({ '/version?cache=true': version }))
    expect(await connectBackend(`${server.url}/chat/#x`, openApi)).toEqual({
      url: server.url,
      version: '8.1.7',
      needsKey: false,
      tried: [`${server.url}/chat`],
    })
  })

  test('by the other scheme', async () => {
    const server = await serve(answering({ '/version?cache=true': version }))
    const typed = `localhost:${String(server.port)}`
    expect(await connectBackend(typed, openApi)).toMatchObject({ url: `http://${typed}`, tried: [] })
    const opened: string[] = []
    const onlyHttps = (url: string): BackendApi => {
      opened.push(url)
      return new BackendApi({ url: url.startsWith('https') ? server.url : 'http://127.0.0.1:1' })
    }
    expect(await connectBackend(typed, onlyHttps)).toMatchObject({
      url: `https://${typed}`,
      tried: [`http://${typed}`],
    })
    expect(opened).toEqual([`http://${typed}`, `https://${typed}`])
  })

  test('behind a key', async () => {
    const server = await serve(answering(locked, '401 No'))
    expect(await connectBackend(server.url, openApi)).toMatchObject({ url: server.url, version: null, needsKey: true })
  })

  test('behind another program that refuses everybody, which counts only when nothing else answers', async () => {
    const tomcat = await serve((connection) => {
      connection.answer('401 Unauthorized', { 'Content-Type': 'text/html' }, '<h1>Tomcat</h1>')
    })
    const server = await serve(answering({ '/version?cache=true': version }))
    const lead = (urls: string[]) => () => openApi(urls.shift() ?? '')
    expect(await connectBackend('localhost:5', lead([tomcat.url, server.url]))).toMatchObject({
      needsKey: false,
      tried: ['http://localhost:5'],
    })
    const closed = `http://127.0.0.1:${String(await gone())}`
    expect(await connectBackend('localhost:5', lead([tomcat.url, closed]))).toEqual({
      url: 'http://localhost:5',
      version: null,
      needsKey: true,
      tried: [],
    })
  })

  test('when none answers, the error of one that said something', async () => {
    const page = await serve(answering({}))
    const closed = `http://127.0.0.1:${String(await gone())}`
    const urls = [closed, page.url]
    await expect(connectBackend('localhost:5', () => openApi(urls.shift() ?? ''))).rejects.toMatchObject({
      error: { code: 'http', status: 404 },
    })
    await expect(connectBackend(closed, openApi)).rejects.toMatchObject({
      error: { code: 'unreachable', reason: 'refused' },
    })
  })

  test('S33 not where it is redirected to', async () => {
    const other = await serve(answering({ '/version?cache=true': version }))
    const server = await serve((connection) => {
      connection.answer('307 Temporary Redirect', { Location: `${other.url}/backend-api/v2/version?cache=true` })
    })
    await expect(connectBackend(server.url, openApi)).rejects.toMatchObject({
      error: { code: 'redirect', status: 307 },
    })
    expect(other.connections).toHaveLength(0)
  })

  test('not for what is no address', async () => {
    await expect(connectBackend('ftp://x', openApi)).rejects.toMatchObject({
      error: { code: 'bad-address', reason: 'scheme' },
    })
  })
})

describe('servers on this computer', () => {
  test('are found side by side; silent, wrong and absent ones are not there', async () => {
    const open = await serve(answering({ '/version?cache=true': version, '/providers': [{ name: 'A' }] }))
    const protectedOne = await serve(answering(locked, '401 No'))
    const silent = await serve(() => undefined)
    const page = await serve(answering({}))
    const tomcat = await serve((connection) => {
      connection.answer('403 Forbidden', { 'Content-Type': 'text/html' }, '<h1>Tomcat</h1>')
    })
    // What Spring Boot says to a stranger, at the port that it shares with `g4f gui`.
    const spring = await serve(
      answering(
        { '/version?cache=true': { status: 401, error: 'Unauthorized', message: 'Full authentication is required' } },
        '401 Unauthorized',
      ),
    )
    const startMs = performance.now()
    const ports = [open, silent, protectedOne, page, tomcat, spring].map(({ port }) => port)
    expect(await discoverBackends(openApi, createHttpTransport(), [...ports, await gone()])).toEqual([
      { url: `http://localhost:${String(open.port)}`, providers: 1 },
      { url: `http://localhost:${String(protectedOne.port)}`, providers: null },
    ])
    expect(performance.now() - startMs).toBeLessThan(4000)
  })
})
