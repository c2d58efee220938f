/** Lines that share an element, so that a growing block changes only its last one. */
const LINES_PER_CHUNK = 50

/** A code in pieces of 50 lines; together they are the code. At least one. */
export function chunkLines(text: string): string[] {
  const chunks: string[] = []
  let from = 0
  while (from < text.length) {
    let end = from
    for (let line = 0; line < LINES_PER_CHUNK && end < text.length; line += 1) {
      const newline = text.indexOf('\n', end)
      end = newline < 0 ? text.length : newline + 1
    }
    chunks.push(text.slice(from, end))
    from = end
  }
  return chunks.length === 0 ? [''] : chunks
}
