/** What a stored file can be. A result of an answer is one of MEDIA_FORMATS; everything else is refused, whatever it is called (S22). */
export interface MediaFormat {
  kind: 'image' | 'video' | 'audio' | 'document'
  mime: string
  /** Of the stored file. */
  extension: string
}

/** As the pages' browser shows and plays them. SVG, HTML and all that could hold a script are not among them. */
export const MEDIA_FORMATS: readonly MediaFormat[] = [
  { kind: 'image', mime: 'image/png', extension: 'png' },
  { kind: 'image', mime: 'image/jpeg', extension: 'jpg' },
  { kind: 'image', mime: 'image/gif', extension: 'gif' },
  { kind: 'image', mime: 'image/webp', extension: 'webp' },
  { kind: 'image', mime: 'image/avif', extension: 'avif' },
  { kind: 'video', mime: 'video/mp4', extension: 'mp4' },
  { kind: 'video', mime: 'video/webm', extension: 'webm' },
  { kind: 'video', mime: 'video/quicktime', extension: 'mov' },
  { kind: 'audio', mime: 'audio/mpeg', extension: 'mp3' },
  { kind: 'audio', mime: 'audio/wav', extension: 'wav' },
  { kind: 'audio', mime: 'audio/ogg', extension: 'ogg' },
  { kind: 'audio', mime: 'audio/mp4', extension: 'm4a' },
  { kind: 'audio', mime: 'audio/flac', extension: 'flac' },
  { kind: 'audio', mime: 'audio/aac', extension: 'aac' },
]

/** Images that only the pages' browser reads: kept until they were drawn as one of the above. Never results of answers. */
export const SOURCE_FORMATS: readonly MediaFormat[] = [
  { kind: 'image', mime: 'image/svg+xml', extension: 'svg' },
  { kind: 'image', mime: 'image/bmp', extension: 'bmp' },
  { kind: 'image', mime: 'image/x-icon', extension: 'ico' },
]

/** Attachments that a server reads for its models. Never results of answers, and never shown as pages. */
export const DOCUMENT_FORMATS: readonly MediaFormat[] = [
  { kind: 'document', mime: 'text/plain', extension: 'txt' },
  { kind: 'document', mime: 'application/pdf', extension: 'pdf' },
]

/** So many bytes from the start tell a format. */
export const FORMAT_HEAD_BYTES = 4100

/** Names of file-type for what is one of ours. */
const SAME: Record<string, string> = { oga: 'ogg', opus: 'ogg', m4v: 'mp4' }

/** The format of a file by its first bytes alone; null for one that is none of MEDIA_FORMATS. */
export async function recogniseMedia(head: Uint8Array): Promise<MediaFormat | null> {
  // Loaded with the first result: most answers have none.
  const { fileTypeFromBuffer } = await import('file-type')
  // It throws at the end of input that starts like a format and breaks off.
  const found = await fileTypeFromBuffer(head).catch(() => undefined)
  const extension = found === undefined ? undefined : (SAME[found.ext] ?? found.ext)
  return MEDIA_FORMATS.find((format) => format.extension === extension) ?? null
}
