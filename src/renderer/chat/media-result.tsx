import { Download, Film, ImageOff, Image as ImageIcon, Volume2, VolumeOff, type LucideIcon } from 'lucide-react'
import { useEffect, useRef, useState, type ReactNode, type RefObject } from 'react'
import { useTranslation } from 'react-i18next'
import type { AssistantMessage, Media, MediaFile } from '../../shared/conversation'
import { describe, type AppError } from '../../shared/errors'
import { Button } from '../controls/button'
import { Icon } from '../controls/icon'
import { IconButton } from '../controls/icon-button'
import { Ring } from '../controls/ring'
import { tellError } from '../controls/tell-error'
import { pictureOf } from '../../shared/markdown/address'
import { useOpenLink } from '../markdown/links'
import '../markdown/markdown.css'
import { PictureView } from '../markdown/picture'
import { loadMedia } from '../store/media'
import { backendOf, useStore } from '../store/state'
import { isReplayed } from '../wire/replay'
import { dragOut } from '../viewer/drag-out'
import { fileNameOf, pictureOfResult, type Picture } from '../viewer/picture'
import { Viewer } from '../viewer/viewer'

export interface MediaResultProps {
  media: Media
  /** The answer that it belongs to. */
  message: AssistantMessage
  conversationId: string
}

/**
 * Images, films and sounds of an answer. What is kept is shown from the disk. Of what is not, only the place is told:
 * nothing is asked of another host before a person wants it (S07, DESIGN "Pictures from the web").
 */
export function MediaResult({ media, message, conversationId }: MediaResultProps) {
  const isAlone = media.sources.length === 1
  return (
    <div className="flex flex-wrap gap-2">
      {media.sources.map((source, index) => (
        <Result
          key={index}
          source={source}
          media={media}
          message={message}
          conversationId={conversationId}
          isAlone={isAlone}
        />
      ))}
    </div>
  )
}

interface ResultProps extends MediaResultProps {
  source: string
  /** The only one of its kind here: it may be as large as the column. */
  isAlone: boolean
}

function Result({ source, media, message, conversationId, isAlone }: ResultProps) {
  const [isBroken, setIsBroken] = useState(false)
  const place = useRef<HTMLDivElement>(null)
  const file = isBroken || media.files === undefined ? undefined : ownFile(media.files, source)
  const keepFocus = useKeptFocus(place, file)
  const broken = (): void => setIsBroken(true)
  return (
    <div ref={place} className={file?.mime.startsWith('image/') === true ? 'max-w-full' : 'min-w-0 basis-full'}>
      {file === undefined ? (
        <Missing
          source={source}
          media={media}
          message={message}
          isBroken={isBroken}
          onLoad={async () => {
            const error = await loadMedia(conversationId, message.id, source)
            if (error === null) {
              keepFocus()
              setIsBroken(false)
            }
            return error
          }}
        />
      ) : (
        <Kept file={file} media={media} isAlone={isAlone} onBroken={broken} />
      )}
    </div>
  )
}

/** Once the button that was pressed has given way to what it has loaded, the focus goes on there. */
function useKeptFocus(place: RefObject<HTMLElement | null>, file: MediaFile | undefined): () => void {
  const [isWanted, setIsWanted] = useState(false)
  useEffect(() => {
    if (file === undefined || !isWanted) return
    const isFree = document.activeElement === null || document.activeElement === document.body
    if (isFree) place.current?.querySelector<HTMLElement>('button, audio, video')?.focus()
  }, [file, isWanted, place])
  return () => setIsWanted(true)
}

// ---- what is kept ----

interface KeptProps {
  file: MediaFile
  media: Media
  isAlone: boolean
  /** It cannot be read, or not be played. */
  onBroken: () => void
}

function Kept({ file, media, isAlone, onBroken }: KeptProps) {
  const { t } = useTranslation()
  const address = `app://local/attachment/${file.id}`
  const name = media.alt === '' ? t(`chat:media.name.${media.kind}`) : media.alt
  if (file.mime.startsWith('image/')) {
    return <KeptPicture file={file} media={media} address={address} name={name} isAlone={isAlone} onBroken={onBroken} />
  }
  // Saving is not the player's business, and there is no other screen to send it to.
  const player = {
    src: address,
    controls: true,
    controlsList: 'nodownload noremoteplayback nofullscreen',
    preload: 'metadata' as const,
    'aria-label': name,
    onError: onBroken,
  }
  if (file.mime.startsWith('audio/') || media.kind === 'audio') {
    return (
      <>
        <div className="flex items-center gap-1">
          <audio {...player} className="h-10 w-full max-w-110 min-w-0 flex-initial" />
          <SaveButton file={file} name={name} />
        </div>
        {media.alt !== '' && (
          <p dir="auto" className="mt-1 text-ui break-words whitespace-pre-wrap text-ink-2 select-text">
            {media.alt}
          </p>
        )}
      </>
    )
  }
  return (
    <div className="flex items-end gap-1">
      <video {...player} disablePictureInPicture className="max-h-105 min-w-0 rounded-l border border-line bg-sunk" />
      <SaveButton file={file} name={name} />
    </div>
  )
}

