/** Text that looks like an answer, of any length, the same each time. */

/** Markdown with headings, paragraphs, lists, tables and code, `bytes` long. Sections are numbered: no two are alike. */
export function markdownProse(bytes: number): string {
  const parts: string[] = []
  let length = 0
  for (let section = 1; length < bytes; section += 1) {
    const text = markdownSection(section)
    parts.push(text)
    length += text.length
  }
  return parts.join('').slice(0, bytes)
}

function markdownSection(section: number): string {
  return `## Section ${section}

This is paragraph **${section}** of an answer that is *long*. It names \`variable_${section}\`, [a link](https://example.org/${section}) and enough words to fill three lines of an ordinary column, because most of what models write is prose.

1. The first step of ${section}, with a few words
2. The second one, which is **important**
   - a detail
   - another detail with \`code\`

| name | value | unit |
| --- | ---: | --- |
| width | ${section * 12} | px |
| height | ${section * 7} | px |

\`\`\`ts
export function step${section}(input: readonly number[]): number {
  // adds up what is above the limit
  return input.filter((each) => each > ${section}).reduce((sum, each) => sum + each, 0)
}
\`\`\`

> A quotation that closes section ${section}.

`
}

/** Text cut into pieces of about a token's length: whole characters, four at a time. */
export function tokensOf(text: string, length = 4): string[] {
  const characters = [...text]
  const tokens: string[] = []
  for (let at = 0; at < characters.length; at += length) tokens.push(characters.slice(at, at + length).join(''))
  return tokens
}

/** `00001 00002 …`: a lost, doubled or reordered piece shows at once. */
export function* numbered(count: number): Iterable<string> {
  for (let index = 1; index <= count; index += 1) yield `${String(index).padStart(5, '0')} `
}
