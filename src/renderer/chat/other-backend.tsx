import { ChevronDown } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import type { AssistantMessage } from '../../shared/conversation'
import { Button } from '../controls/button'
import { Icon } from '../controls/icon'
import { Menu } from '../controls/menu'
import { retryAnswer } from '../store/answers'
import { useStore } from '../store/state'
import { BackendItems } from './backend-items'

export interface OtherBackendProps {
  conversationId: string
  answer: AssistantMessage
}

/** Asks the same question of another server; nothing where there is no other. The Guide answers no such question. */
export function OtherBackend({ conversationId, answer }: OtherBackendProps) {
  const { t } = useTranslation()
  const backends = useStore((state) => state.backends)
  const others = backends.filter(({ profile, isBuiltIn }) => profile.id !== answer.backendId && !isBuiltIn)
  if (others.length === 0) return null
  return (
    <Menu
      align="start"
      className="max-h-80"
      trigger={
        <Button variant="quiet">
          {t('chat:error.anotherBackend')}
          <Icon of={ChevronDown} size={14} />
        </Button>
      }
    >
      <BackendItems
        backends={others}
        chosenId={null}
        onChoose={(choice) => void retryAnswer(conversationId, answer.id, choice)}
      />
    </Menu>
  )
}
