import { AttachmentRow } from '../composer/attachment-row'

/**
 * The images of the next question in one row that scrolls; `ghosts` are those that still hang over the window. `relative` keeps
 * words that only screen readers get inside of it: they would make the page wider than its window.
 */
export function Chips({ conversationId, ghosts }: { conversationId: string; ghosts: number }) {
  return (
    <AttachmentRow
      place={conversationId}
      ghosts={ghosts}
      canView={false}
      className="relative -mt-1 flex flex-none gap-2 overflow-x-auto px-5.25 pb-3.5 [scrollbar-width:none]"
    />
  )
}
