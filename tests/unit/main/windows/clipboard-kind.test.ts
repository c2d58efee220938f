import { describe, expect, it } from 'vitest'
import { clipboardKind } from '../../../../src/main/windows/clipboard-kind'

describe('what the clipboard is said to hold', () => {
  it.each([
    [[], null],
    [['text/plain', 'text/html'], 'text'],
    [['image/png'], 'image'],
    [['text/plain', 'image/png'], 'text'],
    [['text/uri-list', 'text/plain'], null],
    [['text/html'], null],
  ])('S44: by the formats alone: %j is %s', async (formats: string[], kind) => {
    expect(await clipboardKind((format) => formats.includes(format))).toBe(kind)
    expect(await clipboardKind((format) => Promise.resolve(formats.includes(format)))).toBe(kind)
  })
})
