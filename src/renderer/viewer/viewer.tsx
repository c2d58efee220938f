import { Dialog as Base } from '@base-ui/react/dialog'
import {
  ArrowLeft,
  Check,
  ChevronLeft,
  ChevronRight,
  Copy,
  Download,
  ImageOff,
  MessageSquareQuote,
  ZoomIn,
  ZoomOut,
  type LucideIcon,
} from 'lucide-react'
import { useEffect, useRef, useState, type KeyboardEvent, type RefObject } from 'react'
import { useTranslation } from 'react-i18next'
import { useCopied } from '../controls/copied'
import { Icon } from '../controls/icon'
import { IconButton } from '../controls/icon-button'
import { showToast } from '../controls/toast'
import { Tooltip } from '../controls/tooltip'
import { tellError } from '../controls/tell-error'
import { useFigures } from '../figures'
import { attachStored } from '../store/chips'
import { useStore } from '../store/state'
import { addressOf, attachmentOf, fileNameOf, toPng, type Picture } from './picture'
import { useZoom, ZOOM_STEP } from './zoom'

export interface ViewerProps {
  pictures: readonly Picture[]
  /** The one on show; below 0 the viewer is closed. */
  index: number
  onShow: (index: number) => void
  onClose: () => void
  /** What has the focus afterwards. */
  returnTo: RefObject<HTMLElement | null>
}

/** Pictures over the whole window, always dark [40]. Keys: ← → Home End, + − 0, Mod C copies, Mod S saves, Esc closes. */
export function Viewer({ pictures, index, onShow, onClose, returnTo }: ViewerProps) {
  const view = useRef<HTMLDivElement>(null)
  const picture = pictures[index]
  // While it fades out it shows what it showed.
  const [last, setLast] = useState<{ picture: Picture; index: number } | null>(null)
  if (picture !== undefined && (last?.picture.id !== picture.id || last.index !== index)) setLast({ picture, index })
  const shown = picture === undefined ? last : { picture, index }
  return (
    <Base.Root open={picture !== undefined} onOpenChange={(isOpen) => !isOpen && onClose()}>
      <Base.Portal>
        <Base.Viewport data-theme="dark" className="layer-modal fixed inset-0">
          <Base.Popup
            // Not its first button: a tooltip would open there, and take the first Esc.
            initialFocus={view}
            finalFocus={returnTo}
            className="drag-none flex size-full flex-col bg-side text-ink-1 outline-none transition-opacity duration-(--d-base) data-ending-style:opacity-0 data-starting-style:opacity-0"
          >
            {shown !== null && (
              <Shown
                pictures={pictures}
                index={shown.index}
                picture={shown.picture}
                onShow={onShow}
                onClose={onClose}
                view={view}
              />
            )}
          </Base.Popup>
        </Base.Viewport>
      </Base.Portal>
    </Base.Root>
  )
}

interface ShownProps extends Omit<ViewerProps, 'returnTo'> {
  picture: Picture
  /** Has the focus while the viewer is open: its keys are the viewer's. */
  view: RefObject<HTMLDivElement | null>
}

