/** From 250 ms a gap reads as a stop; the dotted line of the chart (DESIGN "Settings"). */
export const NOTICEABLE_GAP_MS = 250

const HEIGHT = 32
/** A bar of 3 px and its gap of 1 [16]. */
const STEP = 4
/** So many places at least: five gaps are five bars, not five blocks. */
const FEWEST_PLACES = 24

export interface CadenceChartProps {
  /** Milliseconds between pieces of text, in the order in which they came. */
  gapsMs: readonly number[]
  /** The figures in words, for screen readers: "usual 24 ms, longest 310 ms". */
  label: string
  /** In CSS pixels; the chart is 32 high. */
  widthPx?: number
}

/**
 * How steadily text came: one bar per gap. Of more gaps than there is room for each bar is the longest of its share, so
 * that no stop is lost. The dotted line stands at 250 ms, or at the top when nothing comes near it.
 */
export function CadenceChart({ gapsMs, label, widthPx = 236 }: CadenceChartProps) {
  const shown = longestOfEach(gapsMs, Math.floor(widthPx / STEP))
  const scaleMs = Math.max(NOTICEABLE_GAP_MS * 1.2, ...shown)
  const y = (ms: number) => HEIGHT - Math.max(2, (steepness(ms) / steepness(scaleMs)) * HEIGHT)
  const step = widthPx / Math.max(shown.length, FEWEST_PLACES)
  const lineY = y(NOTICEABLE_GAP_MS)
  return (
    <svg
      viewBox={`0 0 ${widthPx} ${HEIGHT}`}
      width={widthPx}
      height={HEIGHT}
      className="max-w-full forced-color-adjust-none"
      role="img"
      aria-label={label}
    >
      <line x1="0" x2={widthPx} y1={lineY} y2={lineY} stroke="var(--ink-4)" strokeDasharray="2 3" />
      {shown.map((ms, index) => (
        <rect
          // Bars have no identity but their place.
          key={index}
          x={index * step}
          y={y(ms)}
          width={Math.min(3, step * 0.75)}
          height={HEIGHT - y(ms)}
          rx="1"
          className={
            ms >= NOTICEABLE_GAP_MS
              ? 'fill-warn forced-colors:fill-[Highlight]'
              : 'fill-accent forced-colors:fill-[CanvasText]'
          }
        />
      ))}
    </svg>
  )
}

/** By its logarithm: beside one stop of a second, usual gaps of 24 ms would be no more than a line [16]. */
function steepness(ms: number): number {
  return Math.log1p(ms / 5)
}

/** The gaps themselves, or, when they are more than `places`, the longest of as many equal shares. */
function longestOfEach(gapsMs: readonly number[], places: number): number[] {
  if (gapsMs.length <= places) return [...gapsMs]
  return Array.from({ length: places }, (_, index) => {
    const from = Math.floor((index * gapsMs.length) / places)
    const to = Math.floor(((index + 1) * gapsMs.length) / places)
    return gapsMs.slice(from, to).reduce((longest, ms) => Math.max(longest, ms), 0)
  })
}
