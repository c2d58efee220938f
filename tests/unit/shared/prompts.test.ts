import { describe, expect, it } from 'vitest'
import { fillPrompt, findPrompts, isEmptySlot, variablesOf, type Prompt } from '../../../src/shared/prompts'

const prompt = (change: Partial<Prompt>): Prompt => ({
  id: '0f8fad5b-d9cb-469f-a165-70867728950e',
  name: 'Release notes',
  command: 'release',
  text: 'For {product} in {language}.',
  variables: [],
  ...change,
})
const variable = (name: string, change = {}) => ({ name, first: '', choices: [], last: null, ...change })

describe('variables of a text', () => {
  it.each<[string, string[]]>([
    ['For {product} in {language}.', ['product', 'language']],
    ['{что пропустить} и {язык-2}', ['что пропустить', 'язык-2']],
    ['{a} {b} {a}', ['a', 'b']],
    ['{{a}} stays, {"a": 1} and { a } and {1} and {} are code', []],
    ['{two\nlines} and {open', []],
    [`{${'x'.repeat(41)}}`, []],
  ])('%s', (text, names) => {
    expect(variablesOf(prompt({ text })).map(({ name }) => name)).toEqual(names)
  })

  it('are asked for in the order that was set, those that are new at the end', () => {
    const variables = [variable('language'), variable('gone'), variable('product')]
    expect(variablesOf(prompt({ text: '{product} {new} {language}', variables })).map(({ name }) => name)).toEqual([
      'language',
      'product',
      'new',
    ])
  })
})

describe('a filled prompt', () => {
  it('has last values, else first ones, and says what is empty', () => {
    const variables = [
      variable('language', { first: 'English', choices: ['English', 'Russian'] }),
      variable('product', { first: 'Parley', last: 'Parley 2' }),
    ]
    const { text, slots } = fillPrompt(
      prompt({ text: 'For {product} in {language}, without {what to skip}.', variables }),
    )
    expect(text).toBe('For Parley 2 in English, without {what to skip}.')
    expect(slots.map(({ name, from, to }) => [name, text.slice(from, to)])).toEqual([
      ['language', 'English'],
      ['product', 'Parley 2'],
      ['what to skip', '{what to skip}'],
    ])
    expect(slots.map((slot) => isEmptySlot(slot, text))).toEqual([false, false, true])
    expect(slots[0]?.choices).toEqual(['English', 'Russian'])
  })
})

describe('a typed word', () => {
  const all = [
    prompt({ name: 'Letter, formal', command: 'letter', text: 'Write a release of the tenant.' }),
    prompt({ name: 'The release plan', command: 'plan', text: '' }),
    prompt({ name: 'Review', command: 'review', text: '' }),
    prompt({ name: 'Release notes', command: 'notes', text: '' }),
    prompt({ name: 'Out', command: 'RELease', text: '' }),
  ]
  it('finds by command, then by name, then by text', () => {
    expect(findPrompts(all, 'release').map(({ name }) => name)).toEqual([
      'Out',
      'Release notes',
      'The release plan',
      'Letter, formal',
    ])
    expect(findPrompts(all, '')).toEqual(all)
    expect(findPrompts(all, 'usr')).toEqual([])
  })
})