function Shown({ pictures, index, picture, onShow, onClose, view }: ShownProps) {
  const { t, i18n } = useTranslation()
  const [isCopied, copied] = useCopied()
  const [brokenId, setBrokenId] = useState<string | null>(null)
  const [measured, setMeasured] = useState<{ id: string; width: number; height: number } | null>(null)
  const size = {
    id: picture.id,
    width: picture.width ?? (measured?.id === picture.id ? measured.width : 0),
    height: picture.height ?? (measured?.id === picture.id ? measured.height : 0),
  }
  const place = useRef<HTMLDivElement>(null)
  const zoom = useZoom(size, place)
  const { zoomed } = zoom
  const percent = new Intl.NumberFormat(i18n.language, { style: 'percent' }).format(zoomed.scale)
  const attachment = attachmentOf(picture)
  const isMany = pictures.length > 1

  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.write([new ClipboardItem({ 'image/png': toPng(picture) })])
      copied()
    } catch {
      showToast({ text: t('images:viewer.copyFailed') })
    }
  }
  const save = async (): Promise<void> => {
    const result = await window.parley.request['media.save']({ id: picture.id, name: fileNameOf(picture) })
    if (!result.ok) tellError(result.error)
  }
  const ask = (): void => {
    if (attachment === null) return
    attachStored(useStore.getState().currentId, attachment)
    onClose()
  }
  const show = (next: number): void => onShow(Math.max(0, Math.min(pictures.length - 1, next)))

  const onKeyDown = (event: KeyboardEvent): void => {
    const isMod = window.parley.platform === 'darwin' ? event.metaKey : event.ctrlKey
    const onward = i18n.dir() === 'rtl' ? -1 : 1
    const actions: Record<string, (() => void) | undefined> = isMod
      ? { c: () => void copy(), s: () => void save() }
      : {
          ArrowLeft: () => show(index - onward),
          ArrowRight: () => show(index + onward),
          Home: () => show(0),
          End: () => show(pictures.length - 1),
          '+': () => zoom.zoomBy(ZOOM_STEP),
          '=': () => zoom.zoomBy(ZOOM_STEP),
          '-': () => zoom.zoomBy(1 / ZOOM_STEP),
          '0': zoom.fit,
        }
    const action = event.altKey ? undefined : actions[isMod ? event.key.toLowerCase() : event.key]
    if (action === undefined) return
    event.preventDefault()
    event.stopPropagation()
    action()
  }

  return (
    <div ref={view} tabIndex={-1} className="flex size-full flex-col outline-none" onKeyDown={onKeyDown}>
      <div className="flex min-h-(--titlebar) flex-none items-center gap-1 max-narrow:flex-wrap ps-[calc(var(--strip-start)+12px)] pe-[calc(var(--strip-end)+12px)]">
        <Base.Close
          render={
            <IconButton icon={ArrowLeft} size={32} label={t('images:viewer.back')} className="me-2 rtl:-scale-x-100" />
          }
        />
        <div className="flex min-w-0 flex-1 flex-wrap items-baseline gap-x-3 max-narrow:order-last max-narrow:basis-full max-narrow:pb-2">
          <Base.Title className="min-w-0 truncate text-ui font-label text-ink-1" title={picture.name}>
            <bdi>{picture.name}</bdi>
          </Base.Title>
          <Facts picture={picture} />
        </div>
        <IconButton
          icon={ZoomOut}
          size={32}
          label={t('images:viewer.zoomOut')}
          keys={['−']}
          onClick={() => zoom.zoomBy(1 / ZOOM_STEP)}
        />
        <Tooltip text={t('images:viewer.fit')} keys={['0']}>
          <button
            type="button"
            aria-label={t('images:viewer.zoom', { percent })}
            className="tabular min-w-12 rounded-m px-1 py-1 text-center text-ui text-ink-2 hover:bg-hovered"
            onClick={zoom.fit}
          >
            {percent}
          </button>
        </Tooltip>
        <IconButton
          icon={ZoomIn}
          size={32}
          label={t('images:viewer.zoomIn')}
          keys={['+']}
          onClick={() => zoom.zoomBy(ZOOM_STEP)}
        />
        <span className="mx-2 h-4 w-px flex-none bg-line-2 max-narrow:hidden" aria-hidden />
        <IconButton
          icon={isCopied ? Check : Copy}
          size={32}
          label={isCopied ? t('images:viewer.copied') : t('images:viewer.copy')}
          keys={['Mod', 'C']}
          onClick={() => void copy()}
        />
        <IconButton
          icon={Download}
          size={32}
          label={t('images:viewer.save')}
          keys={['Mod', 'S']}
          onClick={() => void save()}
        />
        {attachment !== null && (
          <IconButton icon={MessageSquareQuote} size={32} label={t('images:viewer.ask')} onClick={ask} />
        )}
      </div>
      <div className="relative flex min-h-0 flex-1">
        {/* A press beside the picture closes it; the keyboard has Esc and the button. */}
        <div
          ref={place}
          className="absolute inset-x-21 inset-y-6 overflow-hidden max-drawer:inset-x-6 max-narrow:inset-x-2"
          onClick={(event) => event.target === event.currentTarget && onClose()}
        >
          {brokenId === picture.id ? (
            <p className="flex size-full items-center justify-center gap-2 text-ui text-ink-2">
              <Icon of={ImageOff} />
              {t('images:viewer.missing')}
            </p>
          ) : (
            <img
              key={picture.id}
              src={addressOf(picture)}
              alt={picture.name}
              draggable={false}
              width={size.width === 0 ? undefined : size.width}
              height={size.height === 0 ? undefined : size.height}
              className={`absolute top-1/2 left-1/2 max-w-none rounded-m select-none ${zoom.canPan ? 'cursor-grab active:cursor-grabbing' : ''} ${zoomed.scale >= 3 ? '[image-rendering:pixelated]' : ''}`}
              style={{
                transform: `translate(-50%, -50%) translate(${zoomed.x}px, ${zoomed.y}px) scale(${zoomed.scale})`,
                visibility: size.width === 0 || !zoom.isReady ? 'hidden' : 'visible',
              }}
              onLoad={({ currentTarget: { naturalWidth, naturalHeight } }) =>
                setMeasured({ id: picture.id, width: naturalWidth, height: naturalHeight })
              }
              onError={() => setBrokenId(picture.id)}
              onPointerDown={zoom.pan}
              onDoubleClick={zoom.toggle}
            />
          )}
        </div>
        {isMany && (
          <>
            <Step
              icon={ChevronLeft}
              label={t('images:viewer.previous')}
              side="start"
              isEnd={index === 0}
              onClick={() => show(index - 1)}
            />
            <Step
              icon={ChevronRight}
              label={t('images:viewer.next')}
              side="end"
              isEnd={index === pictures.length - 1}
              onClick={() => show(index + 1)}
            />
          </>
        )}
      </div>
      {isMany && <Thumbnails pictures={pictures} index={index} onShow={show} />}
    </div>
  )
}

