/**
 * One request to a backend, as bytes. `http.ts` sends it over a socket; the Guide answers it without one. Everything
 * above (stream, session, catalogue) is the same code for both.
 */
export interface TransportRequest {
  method: 'GET' | 'POST' | 'DELETE'
  url: string
  headers: Record<string, string>
  body: RequestBody | null
  signal: AbortSignal
  /** Called once when the connection stands: from now on the server may have seen the request. */
  onConnected?: () => void
  /** Called with all bytes of the body that have left so far. */
  onSent?: (bytes: number) => void
  connectTimeoutMs: number
  /** From the end of the request to the first byte of the answer: the model's thinking time (protocol.md section 2). */
  firstByteTimeoutMs: number
  /** Between two pieces of the body. */
  idleTimeoutMs: number
  /** Answers a redirect as it is instead of throwing `redirect`: for files, whose every hop is checked (S09). */
  givesRedirects?: boolean
  /**
   * The IP address that the host's name was found to have, and which was checked: it is connected to, also through a
   * proxy, without a second look-up that could find another (S09). Certificate and `Host` stay those of the name.
   */
  address?: string
}

/**
 * What is sent. Pieces are text as it is, or a file whose bytes go out as base64, or as they are if it is raw: images of
 * many megabytes are read and encoded while they are sent, never held whole. `open` can be called again for a second try.
 */
export type RequestBody = { kind: 'text'; text: string } | { kind: 'pieces'; pieces: BodyPiece[] }

export type BodyPiece =
  | { kind: 'text'; text: string }
  /** `bytes` long; both are sent as base64. */
  | { kind: 'file'; path: string; bytes: number; isRaw?: true }
  | { kind: 'memory'; content: Uint8Array; bytes: number; isRaw?: true }

export interface TransportResponse {
  status: number
  /** Names in lower case; several values joined by a comma. */
  headers: Record<string, string>
  /** Ends cleanly, or throws an AppFailure: `connection-lost`, `timeout` (idle), or the signal's abort. */
  body: AsyncIterable<Uint8Array>
}

/**
 * Sends requests. `request` throws the signal's reason after an abort, else an AppFailure. `unreachable`, `certificate`,
 * `proxy` (but one that `mayHavePassed`) and `timeout` of phase `connect` mean that the server has not seen the request, so
 * it may be sent again (R12); after `redirect`, `not-a-stream`, `connection-lost` and `timeout` of phase `headers` it may have been processed.
 */
export interface Transport {
  request(request: TransportRequest): Promise<TransportResponse>
}
