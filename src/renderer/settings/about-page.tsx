import { useTranslation } from 'react-i18next'
import { Mark } from '../controls/mark'
import { useBoot, useConversationCount } from './data'
import { Fact } from './row'

const SYSTEMS = { darwin: 'macOS', win32: 'Windows', linux: 'Linux' } as const

/** What runs here [35]. */
export function AboutPage() {
  const { t } = useTranslation()
  const boot = useBoot()
  const count = useConversationCount()
  if (boot === null) return null
  return (
    <>
      <header className="mb-7 flex items-center gap-5">
        <span className="flex size-18 items-center justify-center rounded-xl bg-raised shadow-e1">
          <Mark className="size-9" />
        </span>
        <div>
          <h2 className="text-h1 font-heading text-ink-1">Parley</h2>
          <p className="text-ui text-ink-2">{t('settings:about.version', { version: boot.version })}</p>
        </div>
      </header>
      <dl className="border-y border-line">
        <Fact name={t('settings:about.runtime')}>Electron {boot.electron}</Fact>
        <Fact name={t('settings:about.system')}>{SYSTEMS[boot.platform]}</Fact>
        <Fact name={t('settings:about.chats')}>{t('settings:about.chatCount', { count })}</Fact>
        <Fact name={t('settings:about.keys')}>{t('settings:about.keysHelp')}</Fact>
        <Fact name={t('settings:about.licence')}>{t('settings:about.licenceHelp')}</Fact>
      </dl>
    </>
  )
}
