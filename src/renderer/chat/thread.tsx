import { ArrowDown } from 'lucide-react'
import {
  useCallback,
  useEffect,
  useImperativeHandle,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
  type Ref,
} from 'react'
import { useTranslation } from 'react-i18next'
import { Virtualizer, type CacheSnapshot, type VirtualizerHandle } from 'virtua'
import { useKeysOf } from '../actions/keys'
import type { Conversation } from '../../shared/conversation'
import { Icon } from '../controls/icon'
import { ariaKeys } from '../controls/kbd'
import { LiveDot } from '../controls/status-dot'
import { useWire } from '../wire/state'
import { variantPlaces, type VariantPlace } from '../../shared/variants'
import { useStore } from '../store/state'
import { isSteppedTo } from '../store/variants'
import { Answer, ReplayedAnswer } from './answer'
import { useEdits } from './edit-state'
import { Find } from './find'
import { useFind } from './find-state'
import { useFollow } from './follow'
import { Question } from './question'
import { QuoteBar } from './quote-bar'
import { selectAllByKey, useCopyAll } from './select-all'
import { useTarget } from './target'
import './thread.css'
import { guessedHeight, lastOf, turnsOf, type Turn } from './turns'
import { stepByKey, useStepped, variantIdOf } from './variants'
import { useWheeling } from './wheeling'

/** Where a thread was left: shown again at the same place, with the same heights. */
interface Place {
  offset: number
  isFollowing: boolean
  turns: number
  heights: CacheSnapshot
  /** The last question there was. With another one, asked elsewhere meanwhile, the place is an old one. */
  questionId: string | undefined
}

const places = new Map<string, Place>()

/** Turns so far beyond the window are in the page as well, so that scrolling, Tab and screen readers find them there. */
const BEYOND_PX = 400
/** They are made when somebody comes to the thread, or after so long: who goes through chats does not wait for them. */
const REST_MS = 600

export interface ThreadHandle {
  jump: () => void
}

export interface ThreadProps {
  conversation: Pick<Conversation, 'id' | 'headId' | 'messages'>
  /** Tells whether something is scrolled out of sight above. */
  onScrolled: (isScrolled: boolean) => void
  ref?: Ref<ThreadHandle>
}

