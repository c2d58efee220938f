import { readFileSync } from 'node:fs'
import { connect, type AddressInfo, type Socket } from 'node:net'
import path from 'node:path'
import { createServer, type TlsOptions, type TLSSocket } from 'node:tls'
import { RawConnection } from './raw-server'

/** The certificates of tests/fixtures/tls, whose README says what each is. */
export type CertificateName =
  | 'good'
  | 'renewed'
  | 'chain'
  | 'expired'
  | 'early'
  | 'wrong-host'
  | 'self-signed'
  | 'self-signed-2'
  | 'all-wrong'
  | 'nameless'
  | 'talkative'

/** The authority behind most of them. It is trusted by nobody who is not told to. */
export const ca = pem('ca')

export function pem(name: CertificateName | 'ca' | 'middle' | 'key'): string {
  return readFileSync(path.resolve(import.meta.dirname, '../fixtures/tls', `${name}.pem`), 'utf8')
}

/** What a server needs to show a certificate. */
export function keyPair(name: CertificateName): { cert: string; key: string } {
  return { cert: pem(name), key: pem('key') }
}

/** The certificate itself, in DER. */
export function derOf(name: CertificateName): Buffer {
  return Buffer.from(/-----BEGIN CERTIFICATE-----([^-]*)/u.exec(pem(name))?.[1] ?? '', 'base64')
}

export interface TlsServerOptions {
  certificate: CertificateName
  /** Plays each connection by hand, once TLS stands. */
  handle?: (connection: RawConnection) => void | Promise<void>
  /** Instead: a server without TLS on this port of the loopback, which answers for it. */
  target?: number
  tls?: TlsOptions
}

export interface TlsServer {
  /** By number; any name that leads here does as well. */
  url: string
  port: number
  /** Those whose handshake is over. */
  connections: RawConnection[]
  /** Everything that clients wrote, decrypted: nothing, as long as nobody trusted it. */
  received(): string
  /** Resolves when no connection is open: then nothing can arrive any more. */
  idle(): Promise<void>
  /** Shows another certificate from the next connection on. */
  present(certificate: CertificateName): void
  close(): Promise<void>
}

/** A TLS server on a free loopback port, by default one that says 200 to every request. */
export async function startTlsServer(options: TlsServerOptions): Promise<TlsServer> {
  const connections: RawConnection[] = []
  const sockets = new Set<Socket>()
  let wake: (() => void) | null = null
  const accept = (socket: TLSSocket): void => {
    const connection = new RawConnection(socket)
    connections.push(connection)
    if (options.target !== undefined) {
      const target = connect(options.target, '127.0.0.1')
      target.on('error', () => socket.destroy())
      target.on('close', () => socket.destroy())
      socket.on('close', () => target.destroy())
      socket.pipe(target).pipe(socket)
      return
    }
    void Promise.resolve((options.handle ?? answerOk)(connection)).catch(() => socket.destroy())
  }
  const server = createServer({ ...keyPair(options.certificate), ...options.tls }, accept)
  server.on('tlsClientError', () => undefined)
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.once('close', () => {
      sockets.delete(socket)
      wake?.()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `https://127.0.0.1:${String(port)}`,
    port,
    connections,
    received: () => connections.map((connection) => connection.received.toString()).join(''),
    idle: async () => {
      while (sockets.size > 0) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
    present: (certificate) => {
      server.setSecureContext({ ...keyPair(certificate), ...options.tls })
    },
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy()
        server.close(() => {
          resolve()
        })
      }),
  }
}

async function answerOk(connection: RawConnection): Promise<void> {
  await connection.request()
  connection.answer('200 OK', {}, 'ok')
}
