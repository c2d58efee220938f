import { Scan } from 'lucide-react'
import { useEffect, useLayoutEffect, useRef, useState, type RefObject } from 'react'
import { useTranslation } from 'react-i18next'
import { describe, type AppError, type CaptureReason } from '../../shared/errors'
import { useKeysOf } from '../actions/keys'
import { useAction } from '../actions/offers'
import { useClosedReason } from '../chat/choice'
import { IconButton } from '../controls/icon-button'
import { showToast } from '../controls/toast'
import { captureRegion } from '../store/chips'
import { placeInFocus } from './place-in-focus'

export interface RegionCapture {
  /** Why it cannot be done now, in words; null when it can. */
  reason: string | null
  capture: () => void
}

/** Capturing a region of the screen into this chat: for its button and its menu item, and offered to its key. */
export function useRegionCapture(conversationId: string, field: RefObject<HTMLTextAreaElement | null>): RegionCapture {
  const tell = useTell()
  const blocker = useCaptureBlocker()
  const closedReason = useClosedReason(conversationId)
  const reason = closedReason ?? (blocker === null ? null : tell({ code: 'capture', reason: blocker }))
  const capture = (): void => {
    if (reason !== null) return showToast({ text: reason })
    const place = placeInFocus(conversationId)
    const { activeElement } = document
    void captureRegion(place).then((taken) => {
      if (!taken.ok) showToast({ text: tell(taken.error) })
      // Whoever wrote goes on where they were.
      if (!(activeElement instanceof HTMLTextAreaElement)) field.current?.focus()
    })
  }
  useAction('capture-region', closedReason === null ? capture : null)
  return { reason, capture }
}

/**
 * Captures a region into the quick question when its key is pressed, wherever the person is, and shows the question with
 * it. Shows nothing when they leave, and why when it cannot be done.
 */
export function useRegionShortcut(conversationId: string): void {
  const tell = useTell()
  const closedReason = useClosedReason(conversationId)
  const run = async (): Promise<void> => {
    const { request } = window.parley
    // The quick question says by itself why nothing can be asked.
    if (closedReason !== null) {
      await request['quickAsk.show']()
      return
    }
    const taken = await captureRegion(conversationId)
    if (taken.ok && !taken.value) return
    await request['quickAsk.show']()
    if (!taken.ok) showToast({ text: tell(taken.error) })
  }
  const latest = useRef(run)
  // Before main is told how high the page is: from then on it may ask for this.
  useLayoutEffect(() => {
    latest.current = run
  })
  useLayoutEffect(
    () =>
      window.parley.on['app.command'](({ kind }) => {
        if (kind === 'ask-region') void latest.current()
      }),
    [],
  )
}

function useTell(): (error: AppError) => string {
  const { t } = useTranslation()
  return (error) => {
    const { title, detail } = describe(error, (key, values) => t(key, values ?? {}))
    return `${title}. ${detail}`
  }
}

export interface CaptureButtonProps extends RegionCapture {
  size?: 28 | 32
  side?: 'top' | 'bottom'
}

export function CaptureButton({ reason, capture, size = 32, side = 'top' }: CaptureButtonProps) {
  const { t } = useTranslation()
  const keys = useKeysOf('capture-region')
  return (
    <IconButton
      icon={Scan}
      label={t('capture:button')}
      hint={reason ?? undefined}
      keys={keys}
      size={size}
      iconSize={17}
      side={side}
      isDisabled={reason !== null}
      onClick={capture}
    />
  )
}

/** Asked again whenever the person comes back: they may have been in the system's settings. */
function useCaptureBlocker(): CaptureReason | null {
  const [blocker, setBlocker] = useState<CaptureReason | null>(null)
  useEffect(() => {
    let isGone = false
    const ask = (): void => {
      void window.parley.request['capture.blocker']().then((result) => {
        if (result.ok && !isGone) setBlocker(result.value)
      })
    }
    ask()
    window.addEventListener('focus', ask)
    return () => {
      isGone = true
      window.removeEventListener('focus', ask)
    }
  }, [])
  return blocker
}
