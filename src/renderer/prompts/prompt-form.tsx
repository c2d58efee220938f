import { useId, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { AppError } from '../../shared/errors'
import {
  MAX_PROMPT_COMMAND,
  MAX_PROMPT_NAME,
  MAX_VARIABLES,
  variablesOf,
  type Prompt,
  type PromptVariable,
} from '../../shared/prompts'
import { Button } from '../controls/button'
import { Dialog } from '../controls/dialog'
import { useOnLeave } from '../controls/leaving'
import { TextField } from '../controls/text-field'
import { Labelled } from '../settings/backends/labelled'
import { useErrorText } from '../settings/error-text'
import { PromptTextField } from './prompt-text-field'
import { savePrompt } from './state'
import { VariablesTable } from './variables-table'

const SAVE_AFTER_MS = 300

export interface PromptFormProps {
  prompt: Prompt
  /** All prompts, to say whose command is taken. */
  others: readonly Prompt[]
  isNew: boolean
  onDuplicate: (prompt: Prompt) => void
  onUse: (prompt: Prompt) => void
  onDelete: (prompt: Prompt) => void
}

/** One prompt, saved as it is typed. */
export function PromptForm({ prompt, others, isNew, onDuplicate, onUse, onDelete }: PromptFormProps) {
  const { t } = useTranslation()
  const id = useId()
  const { draft, error, change, flush, drop } = useSavedPrompt(prompt)
  const errorText = useErrorText()
  const [isDeleting, setIsDeleting] = useState(false)
  const variables = variablesOf(draft)
  const name = draft.name === '' ? t('prompts:library.untitled') : draft.name
  const taken =
    draft.command === ''
      ? undefined
      : others.find((each) => each.id !== draft.id && each.command.toLowerCase() === draft.command.toLowerCase())
  return (
    <div className="@container/form max-w-170 [--label:120px]">
      <header className="mb-5 flex flex-wrap items-center gap-2">
        <h2 className="min-w-40 flex-1 truncate text-h2 font-heading text-ink-1">
          <bdi>{name}</bdi>
        </h2>
        <Button
          variant="quiet"
          onClick={() => {
            flush()
            onDuplicate(draft)
          }}
        >
          {t('prompts:library.duplicate')}
        </Button>
        <Button
          onClick={() => {
            flush()
            onUse(draft)
          }}
        >
          {t('prompts:library.use')}
        </Button>
      </header>
      <div className="flex flex-col gap-4">
        <Labelled label={t('prompts:library.name')} htmlFor={`${id}name`}>
          <TextField
            id={`${id}name`}
            autoFocus={isNew}
            dir="auto"
            value={draft.name}
            maxLength={MAX_PROMPT_NAME}
            onValueChange={(next) => change({ name: next })}
          />
        </Labelled>
        <Labelled label={t('prompts:library.command')} htmlFor={`${id}command`}>
          <TextField
            id={`${id}command`}
            fieldClassName="max-w-50"
            isCode
            spellCheck={false}
            autoComplete="off"
            value={draft.command === '' ? '' : `/${draft.command}`}
            maxLength={MAX_PROMPT_COMMAND + 1}
            placeholder="/"
            help={
              taken === undefined
                ? t('prompts:library.commandHelp')
                : t('prompts:library.commandTaken', { name: taken.name })
            }
            onValueChange={(next) =>
              change({ command: next.replace(/[\s/\p{Cc}\p{Cf}]/gu, '').slice(0, MAX_PROMPT_COMMAND) })
            }
          />
        </Labelled>
        <Labelled label={t('prompts:library.text')} htmlFor={`${id}text`}>
          <PromptTextField
            id={`${id}text`}
            value={draft.text}
            help={t('prompts:library.textHelp')}
            onChange={(text) => change({ text })}
          />
        </Labelled>
      </div>
      {variables.length > 0 && (
        <section className="mt-8 border-t border-line pt-6">
          <h3 className="mb-4 text-[14px]/6 font-strong text-ink-1">{t('prompts:library.variables')}</h3>
          <Labelled label={t('prompts:library.order')}>
            <VariablesTable
              variables={variables}
              onChange={(next) => change({ variables: [...next, ...draft.variables.filter(isOutOf(next))] })}
            />
          </Labelled>
        </section>
      )}
      <footer className="mt-8 flex flex-wrap items-center justify-between gap-3 border-t border-line pt-5">
        <Button variant="danger" onClick={() => setIsDeleting(true)}>
          {t('prompts:library.delete')}
        </Button>
        <p role="status" className={`text-meta ${error === null ? 'text-ink-3' : 'text-danger'}`}>
          {error === null ? t('prompts:library.saved') : `${t('prompts:library.notSaved')}. ${errorText(error).title}`}
        </p>
      </footer>
      <Dialog
        isOpen={isDeleting}
        onClose={() => setIsDeleting(false)}
        title={t('prompts:library.deleteTitle', { name })}
        description={t('prompts:library.deleteHelp')}
        actions={
          <>
            <Button onClick={() => setIsDeleting(false)}>{t('common:cancel')}</Button>
            <Button
              variant="danger"
              onClick={() => {
                setIsDeleting(false)
                drop()
                onDelete(draft)
              }}
            >
              {t('common:delete')}
            </Button>
          </>
        }
      />
    </div>
  )
}

/** A prompt under edit: on its way to main shortly after the last key, and when the form is left. */
function useSavedPrompt(prompt: Prompt) {
  const [draft, setDraft] = useState(prompt)
  const [error, setError] = useState<AppError | null>(null)
  const latest = useRef(prompt)
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null)
  const save = (): void => {
    if (timer.current !== null) clearTimeout(timer.current)
    timer.current = null
    void savePrompt(latest.current).then(setError)
  }
  const flush = (): void => {
    if (timer.current !== null) save()
  }
  useOnLeave(flush)
  return {
    draft,
    error,
    change: (change: Partial<Prompt>): void => {
      const next = tidy({ ...latest.current, ...change })
      latest.current = next
      setDraft(next)
      if (timer.current !== null) clearTimeout(timer.current)
      timer.current = setTimeout(save, SAVE_AFTER_MS)
    },
    flush,
    drop: (): void => {
      if (timer.current !== null) clearTimeout(timer.current)
      timer.current = null
    },
  }
}

function isOutOf(variables: readonly PromptVariable[]): (variable: PromptVariable) => boolean {
  return ({ name }) => !variables.some((each) => each.name === name)
}

// A name that is being typed is another variable with each letter. Only what was set for one outlives its place in the text.
function tidy(prompt: Prompt): Prompt {
  const present = variablesOf(prompt)
  const set = prompt.variables
    .filter(isOutOf(present))
    .filter(({ first, choices, last }) => first !== '' || choices.length > 0 || last !== null)
  return { ...prompt, variables: [...present, ...set].slice(0, MAX_VARIABLES) }
}
