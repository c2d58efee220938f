import { useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '../controls/button'
import { Dialog } from '../controls/dialog'
import { tellError } from '../controls/tell-error'
import { askDiscard, keepConversation } from '../store/conversations'
import { discardConversation } from '../store/deletion'
import { backendOf, isTemporary, useStore } from '../store/state'
import { useChoice } from './choice'
import { useBackendName } from './provider-line'

/** The line's id, by which the field of the composer names it. */
export const TEMPORARY_LINE_ID = 'temporary-line'

/** Over the composer of a temporary chat: what is not kept here, and who may keep something all the same. */
export function TemporaryLine({ conversationId }: { conversationId: string }) {
  const { t } = useTranslation()
  const isUnkept = useStore((state) => isTemporary(state, conversationId))
  const { backendId } = useChoice(conversationId)
  const isBuiltIn = useStore((state) => backendOf(state, backendId)?.isBuiltIn !== false)
  const backend = useBackendName(backendId)
  if (!isUnkept) return null
  return (
    <p
      id={TEMPORARY_LINE_ID}
      className="mx-auto mt-1 mb-2.5 w-[min(var(--composer),100%-32px)] flex-none text-center text-meta text-ink-3"
    >
      {isBuiltIn ? t('chat:temporary.lineGuide') : t('chat:temporary.line', { backend })}
    </p>
  )
}

/** Asked before a temporary conversation goes for good; once per window. */
export function DiscardDialog() {
  const { t } = useTranslation()
  const conversationId = useStore((state) => state.discarding)
  const cancel = useRef<HTMLButtonElement>(null)
  const act = async (action: typeof keepConversation): Promise<void> => {
    askDiscard(null)
    if (conversationId === null) return
    const error = await action(conversationId)
    if (error !== null) tellError(error)
  }
  return (
    <Dialog
      isOpen={conversationId !== null}
      onClose={() => askDiscard(null)}
      title={t('chat:temporary.discardTitle')}
      description={t('chat:temporary.discardHelp')}
      actions={
        <>
          <Button ref={cancel} onClick={() => askDiscard(null)}>
            {t('common:cancel')}
          </Button>
          <Button onClick={() => void act(keepConversation)}>{t('chat:temporary.keep')}</Button>
          <Button variant="danger" onClick={() => void act(discardConversation)}>
            {t('chat:temporary.discard')}
          </Button>
        </>
      }
    />
  )
}
