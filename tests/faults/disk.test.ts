import { execFileSync } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { describeModel, emptyModel, modelOf, operate, operations } from '../support/operations'
import { filesUnder, libraryOn, setClock, temporaryFolder } from '../support/temporary-library'
import fc from 'fast-check'
import { eventually } from '../support/eventually'
import { conversationOf } from '../support/conversation-samples'
import { randomUUID } from 'node:crypto'

const mounted: string[] = []
afterEach(() => {
  for (const path of mounted.splice(0)) execFileSync('umount', ['-l', path])
})

/** A small file system of its own; false where this person may not have one. */
function mountSmall(path: string): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m,mode=0700', 'tmpfs', path], { stdio: 'ignore' })
  } catch {
    return false
  }
  mounted.push(path)
  return true
}

const remount = (path: string, options: string): void => void execFileSync('mount', ['-o', `remount,${options}`, path])

it('a file system of 1 MiB that fills up in the middle of random operations: nothing is lost, and all is saved within 5 s of space (R07)', async (context) => {
  const base = await temporaryFolder()
  const probe = join(base, 'probe')
  await mkdir(probe)
  if (!mountSmall(probe)) {
    console.info(
      'Left out: only root may mount a small file system, and not in every container. The unit tests simulate it.',
    )
    context.skip()
    return
  }
  let full = 0
  let slowestMs = 0
  const scripts = fc.sample(operations, 25)
  for (const [run, script] of scripts.entries()) {
    const root = join(base, String(run))
    await mkdir(root)
    expect(mountSmall(root)).toBe(true)
    const library = libraryOn(root, undefined, setClock())
    await library.recover()
    const model = emptyModel()
    for (const operation of script.slice(0, script.length / 2)) await operate(library, model, operation)
    // Until nothing more fits.
    const large = conversationOf(randomUUID(), [['Why?', 'x'.repeat(200_000)]])
    for (let count = 0; library.storageState().isSafe && count < 10; count += 1) {
      const filler = { ...large, id: randomUUID() }
      await library.create(filler)
      model.here.set(filler.id, {
        title: 'Why?',
        isPinned: false,
        texts: ['Why?', 'x'.repeat(200_000)],
        isTemporary: false,
      })
    }
    expect(library.storageState()).toEqual({ isSafe: false, reason: 'full' })
    full += 1
    // Only what needs no file to be moved: that is refused with a sentence, and tested elsewhere.
    const changes = script.filter(({ kind }) => ['create', 'ask', 'rename', 'pin'].includes(kind))
    for (const operation of changes) await operate(library, model, operation)
    expect(describeModel(await modelOf(library, root))).toEqual(describeModel(model))

    remount(root, 'size=64m')
    const spaceMs = performance.now()
    await eventually(
      () => library.storageState(),
      ({ isSafe }) => isSafe,
      'saved',
      5000,
    )
    slowestMs = Math.max(slowestMs, performance.now() - spaceMs)
    await library.flush()
    await library.close()
    const after = libraryOn(root)
    await after.recover()
    const saved = describeModel(await modelOf(after, root))
    for (const [id, each] of model.here) if (each.isTemporary) model.here.delete(id)
    expect(saved).toEqual(describeModel(model))
    expect(Object.keys(await filesUnder(root)).filter((name) => name.endsWith('.tmp'))).toEqual([])
    await after.close()
    execFileSync('umount', ['-l', root])
    mounted.splice(mounted.indexOf(root), 1)
  }
  console.info(`${full} full disks, nothing lost; saved at most ${Math.round(slowestMs)} ms after there was space`)
})

it('a folder that becomes read-only in the middle: all goes on in memory, says so, and is saved afterwards (R08)', async (context) => {
  const root = await temporaryFolder()
  if (!mountSmall(root)) {
    console.info('Left out: only root may make a file system read-only. The unit tests simulate it.')
    context.skip()
    return
  }
  const library = libraryOn(root)
  await library.recover()
  const first = conversationOf(randomUUID(), [['Before', 'So.']])
  await library.create(first)
  remount(root, 'ro')
  const second = conversationOf(randomUUID(), [['Meanwhile', 'So.']])
  await library.create(second)
  await library.rename(first.id, 'Renamed')
  expect(library.storageState()).toEqual({ isSafe: false, reason: 'read-only' })
  expect((await library.list()).map(({ title }) => title).sort()).toEqual(['Meanwhile', 'Renamed'])
  remount(root, 'rw')
  await eventually(
    () => library.storageState(),
    ({ isSafe }) => isSafe,
    'saved',
    5000,
  )
  const after = libraryOn(root)
  expect(await after.open(second.id)).toEqual(second)
  expect(await after.open(first.id)).toMatchObject({ title: 'Renamed' })
})
