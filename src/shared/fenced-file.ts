/** So much of a file has a place in the text of a message; more belongs into a file. */
export const MAX_FENCED_BYTES = 100_000

/**
 * A file as a block of code with its name above it, as it is put into the text of a message. The fence is longer than any
 * in the text, so that the block ends where the file ends.
 *
 * @param name of the file; its ending becomes the language of the block
 */
export function fencedFile(name: string, text: string): string {
  const longest = Math.max(2, ...(text.match(/`{3,}/gu) ?? []).map(({ length }) => length))
  const fence = '`'.repeat(longest + 1)
  const language = /\.([A-Za-z0-9]{1,12})$/u.exec(name)?.[1]?.toLowerCase() ?? ''
  const title = name.replace(/[\s\p{Cc}]+/gu, ' ').trim()
  return `${title}\n\n${fence}${language === 'txt' ? '' : language}\n${text}${text.endsWith('\n') ? '' : '\n'}${fence}`
}
