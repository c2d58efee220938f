/** How a backend stands: BackendStatus of src/shared/settings.ts in one word, or the Guide. */
export type Connection =
  'connected' | 'connecting' | 'needs-key' | 'untrusted' | 'offline' | 'unknown' | 'built-in' | 'gone'

/**
 * How a backend stands: filled connected; hollow amber on its way, or waiting for a key; hollow red offline or not
 * trusted; hollow grey built in, dashed not asked yet or gone. Shape and colour are never alone: the caller puts the name or a
 * tooltip beside it.
 */
export function StatusDot({ connection, className = '' }: { connection: Connection; className?: string }) {
  const looks = {
    connected: 'border-accent bg-accent forced-colors:bg-[CanvasText]',
    connecting: 'border-warn',
    'needs-key': 'border-warn',
    untrusted: 'border-danger',
    offline: 'border-danger',
    unknown: 'border-dashed border-ink-3',
    'built-in': 'border-ink-3',
    gone: 'border-dashed border-danger',
  } as const
  return (
    <span
      className={`inline-block size-2 flex-none rounded-full border-[1.5px] forced-color-adjust-none forced-colors:border-[CanvasText] ${looks[connection]} ${className}`}
      aria-hidden
    />
  )
}

/** The one dot: an answer is being written, or (still, without its halo) one has arrived. */
export function LiveDot({ isStill = false }: { isStill?: boolean }) {
  return (
    <span
      className={`inline-flex size-3 flex-none items-center justify-center rounded-full forced-color-adjust-none ${isStill ? '' : 'bg-accent/25'}`}
      aria-hidden
    >
      <span
        className={`size-1.5 rounded-full bg-accent forced-colors:bg-[CanvasText] ${isStill ? '' : 'motion-safe:animate-[breathe_1.2s_ease-in-out_infinite]'}`}
      />
    </span>
  )
}
