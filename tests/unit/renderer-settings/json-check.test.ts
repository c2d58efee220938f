import { describe, expect, it } from 'vitest'
import { checkParameters } from '../../../src/renderer/settings/backends/json-check'
import { readParameters } from '../../../src/main/parameters'

/** Kind, line and the marked piece of the first problem. */
function seen(text: string): [kind: string, line: number, piece: string] | null {
  const problem = checkParameters(text)
  return problem === null ? null : [problem.kind, problem.line, text.slice(problem.from, problem.to)]
}

describe('the check of extra parameters', () => {
  it.each([
    '',
    '  \n ',
    '{}',
    '{"top_p": 0.9, "seed": 42}',
    '{"a": [1, -0, 1e9, 1.5E-3, "x", true, false, null, {"b": []}]}',
    '{"a": "\\u00e9 \\" \\\\ \\/ \\n"}',
    '{"a": 1, "a": 2}',
    '{"nested": {"messages": 1}}',
  ])('finds nothing wrong with %s', (text) => {
    expect(checkParameters(text)).toBeNull()
  })

  it.each<[text: string, kind: string, line: number, piece: string]>([
    ['{\n  "top_p": 0.9,\n  "seed": 42,\n}', 'comma-last', 3, ','],
    ['{\n "a": [1,\n 2,\n ]\n}', 'comma-last', 3, ','],
    ['{"a": 1,', 'comma-last', 1, ','],
    ['{\n  "a": 1\n  "b": 2\n}', 'comma-missing', 2, '1'],
    ['{"a": [1 2]}', 'comma-missing', 1, '1'],
    ['{"a": 1,, "b": 2}', 'comma-extra', 1, ','],
    ['{, "b": 2}', 'comma-extra', 1, ','],
    ['{"a" 1}', 'colon-missing', 1, '"'],
    ['{"a":\n}', 'value-missing', 1, ':'],
    ['{"a":', 'value-missing', 1, ':'],
    ['{\n a: 1}', 'name-bare', 2, 'a'],
    ["{'a': 1}", 'single-quotes', 1, "'"],
    ['{"a": \'b\'}', 'single-quotes', 1, "'"],
    ['{\n"a": "b\n}', 'text-open', 2, '"b'],
    ['{"a": "\\x"}', 'escape', 1, '\\x'],
    ['{"a": "\\u12g4"}', 'escape', 1, '\\u'],
    ['{"a": "b\tc"}', 'control', 1, '\t'],
    ['{"a": 01}', 'number', 1, '01'],
    ['{"a": .5}', 'number', 1, '.5'],
    ['{"a": +1}', 'number', 1, '+1'],
    ['{"a": 1.}', 'number', 1, '1.'],
    ['{"a": True}', 'word', 1, 'True'],
    ['{"a": NaN}', 'word', 1, 'NaN'],
    ['{\n// no\n"a": 1}', 'comment', 2, '//'],
    ['{"a": /* no */ 1}', 'comment', 1, '/*'],
    ['{\n"a": {"b": 1', 'bracket-open', 2, '{'],
    ['{"a": [1}', 'bracket-wrong', 1, '}'],
    ['{"a": 1} x', 'rest', 1, 'x'],
    ['{"a": 1}}', 'rest', 1, '}'],
    ['[1]', 'not-an-object', 1, '['],
    ['"a"', 'not-an-object', 1, '"'],
    ['{\n"a": 1,\n"messages": []\n}', 'reserved', 3, '"messages"'],
    ['{"api\\u005fkey": "x"}', 'reserved', 1, '"api\\u005fkey"'],
    [`{"a": ${'['.repeat(16)}${']'.repeat(16)}}`, 'too-deep', 1, '['],
    [`{"a": "${'é'.repeat(40_000)}"}`, 'too-large', 1, ''],
  ])('%.80j: %s in line %i at %j', (text, kind, line, piece) => {
    expect(seen(text)).toEqual([kind, line, piece])
  })

  it('says what main says, whatever a hand does to a good text (main has the last word)', () => {
    const good = '{\n  "top_p": 0.9,\n  "list": [1, {"x": "é\\n"}, null],\n  "stop": true\n}'
    const pieces = [
      ',',
      ':',
      '"',
      '{',
      '}',
      '[',
      ']',
      "'",
      '\\',
      '0',
      '1',
      '.',
      '-',
      'e',
      't',
      ' ',
      '\n',
      '\t',
      '/',
      '',
    ]
    // A small generator of its own, so that a failure can be run again.
    let seed = 42
    const random = (below: number): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
      return Math.floor((seed / 2_147_483_648) * below)
    }
    let refused = 0
    for (let round = 0; round < 5000; round += 1) {
      let text = good
      for (let edit = random(3); edit >= 0; edit -= 1) {
        const at = random(text.length + 1)
        text = text.slice(0, at) + (pieces[random(pieces.length)] ?? '') + text.slice(at + random(3))
      }
      const isGood = checkParameters(text) === null
      if (!isGood) refused += 1
      expect(isGood, JSON.stringify(text)).toBe(readParameters(text).ok)
    }
    expect(refused).toBeGreaterThan(2000)
    expect(refused).toBeLessThan(5000)
  })
})
