import { CircleAlert, X } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { describe } from '../../shared/errors'
import { Icon } from '../controls/icon'
import { IconButton } from '../controls/icon-button'
import { dismissRefusal } from '../store/question'
import { useStore } from '../store/state'

/** Why the question could not be asked; the question itself is back in the field. */
export function Refusal({ conversationId }: { conversationId: string }) {
  const { t } = useTranslation()
  const error = useStore((state) => state.refusals.get(conversationId))
  if (error === undefined) return null
  const { title, detail } = describe(error, (key, values) => t(key, values ?? {}))
  return (
    <div role="alert" className="flex flex-none items-start gap-2.5 px-5.25 pb-3.5 text-ui">
      <Icon of={CircleAlert} className="mt-0.5 text-danger" />
      <p className="min-w-0 flex-1 break-words">
        <span className="font-strong">{title}</span> <span className="text-ink-2">{detail}</span>
      </p>
      <IconButton
        icon={X}
        size={24}
        iconSize={14}
        label={t('chat:composer.dismiss')}
        onClick={() => dismissRefusal(conversationId)}
      />
    </div>
  )
}
