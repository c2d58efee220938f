/** What a result of an answer can be; everything else is refused, whatever it is called (S22). */
export interface MediaFormat {
  kind: 'image' | 'video' | 'audio'
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
