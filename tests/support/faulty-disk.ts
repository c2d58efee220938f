import type { FileHandle } from 'node:fs/promises'
import { diskFileSystem, type FileSystem } from '../../src/main/library/files'

/** One call to the disk. `path` is of the file or folder that the call is about. */
export interface DiskCall {
  name:
    | 'open'
    | 'write'
    | 'sync'
    | 'datasync'
    | 'close'
    | 'readFile'
    | 'readdir'
    | 'stat'
    | 'lstat'
    | 'rename'
    | 'unlink'
    | 'mkdir'
  path: string
}

/** Code of the error that a call shall fail with; null lets it through. */
export type Fault = (call: DiskCall) => string | null

/**
 * The real disk, with faults. A write that fails for want of space has written its first half, as a real one may.
 * Every call is reported to `fault` before it is made.
 *
 * @param disk what is behind it, when that is another one
 */
export function faultyDisk(fault: Fault, disk: FileSystem = diskFileSystem): FileSystem {
  const check = (name: DiskCall['name'], path: unknown): void => {
    const code = fault({ name, path: String(path) })
    if (code !== null) throw diskError(code)
  }
  const checked =
    <In extends unknown[], Out>(name: DiskCall['name'], call: (...args: In) => Promise<Out>) =>
    async (...args: In): Promise<Out> => {
      check(name, args[0])
      return call(...args)
    }
  return {
    ...disk,
    readFile: checked('readFile', disk.readFile) as FileSystem['readFile'],
    readdir: checked('readdir', disk.readdir as (path: string) => Promise<string[]>) as FileSystem['readdir'],
    stat: checked('stat', disk.stat as (path: string) => Promise<unknown>) as FileSystem['stat'],
    lstat: checked('lstat', disk.lstat as (path: string) => Promise<unknown>) as FileSystem['lstat'],
    mkdir: checked('mkdir', disk.mkdir) as FileSystem['mkdir'],
    rename: checked('rename', disk.rename),
    unlink: checked('unlink', disk.unlink),
    open: async (path, flags, mode) => {
      check('open', path)
      return faultyHandle(await disk.open(path, flags, mode), String(path), fault)
    },
  }
}

function faultyHandle(handle: FileHandle, path: string, fault: Fault): FileHandle {
  const names: Record<string, DiskCall['name']> = {
    write: 'write',
    writeFile: 'write',
    sync: 'sync',
    datasync: 'datasync',
    close: 'close',
  }
  return new Proxy(handle, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target)
      if (typeof value !== 'function') return value
      const call = value.bind(target) as (...args: unknown[]) => Promise<unknown>
      const name = typeof key === 'string' ? names[key] : undefined
      if (name === undefined) return call
      return async (...args: unknown[]): Promise<unknown> => {
        const code = fault({ name, path })
        if (code === null) return call(...args)
        // A handle must not leak, whatever the disk says.
        if (name === 'close') await call()
        if (name === 'write') await writeHalf(target, args)
        throw diskError(code)
      }
    },
  })
}

async function writeHalf(handle: FileHandle, args: unknown[]): Promise<void> {
  const [data, offset, length, position] = args
  if (typeof data === 'string') await handle.write(data.slice(0, data.length / 2))
  else if (data instanceof Uint8Array && typeof length === 'number') {
    await handle.write(data, Number(offset), Math.floor(length / 2), Number(position))
  }
}

function diskError(code: string): Error {
  return Object.assign(new Error(code), { code })
}
