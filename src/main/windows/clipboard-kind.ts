/** What could be pasted as a question. */
export type ClipboardKind = 'text' | 'image'

/**
 * What lies in the clipboard; null for nothing that a question can hold. Only asked is which formats there are: the content
 * is not read. Text comes before a picture of it, as office programs copy both; files that were copied are named as text as
 * well, and nobody wants their names.
 *
 * @param has whether there is something in a format; before Electron 45 it answers at once
 */
export async function clipboardKind(
  has: (format: string) => boolean | Promise<boolean>,
): Promise<ClipboardKind | null> {
  if (await has('text/uri-list')) return null
  if (await has('text/plain')) return 'text'
  return (await has('image/png')) ? 'image' : null
}
