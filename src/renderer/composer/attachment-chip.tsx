import { FileX2, Image, X } from 'lucide-react'
import { useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { describe, type AppError } from '../../shared/errors'
import type { Translate } from '../../shared/i18n'
import { Icon } from '../controls/icon'
import { IconButton } from '../controls/icon-button'
import { Ring } from '../controls/ring'
import { useFigures } from '../figures'
import type { Chip } from '../store/state'

/** One attachment of the message being written, 52 high. Delete takes it out. */
export function AttachmentChip({ chip, onRemove }: { chip: Chip; onRemove: () => void }) {
  const { t } = useTranslation()
  const figures = useFigures()
  const isRefused = chip.kind === 'refused'
  const name = chip.kind === 'ready' ? chip.attachment.name : chip.name
  return (
    <div
      role="group"
      aria-label={name}
      tabIndex={0}
      data-chip
      className={`flex h-13 flex-none items-center rounded-l border bg-paper ps-[5px] pe-1.5 ${isRefused ? 'border-danger/60' : 'border-line'}`}
      onKeyDown={(event) => {
        if (event.key !== 'Delete' && event.key !== 'Backspace') return
        event.preventDefault()
        focusBeside(event.currentTarget)
        onRemove()
      }}
    >
      <ChipPicture chip={chip} />
      <div className="mx-2.5 min-w-0">
        <MiddleTruncated text={name} />
        <p className={`tabular text-meta leading-[17px] whitespace-nowrap ${isRefused ? 'text-danger' : 'text-ink-3'}`}>
          {chip.kind === 'adding' && t('chat:composer.adding')}
          {chip.kind === 'refused' && refusalOf(chip.error, (key, values) => t(key, values ?? {}))}
          {chip.kind === 'ready' && (
            <>
              {t('chat:composer.pixels', { width: chip.attachment.width, height: chip.attachment.height })}
              {' · '}
              {figures.bytes(chip.attachment.bytes)}
            </>
          )}
        </p>
      </div>
      <IconButton
        icon={X}
        label={t('chat:composer.remove', { name })}
        hint={t('common:remove')}
        size={24}
        onClick={(event) => {
          focusBeside(event.currentTarget)
          onRemove()
        }}
      />
    </div>
  )
}

function ChipPicture({ chip }: { chip: Chip }) {
  const [isBroken, setIsBroken] = useState(false)
  switch (chip.kind) {
    case 'adding':
      return (
        <Frame className="border-line bg-sunk text-ink-3">
          <Ring />
        </Frame>
      )
    case 'refused':
      return (
        <Frame className="border-transparent bg-danger-tint text-danger">
          <Icon of={FileX2} />
        </Frame>
      )
    case 'ready':
      return isBroken ? (
        <Frame className="border-line bg-sunk text-ink-3">
          <Icon of={Image} />
        </Frame>
      ) : (
        <img
          src={`app://local/attachment/${chip.attachment.id}`}
          alt=""
          width={38}
          height={38}
          decoding="async"
          draggable={false}
          className="box-content size-9.5 flex-none rounded-s border border-line bg-raised object-cover"
          onError={() => setIsBroken(true)}
        />
      )
  }
}

function Frame({ className, children }: { className: string; children: ReactNode }) {
  return (
    <span className={`flex size-10 flex-none items-center justify-center rounded-s border ${className}`}>
      {children}
    </span>
  )
}

/** File names end in what tells them apart, so the middle gives way. */
function MiddleTruncated({ text }: { text: string }) {
  const characters = [...text]
  const shown = characters.length <= 27 ? text : `${characters.slice(0, 17).join('')}…${characters.slice(-9).join('')}`
  return (
    <p className="max-w-50 truncate text-meta leading-[17px] font-label text-ink-1" title={text}>
      <bdi>{shown}</bdi>
    </p>
  )
}

/** Why a file stays out, in one line. Its name stands above, so the title is said only where it adds something. */
function refusalOf(error: AppError, t: Translate): string {
  const { title, detail } = describe(error, t)
  return error.code === 'attachment' && error.reason === 'format' ? `${title} ${detail}` : detail
}

/** The next chip, or the text when this was the last one: the focus must not fall out of the composer. */
function focusBeside(element: HTMLElement): void {
  const chip = element.closest('[data-chip]')
  const beside = chip?.nextElementSibling ?? chip?.previousElementSibling
  const target = beside ?? element.closest('form')?.querySelector('textarea')
  if (target instanceof HTMLElement) target.focus()
}

/** A place for an image that still hangs over the window. */
export function GhostChip() {
  return (
    <div
      className="flex h-13 w-37 flex-none items-center gap-2.5 rounded-l border border-dashed border-accent px-[5px]"
      aria-hidden
    >
      <span className="flex size-10 flex-none items-center justify-center rounded-s bg-accent-tint text-accent-text">
        <Icon of={Image} />
      </span>
      <span className="flex flex-1 flex-col gap-2">
        <span className="h-1.5 w-full max-w-19 rounded-full bg-accent-tint" />
        <span className="h-1.5 w-13 rounded-full bg-accent-tint" />
      </span>
    </div>
  )
}
