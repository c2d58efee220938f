import { constants } from 'node:crypto'
import * as tls from 'node:tls'
import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls'
import { Worker } from 'node:worker_threads'

// Whose signature under a server's certificate counts: the authorities of the runtime, those of a backend's own file, and,
// where the runtime can read them (Node 22.15 and later), those of this computer.

/** Those of this computer; none before they were read. */
let systemAuthorities: readonly string[] = []
let reading: Promise<void> | null = null

const contexts = new Map<string, SecureContext>()
const MAX_CONTEXTS = 8

/**
 * What TLS needs to know before it connects. Kept, because to read all roots takes up to 17 ms.
 *
 * @param ca PEM certificates that count beside all others
 */
export function secureContext(ca: string | undefined): SecureContext {
  const key = ca ?? ''
  const known = contexts.get(key)
  if (known !== undefined) return known
  const isPlain = ca === undefined && systemAuthorities.length === 0
  const context = createSecureContext({
    // Said aloud, because options of the runtime can lower the default.
    minVersion: 'TLSv1.2',
    // A second handshake could bring another certificate than the one that was checked.
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    // The file of a company or a home may hold an authority in the middle of the chain, or the server's own certificate.
    allowPartialTrustChain: ca !== undefined,
    ...(isPlain ? {} : { ca: [...new Set([...runtimeAuthorities(), ...systemAuthorities, ...(ca ? [ca] : [])])] }),
  })
  if (contexts.size >= MAX_CONTEXTS) contexts.clear()
  contexts.set(key, context)
  return context
}

/** How many authorities of this computer are counted by now. */
export function countSystemAuthorities(): number {
  return systemAuthorities.length
}

/**
 * Reads the authorities of this computer, once; from then on `secureContext` counts them. In a thread of its own: on macOS
 * it takes seconds when the keychain is full or traffic is filtered (nodejs/node#63313), and whoever asks waits.
 *
 * @returns how many are counted after at most `waitMs`; reading goes on behind that
 */
export async function readSystemAuthorities(waitMs: number): Promise<number> {
  reading ??= read().then((certificates) => {
    systemAuthorities = certificates
    contexts.clear()
  })
  let timer: NodeJS.Timeout | undefined
  const waited = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, waitMs)
  })
  await Promise.race([reading, waited])
  clearTimeout(timer)
  return systemAuthorities.length
}

const READER = `const { parentPort } = require('node:worker_threads')
parentPort.postMessage(require('node:tls').getCACertificates('system'))`

async function read(): Promise<string[]> {
  if (!('getCACertificates' in tls)) return []
  return new Promise((resolve) => {
    const worker = new Worker(READER, { eval: true })
    worker.unref()
    worker.once('message', (message: unknown) => {
      resolve(stringsOf(message))
    })
    // Without them all goes on as where there is no way to read them.
    worker.once('error', () => {
      resolve([])
    })
    worker.once('exit', () => {
      resolve([])
    })
  })
}

function runtimeAuthorities(): readonly string[] {
  const get: unknown = Reflect.get(tls, 'getCACertificates')
  // Those of NODE_EXTRA_CA_CERTS as well.
  const all = typeof get === 'function' ? stringsOf(Reflect.apply(get, tls, ['default'])) : []
  return all.length > 0 ? all : rootCertificates
}

function stringsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}
