import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readParameters } from '../../../src/main/parameters'

const nested = (levels: number): string => `${'{"a":'.repeat(levels - 1)}{}${'}'.repeat(levels - 1)}`

describe('extra request parameters', () => {
  it('are the fields of one JSON object, or none', () => {
    expect(readParameters('')).toEqual({ ok: true, value: {} })
    expect(readParameters(' \n\t')).toEqual({ ok: true, value: {} })
    expect(readParameters('{}')).toEqual({ ok: true, value: {} })
    expect(readParameters('{"temperature": 0.2, "stop": ["a", null], "tools": [{"type": "x"}]}')).toEqual({
      ok: true,
      value: { temperature: 0.2, stop: ['a', null], tools: [{ type: 'x' }] },
    })
  })

  it.each([
    ['{"a": 1,}', 'syntax', null],
    ['{', 'syntax', null],
    ['NaN', 'syntax', null],
    ['\ufeff{}', 'syntax', null],
    ['[]', 'not-an-object', null],
    ['null', 'not-an-object', null],
    ['"text"', 'not-an-object', null],
    ['{"a": 1, "messages": []}', 'reserved', 'messages'],
    ['{"api_key": "k"}', 'reserved', 'api_key'],
    ['{"conversation": null}', 'reserved', 'conversation'],
    ['{"action": "next", "provider": ""}', 'reserved', 'action'],
    ['{"model": "m"}', 'reserved', 'model'],
    ['{"media": []}', 'reserved', 'media'],
    [nested(17), 'too-deep', null],
    [`{"a":${'['.repeat(16)}${']'.repeat(16)}}`, 'too-deep', null],
    [`{"a":${'['.repeat(30_000)}${']'.repeat(30_000)}}`, 'too-deep', null],
    [`{"a":"${'x'.repeat(64 * 1024)}"}`, 'too-large', null],
    [`{"a":"${'я'.repeat(32 * 1024)}"}`, 'too-large', null],
    [' '.repeat(64 * 1024 + 1), 'too-large', null],
  ])('refuses %.40s as %s', (text, reason, name) => {
    expect(readParameters(text)).toEqual({ ok: false, error: { code: 'bad-parameters', reason, name } })
  })

  it('takes 16 levels and 64 KB', () => {
    expect(readParameters(nested(16)).ok).toBe(true)
    expect(readParameters(`{"a":${'['.repeat(15)}${']'.repeat(15)}}`).ok).toBe(true)
    const frame = '{"a":""}'.length
    expect(readParameters(`{"a":"${'x'.repeat(64 * 1024 - frame)}"}`).ok).toBe(true)
  })

  it('reserves names only at the top, as they are written', () => {
    expect(readParameters('{"extra": {"model": "m"}, "Model": 1}').ok).toBe(true)
  })

  it('S40 makes keys of prototypes inert', () => {
    const read = readParameters(
      '{"__proto__": {"x": 1}, "a": {"__proto__": {"x": 1}}, "l": [{"__proto__": 1}], "constructor": {"prototype": {"x": 1}}}',
    )
    if (!read.ok) throw new Error('refused')
    const merged: Record<string, unknown> = Object.assign({}, read.value, read.value.a)
    expect(merged.x).toBeUndefined()
    expect(({} as Record<string, unknown>).x).toBeUndefined()
    expect(JSON.stringify(read.value)).toBe('{"a":{},"l":[{}],"constructor":{"prototype":{"x":1}}}')
    expect(Object.hasOwn(read.value, 'constructor')).toBe(true)
  })

  it('S40 never throws and never pollutes, whatever is typed', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.object().map((value) => JSON.stringify(value)),
        ),
        (text) => {
          const read = readParameters(text)
          if (read.ok) expect(Object.getPrototypeOf(read.value)).toBe(Object.prototype)
          expect(Object.keys(Object.prototype)).toEqual([])
        },
      ),
    )
  })
})
