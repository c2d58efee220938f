import { useTranslation } from 'react-i18next'
import { Button } from '../controls/button'
import { useFigures } from '../figures'
import { useStore } from '../store/state'
import { useRestore } from '../transfer/use-restore'

/** The chats that are here although nothing is set up, as when the settings were lost; they need no server to be read. */
export function EarlierChats({ onShow }: { onShow: () => void }) {
  const { t } = useTranslation()
  const figures = useFigures()
  const count = useStore((state) => state.conversations.size)
  if (count === 0) return null
  return (
    <section className="mt-8 flex flex-wrap items-center justify-between gap-x-4 gap-y-3 border-t border-line pt-5">
      <div className="min-w-48 flex-1">
        <h2 className="text-[15px]/6 font-strong text-ink-1">
          {t('first-run:chats', { count, number: figures.whole(count) })}
        </h2>
        <p className="mt-[3px] text-ui text-ink-2">{t('first-run:chatsHelp')}</p>
      </div>
      <Button onClick={onShow}>{t('first-run:showChats')}</Button>
    </section>
  )
}

/** The quiet way back to what was kept elsewhere. */
export function RestoreLink() {
  const { t } = useTranslation()
  const { isReading, pick } = useRestore()
  return (
    <p className="mt-6 border-t border-line pt-4">
      <button
        type="button"
        aria-disabled={isReading || undefined}
        className="-mx-1 rounded-s px-1 text-ui text-accent-text hover:underline"
        onClick={() => {
          if (!isReading) void pick()
        }}
      >
        {t('first-run:restore')}
      </button>
    </p>
  )
}
