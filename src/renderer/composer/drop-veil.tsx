import { useTranslation } from 'react-i18next'

/**
 * Over the thread while files hang above the window: where they will go. It takes the drop itself: what lies under it can be
 * replaced by the next words of an answer, and a drop on something that is gone is heard by nobody.
 */
export function DropVeil({ count }: { count: number }) {
  const { t } = useTranslation()
  return (
    <div className="layer-drop absolute inset-0 flex flex-col items-center justify-center bg-veil px-5 pb-[23vh] text-center">
      <p className="text-h1 font-heading tracking-[-0.012em] text-ink-1">{t('chat:drop.title', { count })}</p>
      <p className="mt-1.5 text-ui text-ink-2">{t('chat:drop.help')}</p>
    </div>
  )
}
