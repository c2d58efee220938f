import { readdir, readFile, readlink } from 'node:fs/promises'
import type { Page } from 'playwright-core'

/** Proportional set size of a process and all below it: a page that several processes share is divided among them. */
export async function measureMemory(rootPid: number): Promise<{
  /** In megabytes (10^6), and so is `ownMb`. */
  pssMb: number
  /** What is in no file: it does not change when another program that uses the same files begins or ends. */
  ownMb: number
  /** Processes of the same Electron that are not ours: what they share with ours makes its part look smaller. */
  strangers: number
}> {
  const parents = new Map<number, number>()
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '')
    // The name of the program stands in parentheses and may hold spaces.
    const [, parent] = /^\d+ \(.*\) \S (\d+)/s.exec(stat) ?? []
    if (parent !== undefined) parents.set(Number(name), Number(parent))
  }
  const isOurs = (pid: number): boolean => pid === rootPid || (parents.has(pid) && isOurs(parents.get(pid) ?? 0))
  const programOf = (pid: number) => readlink(`/proc/${pid}/exe`).catch(() => '')
  const electron = await programOf(rootPid)
  let kibibytes = 0
  let ownKibibytes = 0
  let strangers = 0
  for (const pid of parents.keys()) {
    if (isOurs(pid)) {
      const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '')
      const read = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(rollup)?.[1] ?? 0)
      kibibytes += read('Pss')
      ownKibibytes += read('Pss_Anon') + read('Pss_Shmem')
    } else if ((await programOf(pid)) === electron) strangers += 1
  }
  return { pssMb: megabytes(kibibytes), ownMb: megabytes(ownKibibytes), strangers }
}

function megabytes(kibibytes: number): number {
  return (kibibytes * 1024) / 1_000_000
}

/** As the page does it by itself when there is need, only now: what is left then is really held. */
export async function collectGarbage(page: Page): Promise<void> {
  const session = await page.context().newCDPSession(page)
  await session.send('HeapProfiler.collectGarbage')
  await session.detach()
}
