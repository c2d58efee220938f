/**
 * The files to attach of a paste. Word processors and spreadsheets put a picture of the text beside the text: there the
 * text is meant. A file manager's plain text is only the path of the file.
 */
export function pastedFiles(data: DataTransfer): File[] {
  const types = new Set(data.types)
  const isRichText = types.has('text/html') && types.has('text/plain')
  return isRichText ? [] : [...data.files]
}

/** Whether a drag brings files from outside, and how many; 0 for a drag of text or of a link. */
export function draggedCount(data: DataTransfer | null): number {
  if (data === null || !data.types.includes('Files')) return 0
  // The number is not known everywhere before the drop.
  return Math.max(1, [...data.items].filter(({ kind }) => kind === 'file').length)
}

/** Whether a drag brings an address and its markup, as browsers hand over pictures and links, but no file. */
export function isWebPicture(data: DataTransfer | null): boolean {
  if (data === null || data.types.includes('Files') || !data.types.includes('text/uri-list')) return false
  // Before the drop only the kinds are told, not what is in them.
  const markup = data.getData('text/html')
  return markup === '' ? data.types.includes('text/html') : /<img\b/iu.test(markup)
}
