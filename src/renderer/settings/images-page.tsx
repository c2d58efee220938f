import { Check } from 'lucide-react'
import { useId, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { ImageSettings } from '../../shared/settings'
import { Icon } from '../controls/icon'
import { useOnLeave } from '../controls/leaving'
import { Select } from '../controls/select'
import { Slider } from '../controls/slider'
import { Switch } from '../controls/switch'
import { useFigures } from '../figures'
import { useSettings } from './data'
import { Row, Section } from './row'

const MEGABYTE = 1024 * 1024
const COUNTS = ['1', '3', '5', '10'] as const
/** Bytes for each pixel of a photo as JPEG, by quality; measured on a few, and between them in a straight line. */
const BYTES_PER_PIXEL: readonly (readonly [percent: number, bytes: number])[] = [
  [40, 0.09],
  [60, 0.13],
  [82, 0.25],
  [90, 0.37],
  [100, 0.9],
]
const PHOTO_PIXELS = 12_000_000

/** What becomes of images before they are sent [31]. */
export function ImagesPage() {
  const { t } = useTranslation()
  const figures = useFigures()
  const { images } = useSettings()
  const qualityId = useId()
  const set = (part: Partial<ImageSettings>) =>
    void window.parley.request['settings.set']({ images: { ...images, ...part } })
  return (
    <>
      <Section title={t('images:settings.before')}>
        <Row
          name={t('images:settings.shrink')}
          help={t(images.isOriginalSent ? 'images:settings.shrinkHelpOff' : 'images:settings.shrinkHelp')}
        >
          <Limit
            label={t('images:settings.side', { from: figures.whole(256), to: figures.whole(8192) })}
            unit={t('images:settings.px')}
            value={images.maxSidePx}
            from={256}
            to={8192}
            step={1}
            onChange={(maxSidePx) => set({ maxSidePx })}
          />
          <Limit
            label={t('images:settings.megabytes', { from: figures.tenths(0.1), to: figures.whole(20) })}
            unit={t('images:settings.mb')}
            value={Math.round((images.maxBytes / MEGABYTE) * 100) / 100}
            from={0.1}
            to={20}
            step={0.1}
            onChange={(megabytes) => set({ maxBytes: Math.round(megabytes * MEGABYTE) })}
          />
        </Row>
        <Row
          name={t('images:settings.quality')}
          labelId={qualityId}
          help={t('images:settings.qualityHelp', { size: figures.bytes(photoBytes(images)) })}
        >
          <Quality
            labelId={qualityId}
            value={images.qualityPercent}
            onChange={(qualityPercent) => set({ qualityPercent })}
          />
        </Row>
        <Row name={t('images:settings.originals')} help={t('images:settings.originalsHelp')}>
          <Switch
            label={t('images:settings.originals')}
            isOn={images.isOriginalSent}
            onChange={(isOriginalSent) => set({ isOriginalSent })}
          />
        </Row>
        <Row name={t('images:settings.metadata')} help={t('images:settings.metadataHelp')}>
          <Switch
            label={t('images:settings.metadata')}
            isOn={images.isMetadataRemoved}
            onChange={(isMetadataRemoved) => set({ isMetadataRemoved })}
          />
        </Row>
        <Row name={t('images:settings.count')}>
          <Select
            label={t('images:settings.count')}
            isNarrow
            value={String(images.maxCount)}
            options={[...new Set([...COUNTS, String(images.maxCount)])]
              .sort((a, b) => Number(a) - Number(b))
              .map((value) => ({ value, label: t('images:settings.upTo', { count: Number(value) }) }))}
            onChange={(value) => set({ maxCount: Number(value) })}
          />
        </Row>
      </Section>
      <Formats />
    </>
  )
}

interface LimitProps {
  label: string
  unit: string
  value: number
  from: number
  to: number
  step: number
  onChange: (value: number) => void
}

/** A number with its unit inside. It applies when the field is left or Enter pressed, and goes to the nearest that may be. */
function Limit({ label, unit, value, from, to, step, onChange }: LimitProps) {
  const { i18n } = useTranslation()
  const show = (number: number): string =>
    new Intl.NumberFormat(i18n.language, { useGrouping: false, maximumFractionDigits: 2 }).format(number)
  /** Null while what is set stands there. */
  const [typed, setTyped] = useState<string | null>(null)
  const [known, setKnown] = useState(value)
  if (known !== value) {
    setKnown(value)
    setTyped(null)
  }
  const text = typed ?? show(value)
  const scale = Number.isInteger(step) ? 1 : 100
  const within = (number: number): number => Math.round(Math.max(from, Math.min(to, number)) * scale) / scale
  const commit = (): void => {
    const number = Number(text.trim().replace(',', '.'))
    const next = text.trim() === '' || !Number.isFinite(number) ? value : within(number)
    // Until main has taken it, it is only what was typed.
    setTyped(next === value ? null : show(next))
    if (next !== value) onChange(next)
  }
  useOnLeave(commit)
  const move = (by: number): void => setTyped(show(within((Number(text.replace(',', '.')) || value) + by)))
  return (
    <span className="relative">
      <input
        type="text"
        inputMode="decimal"
        role="spinbutton"
        aria-label={label}
        aria-valuemin={from}
        aria-valuemax={to}
        aria-valuenow={value}
        value={text}
        className="h-8 w-23 rounded-m border border-field bg-raised ps-3 pe-9 text-ui text-ink-1 tabular-nums transition-colors hover:border-ink-2 focus:outline-2 focus:-outline-offset-1 focus:outline-focus"
        onChange={(event) => setTyped(event.currentTarget.value)}
        onBlur={commit}
        onKeyDown={(event) => {
          if (event.key === 'Enter') commit()
          if (event.key === 'ArrowUp' || event.key === 'ArrowDown') {
            event.preventDefault()
            move(event.key === 'ArrowUp' ? step : -step)
          }
          if (event.key === 'Escape' && text !== show(value)) {
            event.preventDefault()
            setTyped(null)
          }
        }}
      />
      <span
        className="pointer-events-none absolute inset-e-2.5 top-1/2 -translate-y-1/2 text-ui text-ink-3"
        aria-hidden
      >
        {unit}
      </span>
    </span>
  )
}

function Quality({ labelId, value, onChange }: { labelId: string; value: number; onChange: (value: number) => void }) {
  const { i18n } = useTranslation()
  // While it is dragged it changes many times a second; it is set when it is let go.
  const [dragged, setDragged] = useState<number | null>(null)
  const shown = dragged ?? value
  return (
    <>
      <Slider
        labelledBy={labelId}
        min={40}
        max={100}
        value={shown}
        className="w-47 max-w-full"
        onChange={setDragged}
        onCommit={(chosen) => {
          setDragged(null)
          if (chosen !== value) onChange(chosen)
        }}
      />
      <span className="w-11 text-end text-ui text-ink-2 tabular-nums">
        {new Intl.NumberFormat(i18n.language, { style: 'percent' }).format(shown / 100)}
      </span>
    </>
  )
}

function photoBytes({ maxSidePx, maxBytes, qualityPercent }: ImageSettings): number {
  const pixels = Math.min(PHOTO_PIXELS, maxSidePx * maxSidePx * 0.75)
  const above = BYTES_PER_PIXEL.findIndex(([percent]) => percent >= qualityPercent)
  const [highPercent, high] = BYTES_PER_PIXEL[Math.max(1, above)] ?? [100, 0.9]
  const [lowPercent, low] = BYTES_PER_PIXEL[Math.max(1, above) - 1] ?? [40, 0.09]
  const each = low + ((high - low) * (qualityPercent - lowPercent)) / (highPercent - lowPercent)
  return Math.min(maxBytes, pixels * each)
}

const FORMATS = ['png', 'jpeg', 'webp', 'avif', 'svg', 'heic'] as const

function Formats() {
  const { t } = useTranslation()
  return (
    <Section title={t('images:settings.formats')}>
      {/* Scrolled by keyboard as well, where the window is narrow. */}
      <div
        role="region"
        tabIndex={0}
        aria-label={t('images:settings.formats')}
        className="focus-inset overflow-x-auto max-[668px]:pb-1"
      >
        <table className="w-full min-w-110 text-start text-ui text-ink-1">
          <thead className="text-meta text-ink-2">
            <tr className="border-b border-line-2 *:py-2 *:pe-4 *:text-start *:font-medium">
              <th scope="col">{t('images:settings.format')}</th>
              <th scope="col">{t('images:settings.read')}</th>
              <th scope="col">{t('images:settings.sentAs')}</th>
              <th scope="col">{t('images:settings.note')}</th>
            </tr>
          </thead>
          <tbody>
            {FORMATS.map((format) => (
              <tr
                key={format}
                className="border-b border-line *:py-2.25 *:pe-4 *:text-start *:font-normal last:border-b-0"
              >
                <th scope="row" className="whitespace-nowrap">
                  {t(`images:settings.row.${format}.format`)}
                </th>
                <td>
                  {format === 'heic' ? (
                    <span className="text-ink-2">{t('images:settings.no')}</span>
                  ) : (
                    <>
                      <Icon of={Check} className="text-accent-text" />
                      <span className="sr-only">{t('images:settings.yes')}</span>
                    </>
                  )}
                </td>
                <td>{t(`images:settings.row.${format}.sent`)}</td>
                <td className="text-meta text-ink-2">{t(`images:settings.row.${format}.note`)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Section>
  )
}
