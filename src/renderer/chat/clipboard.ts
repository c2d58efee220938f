/**
 * Puts an answer on the clipboard in both forms: an editor takes its Markdown, a document the HTML with its headings and
 * lists, in which nothing runs and nothing is fetched (S43).
 */
export async function copyAnswer(markdown: string): Promise<void> {
  // Reading markdown is heavy, and loaded once there is an answer.
  const { renderFragment } = await import('../markdown')
  const item = new ClipboardItem({
    'text/plain': new Blob([markdown], { type: 'text/plain' }),
    'text/html': new Blob([renderFragment(markdown)], { type: 'text/html' }),
  })
  await navigator.clipboard.write([item])
}

/** Its words alone. */
export async function copyPlainText(markdown: string): Promise<void> {
  const { renderPlainText } = await import('../markdown')
  await navigator.clipboard.writeText(renderPlainText(markdown))
}
