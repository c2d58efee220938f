import type { AttachmentInfo, MediaFile, OriginalImage } from '../../shared/conversation'

/** A stored image as the viewer shows it. */
export interface Picture {
  id: string
  name: string
  mime: string
  bytes: number
  /** As shown; null where nobody has measured it. */
  width: number | null
  height: number | null
  /** What it was before it was sent; null when it was sent as it is, or is part of an answer. */
  before: OriginalImage | null
}

export function addressOf({ id }: Pick<Picture, 'id'>): string {
  return `app://local/attachment/${id}`
}

export function isPicture({ mime }: Pick<AttachmentInfo, 'mime'>): boolean {
  return mime.startsWith('image/')
}

export function pictureOfAttachment({ id, name, mime, bytes, width, height, before }: AttachmentInfo): Picture {
  return { id, name, mime, bytes, width, height, before: before ?? null }
}

export function pictureOfResult({ id, mime, bytes, width, height }: MediaFile, name: string): Picture {
  return { id, name, mime, bytes, width, height, before: null }
}

const SENDABLE = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'] as const

/** The picture as an attachment of another question; null for a kind that servers do not take. */
export function attachmentOf({ id, name, mime, bytes, width, height }: Picture): AttachmentInfo | null {
  const sendable = SENDABLE.find((each) => each === mime)
  if (sendable === undefined || width === null || height === null) return null
  // Main reads orientation and metadata from the file when it is sent.
  return {
    id,
    name: withEnding(name, sendable),
    mime: sendable,
    bytes,
    width,
    height,
    orientation: 1,
    hasLocation: false,
  }
}

/** A name for a file of the picture. */
export function fileNameOf({ name, mime }: Picture): string {
  return withEnding(name, mime)
}

function withEnding(name: string, mime: string): string {
  if (/\.(?:png|jpe?g|gif|webp|avif)$/iu.test(name)) return name
  return `${name}.${mime === 'image/jpeg' ? 'jpg' : mime.replace(/^image\//u, '')}`
}

/** The picture as PNG, which is what clipboards take. */
export async function toPng(picture: Picture): Promise<Blob> {
  const blob = await (await fetch(addressOf(picture))).blob()
  const image = await createImageBitmap(blob)
  try {
    const canvas = new OffscreenCanvas(image.width, image.height)
    canvas.getContext('2d')?.drawImage(image, 0, 0)
    return await canvas.convertToBlob({ type: 'image/png' })
  } finally {
    image.close()
  }
}
