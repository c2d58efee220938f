import { join } from 'node:path'
import fc from 'fast-check'
import { expect } from 'vitest'
import { libraryOn, hastyDisk, setClock } from './temporary-library'
import { faultyDisk } from './faulty-disk'
import {
  afterDeath,
  copyModel,
  describeModel,
  emptyModel,
  modelOf,
  operate,
  operations,
  type Model,
  type Operation,
} from './operations'

/** Random operations without a crash: at every restart the library is what the model says. */
export async function checkOperations(base: string, runs: number): Promise<void> {
  let run = 0
  await fc.assert(
    fc.asyncProperty(operations, fc.nat(25), async (script, restartAfter) => {
      run += 1
      const root = join(base, String(run))
      const clock = setClock()
      let library = libraryOn(root, hastyDisk, clock)
      await library.recover()
      let model = emptyModel()
      for (const [index, operation] of script.entries()) {
        clock.nowMs += 1
        await operate(library, model, operation)
        if (index !== restartAfter) continue
        await library.flush()
        await library.close()
        model = afterDeath(model)
        library = libraryOn(root, hastyDisk, clock)
        await library.recover()
      }
      expect(describeModel(await modelOf(library, root))).toEqual(describeModel(model))
      await library.flush()
      await library.close()
      const after = libraryOn(root, hastyDisk, clock)
      await after.recover()
      expect(describeModel(await modelOf(after, root))).toEqual(describeModel(afterDeath(model)))
      await after.close()
    }),
    { numRuns: runs },
  )
}

/**
 * Random operations, and the process dies at a random call to the disk: what was promised before is there; what was under
 * way is there, or is not; of an answer that was under way there may be its beginning. Twice, because the recovery may die
 * as well.
 *
 * @returns how many of the runs died within an operation
 */
export async function checkCrashPoints(base: string, runs: number): Promise<number> {
  let run = 0
  let deaths = 0
  await fc.assert(
    fc.asyncProperty(operations, share, share, async (script, dieAt, dieAgainAt) => {
      run += 1
      const root = join(base, String(run))
      const clock = setClock()
      // As often late as early: so many calls it takes in all.
      const all = await callsOf(join(base, `${run}-whole`), script)
      const first = dyingDisk(Math.floor(all * dieAt))
      const library = libraryOn(root, first.disk, clock)
      await library.recover()
      const model = emptyModel()
      let allowed: Model[] = [copyModel(model)]
      for (const operation of script) {
        clock.nowMs += 1
        const before = copyModel(model)
        let isPromised = false
        const promise = (): void => {
          isPromised = !first.isDead()
        }
        const texts = await operate(library, model, operation, promise).catch((thrown: unknown) => {
          if (!first.isDead()) throw thrown
          return null
        })
        allowed = first.isDead() ? outcomes(before, model, operation, texts, isPromised) : [copyModel(model)]
        if (first.isDead()) break
      }
      if (first.isDead()) deaths += 1
      await library.close()

      const second = libraryOn(root, dyingDisk(Math.floor(10 * dieAgainAt)).disk, clock)
      await second.recover()
      await second.close()
      const after = libraryOn(root, hastyDisk, clock)
      await after.recover()
      const found = describeModel(await modelOf(after, root))
      await after.flush()
      await after.close()
      const expected = allowed.map((each) => describeModel(afterDeath(each)))
      const isAllowed = expected.some(
        ({ here, trash }) =>
          JSON.stringify(here) === JSON.stringify(found.here) && JSON.stringify(trash) === JSON.stringify(found.trash),
      )
      // Said in full, so that a failure can be read.
      expect(isAllowed ? null : { operation: script, found, expected }).toBeNull()
    }),
    { numRuns: runs },
  )
  return deaths
}

/** Evenly spread over 0 to 1. */
const share = fc.noBias(fc.nat(9999)).map((value) => value / 10_000)

/** Calls to the disk that a script takes when nobody dies. */
async function callsOf(root: string, script: readonly Operation[]): Promise<number> {
  const { disk, count } = dyingDisk(Infinity)
  const clock = setClock()
  const library = libraryOn(root, disk, clock)
  await library.recover()
  const model = emptyModel()
  for (const operation of script) {
    clock.nowMs += 1
    await operate(library, model, operation)
  }
  await library.close()
  return count()
}

/** What may be there after a death in the middle of an operation. */
function outcomes(
  before: Model,
  after: Model,
  operation: Operation,
  texts: string[] | null,
  isPromised: boolean,
): Model[] {
  if (isPromised) return [after]
  const all = [before, copyModel(after)]
  // The old one is in the trash already, and the new one is not there yet.
  if (operation.kind === 'merge') all.push({ here: before.here, trash: after.trash })
  if (texts === null) return all
  const said = [...(texts[1] ?? '')]
  for (const [id, each] of after.here) {
    const was = before.here.get(id)
    if (was === undefined || was.texts.length === each.texts.length) continue
    for (let length = 0; length <= said.length; length += 1) {
      const here = new Map(after.here)
      here.set(id, { ...each, texts: [...was.texts, texts[0] ?? '', said.slice(0, length).join('')] })
      all.push({ here, trash: after.trash })
    }
  }
  return all
}

/**
 * A disk on which nothing happens any more from a certain call on: so it looks to one that dies there. The power stays on,
 * so nobody has to wait for durability; that it is asked for counts as a call.
 */
function dyingDisk(dieAt: number) {
  let call = 0
  const isDead = (): boolean => call > dieAt
  const disk = faultyDisk(({ name }) => {
    if (['stat', 'lstat', 'readdir', 'readFile', 'close'].includes(name)) return null
    call += 1
    return isDead() ? 'EIO' : null
  }, hastyDisk)
  return { disk, isDead, count: (): number => call }
}
