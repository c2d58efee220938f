import { Slider } from '@base-ui/react/slider'
import { Pause, Play, Square } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import type { WireRecording } from '../../shared/contract'
import { Button } from '../controls/button'
import { IconButton } from '../controls/icon-button'
import { Segmented } from '../controls/segmented'
import { tellFailure } from '../controls/tell-error'
import { useFigures } from '../figures'
import { isOver, SPEEDS } from './replay'
import { endReplay, seekReplay, setSpeed, togglePlaying, useWire } from './state'

/** Plays the recording into the thread: play and pause, how far it is, how fast it goes. */
export function ReplayBar({ recording }: { recording: WireRecording }) {
  const { t } = useTranslation()
  const replay = useWire((state) => state.replay)
  const speed = useWire((state) => state.speed)
  const isRunning = recording.end === null
  return (
    <div
      role="group"
      aria-label={t('wire:replay.label')}
      className="flex min-h-13 flex-none flex-wrap items-center gap-x-2.5 gap-y-1.5 border-t border-line px-5 py-1.5"
    >
      <span className="flex items-center gap-1">
        <Button
          size={28}
          icon={replay?.isPlaying === true ? Pause : Play}
          isDisabled={isRunning}
          reason={t('wire:replay.stillRunning')}
          onClick={() => tellFailure(togglePlaying(recording))}
        >
          {t(
            replay === null || isOver(replay)
              ? 'wire:replay.play'
              : replay.isPlaying
                ? 'wire:replay.pause'
                : 'wire:replay.resume',
          )}
        </Button>
        {replay !== null && (
          <IconButton
            icon={Square}
            iconSize={14}
            label={t('wire:replay.end')}
            onClick={(event) => {
              // It goes away with the replay; the focus stays beside it.
              event.currentTarget.parentElement?.querySelector('button')?.focus()
              endReplay()
            }}
          />
        )}
      </span>
      {replay === null ? (
        <span className="h-0.5 min-w-10 flex-1 rounded-full bg-line-2 forced-colors:bg-[CanvasText]" aria-hidden />
      ) : (
        <Place positionMs={replay.positionMs} totalMs={replay.totalMs} />
      )}
      <Segmented
        label={t('wire:replay.speed')}
        size={28}
        value={speed}
        options={SPEEDS.map((value) => ({ value, label: t(`wire:replay.speeds.${value}`) }))}
        onChange={setSpeed}
      />
    </div>
  )
}

function Place({ positionMs, totalMs }: { positionMs: number; totalMs: number }) {
  const { t } = useTranslation()
  const { tenths, secondsTenths } = useFigures()
  const words = t('wire:replay.progress', { at: tenths(positionMs / 1000), total: secondsTenths(totalMs) })
  return (
    <>
      <Slider.Root
        value={positionMs}
        min={0}
        max={totalMs}
        step={100}
        largeStep={1000}
        onValueChange={seekReplay}
        className="min-w-12 flex-1"
      >
        <Slider.Control className="flex h-7 items-center">
          <Slider.Track className="h-0.5 w-full rounded-full bg-field forced-colors:bg-[CanvasText]">
            <Slider.Indicator className="rounded-full bg-accent forced-colors:bg-[Highlight]" />
            <Slider.Thumb
              aria-label={t('wire:replay.position')}
              getAriaValueText={() => words}
              className="size-3 rounded-full border border-transparent bg-accent forced-colors:bg-[Highlight] has-focus-visible:outline-2 has-focus-visible:outline-offset-2 has-focus-visible:outline-focus"
            />
          </Slider.Track>
        </Slider.Control>
      </Slider.Root>
      <span className="flex-none text-meta text-ink-2 tabular" aria-hidden>
        {words}
      </span>
    </>
  )
}
