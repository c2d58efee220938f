import { CircleAlert } from 'lucide-react'
import { useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '../controls/button'
import { Icon } from '../controls/icon'
import { removeRefused, useChips, type Place } from '../store/chips'
import { blockerOf, emptySlotsOf } from '../store/drafts'
import type { Draft } from '../store/state'

export interface BlockedLineProps {
  place: Place
  /** Said of everything but files that cannot be sent, which it knows itself; null while nobody tried to send. */
  reason: string | null
}

/**
 * Why a message cannot go, below its text: whoever presses Enter looks there, not at the tooltip of a button. A file that
 * cannot be sent is said at once, with the way out.
 */
export function BlockedLine({ place, reason }: BlockedLineProps) {
  const { t } = useTranslation()
  const line = useRef<HTMLDivElement>(null)
  const refused = useChips(place).filter((chip) => chip.kind === 'refused')
  if (refused.length === 0 && reason === null) return null
  const count = refused.reduce((sum, chip) => sum + (chip.count ?? 1), 0)
  return (
    <div ref={line} className="flex flex-wrap items-center gap-x-2 gap-y-1 px-4 pb-1 text-ui text-danger">
      <Icon of={CircleAlert} size={14} />
      <p role="alert" className="min-w-40 flex-1">
        {refused.length === 0 ? reason : t('images:refused.title', { count })}
      </p>
      {refused.length > 0 && (
        <Button
          size={28}
          onClick={() => {
            const field = line.current?.closest('form')?.querySelector('textarea')
            removeRefused(place)
            field?.focus()
          }}
        >
          {t('images:refused.remove', { count })}
        </Button>
      )}
    </div>
  )
}

/** Why a draft cannot be sent now, in words; null when it can. */
export function useBlockedReason(draft: Draft): string | null {
  const { t } = useTranslation()
  const blocker = blockerOf(draft)
  switch (blocker) {
    case null:
      return null
    case 'slots':
      return t('prompts:slots.empty', { count: emptySlotsOf(draft), total: draft.filling?.slots.length ?? 0 })
    case 'empty':
      return t(draft.quotes === undefined ? 'chat:composer.blockedEmpty' : 'chat:composer.blockedQuote')
    case 'adding':
      return t('chat:composer.blockedAdding')
    case 'refused':
      return t('chat:composer.blockedRefused')
    case 'long':
      return t('chat:composer.blockedLong')
  }
}
