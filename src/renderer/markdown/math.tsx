import { memo, useMemo, useSyncExternalStore, type ReactNode } from 'react'
import { toElements } from './math-tree'
import { canTypeset } from './tex'

/** TeX set in type; its source while KaTeX loads, and for good where it cannot be set. */
export const MathFormula = memo(function MathFormula({ tex, isDisplay }: { tex: string; isDisplay: boolean }) {
  const render = useSyncExternalStore(subscribe, () => katex)
  const formula = useMemo(
    () => (render === null || !canTypeset(tex) ? null : typeset(render, tex, isDisplay)),
    [render, tex, isDisplay],
  )
  if (formula === null) {
    return (
      <code className={isDisplay ? 'md-tex md-tex-display' : 'md-tex'} dir="ltr">
        {tex}
      </code>
    )
  }
  return (
    <span className={isDisplay ? 'md-math md-math-display' : 'md-math'} data-tex={tex} dir="ltr">
      {formula}
    </span>
  )
})

type RenderTree = (tex: string, options: object) => unknown

let katex: RenderTree | null = null
let isLoading = false
const listeners = new Set<() => void>()

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  void load()
  return () => listeners.delete(listener)
}

// With its fonts and styles KaTeX weighs a third of a megabyte: it is loaded when the first formula is on show.
async function load(): Promise<void> {
  if (katex !== null || isLoading) return
  isLoading = true
  try {
    const [module] = await Promise.all([import('katex'), import('katex/dist/katex.min.css')])
    const render: unknown = Reflect.get(module, '__renderToDomTree')
    if (typeof render !== 'function') return
    katex = (tex, options) => Reflect.apply(render, undefined, [tex, options]) as unknown
    listeners.forEach((listener) => listener())
  } finally {
    isLoading = false
  }
}

function typeset(render: RenderTree, tex: string, isDisplay: boolean): ReactNode {
  try {
    return toElements(
      render(tex, {
        displayMode: isDisplay,
        output: 'htmlAndMathml',
        throwOnError: true,
        strict: 'ignore',
        // No links, pictures, classes or styles from a formula (S07); bounds on size and on macros that call themselves.
        trust: false,
        maxSize: 20,
        maxExpand: 500,
      }),
    )
  } catch {
    return null
  }
}
