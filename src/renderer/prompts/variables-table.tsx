import { Popover } from '@base-ui/react/popover'
import { GripVertical } from 'lucide-react'
import { useId, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { MAX_CHOICES, MAX_VARIABLE_VALUE, type PromptVariable } from '../../shared/prompts'
import { IconButton } from '../controls/icon-button'
import { useFigures } from '../figures'

export interface VariablesTableProps {
  /** In the order in which they are asked for. */
  variables: readonly PromptVariable[]
  onChange: (variables: PromptVariable[]) => void
}

/** Order, first value and choices of the variables of a prompt. */
export function VariablesTable({ variables, onChange }: VariablesTableProps) {
  const { t } = useTranslation()
  const table = useRef<HTMLTableElement>(null)
  const [dragged, setDragged] = useState<string | null>(null)
  const change = (name: string, part: Partial<PromptVariable>): void =>
    onChange(variables.map((each) => (each.name === name ? { ...each, ...part } : each)))
  const move = (name: string, to: number): void => {
    const moved = variables.find((each) => each.name === name)
    if (moved === undefined || to < 0 || to >= variables.length) return
    const others = variables.filter((each) => each !== moved)
    onChange([...others.slice(0, to), moved, ...others.slice(to)])
  }
  const head = 'px-3 py-2 text-start text-meta font-normal text-ink-2'
  return (
    <div className="overflow-x-auto rounded-m border border-line-2">
      <table ref={table} className="w-full border-collapse">
        <thead className="bg-sunk">
          <tr>
            <th scope="col" className={head}>
              {t('prompts:library.variableName')}
            </th>
            <th scope="col" className={head}>
              {t('prompts:library.first')}
            </th>
            <th scope="col" className={head}>
              {t('prompts:library.choices')}
            </th>
            <th scope="col" className={head}>
              <span className="sr-only">{t('prompts:library.order')}</span>
            </th>
          </tr>
        </thead>
        <tbody className="bg-raised">
          {variables.map((variable, index) => {
            const { name, first } = variable
            return (
              <tr
                key={name}
                className={`border-t border-line ${dragged === name ? 'opacity-50' : ''}`}
                onDragOver={(event) => {
                  if (dragged === null) return
                  event.preventDefault()
                  if (dragged !== name) move(dragged, index)
                }}
                onDrop={(event) => {
                  if (dragged !== null) event.preventDefault()
                }}
              >
                <th scope="row" className="px-3 py-1.5 text-start text-ui font-normal text-ink-1">
                  <bdi>{name}</bdi>
                </th>
                <td className="px-1.5 py-1">
                  <input
                    type="text"
                    dir="auto"
                    value={first}
                    maxLength={MAX_VARIABLE_VALUE}
                    placeholder={t('prompts:library.empty')}
                    aria-label={t('prompts:library.firstOf', { name })}
                    className="h-7 w-full min-w-24 rounded-s border border-transparent bg-transparent px-1.5 text-ui text-ink-1 hover:border-field focus:outline-2 focus:-outline-offset-1 focus:outline-focus"
                    // What was filled in before is not what the person asks for now.
                    onChange={(event) => change(name, { first: event.currentTarget.value, last: null })}
                  />
                </td>
                <td className="px-1.5 py-1">
                  <Choices variable={variable} onChange={(choices) => change(name, { choices })} />
                </td>
                <td className="w-10 py-1 pe-1.5 text-end">
                  <IconButton
                    icon={GripVertical}
                    label={t('prompts:library.move', { name })}
                    hint={t('prompts:library.moveHelp')}
                    draggable
                    data-move={name}
                    onDragStart={(event) => {
                      event.dataTransfer.effectAllowed = 'move'
                      event.dataTransfer.setData('text/plain', name)
                      setDragged(name)
                    }}
                    onDragEnd={() => setDragged(null)}
                    onKeyDown={(event) => {
                      const step = event.key === 'ArrowUp' ? -1 : event.key === 'ArrowDown' ? 1 : 0
                      if (step === 0 || event.altKey || event.ctrlKey || event.metaKey) return
                      event.preventDefault()
                      move(name, index + step)
                      // A row that is put elsewhere in the page loses the focus.
                      requestAnimationFrame(() =>
                        table.current?.querySelector<HTMLElement>(`[data-move="${CSS.escape(name)}"]`)?.focus(),
                      )
                    }}
                  />
                </td>
              </tr>
            )
          })}
        </tbody>
      </table>
    </div>
  )
}

interface ChoicesProps {
  variable: PromptVariable
  onChange: (choices: string[]) => void
}

function Choices({ variable: { name, choices }, onChange }: ChoicesProps) {
  const { t } = useTranslation()
  const { whole } = useFigures()
  const id = useId()
  const [text, setText] = useState(choices.join('\n'))
  const said = choices.length === 0 ? t('prompts:library.anyText') : whole(choices.length)
  return (
    <Popover.Root onOpenChange={(isOpen) => isOpen && setText(choices.join('\n'))}>
      <Popover.Trigger
        aria-label={`${t('prompts:library.choicesOf', { name })}: ${said}`}
        className="min-h-7 rounded-s border border-transparent px-1.5 text-start text-ui whitespace-nowrap text-ink-2 hover:border-field data-popup-open:border-field"
      >
        {said}
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Positioner className="layer-popover outline-none" align="end" sideOffset={6} collisionPadding={8}>
          <Popover.Popup className="drag-none w-72 max-w-[calc(100vw-16px)] rounded-l bg-raised p-3 shadow-e2 outline-none forced-colors:border">
            <label htmlFor={id} className="mb-1.5 block text-ui font-label text-ink-1">
              {t('prompts:library.choicesOf', { name })}
            </label>
            <textarea
              id={id}
              dir="auto"
              rows={4}
              value={text}
              aria-describedby={`${id}help`}
              className="block max-h-60 w-full resize-none [field-sizing:content] rounded-m border border-field bg-raised px-3 py-2 text-ui text-ink-1 hover:border-ink-2 focus:outline-2 focus:-outline-offset-1 focus:outline-focus"
              onChange={(event) => {
                const typed = event.currentTarget.value
                setText(typed)
                const lines = typed.split('\n').map((line) => line.trim().slice(0, MAX_VARIABLE_VALUE))
                onChange([...new Set(lines.filter((line) => line !== ''))].slice(0, MAX_CHOICES))
              }}
            />
            <p id={`${id}help`} className="mt-1.5 text-meta text-ink-3">
              {t('prompts:library.choicesHelp')}
            </p>
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  )
}
