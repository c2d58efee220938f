import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { Contacts } from '../../../src/main/contacts'
import { silentLogger } from '../../../src/main/logger'
import { BackendApi } from '../../../src/main/backend/api'
import { createHttpTransport } from '../../../src/main/backend/http'
import { startFileServer } from '../../support/file-server'
import { temporaryFolder } from '../../support/temporary-library'

async function open() {
  const path = join(await temporaryFolder(), 'contacts.json')
  const clock = { nowMs: 1000, now: () => clock.nowMs }
  return { path, clock, contacts: new Contacts(path, clock, silentLogger) }
}
const home = { kind: 'backend', backendId: 'home', name: 'Home' } as const

it('counts by host and purpose, for this user only, and is there after a restart', async () => {
  const { path, clock, contacts } = await open()
  contacts.note('home.lan:1337', home)
  clock.nowMs = 2000
  contacts.note('home.lan:1337', { ...home, name: 'Home server' })
  contacts.note('proxy.lan:3128', { kind: 'proxy' })
  const rows = [
    { host: 'home.lan:1337', purpose: { ...home, name: 'Home server' }, requests: 2, lastAt: 2000 },
    { host: 'proxy.lan:3128', purpose: { kind: 'proxy' }, requests: 1, lastAt: 2000 },
  ]
  expect(await contacts.list()).toEqual(rows)
  await contacts.flush()
  expect((await stat(path)).mode & 0o777).toBe(0o600)
  const again = new Contacts(path, clock, silentLogger)
  expect(await again.list()).toEqual(rows)
  await again.forget('home.lan:1337')
  expect(await readFile(path, 'utf8')).not.toContain('home.lan')
})

it('hosts that a temporary chat has asked are told while the program runs, and never written (privacy)', async () => {
  const { path, contacts, clock } = await open()
  contacts.note('pictures.example', { kind: 'picture' }, true)
  contacts.note('shared.example', { kind: 'picture' }, true)
  contacts.note('shared.example', { kind: 'picture' })
  expect((await contacts.list()).map(({ host, requests }) => [host, requests])).toEqual([
    ['shared.example', 2],
    ['pictures.example', 1],
  ])
  await contacts.flush()
  expect(await readFile(path, 'utf8')).not.toContain('pictures.example')
  expect(await new Contacts(path, clock, silentLogger).list()).toMatchObject([{ host: 'shared.example', requests: 1 }])
  await contacts.forget('pictures.example')
  expect((await contacts.list()).map(({ host }) => host)).toEqual(['shared.example'])
})

it('keeps the 500 that were asked last, and begins anew with a file that is not right', async () => {
  const { path, clock, contacts } = await open()
  for (let count = 0; count < 600; count += 1) {
    clock.nowMs = count
    contacts.note(`h${count}.example`, { kind: 'picture' })
    await contacts.list()
  }
  const rows = await contacts.list()
  expect(rows).toHaveLength(500)
  expect(rows.map(({ host }) => host)).toContain('h599.example')
  expect(rows.map(({ host }) => host)).not.toContain('h99.example')
  await writeFile(path, '{"version":1,"hosts":[{"host":7}]}')
  expect(await new Contacts(path, clock, silentLogger).list()).toEqual([])
})

it('every request is told of before it is sent, also one that fails', async () => {
  const server = await startFileServer((_request, response) => void response.end('{}'))
  const told: [string, boolean][] = []
  const transport = createHttpTransport({ onContact: (host, isProxy) => told.push([host, isProxy]) })
  await new BackendApi({ url: server.url, transport }).version().catch(() => undefined)
  await new BackendApi({ url: 'http://127.0.0.1:1', transport }).version().catch(() => undefined)
  expect(told).toEqual([
    [new URL(server.url).host, false],
    ['127.0.0.1:1', false],
  ])
})
