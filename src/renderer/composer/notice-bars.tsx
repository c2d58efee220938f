import { ChevronDown, CircleAlert, Clock3, Lock, Pencil, Unplug, X, type LucideIcon } from 'lucide-react'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { describe } from '../../shared/errors'
import { BackendItems, choiceFor } from '../chat/backend-items'
import { Button } from '../controls/button'
import { useGiveFocus } from '../controls/final-focus'
import { Icon } from '../controls/icon'
import { IconButton } from '../controls/icon-button'
import { Menu } from '../controls/menu'
import { choose } from '../store/backends'
import { showSettings } from '../store/conversations'
import { dismissRefusal } from '../store/question'
import { removeQueued, takeBackQueued } from '../store/queue'
import { isGone, isReadOnly, useStore } from '../store/state'

/** The messages that wait for the running answer, each with the ways to take it back or out. */
export function QueuedBar({ conversationId }: { conversationId: string }) {
  const { t } = useTranslation()
  const messages = useStore((state) => state.queued.get(conversationId))
  const giveFocus = useGiveFocus()
  if (messages === undefined) return null
  return (
    <div className="max-h-44 overflow-y-auto">
      {messages.map((message, index) => {
        const images = message.attachments.length
        const text = [message.text, ...(images === 0 ? [] : [t('chat:composer.queuedImages', { count: images })])]
          .filter((part) => part !== '')
          .join(' · ')
        return (
          <Bar key={message.key} icon={Clock3} iconClass="text-ink-2">
            <p className="min-w-0 flex-1 truncate text-ui text-ink-2" dir="auto">
              {index === 0 ? t('chat:composer.queued', { text }) : text}
            </p>
            <IconButton
              icon={Pencil}
              label={t('chat:composer.takeBack')}
              keys={messages.length === 1 ? ['Esc'] : undefined}
              onClick={() => {
                takeBackQueued(conversationId, message.key)
                giveFocus()
              }}
            />
            <IconButton
              icon={X}
              label={t('prompts:queue.remove')}
              onClick={() => {
                removeQueued(conversationId, message.key)
                giveFocus()
              }}
            />
          </Bar>
        )
      })}
    </div>
  )
}

/** Why the message below could not go. */
export function RefusalBar({ conversationId }: { conversationId: string }) {
  const { t } = useTranslation()
  const error = useStore((state) => state.refusals.get(conversationId))
  const giveFocus = useGiveFocus()
  if (error === undefined) return null
  const { title, detail, action } = describe(error, (key, values) => t(key, values ?? {}))
  return (
    <Bar icon={CircleAlert} iconClass="text-danger" isAlert>
      <p className="min-w-0 flex-1 py-1.5 text-ui break-words text-ink-2">
        <strong className="font-label text-ink-1">{title}</strong> <span dir="auto">{detail}</span>
      </p>
      {(action === 'choose-backend' || action === 'open-backend-settings' || action === 'enter-key') && (
        <Button onClick={() => showSettings('backends')}>{t('chat:error.settings')}</Button>
      )}
      <IconButton
        icon={X}
        label={t('chat:composer.dismiss')}
        onClick={() => {
          dismissRefusal(conversationId)
          giveFocus()
        }}
      />
    </Bar>
  )
}

/** A newer Parley wrote this chat: what can be done with it here, and what cannot (R38). */
export function ReadOnlyBar({ conversationId }: { conversationId: string }) {
  const { t } = useTranslation()
  const isShown = useStore((state) => isReadOnly(state, conversationId))
  if (!isShown) return null
  return (
    <Bar icon={Lock} iconClass="text-ink-2">
      <p role="status" className="min-w-0 flex-1 py-1.5 text-ui break-words text-ink-1">
        {t('chat:readOnly.title')} <span className="text-ink-2">{t('chat:readOnly.detail')}</span>
      </p>
    </Bar>
  )
}

/**
 * The backend of this chat was removed: nobody is asked until a person says who. In the quick ask, whose window is too low
 * for a menu, the backends stand in the bar.
 */
export function GoneBar({ conversationId, look = 'menu' }: { conversationId: string; look?: 'menu' | 'buttons' }) {
  const { t } = useTranslation()
  // Who may not write has no use for a backend.
  const isShown = useStore((state) => isGone(state, conversationId) && !isReadOnly(state, conversationId))
  const backends = useStore((state) => state.backends)
  const giveFocus = useGiveFocus()
  if (!isShown) return null
  return (
    <Bar icon={Unplug} iconClass="text-warn">
      <p role="status" className="min-w-0 flex-1 py-1.5 text-ui break-words text-ink-1">
        {t('chat:gone.title')} {look === 'buttons' && <span className="text-ink-2">{t('chat:gone.goOn')}</span>}
      </p>
      {look === 'menu' ? (
        <Menu
          side="top"
          trigger={
            <Button variant="primary" className="flex-none">
              {t('chat:gone.goOn')}
              <Icon of={ChevronDown} size={14} />
            </Button>
          }
        >
          <BackendItems backends={backends} chosenId={null} onChoose={(choice) => choose(conversationId, choice)} />
        </Menu>
      ) : (
        <div role="group" aria-label={t('chat:gone.label')} className="flex min-w-0 flex-wrap justify-end gap-1.5 py-1">
          {backends.map((view) => (
            <Button
              key={view.profile.id}
              size={28}
              onClick={() => {
                giveFocus()
                choose(conversationId, choiceFor(view))
              }}
            >
              <bdi className="max-w-44 truncate">{view.isBuiltIn ? t('common:guide') : view.profile.name}</bdi>
            </Button>
          ))}
        </div>
      )}
    </Bar>
  )
}

interface BarProps {
  icon: LucideIcon
  iconClass: string
  isAlert?: boolean
  children: ReactNode
}

function Bar({ icon, iconClass, isAlert = false, children }: BarProps) {
  return (
    <div
      role={isAlert ? 'alert' : undefined}
      className="flex min-h-11 items-center gap-2.5 border-b border-line py-1 ps-[15px] pe-2"
    >
      <Icon of={icon} className={iconClass} />
      {children}
    </div>
  )
}
