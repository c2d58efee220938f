/**
 * The 14 px ring beside the words of something that is busy. It turns; with reduced motion it stands still. The words
 * beside it carry the meaning, so it is hidden from screen readers.
 */
export function Ring({ className = '' }: { className?: string }) {
  return (
    <svg
      viewBox="0 0 14 14"
      className={`size-3.5 flex-none motion-safe:animate-[turn_0.9s_linear_infinite] ${className}`}
      aria-hidden
    >
      <circle cx="7" cy="7" r="6" fill="none" stroke="currentColor" strokeOpacity="0.3" strokeWidth="1.5" />
      <path d="M7 1a6 6 0 0 1 5.2 3" fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinecap="round" />
    </svg>
  )
}
