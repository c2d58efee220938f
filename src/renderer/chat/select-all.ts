import { useEffect, type KeyboardEvent, type RefObject } from 'react'
import { useTranslation } from 'react-i18next'
import { escapeHtml, renderFragment } from '../../shared/markdown/fragment'
import { renderPlainText } from '../../shared/markdown/plain-text'
import { nameOf } from './status'
import { lastOf, textOf, type Turn } from './turns'

/** Mod and A in the thread: the whole conversation, also what is not in the page because it is out of sight. */
export function selectAllByKey(event: KeyboardEvent<HTMLElement>, content: HTMLElement | null): boolean {
  const isMod = window.parley.platform === 'darwin' ? event.metaKey : event.ctrlKey
  const isA = event.key.toLowerCase() === 'a' || (event.key > '\u007f' && event.code === 'KeyA')
  if (!isMod || !isA || event.shiftKey || event.altKey || content === null) return false
  if (event.target instanceof Element && event.target.closest('textarea, input') !== null) return false
  getSelection()?.selectAllChildren(content)
  return true
}

/**
 * Copying what is selected so copies all turns, as words and as HTML in which nothing runs (S43).
 *
 * @param isOneOfSeveral other turns stand beside these: what is selected with them is not these alone
 */
export function useCopyAll(
  content: RefObject<HTMLElement | null>,
  turns: readonly Turn[],
  isOneOfSeveral = false,
): void {
  const { t } = useTranslation()
  useEffect(() => {
    const copy = (event: ClipboardEvent): void => {
      if (event.clipboardData === null || !isAllSelected(content.current, isOneOfSeveral)) return
      const pieces = turns.map((turn) =>
        turn.kind === 'question'
          ? pieceOf(t('chat:thread.you'), turn.message.text, `<p>${lines(turn.message.text)}</p>`)
          : answerPiece(turn, t('chat:thread.answer')),
      )
      event.preventDefault()
      event.clipboardData.setData('text/plain', pieces.map(({ plain }) => plain).join('\n\n'))
      event.clipboardData.setData('text/html', pieces.map(({ html }) => html).join(''))
    }
    document.addEventListener('copy', copy)
    return () => document.removeEventListener('copy', copy)
  }, [content, turns, isOneOfSeveral, t])
}

/** By the key above, or by a menu that selects the whole window. */
function isAllSelected(content: HTMLElement | null, isOneOfSeveral: boolean): boolean {
  const selection = getSelection()
  if (content === null || selection === null || selection.isCollapsed) return false
  const { anchorNode, focusNode } = selection
  return (
    (anchorNode === content && focusNode === content) || (!isOneOfSeveral && selection.containsNode(content, false))
  )
}

function answerPiece(turn: Extract<Turn, { kind: 'answer' }>, usual: string): { plain: string; html: string } {
  const { provider } = lastOf(turn.messages)
  const markdown = textOf(turn.messages)
  return pieceOf(provider === null ? usual : nameOf(provider), renderPlainText(markdown), renderFragment(markdown))
}

function pieceOf(who: string, words: string, html: string): { plain: string; html: string } {
  return { plain: `${who}:\n${words}`, html: `<p><strong>${escapeHtml(who)}</strong></p>${html}` }
}

function lines(text: string): string {
  return escapeHtml(text).replace(/\n/gu, '<br>')
}
