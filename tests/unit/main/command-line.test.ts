import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseCommandLine, readCommandLine } from '../../../src/main/command-line'

const NOTHING = { isQuickAsk: false, isHidden: false, isNew: false }

describe('command line (S45)', () => {
  it('S45 knows exactly three words', () => {
    expect(parseCommandLine(['parley', '--quick-ask'])).toEqual({ ...NOTHING, isQuickAsk: true })
    expect(parseCommandLine(['parley', '--hidden', '--new'])).toEqual({ ...NOTHING, isHidden: true, isNew: true })
    expect(parseCommandLine(['parley'])).toEqual(NOTHING)
  })

  it.each([
    ['a path', '/etc/passwd'],
    ['an address', 'https://example.org'],
    ['a scheme of our own', 'app://local/index.html'],
    ['a switch with a value', '--quick-ask=yes'],
    ['another case', '--Quick-Ask'],
    ['one dash', '-quick-ask'],
    ['an inspector', '--inspect=0.0.0.0:9229'],
    ['flags of the engine', '--js-flags=--allow-natives-syntax'],
    ['an argument of 64 KB', `--quick-ask${'x'.repeat(65_536)}`],
  ])('S45 ignores %s', (_name, argument) => {
    expect(parseCommandLine(['parley', argument])).toEqual(NOTHING)
  })

  it('S45 gives three booleans for any list of arguments', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (args) => {
        expect(Object.values(parseCommandLine(args)).every((value) => typeof value === 'boolean')).toBe(true)
      }),
    )
  })

  it('S45 takes from a second process only what it can have sent', () => {
    expect(readCommandLine({ isQuickAsk: true, isHidden: false, isNew: false })).toEqual({
      ...NOTHING,
      isQuickAsk: true,
    })
    expect(readCommandLine({ isQuickAsk: 1, isHidden: false, isNew: false })).toBeNull()
    expect(readCommandLine({})).toBeNull()
    expect(readCommandLine({ ...NOTHING, path: '/etc/passwd' })).toEqual(NOTHING)
    fc.assert(
      fc.property(fc.anything(), (data) => {
        const read = readCommandLine(data)
        expect(read === null || Object.keys(read).length === 3).toBe(true)
      }),
    )
  })
})
