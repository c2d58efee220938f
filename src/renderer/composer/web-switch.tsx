import { Globe } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { IconButton } from '../controls/icon-button'
import { changeChatSettings, searchesWeb } from '../store/chat-settings'
import { useStore } from '../store/state'

/** Whether the questions of this chat ask for a look at the web; remembered with the chat. */
export function WebSwitch({ conversationId }: { conversationId: string }) {
  const { t } = useTranslation()
  const isOn = useStore((state) => searchesWeb(state, conversationId))
  return (
    <IconButton
      icon={Globe}
      label={t('prompts:web.label')}
      hint={t(isOn ? 'prompts:web.on' : 'prompts:web.off')}
      aria-pressed={isOn}
      size={32}
      iconSize={17}
      side="top"
      className="aria-pressed:bg-accent-tint aria-pressed:text-accent-text forced-colors:aria-pressed:border-[Highlight]"
      onClick={() => changeChatSettings(conversationId, { webSearch: !isOn })}
    />
  )
}
