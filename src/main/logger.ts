/** One line of the log: what happened in fixed words, and facts beside it. Never a prompt, an answer, a body or a secret. */
export interface Logger {
  error(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  debug(message: string, fields?: LogFields): void
}

export type LogFields = Record<string, string | number | boolean | null>

/** For code that runs without a log, such as a script or a test. */
export const silentLogger: Logger = {
  error: () => undefined,
  warn: () => undefined,
  info: () => undefined,
  debug: () => undefined,
}
