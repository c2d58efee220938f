import { CircleAlert } from 'lucide-react'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { ConversationCopy, ConversationRemains } from '../../shared/contract'
import { describe, type AppError } from '../../shared/errors'
import { Button } from '../controls/button'
import { Icon } from '../controls/icon'
import { showToast } from '../controls/toast'
import { tellError } from '../controls/tell-error'
import { useDates } from '../dates'
import { showConversation } from '../store/conversations'

/** A chat whose file cannot be read: what can still be had of it, and the way back where there is a copy. */
export function Unreadable({ conversationId, error }: { conversationId: string; error: AppError }) {
  const { t } = useTranslation()
  const { day, time } = useDates()
  const isDamaged = error.code === 'storage' && error.reason === 'damaged'
  const remains = useRemains(conversationId, isDamaged)
  const [bringing, setBringing] = useState<string | null>(null)
  const { title, detail } = describe(error, (key, values) => t(key, values ?? {}))

  const bringBack = async ({ copy }: ConversationCopy): Promise<void> => {
    setBringing(copy)
    const result = await window.parley.request['conversation.bringBack']({ conversationId, copy })
    setBringing(null)
    if (!result.ok) {
      tellError(result.error)
      return
    }
    showToast({ text: t('chat:unreadable.isBack') })
    await showConversation(conversationId)
  }
  const { text = '', isCut = false, copies = [] } = remains ?? {}
  return (
    <section className="mx-auto my-auto flex max-h-full min-h-0 w-[min(var(--column),100%-40px)] flex-col py-6">
      <div role="alert" className="flex flex-none gap-3">
        <Icon of={CircleAlert} className="mt-1 text-danger" />
        <div className="min-w-0">
          <h2 className="text-[15px]/6 font-strong break-words text-ink-1">{title}</h2>
          <p className="text-ui text-ink-2">{detail}</p>
        </div>
      </div>
      <div className="mt-3 flex flex-none flex-wrap items-center gap-2 ps-7">
        {copies.map((each, index) => (
          <Button
            key={each.copy}
            variant={index === 0 ? 'primary' : 'secondary'}
            isBusy={bringing === each.copy}
            isDisabled={bringing !== null && bringing !== each.copy}
            onClick={() => void bringBack(each)}
          >
            {t('chat:unreadable.bringBack', {
              count: each.messages,
              date: `${day(each.madeAt)}, ${time(each.madeAt)}`,
            })}
          </Button>
        ))}
        <Button onClick={() => void window.parley.request['conversation.showFile']({ conversationId })}>
          {t('chat:sidebar.showFile')}
        </Button>
      </div>
      {text !== '' && (
        <>
          <div className="mt-6 flex flex-none items-center justify-between gap-4 border-b border-line pb-2">
            <h3 id="remains" className="text-ui font-label text-ink-1">
              {t('chat:unreadable.text')}
            </h3>
            <Button variant="quiet" size={28} onClick={() => void navigator.clipboard.writeText(text)}>
              {t('chat:unreadable.copy')}
            </Button>
          </div>
          <div
            role="region"
            tabIndex={0}
            aria-labelledby="remains"
            className="focus-inset min-h-24 flex-1 overflow-y-auto py-3 text-body break-words whitespace-pre-wrap text-ink-1 select-text"
          >
            <bdi>{text}</bdi>
            {isCut && <p className="mt-3 text-ui text-ink-2">{t('chat:unreadable.cut')}</p>}
          </div>
        </>
      )}
    </section>
  )
}

/** Null while it is looked for, and when nothing can be had. */
function useRemains(conversationId: string, isDamaged: boolean): ConversationRemains | null {
  const [remains, setRemains] = useState<ConversationRemains | null>(null)
  useEffect(() => {
    let isGone = false
    const look = async (): Promise<void> => {
      const found = await window.parley.request['conversation.findRemains']({ conversationId })
      if (!isGone && found.ok) setRemains(found.value)
    }
    if (isDamaged) void look()
    return () => {
      isGone = true
    }
  }, [conversationId, isDamaged])
  return remains
}
