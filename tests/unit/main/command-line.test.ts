import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  isLineTooLong,
  MAX_LINE_BYTES,
  parseCommandLine,
  parseTerminalWish,
  readCommandLine,
  type AskLine,
} from '../../../src/main/command-line'

const NOTHING = { isQuickAsk: false, isHidden: false, isNew: false, askAt: null }

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

  it('S45 gives three booleans, and no address, for any list of arguments', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (args) => {
        const { askAt, ...booleans } = parseCommandLine(args)
        expect(askAt).toBeNull()
        expect(Object.values(booleans).every((value) => typeof value === 'boolean')).toBe(true)
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
        expect(read === null || Object.keys(read).length === 4).toBe(true)
      }),
    )
  })
})

describe('what is answered in the terminal', () => {
  const asked = (...args: string[]): AskLine | null => {
    const wish = parseTerminalWish(['parley', ...args])
    return wish?.kind === 'ask' ? wish.ask : null
  }
  const mistake = (...args: string[]) => {
    const wish = parseTerminalWish(['parley', ...args])
    return wish?.kind === 'mistake' ? wish.mistake : null
  }

  it('a question with all its options, in any order and with equals signs', () => {
    const all = ['--json', '--image', 'a.png', '--ask', 'What?', '--model=m=1', '--provider', 'P', '--image=b c.png']
    expect(asked(...all, '--backend', 'Home')).toEqual({
      parts: ['What?'],
      images: ['a.png', 'b c.png'],
      backend: 'Home',
      provider: 'P',
      model: 'm=1',
      isJson: true,
    })
    expect(asked('--ask', 'Say this:', '--ask', '-')?.parts).toEqual(['Say this:', null])
    expect(asked('--ask=--help')?.parts).toEqual(['--help'])
  })

  it('S45 takes nothing but a question for one, and ignores the switches of Chromium', () => {
    expect(parseTerminalWish(['parley', '/etc/passwd', '--quick-ask', '--json', '--image', 'x'])).toBeNull()
    expect(asked('--no-sandbox', '.', '--ask', 'x', '--user-data-dir=/tmp/x')?.parts).toEqual(['x'])
    expect(asked('--ask', 'x', '--ASK')?.parts).toEqual(['x'])
  })

  it('says what is wrong', () => {
    expect(mistake('--ask')).toEqual({ kind: 'no-value', option: '--ask' })
    expect(mistake('--ask', '--json')).toEqual({ kind: 'no-value', option: '--ask' })
    expect(mistake('--ask=')).toEqual({ kind: 'no-value', option: '--ask' })
    expect(mistake('--ask', 'x', '--image')).toEqual({ kind: 'no-value', option: '--image' })
    expect(mistake('--ask', 'What', 'is', 'this')).toEqual({ kind: 'stray', word: 'is' })
    expect(mistake('--ask', 'x', '--model', 'a', '--model', 'b')).toEqual({ kind: 'twice', option: '--model' })
  })

  it('--help and --version come first, and not from inside a question', () => {
    expect(parseTerminalWish(['parley', '--help', '--ask', 'x'])).toEqual({ kind: 'help' })
    expect(parseTerminalWish(['parley', '--version'])).toEqual({ kind: 'version' })
    expect(asked('--ask', 'x', '--help')?.parts).toEqual(['x'])
  })

  it('S45 never throws, whatever the arguments are', () => {
    const words = fc.constantFrom('--ask', '-', '--image', '--model', '--json', '--help', '=', '--ask=', '')
    fc.assert(
      fc.property(fc.array(fc.oneof(words, fc.string())), (args) => {
        const wish = parseTerminalWish(args)
        expect(wish === null || ['help', 'version', 'ask', 'mistake'].includes(wish.kind)).toBe(true)
      }),
    )
  })

  it('R32, S45: a list that would kill the Parley that runs is too long', () => {
    expect(isLineTooLong(['parley', 'x'.repeat(65_536)])).toBe(true)
    expect(isLineTooLong(['parley', 'я'.repeat(MAX_LINE_BYTES / 2)])).toBe(true)
    expect(isLineTooLong(['parley', 'x'.repeat(MAX_LINE_BYTES - 8)])).toBe(false)
  })
})