/** Pictures are saved from the viewer. */
function SaveButton({ file, name }: { file: MediaFile; name: string }) {
  const { t } = useTranslation()
  const canSave = useStore((state) => state.boot?.role !== 'quick-ask')
  if (!canSave) return null
  const fileName = `${name}.${ENDINGS[file.mime] ?? file.mime.replace(/^.*\//u, '')}`
  return (
    <IconButton
      icon={Download}
      label={t('images:viewer.save')}
      onClick={() =>
        void window.parley.request['media.save']({ id: file.id, name: fileName }).then(
          (result) => !result.ok && tellError(result.error),
        )
      }
    />
  )
}

/** Where the ending of a file is not the second half of its type. */
const ENDINGS: Partial<Record<string, string>> = {
  'audio/mpeg': 'mp3',
  'audio/mp4': 'm4a',
  'video/quicktime': 'mov',
}

/** One picture may fill the column; of several, two stand in a row. */
const ALONE = { width: 738, height: 420 }
const AMONG_OTHERS = { width: 364, height: 320 }
const MIN_PICTURE = 24

interface KeptPictureProps {
  file: MediaFile
  media: Media
  address: string
  name: string
  isAlone: boolean
  onBroken: () => void
}

function KeptPicture({ file, media, address, name, isAlone, onBroken }: KeptPictureProps) {
  const { t } = useTranslation()
  const [shown, setShown] = useState(-1)
  const thumbnail = useRef<HTMLButtonElement>(null)
  const canEnlarge = useStore((state) => state.boot?.role !== 'quick-ask')
  const pictures = keptPictures(media, name)
  const picture = (
    <img
      src={address}
      alt={name}
      {...fitted(file, isAlone ? ALONE : AMONG_OTHERS)}
      draggable={false}
      decoding="async"
      className="box-content h-auto max-w-[calc(100%-2px)] rounded-l border border-line bg-raised"
      onError={onBroken}
    />
  )
  if (!canEnlarge) return picture
  return (
    <>
      <button
        ref={thumbnail}
        type="button"
        aria-label={t('chat:media.enlarge', { name })}
        aria-haspopup="dialog"
        className="block max-w-full cursor-zoom-in rounded-l"
        {...dragOut(file.id, fileNameOf(pictureOfResult(file, name)))}
        onClick={() => setShown(pictures.findIndex(({ id }) => id === file.id))}
      >
        {picture}
      </button>
      <Viewer pictures={pictures} index={shown} onShow={setShown} onClose={() => setShown(-1)} returnTo={thumbnail} />
    </>
  )
}

/** All pictures of a result that are kept, in their order, each once. */
function keptPictures({ sources, files = {} }: Media, name: string): Picture[] {
  const found = sources.flatMap((source) => ownFile(files, source) ?? [])
  const images = found.filter(({ id, mime }, index) => {
    return mime.startsWith('image/') && found.findIndex((each) => each.id === id) === index
  })
  return images.map((file) => pictureOfResult(file, name))
}

/** Its place is known before it is loaded, so nothing moves. */
function fitted(file: MediaFile, limit: { width: number; height: number }): { width?: number; height?: number } {
  if (file.width === null || file.height === null) return {}
  const scale = Math.min(1, limit.width / Math.max(1, file.width), limit.height / Math.max(1, file.height))
  const size = (pixels: number): number => Math.max(MIN_PICTURE, Math.round(pixels * scale))
  return { width: size(file.width), height: size(file.height) }
}

// ---- what is not ----

interface MissingProps {
  source: string
  media: Media
  message: AssistantMessage
  /** There was a copy, but it is gone or cannot be shown. */
  isBroken: boolean
  onLoad: () => Promise<AppError | null>
}

const ICONS: Record<Media['kind'], [there: LucideIcon, missing: LucideIcon]> = {
  image: [ImageIcon, ImageOff],
  video: [Film, Film],
  audio: [Volume2, VolumeOff],
}

