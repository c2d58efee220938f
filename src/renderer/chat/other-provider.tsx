import { ChevronDown } from 'lucide-react'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '../controls/button'
import { Icon } from '../controls/icon'
import { Menu, MenuItem } from '../controls/menu'
import { retryAnswer } from '../store/sending'
import { conversationOf, useStore } from '../store/state'

const LINK = 'rounded-xs underline underline-offset-4 hover:no-underline'

export interface OtherProviderProps {
  conversationId: string
  answerId: string
  look: 'button' | 'link'
}

/** Asks the same question of another provider of the same backend; where there is no other, the way out is to ask again. */
export function OtherProvider({ conversationId, answerId, look }: OtherProviderProps) {
  const { t } = useTranslation()
  const backendId = useStore((state) => conversationOf(state, conversationId)?.backendId ?? null)
  const known = useStore((state) => (backendId === null ? undefined : state.catalogues.get(backendId)))
  const asked = useStore((state) => {
    const message = conversationOf(state, conversationId)?.messages.find(({ id }) => id === answerId)
    return message?.role === 'assistant' ? (message.provider?.name ?? message.requested.provider) : null
  })
  const others = useMemo(
    () => (known?.catalogue?.providers ?? []).filter(({ name, needsKey }) => name !== asked && !needsKey),
    [known, asked],
  )
  if (backendId === null || others.length === 0) {
    if (look === 'button') return null
    return (
      <button type="button" className={LINK} onClick={() => void retryAnswer(conversationId, answerId)}>
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
          onSelect={() => void retryAnswer(conversationId, answerId, { backendId, provider: name, model: null })}
        >
          <bdi>{label === '' ? name : label}</bdi>
        </MenuItem>
      ))}
    </Menu>
  )
}
