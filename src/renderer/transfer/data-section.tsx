import { useTranslation } from 'react-i18next'
import type { LibrarySizes } from '../../shared/contract'
import { Button } from '../controls/button'
import { useFigures } from '../figures'

const PARTS = [
  { name: 'chats', colour: 'bg-accent', of: (sizes: LibrarySizes) => sizes.conversations.bytes },
  { name: 'images', colour: 'bg-accent/50', of: (sizes: LibrarySizes) => sizes.media.bytes },
  { name: 'trash', colour: 'bg-ink-2', of: (sizes: LibrarySizes) => sizes.trash.bytes },
  { name: 'backups', colour: 'bg-warn', of: (sizes: LibrarySizes) => sizes.backups.bytes },
  { name: 'logs', colour: 'bg-ink-3', of: (sizes: LibrarySizes) => sizes.logs.bytes },
  { name: 'cache', colour: 'bg-ink-4', of: (sizes: LibrarySizes) => sizes.cache.bytes },
] as const

/** The folder of the person's data, and how much of what lies in it [34]. Null while it is measured. */
export function DataPlace({ sizes }: { sizes: LibrarySizes | null }) {
  const { t } = useTranslation()
  const figures = useFigures()
  const parts = PARTS.map((part) => ({ ...part, bytes: sizes === null ? 0 : part.of(sizes) }))
  const total = parts.reduce((sum, { bytes }) => sum + bytes, 0)
  return (
    <div className="border-b border-line py-3">
      <div className="flex flex-wrap items-center justify-between gap-x-6 gap-y-2">
        <p className="min-w-0 flex-1 font-code text-code break-all text-ink-1 select-text" dir="ltr">
          {sizes === null ? '…' : sizes.folder}
        </p>
        <Button onClick={() => void window.parley.request['app.openDataFolder']()}>{t('transfer:data.show')}</Button>
      </div>
      {/* The words below say the same. */}
      <div className="mt-3 flex h-2 gap-0.5 overflow-hidden rounded-full bg-sunk" aria-hidden>
        {total > 0 &&
          parts
            .filter(({ bytes }) => bytes > 0)
            .map(({ name, colour, bytes }) => (
              <span
                key={name}
                className={`min-w-1 ${colour} forced-colors:border`}
                // Shares of one bar; there is no class for a number.
                style={{ flexGrow: bytes, flexBasis: 0 }}
              />
            ))}
      </div>
      <ul className="mt-2.5 flex flex-wrap gap-x-5 gap-y-1 text-meta" aria-label={t('transfer:data.title')}>
        {/* Most people have never restored anything. */}
        {parts
          .filter(({ name, bytes }) => name !== 'backups' || bytes > 0)
          .map(({ name, colour, bytes }) => (
            <li key={name} className="inline-flex items-center gap-1.5 text-ink-2">
              <span className={`size-2 flex-none rounded-[2px] ${colour}`} aria-hidden />
              {t(`transfer:data.${name}`)}
              <span className="tabular text-ink-3">{sizes === null ? '…' : figures.bytes(bytes)}</span>
            </li>
          ))}
      </ul>
    </div>
  )
}
