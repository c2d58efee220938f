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
    const value = await answerOf(read, what, timeoutMs)
    if (isWanted(value)) return value
    if (performance.now() > deadlineMs) {
      throw new Error(`After ${timeoutMs} ms there is still not ${what}; the last value was ${JSON.stringify(value)}`)
    }
    await sleep(20)
  }
}

/** What was read. A read that nobody answers ends as well, and says what was waited for. */
async function answerOf<T>(read: () => T | Promise<T>, what: string, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const silence = new Promise<never>((_, reject) => {
    // The last read may begin just before the deadline, and is slow where the machine is.
    timer = setTimeout(() => reject(new Error(`Asked for ${what}, nothing answered`)), timeoutMs + 5000)
  })
  try {
    return await Promise.race([read(), silence])
  } finally {
    clearTimeout(timer)
  }
}