/** Its size, and what was really sent. */
function Facts({ picture }: { picture: Picture }) {
  const { t } = useTranslation()
  const figures = useFigures()
  const { before, width, height, bytes } = picture
  const pixels = (of: { width: number; height: number }): string =>
    t('chat:composer.pixels', { width: of.width, height: of.height })
  const own = width === null || height === null ? null : pixels({ width, height })
  const isSentOtherwise = before !== null && own !== null
  const facts = isSentOtherwise
    ? [
        before.width === 0 ? before.format : pixels(before),
        t('images:viewer.sentAs', { size: own, bytes: figures.bytes(bytes) }),
      ]
    : [...(own === null ? [] : [own]), figures.bytes(bytes)]
  return <p className="tabular text-ui text-ink-3 max-narrow:text-meta">{facts.join(' · ')}</p>
}

interface StepProps {
  icon: LucideIcon
  label: string
  side: 'start' | 'end'
  isEnd: boolean
  onClick: () => void
}

function Step({ icon, label, side, isEnd, onClick }: StepProps) {
  return (
    <IconButton
      icon={icon}
      iconSize={18}
      size={32}
      label={label}
      isDisabled={isEnd}
      side={side === 'start' ? 'right' : 'left'}
      className={`absolute top-1/2 size-10! -translate-y-1/2 rounded-full! bg-raised! max-narrow:hidden rtl:-scale-x-100 ${side === 'start' ? 'inset-s-5' : 'inset-e-5'}`}
      onClick={onClick}
    />
  )
}

function Thumbnails({ pictures, index, onShow }: Pick<ViewerProps, 'pictures' | 'index' | 'onShow'>) {
  const { t } = useTranslation()
  const current = useRef<HTMLButtonElement>(null)
  useEffect(() => current.current?.scrollIntoView({ block: 'nearest', inline: 'nearest' }), [index])
  return (
    <div className="flex-none pt-1 pb-4">
      <p role="status" className="tabular pb-2 text-center text-meta text-ink-2">
        {t('images:viewer.place', { place: index + 1, count: pictures.length })}
      </p>
      <div
        role="group"
        aria-label={t('images:viewer.thumbnails')}
        className="mx-auto flex w-fit max-w-full gap-3 overflow-x-auto px-6 py-1 [scrollbar-width:none]"
      >
        {pictures.map((each, at) => (
          <button
            key={each.id}
            ref={at === index ? current : null}
            type="button"
            aria-label={t('images:viewer.open', { name: each.name })}
            aria-current={at === index || undefined}
            className="h-12 w-18 flex-none overflow-hidden rounded-s border border-line outline-offset-2 aria-[current]:outline-2 aria-[current]:outline-accent"
            onClick={() => onShow(at)}
          >
            <img src={addressOf(each)} alt="" draggable={false} decoding="async" className="size-full object-cover" />
          </button>
        ))}
      </div>
    </div>
  )
}
