import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Reads again and again until the value is as wanted; for conditions that nobody announces.
 *
 * @param what names the condition for the person who reads the failure
 * @returns the first value that is as wanted
 */
export async function eventually<T>(
  read: () => T | Promise<T>,
  isWanted: (value: T) => boolean,
  what: string,
  timeoutMs = 8000,
): Promise<T> {
  const deadlineMs = performance.now() + timeoutMs
  for (;;) {
    const value = await read()
    if (isWanted(value)) return value
    if (performance.now() > deadlineMs) {
      throw new Error(`After ${timeoutMs} ms there is still not ${what}; the last value was ${JSON.stringify(value)}`)
    }
    await sleep(20)
  }
}