function Missing({ source, media, message, isBroken, onLoad }: MissingProps) {
  const { t } = useTranslation()
  const openLink = useOpenLink()
  const backendUrl = useStore((state) => backendOf(state, message.backendId)?.profile.url ?? '')
  const [isLoading, setIsLoading] = useState(false)
  const [error, setError] = useState<AppError | null>(null)
  const { kind, alt } = media
  const [present, missing] = ICONS[kind]

  if (/^data:/iu.test(source)) {
    // In conversations of earlier versions the image itself stands here.
    const picture = pictureOf(source, alt, kind === 'image' ? 'picture' : 'media')
    if (picture !== null) return <PictureView picture={picture} />
  }
  const refused = /^refused:(.*)$/u.exec(source)?.[1]
  if (refused !== undefined) {
    const known = refused === 'format' || refused === 'too-large' ? refused : 'failed'
    return <Place icon={missing} title={t(`chat:media.refused.${known}`)} />
  }
  const address = addressOf(source, backendUrl)
  if (address === 'none') {
    return <Place icon={missing} title={t(isBroken ? `chat:media.broken.${kind}` : 'chat:media.unknown')} />
  }
  if (message.state === 'running' && address.isOwn && !isLoading && error === null && !isBroken) {
    return <Place icon={present} isBusy title={t(`chat:media.loading.${kind}`)} />
  }

  const load = async (): Promise<void> => {
    setIsLoading(true)
    setError(null)
    setError(await onLoad())
    setIsLoading(false)
  }
  const { isOwn, url } = address
  if (url === null) return <Place icon={missing} title={t('chat:media.noBackend')} />
  const [before = '', after = ''] = t(`chat:media.notLoaded.${kind}`, { host: '\u0000' }).split('\u0000')
  const failed = error === null ? null : describe(error, (key, values) => t(key, values ?? {}))
  const words = [
    ...(alt === '' ? [] : [t('common:markdown.quotedAlt', { alt })]),
    ...(isOwn ? [] : [t('chat:media.loadingTells')]),
  ].join(' ')
  return (
    <Place
      icon={missing}
      title={
        isBroken ? (
          t(`chat:media.broken.${kind}`)
        ) : (
          <>
            {before}
            <bdi className="md-remote-host">{url.host}</bdi>
            {after}
          </>
        )
      }
      note={
        failed === null ? (
          words
        ) : (
          <span role="alert" className="text-danger">
            {failed.title}. {failed.detail}
          </span>
        )
      }
    >
      {!isOwn && (
        <Button variant="quiet" title={url.href} onClick={() => openLink(url.href)}>
          {t('common:markdown.openInBrowser')}
        </Button>
      )}
      {!isReplayed(message) && (
        <Button isBusy={isLoading} onClick={() => void load()}>
          {t(failed !== null ? 'common:retry' : isBroken ? 'chat:media.loadAgain' : 'chat:media.load')}
        </Button>
      )}
    </Place>
  )
}

interface PlaceProps {
  icon: LucideIcon
  title: ReactNode
  note?: ReactNode
  isBusy?: boolean
  children?: ReactNode
}

/** The dashed block that stands where a result belongs. */
function Place({ icon, title, note = '', isBusy = false, children }: PlaceProps) {
  return (
    <div className="md-remote" dir="auto" aria-busy={isBusy || undefined}>
      {isBusy ? <Ring className="mx-0.5 text-ink-2" /> : <Icon of={icon} size={18} className="md-remote-icon" />}
      <span className="md-remote-words break-words">
        <span className="md-remote-title">{title}</span>
        {note !== '' && <span className="md-remote-note">{note}</span>}
      </span>
      {children !== undefined && <span className="ms-auto flex flex-wrap items-center gap-2">{children}</span>}
    </div>
  )
}

/**
 * Where a source lies: servers name their own files by path (protocol.md section 6), against the origin, whatever path
 * the address of the backend has. `url` is null for a path on a server that is not configured any more. Only for what is
 * said about it: what may be fetched main decides.
 */
function addressOf(source: string, backendUrl: string): { url: URL | null; isOwn: boolean } | 'none' {
  const scheme = /^([a-z][a-z0-9+.-]*):/iu.exec(source)?.[1]?.toLowerCase()
  if (scheme !== undefined && scheme !== 'http' && scheme !== 'https') return 'none'
  const origin = originOf(backendUrl)
  try {
    const url = new URL(source, origin ?? undefined)
    return { url, isOwn: url.origin === origin }
  } catch {
    return scheme === undefined ? { url: null, isOwn: true } : 'none'
  }
}

function originOf(url: string): string | null {
  try {
    const { origin, protocol } = new URL(url)
    return protocol === 'http:' || protocol === 'https:' ? origin : null
  } catch {
    return null
  }
}

function ownFile(files: Record<string, MediaFile>, source: string): MediaFile | undefined {
  return Object.hasOwn(files, source) ? files[source] : undefined
}
