import { AlignLeft, AudioLines, Ellipsis, FileText, FileX, Image, ImageUp, Shrink, X } from 'lucide-react'
import { useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { isDocument } from '../../shared/conversation'
import { describe } from '../../shared/errors'
import type { Translate } from '../../shared/i18n'
import { isTooLarge } from '../../shared/settings'
import { Icon } from '../controls/icon'
import { IconButton } from '../controls/icon-button'
import { Menu, MenuItem } from '../controls/menu'
import { Ring } from '../controls/ring'
import { Tooltip } from '../controls/tooltip'
import { useFigures } from '../figures'
import { canBeText } from '../store/files'
import { useStore, type Chip } from '../store/state'

export interface AttachmentChipProps {
  chip: Chip
  onRemove: () => void
  /** Opens the viewer; the element gets the focus back. */
  onView?: (element: HTMLElement) => void
  /** Puts it so many places further, or back. */
  onMove?: (by: -1 | 1) => void
  onSendOriginal?: () => void
  onShrink?: () => void
  /** Of a text file: puts what is in it into the message. */
  onPutAsText?: () => void
}

/**
 * One attachment of the message being written, 52 high. Enter opens it, Delete takes it out, Alt ← → moves it. What it says
 * of size and content is what will be sent.
 */
export function AttachmentChip(props: AttachmentChipProps) {
  const { chip, onRemove, onView, onMove } = props
  const { t, i18n } = useTranslation()
  const isRefused = chip.kind === 'refused'
  const name = nameOf(chip, (key, values) => t(key, values ?? {}))
  const words = useWords(chip)
  return (
    <div
      role="group"
      aria-label={name}
      tabIndex={0}
      data-chip={chip.key}
      className={`flex h-13 flex-none items-center rounded-l border bg-paper ps-[5px] pe-1.5 ${isRefused ? 'border-danger/60' : 'border-line'}`}
      onKeyDown={(event) => {
        if (event.target !== event.currentTarget) return
        const isBack = event.key === (i18n.dir() === 'rtl' ? 'ArrowRight' : 'ArrowLeft')
        if (event.altKey && (event.key === 'ArrowLeft' || event.key === 'ArrowRight')) {
          event.preventDefault()
          event.stopPropagation()
          onMove?.(isBack ? -1 : 1)
        } else if (event.key === 'Enter' && onView !== undefined) {
          event.preventDefault()
          onView(event.currentTarget)
        } else if (event.key === 'Delete' || event.key === 'Backspace') {
          event.preventDefault()
          focusBeside(event.currentTarget)
          onRemove()
        }
      }}
    >
      <ChipPicture chip={chip} onView={onView} />
      <div className="mx-2.5 min-w-0">
        <MiddleTruncated text={name} />
        <Tooltip text={words.tip}>
          <p
            className={`tabular text-meta leading-[17px] whitespace-nowrap ${isRefused ? 'text-danger' : words.isWarning ? 'text-warn' : 'text-ink-3'}`}
          >
            {words.line}
            {words.tip !== null && <span className="sr-only"> {words.tip}</span>}
          </p>
        </Tooltip>
      </div>
      <ChipMenu {...props} name={name} />
      <IconButton
        icon={X}
        label={t('chat:composer.remove', { name })}
        hint={t('common:remove')}
        size={24}
        iconSize={14}
        onClick={(event) => {
          focusBeside(event.currentTarget)
          onRemove()
        }}
      />
    </div>
  )
}

/** What is said of a chip beneath its name, and what more there is to know. */
function useWords(chip: Chip): { line: string; tip: string | null; isWarning: boolean } {
  const { t } = useTranslation()
  const figures = useFigures()
  if (chip.kind === 'adding') {
    return { line: t(chip.isDrawing ? 'images:chip.shrinking' : 'chat:composer.adding'), tip: null, isWarning: false }
  }
  if (chip.kind === 'refused') {
    const line = refusalOf(chip, (key, values) => t(key, values ?? {}))
    return { line, tip: null, isWarning: false }
  }
  const { width, height, bytes, before, removed = [], hasLocation, mime } = chip.attachment
  if (mime.startsWith('audio/')) {
    const sound = t('images:chip.sound', { format: mime === 'audio/wav' ? 'WAV' : 'MP3', size: figures.bytes(bytes) })
    return {
      line: removed.length === 0 ? sound : `${sound} · ${t('images:chip.removed.description')}`,
      tip: null,
      isWarning: false,
    }
  }
  if (isDocument({ mime })) {
    const kind = mime === 'application/pdf' ? 'pdf' : 'text'
    return { line: t(`files:chip.${kind}`, { size: figures.bytes(bytes) }), tip: null, isWarning: false }
  }
  const pixels = t('chat:composer.pixels', { width, height })
  const format = mime.replace('image/', '').toUpperCase()
  const isConverted = before !== undefined && !before.isSendable
  const size =
    before === undefined
      ? [pixels, figures.bytes(bytes)]
      : isConverted
        ? [t('images:chip.formats', { before: before.format, after: format }), pixels, figures.bytes(bytes)]
        : [t('images:chip.sizes', { before: figures.bytes(before.bytes), after: figures.bytes(bytes) })]
  const first = removed[0]
  const line = [
    ...size,
    ...(before?.isAnimated === true ? [t('images:chip.firstFrame')] : []),
    ...(hasLocation ? [t('images:chip.withLocation')] : first === undefined ? [] : [t(`images:chip.removed.${first}`)]),
  ].join(' · ')
  const tips = [
    ...(before === undefined
      ? []
      : isConverted
        ? [t('images:chip.convertedFrom', { format: before.format })]
        : [
            t('images:chip.shrunkFrom', {
              before: t('chat:composer.pixels', { width: before.width, height: before.height }),
              after: pixels,
            }),
          ]),
    ...(before?.isAnimated === true ? [t('images:chip.firstFrameOnly')] : []),
    ...(removed.length === 0
      ? []
      : [t('images:chip.removedAll', { list: removed.map((kind) => t(`images:chip.kinds.${kind}`)).join(', ') })]),
    ...(hasLocation ? [t('images:chip.locationStays')] : []),
  ]
  return { line, tip: tips.length === 0 ? null : tips.join(' '), isWarning: hasLocation }
}

/** Its own choices, where it has any: as it came, or shrunk. */
function ChipMenu({ chip, name, onSendOriginal, onShrink, onPutAsText }: AttachmentChipProps & { name: string }) {
  const { t } = useTranslation()
  const figures = useFigures()
  const images = useStore((state) => state.settings.images)
  if (chip.kind !== 'ready') return null
  const { attachment } = chip
  if (onPutAsText !== undefined && canBeText(attachment)) {
    return (
      <Menu
        side="top"
        trigger={<IconButton icon={Ellipsis} label={t('images:chip.actions', { name })} size={24} className="me-0.5" />}
      >
        <MenuItem icon={AlignLeft} onSelect={onPutAsText}>
          {t('files:chip.asText')}
        </MenuItem>
      </Menu>
    )
  }
  if (onSendOriginal === undefined) return null
  const { before } = attachment
  const hasOriginal = before?.isSendable === true && before.id !== ''
  const canShrink = before === undefined && isTooLarge(attachment, images)
  if (!hasOriginal && !canShrink) return null
  return (
    <Menu
      side="top"
      trigger={<IconButton icon={Ellipsis} label={t('images:chip.actions', { name })} size={24} className="me-0.5" />}
    >
      {hasOriginal && (
        <MenuItem icon={ImageUp} onSelect={onSendOriginal}>
          {t('images:chip.sendOriginal', { size: figures.bytes(before.bytes) })}
        </MenuItem>
      )}
      {canShrink && onShrink !== undefined && (
        <MenuItem icon={Shrink} onSelect={onShrink}>
          {t('images:chip.shrink')}
        </MenuItem>
      )}
    </Menu>
  )
}

function nameOf(chip: Chip, t: Translate): string {
  if (chip.kind === 'ready') return chip.attachment.name
  const count = chip.kind === 'refused' ? chip.count : undefined
  return count === undefined ? chip.name : t('images:chip.left', { count })
}

function ChipPicture({ chip, onView }: { chip: Chip; onView: AttachmentChipProps['onView'] | undefined }) {
  const { t } = useTranslation()
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
          <Icon of={FileX} />
        </Frame>
      )
    case 'ready': {
      if (!chip.attachment.mime.startsWith('image/')) {
        return (
          <Frame className="border-line bg-sunk text-ink-2">
            <Icon of={isDocument(chip.attachment) ? FileText : AudioLines} />
          </Frame>
        )
      }
      const picture = isBroken ? (
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
      if (onView === undefined || isBroken) return picture
      return (
        <button
          type="button"
          tabIndex={-1}
          aria-label={t('images:chip.view', { name: chip.attachment.name })}
          className="flex-none cursor-zoom-in rounded-s"
          onClick={(event) => {
            const holder = event.currentTarget.closest<HTMLElement>('[data-chip]')
            if (holder !== null) onView(holder)
          }}
        >
          {picture}
        </button>
      )
    }
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
function refusalOf({ error, count }: Extract<Chip, { kind: 'refused' }>, t: Translate): string {
  if (count !== undefined && error.code === 'attachment') return t('images:chip.leftHelp', { limit: error.limit ?? 0 })
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
