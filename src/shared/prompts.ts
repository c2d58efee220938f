/** A text that a person keeps to ask with again. `{name}` in it is a variable, a slot in the composer. */
export interface Prompt {
  id: string
  name: string
  /** Without the slash; empty for none. */
  command: string
  text: string
  /** What is known of variables, in the order in which they are asked for; the text has the last word on which there are. */
  variables: PromptVariable[]
}

export interface PromptVariable {
  name: string
  /** What its slot begins with; empty for nothing. */
  first: string
  /** Values to choose from; empty for any text. */
  choices: string[]
  /** What it was filled with last; null before that. It stays on this computer. */
  last: string | null
}

export const MAX_PROMPTS = 500
export const MAX_PROMPT_NAME = 80
export const MAX_PROMPT_COMMAND = 32
export const MAX_PROMPT_TEXT = 20_000
export const MAX_VARIABLES = 50
export const MAX_VARIABLE_NAME = 40
export const MAX_VARIABLE_VALUE = 2000
export const MAX_CHOICES = 50

/** Begins with a letter, so that JSON and code keep their braces; doubled braces are none either. */
const VARIABLE = /(?<!\{)\{(\p{L}[\p{L}\p{M}\p{N} _-]{0,39})\}(?!\})/gu

/** Where the variables stand in a text, braces included. */
export function variablePlaces(text: string): { name: string; from: number; to: number }[] {
  return [...text.matchAll(VARIABLE)].map(({ 0: whole, 1: name = '', index }) => ({
    name: name.trim(),
    from: index,
    to: index + whole.length,
  }))
}

/** The variables of a prompt's text in the order in which they are asked for: as set, then as they stand in the text. */
export function variablesOf({ text, variables }: Pick<Prompt, 'text' | 'variables'>): PromptVariable[] {
  const names = new Set(variablePlaces(text).map(({ name }) => name))
  const known = variables.filter(({ name }) => names.has(name))
  const rest = [...names].filter((name) => !known.some((each) => each.name === name))
  return [...known, ...rest.map(newVariable)].slice(0, MAX_VARIABLES)
}

export function newVariable(name: string): PromptVariable {
  return { name, first: '', choices: [], last: null }
}

/** What a slot says while nothing stands in it. */
export function emptySlot(name: string): string {
  return `{${name}}`
}

/** A variable in a text that is being written. `from` and `to` are places in that text. */
export interface Slot {
  name: string
  choices: readonly string[]
  from: number
  to: number
}

/** A prompt's text with what its variables begin with, and where they stand: in the order in which they are asked for. */
export function fillPrompt(prompt: Prompt): { text: string; slots: Slot[] } {
  const variables = variablesOf(prompt)
  const slots: Slot[] = []
  let text = ''
  let at = 0
  for (const { name, from, to } of variablePlaces(prompt.text)) {
    const variable = variables.find((each) => each.name === name) ?? newVariable(name)
    const value = variable.last ?? variable.first
    text += prompt.text.slice(at, from)
    const start = text.length
    text += value === '' ? emptySlot(name) : value
    slots.push({ name, choices: variable.choices, from: start, to: text.length })
    at = to
  }
  text += prompt.text.slice(at)
  const orderOf = (slot: Slot): number => variables.findIndex(({ name }) => name === slot.name)
  return { text, slots: slots.sort((a, b) => orderOf(a) - orderOf(b) || a.from - b.from) }
}

/** Whether nothing stands in a slot yet. */
export function isEmptySlot({ name, from, to }: Slot, text: string): boolean {
  const value = text.slice(from, to)
  return value.trim() === '' || value === emptySlot(name)
}

/** Those that a typed word means: by command, then by name, then by text; all of them for an empty word. */
export function findPrompts(prompts: readonly Prompt[], query: string): Prompt[] {
  const word = query.toLocaleLowerCase()
  const rankOf = ({ command, name, text }: Prompt): number => {
    if (command.toLocaleLowerCase().startsWith(word)) return 0
    const words = name.toLocaleLowerCase()
    if (words.startsWith(word)) return 1
    if (words.includes(word)) return 2
    return text.toLocaleLowerCase().includes(word) ? 3 : 4
  }
  if (word === '') return [...prompts]
  return prompts
    .map((prompt) => ({ prompt, rank: rankOf(prompt) }))
    .filter(({ rank }) => rank < 4)
    .sort((a, b) => a.rank - b.rank)
    .map(({ prompt }) => prompt)
}
