/** "Being written": the one dot, at the end of a running answer. Silent, because the thread's status says it in words. */
export function Dot({ isBeside = false }: { isBeside?: boolean }) {
  return <span className={isBeside ? 'md-dot md-dot-beside' : 'md-dot'} aria-hidden />
}
