import { Search, X } from 'lucide-react'
import { useEffect, useMemo, useRef, type KeyboardEvent, type Ref, type RefObject } from 'react'
import { useTranslation } from 'react-i18next'
import { Icon } from '../controls/icon'
import { IconButton } from '../controls/icon-button'
import { best, folded, queryOf } from '../palette/rank'
import type { SettingsPageId } from '../store/state'
import { useBackends } from './data'
import { scrollTo } from './backends/labelled'
import { SETTINGS_PAGES, settingsFor, type SingleSetting } from './single-settings'

/** The setting that shall come into sight, by the i18n key of its name. A new object each time it is wanted. */
export interface Wanted {
  name: string
}

/** A page, or one setting on it, with its name in the language on show. */
export interface FoundSetting {
  page: SettingsPageId
  setting: SingleSetting | null
  name: string
}

const MAX_FOUND = 50

/** What fits the words: pages by their name, single settings by their name and their help. */
export function useFoundSettings(query: string): FoundSetting[] {
  const { t } = useTranslation()
  const backends = useBackends()
  const all = useMemo(() => {
    const pages = SETTINGS_PAGES.map((page) => ({ page, setting: null, name: t(`settings:pages.${page}`), help: '' }))
    const single = settingsFor(backends).map((setting) => ({
      page: setting.page,
      setting,
      name: t(setting.name),
      help: setting.help === undefined ? '' : t(setting.help),
    }))
    return [...pages, ...single].map((each) => ({ ...each, text: folded(`${each.name} ${each.help}`) }))
  }, [t, backends])
  return useMemo(
    () => (query.trim() === '' ? [] : best(all, ({ text }) => text, queryOf(query), MAX_FOUND).items),
    [all, query],
  )
}

const MARKED_MS = 2400

/** Brings a setting into sight, marks its row for a moment and gives the focus to its control. */
export function useWanted(
  name: string | null,
  wanted: Wanted | null,
  content: RefObject<HTMLElement | null>,
  onShown: () => void,
): void {
  useEffect(() => {
    if (name === null) return undefined
    const row = content.current?.querySelector<HTMLElement>(`[data-setting="${CSS.escape(name)}"]`)
    row?.setAttribute('data-wanted', '')
    if (row) scrollTo(row)
    const control = row?.querySelector<HTMLElement>('button, input, select, textarea, [tabindex="0"]')
    // A part without a control is read from where it begins.
    if (row && !control) row.tabIndex = -1
    ;(control ?? row)?.focus({ preventScroll: true })
    const timer = setTimeout(onShown, MARKED_MS)
    return () => {
      clearTimeout(timer)
      row?.removeAttribute('data-wanted')
    }
  }, [name, wanted, content, onShown])
}

export interface SettingsSearchProps {
  query: string
  onQuery: (query: string) => void
  /** Down, or Enter: to what was found. */
  onDown: () => void
}

/** The field above the pages that finds single settings. */
export function SettingsSearch({ query, onQuery, onDown }: SettingsSearchProps) {
  const { t } = useTranslation()
  const field = useRef<HTMLInputElement>(null)
  return (
    <label className="mt-1 flex h-8 items-center gap-2.5 rounded-m px-2.5 hover:bg-hovered focus-within:bg-raised focus-within:outline-2 focus-within:-outline-offset-2 focus-within:outline-focus">
      <Icon of={Search} className="text-ink-2" />
      <input
        ref={field}
        type="text"
        value={query}
        aria-label={t('actions:settingsSearch.label')}
        placeholder={t('actions:settingsSearch.placeholder')}
        className="min-w-0 flex-1 bg-transparent text-ui text-ink-1 outline-none placeholder:text-ink-2"
        onChange={(event) => onQuery(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.nativeEvent.isComposing || query.trim() === '') return
          if (event.key === 'Escape') onQuery('')
          else if (event.key === 'ArrowDown' || event.key === 'Enter') onDown()
          else return
          event.preventDefault()
        }}
      />
      {query !== '' && (
        <IconButton
          icon={X}
          label={t('actions:settingsSearch.clear')}
          size={24}
          className="-me-1.5"
          onClick={() => {
            onQuery('')
            field.current?.focus()
          }}
        />
      )}
    </label>
  )
}

export interface FoundSettingsProps {
  ref: Ref<HTMLUListElement>
  found: readonly FoundSetting[]
  query: string
  onPick: (found: FoundSetting) => void
}

/** What was found, in place of the pages. */
export function FoundSettings({ ref, found, query, onPick }: FoundSettingsProps) {
  const { t } = useTranslation()
  const steer = (event: KeyboardEvent<HTMLUListElement>): void => {
    const rows = [...event.currentTarget.querySelectorAll('button')]
    const at = rows.findIndex((row) => row === event.target)
    const row = { ArrowDown: rows[at + 1], ArrowUp: rows[at - 1], Home: rows[0], End: rows.at(-1) }[event.key]
    if (row === undefined) return
    event.preventDefault()
    row.focus()
  }
  return (
    <>
      <p role="status" className="px-2.5 pt-3.5 pb-1 text-meta break-words text-ink-3">
        {found.length === 0
          ? t('actions:settingsSearch.none', { text: query })
          : t('actions:settingsSearch.count', { count: found.length })}
      </p>
      <ul
        ref={ref}
        aria-label={t('actions:settingsSearch.results')}
        className="flex flex-col gap-px max-drawer:max-h-40 max-drawer:overflow-y-auto"
        onKeyDown={steer}
      >
        {found.map((each) => (
          <li key={`${each.page} ${each.setting?.name ?? ''}`}>
            <button
              type="button"
              className="focus-inset flex min-h-8 w-full flex-col justify-center rounded-m px-2.5 py-1 text-start text-ui text-ink-1 hover:bg-hovered"
              onClick={() => onPick(each)}
            >
              {each.name}
              {each.setting !== null && (
                <span className="text-meta text-ink-3">{t(`settings:pages.${each.page}`)}</span>
              )}
            </button>
          </li>
        ))}
      </ul>
    </>
  )
}
