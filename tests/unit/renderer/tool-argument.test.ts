import { describe, expect, it } from 'vitest'
import { isWhole, readableArguments, tellingArgument } from '../../../src/renderer/chat/tool-argument'

describe('what a tool was asked', () => {
  it.each([
    ['{"query":"nginx proxy_buffering","limit":3}', 'nginx proxy_buffering'],
    ['{"find":"x","url":"https://nginx.org/en/docs/a.html"}', 'nginx.org/en/docs/a.html'],
    ['{"depth":2,"city":"Oslo"}', 'Oslo'],
    ['{"units":"metric"}', 'metric'],
    ['{"lines":["a","b"]}', 'a, b'],
    ['{"code":"print(1)\\nprint(2)"}', 'print(1) print(2)'],
    ['"plain"', 'plain'],
    ['{"count":3}', '3'],
    ['{"deep":{"er":1}}', ''],
    ['{"ci', ''],
    ['', ''],
  ])('tells of %s: %j', (json, words) => {
    expect(tellingArgument(json)).toBe(words)
  })

  it('knows when all of it has come', () => {
    expect([isWhole('{"a":1}'), isWhole(''), isWhole('{"a"')]).toEqual([true, true, false])
  })

  it('writes short arguments on one line and long ones indented', () => {
    expect(readableArguments('{"url":"https://a.b","find":"x  y"}')).toBe('{"url": "https://a.b", "find": "x  y"}')
    expect(readableArguments(JSON.stringify({ text: 'long '.repeat(30) }))).toContain('{\n  "text"')
    expect(readableArguments('{"ci')).toBe('{"ci')
  })

  it('S40: survives any JSON', () => {
    expect(tellingArgument('{"__proto__":{"query":"x"}}')).toBe('')
    expect(tellingArgument('null')).toBe('')
    expect(tellingArgument('[1,{"a":[]}]')).toBe('1')
  })
})
