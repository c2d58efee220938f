/** Parley's mark: a P that is also a speech mark, and the dot. In the ink and accent of the theme; 16 px or as classed. */
export function Mark({ className = 'size-4' }: { className?: string }) {
  return (
    <svg viewBox="0 0 16 16" className={`flex-none text-ink-1 ${className}`} aria-hidden>
      <path
        fill="currentColor"
        fillRule="evenodd"
        d="M3.3 1H8.6a5 5 0 0 1 0 10H6.95L3.07 14.88A.33.33 0 0 1 2.5 14.65V1.8A.8.8 0 0 1 3.3 1ZM4.8 3.2V8.8H8.6a2.8 2.8 0 0 0 0-5.6Z"
      />
      <circle cx="12" cy="13.35" r="1.6" className="fill-accent" />
    </svg>
  )
}
