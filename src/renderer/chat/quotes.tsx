import { Quote, X } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { Icon } from '../controls/icon'
import { IconButton } from '../controls/icon-button'
import { quotesOf, removeQuote } from '../store/quotes'
import { EMPTY_DRAFT, useStore } from '../store/state'

/** What a message quotes, above its text, one line each; sent as Markdown quotes [41]. */
export function Quotes({ conversationId }: { conversationId: string }) {
  const { t } = useTranslation()
  const quotes = useStore((state) => quotesOf(state.drafts.get(conversationId) ?? EMPTY_DRAFT))
  if (quotes.length === 0) return null
  return (
    <ul aria-label={t('thread:quote.quoted')} className="flex flex-col gap-1.5 px-2.5 pt-2.5">
      {quotes.map((quote, index) => {
        const line = quote.replace(/\s+/gu, ' ').trim()
        const name = line.length > 60 ? `${line.slice(0, 60)}…` : line
        return (
          <li
            key={quote}
            className="flex h-10 items-center gap-2.5 rounded-l border border-line bg-sunk ps-3 pe-1.5 text-ui text-ink-2"
          >
            <Icon of={Quote} className="text-ink-3 rtl:-scale-x-100" />
            <bdi className="min-w-0 flex-1 truncate" title={quote.slice(0, 1000)}>
              {line}
            </bdi>
            <IconButton
              icon={X}
              label={t('thread:quote.remove', { text: name })}
              hint={t('common:remove')}
              size={24}
              onClick={(event) => {
                const form = event.currentTarget.closest('form')
                removeQuote(conversationId, index)
                form?.querySelector('textarea')?.focus()
              }}
            />
          </li>
        )
      })}
    </ul>
  )
}
