import { AttachmentRow } from '../composer/attachment-row'

/** The images of the next question in one row that scrolls; `ghosts` are those that still hang over the window. */
export function Chips({ conversationId, ghosts }: { conversationId: string; ghosts: number }) {
  return (
    <AttachmentRow
      place={conversationId}
      ghosts={ghosts}
      canView={false}
      className="-mt-1 flex flex-none gap-2 overflow-x-auto px-5.25 pb-3.5 [scrollbar-width:none]"
    />
  )
}
