import { create } from 'zustand'
import type { PromptsImported } from '../../shared/contract'
import type { AppError, Result } from '../../shared/errors'
import { fillPrompt, isEmptySlot, MAX_VARIABLE_VALUE, type Prompt } from '../../shared/prompts'
import { changeDraft } from '../store/drafts'
import type { Filling } from '../store/state'

export interface PromptsState {
  prompts: readonly Prompt[]
  isLoaded: boolean
}

/** The prompts of the person, as main has them; loaded when a surface first needs them. */
export const usePrompts = create<PromptsState>()(() => ({ prompts: [], isLoaded: false }))

/** Loads them once. */
export async function needPrompts(): Promise<void> {
  if (usePrompts.getState().isLoaded) return
  const result = await window.parley.request['prompt.list']()
  if (result.ok) receivePrompts(result.value)
}

export function receivePrompts(prompts: readonly Prompt[]): void {
  usePrompts.setState({ prompts, isLoaded: true })
}

export function newPrompt(change: Partial<Prompt> = {}): Prompt {
  return { id: crypto.randomUUID(), name: '', command: '', text: '', variables: [], ...change }
}

/** Adds or replaces a prompt, here at once. */
export async function savePrompt(prompt: Prompt): Promise<AppError | null> {
  const { prompts } = usePrompts.getState()
  const isKnown = prompts.some(({ id }) => id === prompt.id)
  usePrompts.setState({
    prompts: isKnown ? prompts.map((each) => (each.id === prompt.id ? prompt : each)) : [...prompts, prompt],
  })
  return errorOf(await window.parley.request['prompt.save'](prompt))
}

export async function removePrompt(promptId: string): Promise<AppError | null> {
  return errorOf(await window.parley.request['prompt.remove']({ promptId }))
}

export function importPrompts(): Promise<Result<PromptsImported | null>> {
  return window.parley.request['prompt.import']()
}

export function exportPrompts(): Promise<Result<{ isSaved: boolean }>> {
  return window.parley.request['prompt.export']()
}

/** Puts a prompt behind what stands in a composer, with its slots. */
export function addPrompt(conversationId: string, prompt: Prompt): void {
  const { text, slots } = fillPrompt(prompt)
  changeDraft(conversationId, (draft) => {
    const start = draft.text === '' ? '' : `${draft.text}\n\n`
    return { ...draft, text: start + text, filling: fillingOf(prompt, slots, start.length) }
  })
}

/** @param offset where the prompt begins in the text */
export function fillingOf({ id, name }: Prompt, slots: Filling['slots'], offset: number): Filling {
  const moved = slots.map((slot) => ({ ...slot, from: slot.from + offset, to: slot.to + offset }))
  return { promptId: id, name, slots: moved }
}

/** Keeps what was written into the slots of a prompt for the next time. */
export function rememberValues({ promptId, slots }: Filling, text: string): void {
  const values = new Map(
    slots
      .filter((slot) => !isEmptySlot(slot, text))
      .map(({ name, from, to }) => [name, text.slice(from, to).slice(0, MAX_VARIABLE_VALUE)] as const),
  )
  if (values.size === 0) return
  void window.parley.request['prompt.remember']({
    promptId,
    values: [...values].map(([name, value]) => ({ name, value })),
  })
}

function errorOf(result: Result<void>): AppError | null {
  return result.ok ? null : result.error
}