/** All turns of a conversation, only those in sight in the page. Give it the conversation's id as key. */
export function Thread({ conversation, onScrolled, ref }: ThreadProps) {
  const { t } = useTranslation()
  const latestKeys = useKeysOf('latest')
  const scroller = useRef<HTMLDivElement>(null)
  const content = useRef<HTMLDivElement>(null)
  const list = useRef<VirtualizerHandle>(null)
  const { id, headId } = conversation
  const isPlayingFile = useWire(({ replay }) => replay?.conversationId === id && replay.stored === null)
  const stored = useMemo(() => turnsOf(conversation), [conversation])
  const turns = useMemo(
    (): ThreadTurn[] => (isPlayingFile ? [...stored, { kind: 'replay', key: 'replay' }] : stored),
    [stored, isPlayingFile],
  )
  const variants = useMemo(() => variantPlaces(conversation), [conversation])
  const lastQuestion = turns.findLast(({ kind }) => kind === 'question')?.key
  const shownQuestion = useRef(lastQuestion)
  const [left] = useState(() => {
    const place = places.get(id)
    return place?.questionId === lastQuestion ? place : undefined
  })
  // As many turns as the window will hold are made at first; by the list's own guess it would be three times as many.
  const [turnPx] = useState(() => guessedHeight(stored))
  // Who comes for a message, or back to a place, shall not have what stands above it grow afterwards.
  const [isRested, setIsRested] = useState(
    () => useStore.getState().target?.conversationId === id || left?.isFollowing === false,
  )
  const rest = useCallback(() => setIsRested(true), [])
  useEffect(() => {
    const timer = setTimeout(rest, REST_MS)
    return () => clearTimeout(timer)
  }, [rest])
  const { isAway, jump, leave, isFollowing } = useFollow(scroller, content, left?.isFollowing ?? true)
  useImperativeHandle(ref, () => ({ jump }), [jump])

  useLayoutEffect(() => {
    onScrolled((scroller.current?.scrollTop ?? 0) > 0)
  }, [onScrolled])

  useLayoutEffect(() => {
    if (left === undefined || left.isFollowing) jump()
    else list.current?.scrollTo(left.offset)
  }, [left, jump])

  const count = useRef(turns.length)
  useEffect(() => {
    count.current = turns.length
  }, [turns.length])
  useLayoutEffect(
    () => () => {
      if (list.current === null) return
      const { scrollOffset: offset, cache: heights } = list.current
      const questionId = shownQuestion.current
      places.set(id, { offset, isFollowing: isFollowing(), turns: count.current, heights, questionId })
    },
    [id, isFollowing],
  )

  // Whoever asks wants to see what comes.
  useLayoutEffect(() => {
    // Whoever goes to another version stays where they are.
    if (shownQuestion.current !== lastQuestion && !isSteppedTo(headId)) jump()
    shownQuestion.current = lastQuestion
  }, [lastQuestion, headId, jump])

  // So does who has a recording played.
  const replayedId = useWire(({ replay }) => (replay?.conversationId === id ? replay.answer.id : null))
  const shownReplay = useRef<string | null>(null)
  useLayoutEffect(() => {
    if (shownReplay.current === replayedId) return
    shownReplay.current = replayedId
    const storedId = useWire.getState().replay?.stored?.id
    const place = turns.findIndex(
      (turn) => turn.kind === 'answer' && turn.messages.some((each) => each.id === storedId),
    )
    if (replayedId === null) return
    if (place === -1 || place === turns.length - 1) jump()
    else list.current?.scrollToIndex(place, { align: 'start' })
  }, [replayedId, turns, jump])

  // After everything that goes to the end.
  useTarget(id, stored, scroller, list, leave)
  useStepped(stored, scroller, list, leave)
  useCopyAll(content, stored)
  const editedId = useEdits(({ edits }) => edits.get(id)?.messageId ?? null)
  const editRequests = useEdits((state) => state.focusRequests)
  const edited = editedId === null ? -1 : stored.findIndex(({ key }) => key === editedId)
  useLayoutEffect(() => {
    if (edited === -1) return
    leave()
    list.current?.scrollToIndex(edited, { align: 'nearest' })
  }, [edited, editRequests, leave])
  useWheeling(scroller)
  const isFinding = useFind((state) => state.conversationId === id)

  const lastTurn = turns.at(-1)
  const isRunning = lastTurn?.kind === 'answer' && lastOf(lastTurn.messages).state === 'running'
  const heights = left !== undefined && left.turns === turns.length ? left.heights : undefined
  return (
    <div className="relative flex min-h-0 flex-1 flex-col">
      <div
        ref={scroller}
        role="log"
        aria-live="off"
        aria-label={t('chat:thread.label')}
        data-region="thread"
        tabIndex={0}
        // Not when it comes to lie under a pointer that rests, as when chats are gone through by keys.
        onPointerMove={rest}
        onFocus={rest}
        onKeyDown={(event) => {
          const isUsed = stepByKey(event, id, stored, variants) || selectAllByKey(event, content.current)
          if (isUsed) event.preventDefault()
        }}
        // As much room at the start as the scroll bar takes at the end, so that the text stands above the composer. Not
        // `both-edges`: Chromium 130 then cuts the content at its end.
        className="focus-inset min-h-0 flex-1 overflow-x-hidden overflow-y-auto overscroll-contain ps-3 [overflow-anchor:none] [scrollbar-gutter:stable]"
      >
        <div
          ref={content}
          className="mx-auto w-[min(var(--column),100%-24px)] max-narrow:w-[min(var(--column),100%-16px)] max-narrow:[--page-edge:8px]"
        >
          <Virtualizer
            ref={list}
            scrollRef={scroller}
            data={turns}
            itemSize={turnPx}
            bufferSize={isRested || isFinding ? BEYOND_PX : 0}
            onScroll={(offset) => onScrolled(offset > 0)}
            // The end, and a field with the focus in it.
            keepMounted={[...(edited === -1 ? [] : [edited]), ...(turns.length === 0 ? [] : [turns.length - 1])]}
            {...(heights !== undefined && { cache: heights })}
          >
            {(turn, index) => (
              <div
                key={turn.key}
                data-turn={turn.key}
                data-superseded={(edited !== -1 && index > edited) || undefined}
                className={`${gapAbove(turn, index)} ${index === turns.length - 1 ? 'pb-4.5' : ''}`}
              >
                <TurnView
                  turn={turn}
                  conversationId={id}
                  isLast={turn === turns.findLast(isStored)}
                  place={turn.kind === 'replay' ? null : (variants.get(variantIdOf(turn)) ?? null)}
                />
              </div>
            )}
          </Virtualizer>
        </div>
      </div>
      <div
        className="pointer-events-none absolute inset-x-4 bottom-0 h-4 bg-linear-to-t from-paper to-paper/0"
        aria-hidden
      />
      <QuoteBar conversationId={id} scroller={scroller} />
      {isFinding && <Find turns={stored} scroller={scroller} list={list} onLeaveEnd={leave} />}
      {isAway && (
        <button
          type="button"
          aria-keyshortcuts={latestKeys && ariaKeys(latestKeys)}
          className="layer-pill absolute inset-x-0 bottom-3.5 mx-auto flex h-8 w-max items-center gap-2 rounded-full bg-raised px-3.5 text-ui font-label text-ink-1 shadow-e1 hover:tint-hover active:tint-active forced-colors:border"
          onClick={jump}
        >
          <Icon of={ArrowDown} className="-ms-1" />
          {t('chat:thread.jump')}
          {isRunning && <LiveDot />}
        </button>
      )}
    </div>
  )
}

/** A recording from a file is played behind all that is stored. */
type ThreadTurn = Turn | { kind: 'replay'; key: string }

function isStored(turn: ThreadTurn): boolean {
  return turn.kind !== 'replay'
}

interface TurnViewProps {
  turn: ThreadTurn
  conversationId: string
  isLast: boolean
  place: VariantPlace | null
}

function TurnView({ turn, conversationId, isLast, place }: TurnViewProps) {
  const replayed = useWire(({ replay }) => (turn.kind === 'replay' ? (replay?.answer ?? null) : null))
  switch (turn.kind) {
    case 'question':
      return <Question message={turn.message} conversationId={conversationId} place={place} />
    case 'answer':
      return <Answer messages={turn.messages} conversationId={conversationId} isLast={isLast} place={place} />
    case 'replay':
      return replayed === null ? null : <ReplayedAnswer answer={replayed} conversationId={conversationId} />
  }
}

function gapAbove(turn: ThreadTurn, index: number): string {
  if (index === 0) return 'pt-5'
  return turn.kind === 'question' ? 'pt-8' : 'pt-6'
}
