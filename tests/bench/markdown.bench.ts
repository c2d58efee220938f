import { read, type Reading } from '../../src/shared/markdown/reading'

/** Markdown as models write it: headings, paragraphs, lists, code, tables and formulas, to a length in characters. */
function makeMarkdown(length: number): string {
  let text = ''
  for (let section = 1; text.length < length; section += 1) {
    text +=
      `## Section ${section}\n\nA paragraph with **strong words**, *emphasis*, \`code\` and a [link](https://example.org/${section}). It says little, but it says it at the length that answers have.\n\n` +
      `1. first point with \`value_${section}\`\n2. second point\n   - a detail\n   - another\n3. third point\n\n` +
      `\`\`\`ts\nexport function f${section}(x: number): number {\n  return x * ${section} // comment\n}\n\`\`\`\n\n` +
      `| Name | Value | Why |\n|---|--:|---|\n| a | ${section} | because |\n| b | 2 | also because |\n\n` +
      `> A quote of one line.\n\nInline $x_${section}$ and\n\n$$\nx = \\frac{1}{${section}}\n$$\n\n`
  }
  return text.slice(0, length)
}

/** The middle of 24-character appends at the end of a text of this length, in milliseconds. */
function appendCost(length: number): { medianMs: number; worstMs: number } {
  let text = makeMarkdown(length)
  const tail = makeMarkdown(4_000)
  let reading: Reading = read(text, true, null)
  const costs: number[] = []
  for (let at = 0; at + 24 <= tail.length; at += 24) {
    text += tail.slice(at, at + 24)
    const startedAt = performance.now()
    reading = read(text, true, reading)
    costs.push(performance.now() - startedAt)
  }
  costs.sort((a, b) => a - b)
  return { medianMs: costs[Math.floor(costs.length / 2)] ?? 0, worstMs: costs.at(-1) ?? 0 }
}

function wholeCost(length: number): number {
  const text = makeMarkdown(length)
  const startedAt = performance.now()
  read(text, false, null)
  return performance.now() - startedAt
}

/**
 * What reading markdown costs in plain Node, without React: one append of 24 characters at the end of an answer, and a
 * whole answer at once. The frames of the real window are measured elsewhere.
 */
export async function run(): Promise<Record<string, number | string>> {
  wholeCost(200_000)
  const figures: Record<string, number | string> = {}
  for (const [name, length] of [
    ['10 kB', 10_000],
    ['100 kB', 100_000],
    ['1 MB', 1_000_000],
  ] as const) {
    const { medianMs, worstMs } = appendCost(length)
    figures[`append at ${name}, median ms`] = round(medianMs)
    figures[`append at ${name}, worst ms`] = round(worstMs)
    figures[`whole ${name}, ms`] = round(wholeCost(length))
  }
  return figures
}

function round(ms: number): number {
  return Math.round(ms * 100) / 100
}
