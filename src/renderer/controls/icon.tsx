import type { LucideIcon } from 'lucide-react'

/** A Lucide icon as the design draws it: 16 px (17 in the composer), stroke 1.75, no name of its own. */
export function Icon({ of: Shape, size = 16, className }: { of: LucideIcon; size?: number; className?: string }) {
  return <Shape size={size} strokeWidth={1.75} className={className ?? ''} aria-hidden />
}
