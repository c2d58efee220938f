import { ChevronDown } from 'lucide-react'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { AUTOMATIC_PROVIDER } from '../../shared/catalogue'
import type { CatalogueProvider } from '../../shared/contract'
import type { AssistantMessage } from '../../shared/conversation'
import type { AppError, AppErrorCode } from '../../shared/errors'
import { Button } from '../controls/button'
import { useGiveFocus } from '../controls/final-focus'
import { Icon } from '../controls/icon'
import { Menu, MenuItem } from '../controls/menu'
import { retryAnswer } from '../store/answers'
import { useStore } from '../store/state'

/** A menu, not a list to search in: whoever looks for one of thousands opens the picker. */
const MAX_OFFERED = 50

/** The look of a button within a line of words. */
export const LINK = 'rounded-xs underline underline-offset-4 hover:no-underline'

/** Whether a failure is the provider's: of one on the way to the server every provider behind it has the same. */
export function canAnotherProviderHelp(error: AppError): boolean {
  if (error.code === 'timeout') return error.phase !== 'connect'
  if (error.code === 'http') return error.status === 429 || error.status >= 500
  return OF_THE_PROVIDER.has(error.code)
}

const OF_THE_PROVIDER: ReadonlySet<AppErrorCode> = new Set<AppErrorCode>([
  'backend',
  'provider-auth',
  'empty-answer',
  'protocol',
  'connection-lost',
  'process-ended',
])

export interface OtherProviderProps {
  conversationId: string
  answer: Pick<AssistantMessage, 'id' | 'backendId' | 'provider' | 'requested'>
  look: 'button' | 'link'
}

/** The providers that could answer instead of the one that was asked, all of the same backend. */
export function useOtherProviders({
  backendId,
  provider,
  requested,
}: OtherProviderProps['answer']): readonly CatalogueProvider[] {
  const known = useStore((state) => state.catalogues.get(backendId))
  const asked = provider?.name ?? requested.provider
  return useMemo(
    () =>
      (known?.catalogue?.providers ?? [])
        .filter(({ name, needsKey }) => name !== asked && name !== AUTOMATIC_PROVIDER && !needsKey)
        .slice(0, MAX_OFFERED),
    [known, asked],
  )
}

/** Asks the same question of another provider of the same backend; where there is no other, the way out is to ask again. */
export function OtherProvider({ conversationId, answer, look }: OtherProviderProps) {
  const { t } = useTranslation()
  const { id, backendId } = answer
  const others = useOtherProviders(answer)
  const giveFocus = useGiveFocus()
  if (others.length === 0) {
    if (look === 'button') return null
    return (
      <button
        type="button"
        className={LINK}
        onClick={() => {
          giveFocus()
          void retryAnswer(conversationId, id)
        }}
      >
        {t('chat:status.stopHint')}
      </button>
    )
  }
  return (
    <Menu
      align="start"
      className="max-h-80"
      trigger={
        look === 'link' ? (
          <button type="button" className={LINK}>
            {t('chat:status.askAnother')}
          </button>
        ) : (
          <Button variant="quiet">
            {t('chat:actions.retryAnother')}
            <Icon of={ChevronDown} size={14} />
          </Button>
        )
      }
    >
      {others.map(({ name, label }) => (
        <MenuItem
          key={name}
          onSelect={() => void retryAnswer(conversationId, id, { backendId, provider: name, model: null })}
        >
          <bdi>{label === '' ? name : label}</bdi>
        </MenuItem>
      ))}
    </Menu>
  )
}
