import { TriangleAlert } from 'lucide-react'
import { lazy, Suspense, useCallback, useEffect, useLayoutEffect, useState, type RefObject } from 'react'
import { useTranslation } from 'react-i18next'
import { Composer } from '../composer/composer'
import { DropVeil } from '../composer/drop-veil'
import { useFileDrop } from '../composer/file-drop'
import { placeInFocus } from '../composer/place-in-focus'
import { Button } from '../controls/button'
import { Icon } from '../controls/icon'
import { showToast } from '../controls/toast'
import { attachFiles } from '../store/chips'
import { useStore } from '../store/state'
import { WirePlace } from '../wire/place'
import { useWire } from '../wire/state'
import { useChoice, useHasModels } from './choice'
import { useAskOffline } from './offline'
import { ComparisonReport } from '../compare/report'
import { useEdits } from './edit-state'
import { Header } from './header'
import { LiveRegion } from './live-region'
import { NewChat } from './new-chat'
import { TemporaryLine } from './temporary'
import { Thread, type ThreadHandle } from './thread'
import { Unreadable } from './unreadable'

const Columns = lazy(async () => ({ default: (await import('../compare/columns')).Columns }))

export interface ChatProps {
  fieldRef: RefObject<HTMLTextAreaElement | null>
  threadRef: RefObject<ThreadHandle | null>
  isPickerOpen: boolean
  onPickerChange: (isOpen: boolean) => void
  isSidebarShown: boolean
  isNarrow: boolean
}

/** One conversation: header, thread, composer. */
export function Chat(props: ChatProps) {
  const { fieldRef, threadRef, isPickerOpen, onPickerChange, isSidebarShown, isNarrow } = props
  const conversationId = useStore((state) => state.currentId)
  const present = useStore((state) => state.threads.get(conversationId))
  const openPicker = useCallback(() => onPickerChange(true), [onPickerChange])
  const drop = useCallback(
    (files: File[]) => {
      const place = placeInFocus(conversationId)
      void attachFiles(place, files)
      if (place === conversationId) fieldRef.current?.focus()
    },
    [conversationId, fieldRef],
  )
  const { t } = useTranslation()
  const refuseWebPicture = useCallback(
    () => showToast({ text: `${t('images:web.title')}. ${t('images:web.detail')}` }),
    [t],
  )
  const hanging = useFileDrop(drop, refuseWebPicture)
  // Each field shows what will land in it.
  useLayoutEffect(() => {
    useEdits.setState({ incoming: placeInFocus(conversationId) === conversationId ? 0 : hanging })
  }, [conversationId, hanging])
  const incoming = useEdits((state) => state.incoming) > 0 ? 0 : hanging
  const hasModels = useHasModels(conversationId)
  useAskOffline(useChoice(conversationId).backendId)

  const focusRequests = useStore((state) => state.focusRequests)
  useEffect(() => fieldRef.current?.focus(), [focusRequests, fieldRef])

  const [isScrolled, setIsScrolled] = useState(false)
  const isPlayingFile = useWire(({ replay }) => replay?.conversationId === conversationId && replay.stored === null)
  const isWireOpen = useWire((state) => state.isOpen)
  const isEmpty =
    !isPlayingFile &&
    (present === undefined || (present.status === 'ready' && present.conversation.messages.length === 0))
  // A recording can be played in a chat that has no question yet.
  const conversation =
    present?.status === 'ready'
      ? present.conversation
      : present === undefined && isPlayingFile
        ? { id: conversationId, headId: null, messages: [] }
        : null
  const comparison = useStore((state) => state.comparisons.get(conversationId))
  const isComparing = comparison !== undefined && (present === undefined || present.status === 'ready')
  return (
    <main className={`flex h-full min-w-0 flex-1 flex-col bg-paper ${isComparing ? '[--composer:100%]' : ''}`}>
      <Header
        conversationId={conversationId}
        hasToggle={!isSidebarShown}
        hasLine={isWireOpen || (isScrolled && !isEmpty && !isComparing)}
        hasPicker={!isNarrow}
        isPickerOpen={isPickerOpen}
        onPickerChange={onPickerChange}
      />
      <StorageBanner />
      {/* Outside of what the wire view may cover, so that it is heard. */}
      {isComparing ? (
        <ComparisonReport key={`compare ${conversationId}`} conversationId={conversationId} />
      ) : (
        <LiveRegion key={conversationId} conversationId={conversationId} />
      )}
      <WirePlace>
        <div className={`relative flex min-h-0 flex-1 flex-col ${isComparing ? 'mb-3.5 max-narrow:mb-2' : ''}`}>
          {isEmpty && !isComparing && <NewChat onChooseModel={hasModels ? openPicker : null} />}
          {present?.status === 'loading' && <Opening />}
          {present?.status === 'failed' && (
            <Unreadable key={conversationId} conversationId={conversationId} error={present.error} />
          )}
          {isComparing && (
            <Suspense fallback={null}>
              <Columns key={conversationId} conversationId={conversationId} comparison={comparison} />
            </Suspense>
          )}
          {conversation !== null && !isEmpty && !isComparing && (
            <>
              <Thread key={conversationId} ref={threadRef} conversation={conversation} onScrolled={setIsScrolled} />
              {/* What scrolls away under the composer fades, beside the scroll bar [03]. */}
              <div
                aria-hidden
                className="pointer-events-none absolute inset-s-0 inset-e-3 bottom-0 h-6 bg-linear-to-t from-paper to-transparent forced-colors:hidden"
              />
            </>
          )}
          {/* A question under edit lies beneath it, and shows itself what will land there. */}
          {incoming > 0 && <DropVeil count={incoming} />}
        </div>
        <TemporaryLine conversationId={conversationId} />
        {present?.status !== 'failed' && (
          <Composer
            conversationId={conversationId}
            fieldRef={fieldRef}
            incoming={incoming}
            isNarrow={isNarrow}
            isPickerOpen={isPickerOpen}
            onPickerChange={onPickerChange}
          />
        )}
      </WirePlace>
    </main>
  )
}

const SAY_AFTER_MS = 300

/** Nothing at first: most chats are there at once. */
function Opening() {
  const { t } = useTranslation()
  const [isSlow, setIsSlow] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => setIsSlow(true), SAY_AFTER_MS)
    return () => clearTimeout(timer)
  }, [])
  return (
    <p role="status" className="m-auto text-ui text-ink-3">
      {isSlow ? t('chat:thread.loading') : ''}
    </p>
  )
}

/** There while what is written does not reach the disk (R07, R08). */
function StorageBanner() {
  const { t } = useTranslation()
  const storage = useStore((state) => state.storage)
  if (storage.isSafe) return null
  return (
    <div role="alert" className="mx-auto w-[min(var(--composer),100%-16px)] flex-none pt-3">
      <div className="flex min-h-11 flex-wrap items-center gap-2.5 rounded-l border border-line-2 bg-raised py-1.5 ps-4 pe-1.5 text-ui text-ink-1">
        <Icon of={TriangleAlert} className="text-warn" />
        <p className="min-w-60 flex-1 break-words">{t(`common:storage.${storage.reason}`)}</p>
        <Button onClick={() => void window.parley.request['app.openDataFolder']()}>{t('chat:error.dataFolder')}</Button>
      </div>
    </div>
  )
}
