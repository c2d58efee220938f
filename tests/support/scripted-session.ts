import type { Part } from '../../src/shared/conversation'
import type { OpenSession, Pause } from '../../src/main/generations'
import type { SessionContext } from '../../src/main/question'

/** A session that says what its test tells it to, when it tells it to. */
export interface ScriptedSession {
  readonly context: SessionContext
  readonly signal: AbortSignal
  readonly pause: Pause
  /** Whether the first part was asked for: only then would a request leave. */
  isPulled: boolean
  /** Whether the consumer has let go of the session. */
  isClosed: boolean
  say(...parts: Part[]): void
  /** The stream ends, without a `finish`. */
  end(): void
  fail(thrown: unknown): void
}

export interface ScriptedSessions {
  openSession: OpenSession
  /** In the order in which they were opened. */
  opened: ScriptedSession[]
}

/**
 * @param onAbort what a session does when it is aborted; by default it ends with `stopped`, as the real one does
 */
export function scriptedSessions(
  onAbort: (session: ScriptedSession) => void = (session) =>
    session.say({ type: 'finish', state: 'stopped', error: null }),
): ScriptedSessions {
  const opened: ScriptedSession[] = []
  return {
    opened,
    openSession: (context, signal, pause) => {
      const queue: (() => Part | null)[] = []
      let wake: () => void = () => undefined
      const push = (...steps: (() => Part | null)[]): void => {
        queue.push(...steps)
        wake()
      }
      const session: ScriptedSession = {
        context,
        signal,
        pause,
        isPulled: false,
        isClosed: false,
        say: (...parts) => push(...parts.map((part) => () => part)),
        end: () => push(() => null),
        fail: (thrown) =>
          push(() => {
            throw thrown
          }),
      }
      opened.push(session)
      signal.addEventListener('abort', () => onAbort(session))
      return (async function* parts(): AsyncGenerator<Part> {
        session.isPulled = true
        try {
          for (;;) {
            const next = queue.shift()
            if (next === undefined) {
              await new Promise<void>((resolve) => {
                wake = resolve
              })
              continue
            }
            const part = next()
            if (part === null) return
            yield part
          }
        } finally {
          session.isClosed = true
        }
      })()
    },
  }
}
