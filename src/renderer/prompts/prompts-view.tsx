import { PanelLeft, Plus, Search } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { findPrompts, MAX_PROMPT_NAME, type Prompt } from '../../shared/prompts'
import { useKeysOf } from '../actions/keys'
import { Button } from '../controls/button'
import { Icon } from '../controls/icon'
import { IconButton } from '../controls/icon-button'
import { showToast } from '../controls/toast'
import { tellError } from '../controls/tell-error'
import { showNewConversation, toggleSidebar } from '../store/conversations'
import { useStore } from '../store/state'
import { PromptForm } from './prompt-form'
import {
  addPrompt,
  exportPrompts,
  importPrompts,
  needPrompts,
  newPrompt,
  removePrompt,
  savePrompt,
  usePrompts,
} from './state'

export interface PromptsViewProps {
  /** While the sidebar is hidden. */
  hasToggle: boolean
  /** The one to show first. */
  promptId: string | undefined
}

/** The person's prompts: the list, and the form of the chosen one [42-prompt-library]. */
export function PromptsView({ hasToggle, promptId }: PromptsViewProps) {
  const { t } = useTranslation()
  const sidebarKeys = useKeysOf('sidebar')
  const { prompts, isLoaded } = usePrompts()
  const [chosenId, setChosenId] = useState<string | null>(promptId ?? null)
  /** Made just now: its name is what one writes first. */
  const [madeId, setMadeId] = useState<string | null>(promptId ?? null)
  const [query, setQuery] = useState('')
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => void needPrompts(), [])
  const isAsked = promptId !== undefined
  useEffect(() => {
    // The form takes it for a prompt that was asked for.
    if (!isAsked) heading.current?.focus()
  }, [isAsked])

  const found = findPrompts(prompts, query.trim())
  const chosen = prompts.find(({ id }) => id === chosenId) ?? prompts[0] ?? null
  const add = async (prompt: Prompt): Promise<void> => {
    setQuery('')
    setChosenId(prompt.id)
    setMadeId(prompt.id)
    const error = await savePrompt(prompt)
    if (error !== null) tellError(error)
  }
  const remove = async (prompt: Prompt): Promise<void> => {
    const error = await removePrompt(prompt.id)
    if (error !== null) tellError(error)
    heading.current?.focus()
  }
  const takeIn = async (): Promise<void> => {
    const result = await importPrompts()
    if (!result.ok) tellError(result.error)
    else if (result.value !== null) {
      const { added } = result.value
      showToast({
        text: added === 0 ? t('prompts:library.nothingNew') : t('prompts:library.imported', { count: added }),
      })
    }
  }
  const takeOut = async (): Promise<void> => {
    const result = await exportPrompts()
    if (!result.ok) tellError(result.error)
    else if (result.value.isSaved) showToast({ text: t('prompts:library.exported') })
  }
  return (
    <main className="flex h-full min-w-0 flex-1 flex-col bg-paper">
      <header
        data-region="header"
        tabIndex={-1}
        aria-label={t('prompts:library.title')}
        className={`drag-window layer-header flex h-(--titlebar) flex-none items-center gap-1 shadow-[inset_0_-1px_var(--line)] outline-none ${hasToggle ? 'ps-[calc(var(--strip-start)+10px)]' : 'ps-6 max-narrow:ps-5'} pe-[calc(var(--strip-end)+12px)]`}
      >
        {hasToggle && (
          <IconButton
            icon={PanelLeft}
            label={t('chat:sidebar.show')}
            keys={sidebarKeys}
            className="drag-none me-1.5 rtl:-scale-x-100"
            onClick={toggleSidebar}
          />
        )}
        <h1 ref={heading} tabIndex={-1} className="min-w-0 flex-1 truncate text-ui font-strong text-ink-1 outline-none">
          {t('prompts:library.title')}
        </h1>
        <Button variant="quiet" size={28} className="drag-none" onClick={() => void takeIn()}>
          {t('prompts:library.import')}
        </Button>
        {prompts.length > 0 && (
          <Button variant="quiet" size={28} className="drag-none" onClick={() => void takeOut()}>
            {t('prompts:library.export')}
          </Button>
        )}
      </header>
      <section
        data-region="thread"
        tabIndex={-1}
        aria-label={t('prompts:library.title')}
        className="flex min-h-0 flex-1 flex-col outline-none max-wide:overflow-y-auto wide:flex-row"
      >
        {isLoaded && prompts.length === 0 && <Empty onNew={() => void add(newPrompt())} />}
        {prompts.length > 0 && (
          <nav
            aria-label={t('prompts:library.list')}
            className="flex max-h-60 flex-none flex-col overflow-y-auto border-line p-2 max-wide:border-b wide:max-h-none wide:w-62 wide:border-e"
          >
            <div className="relative mb-2 flex-none">
              <Icon of={Search} className="pointer-events-none absolute inset-s-2.5 top-2 text-ink-2" />
              <input
                type="search"
                value={query}
                placeholder={t('prompts:library.search', { count: prompts.length })}
                aria-label={t('prompts:library.search', { count: prompts.length })}
                className="h-8 w-full rounded-m border border-field bg-raised ps-8.5 pe-2 text-ui text-ink-1 hover:border-ink-2 focus:outline-2 focus:-outline-offset-1 focus:outline-focus"
                onChange={(event) => setQuery(event.currentTarget.value)}
                onKeyDown={(event) => {
                  if (event.key !== 'Escape' || query === '') return
                  event.preventDefault()
                  setQuery('')
                }}
              />
            </div>
            {found.length === 0 && <p className="px-3 py-2 text-ui text-ink-2">{t('prompts:library.nothing')}</p>}
            <ul className="flex flex-col gap-0.5">
              {found.map((prompt) => (
                <li key={prompt.id}>
                  <button
                    type="button"
                    aria-current={prompt === chosen || undefined}
                    className="focus-inset flex h-8 w-full items-center gap-3 rounded-m px-2.5 text-start text-ui text-ink-1 hover:bg-hovered aria-current:bg-selected aria-current:font-label forced-colors:aria-current:bg-[Highlight]"
                    onClick={() => {
                      setChosenId(prompt.id)
                      setMadeId(null)
                    }}
                  >
                    <bdi className="min-w-0 flex-1 truncate">
                      {prompt.name === '' ? t('prompts:library.untitled') : prompt.name}
                    </bdi>
                    {prompt.command !== '' && (
                      <bdi className="max-w-24 flex-none truncate font-code text-meta font-normal text-ink-2">
                        /{prompt.command}
                      </bdi>
                    )}
                  </button>
                </li>
              ))}
            </ul>
            <button
              type="button"
              className="focus-inset mt-2 flex h-9 w-full flex-none items-center gap-2.5 rounded-m px-2.5 text-ui text-ink-2 hover:bg-hovered hover:text-ink-1"
              onClick={() => void add(newPrompt())}
            >
              <Icon of={Plus} size={14} />
              {t('prompts:library.new')}
            </button>
          </nav>
        )}
        {chosen !== null && (
          <div className="min-h-0 min-w-0 flex-1 px-8 py-6 max-wide:flex-none max-narrow:px-4 wide:overflow-y-auto">
            <PromptForm
              key={chosen.id}
              prompt={chosen}
              others={prompts}
              isNew={chosen.id === madeId}
              onDuplicate={(prompt) =>
                void add({
                  ...prompt,
                  id: crypto.randomUUID(),
                  command: '',
                  name: t('prompts:library.copyOf', { name: prompt.name }).slice(0, MAX_PROMPT_NAME),
                })
              }
              onUse={(prompt) => {
                showNewConversation()
                addPrompt(useStore.getState().currentId, prompt)
              }}
              onDelete={(prompt) => void remove(prompt)}
            />
          </div>
        )}
      </section>
    </main>
  )
}

function Empty({ onNew }: { onNew: () => void }) {
  const { t } = useTranslation()
  return (
    <div className="m-auto w-110 max-w-[calc(100%-40px)] pb-12">
      <h2 className="text-h2 font-heading text-ink-1">{t('prompts:library.emptyTitle')}</h2>
      <p className="mt-2 mb-5 text-ui text-ink-2">{t('prompts:library.emptyHelp')}</p>
      <Button variant="primary" onClick={onNew}>
        {t('prompts:library.new')}
      </Button>
    </div>
  )
}
