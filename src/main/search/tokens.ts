import { splitWords, stem } from '../words'

/** Longer words are data, such as base64: their beginning is enough to find them. */
const MAX_TOKEN_LENGTH = 64
/** Stems that are remembered, because most words of a text are the same few thousand. */
const MAX_STEMS = 50_000

/** Scripts that are written without spaces between words. */
const UNSPACED =
  '\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}\\p{Script=Myanmar}'
const PIECES = new RegExp(`[${UNSPACED}]+|[^${UNSPACED}]+`, 'gu')
const IS_UNSPACED = new RegExp(`^[${UNSPACED}]`, 'u')

const stems = new Map<string, string>()

/** `stem`, remembered. */
export function stemOf(word: string): string {
  const known = stems.get(word)
  if (known !== undefined) return known
  if (stems.size >= MAX_STEMS) stems.clear()
  const found = stem(word)
  stems.set(word, found)
  return found
}

/**
 * Under which tokens a text is found, each once: every word as it stands, so that its beginning finds it, and its stem,
 * so that its other forms do. Of text without spaces, every two neighbouring characters.
 */
export function tokensOf(text: string): Set<string> {
  const tokens = new Set<string>()
  for (const word of splitWords(text)) {
    for (const piece of piecesOf(word)) {
      if (isUnspaced(piece)) {
        for (const pair of pairsOf(piece)) tokens.add(pair)
        // The last one alone begins no pair.
        tokens.add([...piece].at(-1) ?? '')
      } else {
        tokens.add(piece)
        tokens.add(stemOf(piece))
      }
    }
  }
  return tokens
}

/** The parts of a word that are of one kind, none longer than a token. */
export function piecesOf(word: string): string[] {
  return (word.match(PIECES) ?? []).map((piece) => (isUnspaced(piece) ? piece : cut(piece)))
}

/** True for a piece of a script without spaces. */
export function isUnspaced(piece: string): boolean {
  return IS_UNSPACED.test(piece)
}

/** Every two neighbouring characters; none of a single one. */
export function pairsOf(piece: string): string[] {
  const characters = [...piece]
  return characters.slice(1).map((character, index) => `${characters[index] ?? ''}${character}`)
}

function cut(piece: string): string {
  if (piece.length <= MAX_TOKEN_LENGTH) return piece
  // A half character would not come out of the file as it went in.
  return piece.slice(0, MAX_TOKEN_LENGTH).replace(/[\ud800-\udbff]$/u, '')
}
