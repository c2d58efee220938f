import type { GrammarState, HighlighterCore, RegexEngine, ThemeRegistrationRaw } from 'shiki/core'
import { languages } from './languages'

/** A line longer than this is data, not code, and costs its square. */
const MAX_LINE_LENGTH = 2_000
/** How long one piece of work may take before the page gets its turn. */
const SLICE_MS = 12

export type Ink = 'key' | 'str' | 'num' | 'fn' | 'com'
/** A null ink is that of plain text. */
export interface HighlightedToken {
  text: string
  ink: Ink | null
}
export type HighlightedLine = readonly HighlightedToken[]
/** Where the grammar stands after a line. */
export type LineState = GrammarState

/** The colours of a line that follows `state`; null when its slice of time is over and it must be asked again. */
export type Tokenize = (
  line: string,
  state: LineState | null,
) => { line: HighlightedLine; state: LineState | null } | null

/** What colours the lines of a language; null for a language without a grammar here. */
export async function tokenizer(language: string): Promise<Tokenize | null> {
  const load = Object.hasOwn(languages, language) ? languages[language] : undefined
  if (load === undefined) return null
  core ??= createCore()
  const [highlighter, { default: grammars }] = await Promise.all([core, load()])
  const name = grammars.at(-1)?.name
  if (name === undefined) return null
  if (!highlighter.getLoadedLanguages().includes(name)) await highlighter.loadLanguage(grammars)
  return (line, state) => tokenizeLine(highlighter, name, line, state)
}

function tokenizeLine(highlighter: HighlighterCore, lang: string, line: string, state: LineState | null) {
  sliceEndsAt = performance.now() + SLICE_MS
  try {
    const lines = highlighter.codeToTokensBase(line, {
      lang,
      theme: THEME.name,
      tokenizeMaxLineLength: MAX_LINE_LENGTH,
      ...(state === null ? {} : { grammarState: state }),
    })
    const tokens = lines[0] ?? []
    return {
      line: tokens.map(({ content, color }) => ({ text: content, ink: inkOf(color) })),
      state: highlighter.getLastGrammarState(lines) ?? null,
    }
  } catch (thrown) {
    if (thrown === SLICE_IS_OVER) return null
    throw thrown
  }
}

function inkOf(color: string | undefined): Ink | null {
  return color !== undefined && Object.hasOwn(INKS, color.toLowerCase()) ? (INKS[color.toLowerCase()] ?? null) : null
}

// A theme can only name colours: these five stand for the tokens --syn-*, which differ by light and dark.
const KEY = '#000001'
const STR = '#000002'
const NUM = '#000003'
const FN = '#000004'
const COM = '#000005'
const INKS: Readonly<Record<string, Ink>> = { [KEY]: 'key', [STR]: 'str', [NUM]: 'num', [FN]: 'fn', [COM]: 'com' }

const THEME = {
  name: 'parley',
  type: 'light',
  fg: '#000000',
  bg: '#ffffff',
  settings: [
    { settings: { foreground: '#000000', background: '#ffffff' } },
    {
      scope: ['keyword', 'storage', 'entity.name.tag', 'variable.language', 'markup.heading', 'markup.inserted'],
      settings: { foreground: KEY },
    },
    {
      scope: ['keyword.operator', 'storage.modifier.import', 'storage.type.java'],
      settings: { foreground: '#000000' },
    },
    {
      scope: [
        'keyword.operator.logical.python',
        'keyword.operator.new',
        'keyword.operator.expression',
        'keyword.operator.word',
      ],
      settings: { foreground: KEY },
    },
    {
      scope: ['string', 'storage.type.string', 'constant.character.escape', 'markup.inline.raw'],
      settings: { foreground: STR },
    },
    {
      scope: [
        'constant.numeric',
        'constant.language',
        'constant.other',
        'support.constant',
        'keyword.other.unit',
        'markup.deleted',
      ],
      settings: { foreground: NUM },
    },
    {
      scope: [
        'entity.name.function',
        'entity.name.type',
        'entity.name.class',
        'entity.other.attribute-name',
        'entity.other.inherited-class',
        'support.function',
        'support.class',
        'support.type.property-name',
        'storage.type.directive',
        'storage.type.class.java',
      ],
      settings: { foreground: FN },
    },
    { scope: ['meta.embedded', 'string.quoted.docstring.multi.python meta'], settings: { foreground: '#000000' } },
    { scope: ['comment', 'punctuation.definition.comment'], settings: { foreground: COM } },
  ],
} satisfies ThemeRegistrationRaw

let core: Promise<HighlighterCore> | null = null

async function createCore(): Promise<HighlighterCore> {
  const [{ createHighlighterCore }, { createJavaScriptRegexEngine }] = await Promise.all([
    import('shiki/core'),
    import('shiki/engine/javascript'),
  ])
  // The engine made of JavaScript: the other one is WebAssembly, which the content security policy refuses.
  const engine = createJavaScriptRegexEngine({ forgiving: true, cache: new Map() })
  return createHighlighterCore({ themes: [THEME], langs: [], engine: inSlices(engine) })
}

const SLICE_IS_OVER = new Error('slice is over')
let sliceEndsAt = Infinity

/**
 * An engine that compiles in slices. A line may need hundreds of patterns, and the first use of each costs milliseconds:
 * all of them at once would hold up the page for a quarter of a second, in C++ for one and a half. So the patterns are
 * compiled one by one, and when the slice is over the line is given up; asked again, it finds what is done already. A
 * worker would be the other way, but `trusted-types 'none'` lets no page start one.
 */
function inSlices(engine: RegexEngine): RegexEngine {
  const runs = new Map<string | RegExp, number>()
  return {
    createString: (text) => engine.createString(text),
    createScanner: (patterns) => {
      for (const pattern of patterns) {
        // V8 compiles a pattern when it first runs, and once more, for speed, when it runs again.
        for (let run = runs.get(pattern) ?? 0; run < 2; run += 1) {
          if (performance.now() > sliceEndsAt) throw SLICE_IS_OVER
          engine.createScanner([pattern]).findNextMatchSync(engine.createString('a'), 0, 0)
          runs.set(pattern, run + 1)
        }
      }
      return engine.createScanner(patterns)
    },
  }
}
