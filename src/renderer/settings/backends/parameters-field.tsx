import { useCallback, useEffect, useId, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { AppError } from '../../../shared/errors'
import { FieldNote } from '../../controls/text-field'
import { useErrorText } from '../error-text'
import { checkParameters, type JsonProblem } from './json-check'

/** From the last key to the check (DESIGN "Chat settings"). */
const CHECK_DELAY_MS = 300
const MOST_LINES = 14

/** What was typed and is no JSON yet, by owner: going to another page does not lose it. */
const unfinished = new Map<string, string>()

/** Forgets what was typed for an owner and is no JSON. */
export function forgetUnfinished(ownerId: string): void {
  unfinished.delete(ownerId)
}

export interface ParametersFieldProps {
  id: string
  /** The backend or conversation that they belong to. */
  ownerId: string
  /** The last good text, which is sent. */
  value: string
  /** What main found that the check here did not. */
  error: AppError | null
  /** A sentence beneath, where nothing else says what the field is for. */
  help?: string
  /** So many lines stand in it at least. */
  leastLines?: number
  /** Only good texts. */
  onChange: (text: string) => void
}

/** The fields that go with every question, as JSON: checked while it is typed, with the place of what is wrong marked. */
export function ParametersField({ id, ownerId, value, error, help, leastLines = 3, onChange }: ParametersFieldProps) {
  const { t } = useTranslation()
  const errorText = useErrorText()
  const noteId = useId()
  const [text, setText] = useState(() => unfinished.get(ownerId) ?? value)
  const [problem, setProblem] = useState(() => checkParameters(text))
  const [scrolled, setScrolled] = useState({ left: 0, top: 0 })
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined)
  const latest = useRef({ text, onChange })
  useEffect(() => {
    latest.current = { text, onChange }
  })

  const check = useCallback(() => {
    clearTimeout(timer.current)
    timer.current = undefined
    const found = checkParameters(latest.current.text)
    setProblem(found)
    if (found === null) {
      unfinished.delete(ownerId)
      latest.current.onChange(latest.current.text)
    } else unfinished.set(ownerId, latest.current.text)
  }, [ownerId])
  useEffect(
    () => () => {
      // Left within 300 ms of the last key.
      if (timer.current !== undefined) check()
    },
    [check],
  )

  const lines = text.split('\n').length
  const note =
    problem !== null
      ? `${problemText(problem, t)} ${t('settings:parameters.lastGood')}`
      : error !== null
        ? errorText(error).detail
        : null
  return (
    <div>
      <div
        dir="ltr"
        className={`flex overflow-hidden rounded-m border border-field bg-raised font-code text-code [font-variant-ligatures:none] transition-colors -outline-offset-1 hover:border-ink-2 ${note === null ? 'focus-within:outline-2 focus-within:outline-focus' : 'outline-2 outline-danger'}`}
      >
        <div
          aria-hidden
          className="flex-none overflow-hidden py-1.75 ps-3 pe-3 text-end text-ink-3 tabular select-none"
        >
          <div style={{ translate: `0 ${-scrolled.top}px` }}>
            {Array.from({ length: lines }, (_, index) => (
              <div key={index}>{index + 1}</div>
            ))}
          </div>
        </div>
        <div className="relative min-w-0 flex-1">
          <div aria-hidden className="pointer-events-none absolute inset-0 overflow-hidden py-1.75 pe-3 whitespace-pre">
            <div style={{ translate: `${-scrolled.left}px ${-scrolled.top}px` }}>
              <Coloured text={text} problem={problem} />
            </div>
          </div>
          <textarea
            id={id}
            value={text}
            rows={Math.min(Math.max(lines, leastLines), MOST_LINES)}
            wrap="off"
            spellCheck={false}
            autoComplete="off"
            placeholder={'{ "temperature": 0.2 }'}
            aria-invalid={note !== null || undefined}
            aria-describedby={note === null && help === undefined ? undefined : noteId}
            // The coloured copy beneath shows the words; in forced colours the field does.
            className="relative block w-full resize-none overflow-auto bg-transparent py-1.75 pe-3 whitespace-pre text-transparent caret-accent outline-none placeholder:text-ink-3 forced-colors:text-[FieldText]"
            onChange={(event) => {
              setText(event.currentTarget.value)
              clearTimeout(timer.current)
              timer.current = setTimeout(check, CHECK_DELAY_MS)
            }}
            onBlur={() => {
              if (timer.current !== undefined) check()
            }}
            onScroll={(event) =>
              setScrolled({ left: event.currentTarget.scrollLeft, top: event.currentTarget.scrollTop })
            }
          />
        </div>
      </div>
      {(note !== null || help !== undefined) && <FieldNote id={noteId} error={note} help={help} />}
    </div>
  )
}

const TOKEN = /("(?:[^"\\\n]|\\.)*"?)(\s*:)?|(-?\d[\d.eE+-]*|\btrue\b|\bfalse\b|\bnull\b)/gu

/** The text in the colours of code, with a squiggle under what is wrong. */
function Coloured({ text, problem }: { text: string; problem: JsonProblem | null }) {
  const pieces: { from: number; to: number; colour: string }[] = []
  for (const match of text.matchAll(TOKEN)) {
    const [, quoted, colon] = match
    const length = quoted?.length ?? match[0].length
    const colour =
      quoted === undefined ? 'text-(--syn-num)' : colon === undefined ? 'text-(--syn-str)' : 'text-(--syn-fn)'
    pieces.push({ from: match.index, to: match.index + length, colour })
  }
  return (
    <span className="text-ink-1 forced-colors:text-transparent">
      {cut(text, pieces, problem).map(({ from, to, colour, isWrong }) => (
        <span
          key={from}
          className={`${colour} ${isWrong ? 'underline decoration-danger decoration-wavy decoration-1 underline-offset-3' : ''}`}
        >
          {text.slice(from, to)}
        </span>
      ))}
      {'\n'}
    </span>
  )
}

interface Cut {
  from: number
  to: number
  colour: string
  isWrong: boolean
}

/** The whole text in pieces that have one colour each and are wholly wrong or not at all. */
function cut(
  text: string,
  pieces: readonly { from: number; to: number; colour: string }[],
  problem: JsonProblem | null,
): Cut[] {
  const edges = new Set([0, text.length, ...pieces.flatMap(({ from, to }) => [from, to])])
  if (problem !== null) edges.add(problem.from).add(Math.min(problem.to, text.length))
  const sorted = [...edges].sort((a, b) => a - b)
  let at = 0
  return sorted.slice(0, -1).map((from, index) => {
    while ((pieces[at]?.to ?? Infinity) <= from) at += 1
    const piece = pieces[at]
    return {
      from,
      to: sorted[index + 1] ?? text.length,
      colour: piece !== undefined && piece.from <= from ? piece.colour : '',
      isWrong: problem !== null && from >= problem.from && from < problem.to,
    }
  })
}

function problemText({ kind, line, piece }: JsonProblem, t: ReturnType<typeof useTranslation>['t']): string {
  return t(`settings:parameters.problems.${kind}`, { line, piece })
}
