import { createHttpTransport, type HttpOptions } from '../../src/main/backend/http'
import type { TransportRequest } from '../../src/main/backend/transport'

/** What must not be found with anybody who is not trusted. */
export const CANARY = 'canary-4711'

/** Sends a POST with a secret header and a secret body over a new transport: the text of the answer, or what was thrown. */
export async function ask(
  url: string,
  options: HttpOptions = {},
  request: Partial<TransportRequest> = {},
): Promise<unknown> {
  let text = ''
  try {
    const response = await createHttpTransport(options).request({
      method: 'POST',
      url: `${url}/x?y=1`,
      headers: { authorization: `Bearer ${CANARY}` },
      body: { kind: 'text', text: CANARY },
      signal: new AbortController().signal,
      connectTimeoutMs: 8000,
      firstByteTimeoutMs: 8000,
      idleTimeoutMs: 8000,
      ...request,
    })
    for await (const piece of response.body) text += Buffer.from(piece).toString()
    return text
  } catch (thrown) {
    return thrown instanceof Error && 'error' in thrown ? thrown.error : thrown
  }
}
