import type { Translate } from '../../shared/i18n'
import type { ImageMime } from '../../shared/conversation'
import type { Locale } from '../../shared/settings'
import { describe } from '../../shared/errors'
import { inspectImage, type ImageInfo } from '../image'
import type { Picture } from './request'

const MAX_NAME_CHARACTERS = 80

const FORMATS: Record<ImageMime, string> = {
  'image/png': 'PNG',
  'image/jpeg': 'JPEG',
  'image/gif': 'GIF',
  'image/webp': 'WebP',
}

/**
 * Says in markdown what a program can know of a picture without seeing what is in it: format, pixels, bytes, how it is
 * turned, whether it moves, whether it says where it was taken.
 *
 * @param picture read here, one at a time, and not kept
 * @param number its place in the message, from 1, for a picture without a name
 */
export async function describePicture(
  picture: Picture,
  number: number,
  language: { t: Translate; locale: Locale },
  signal: AbortSignal,
): Promise<string> {
  const { t, locale } = language
  const title = picture.name === null ? t('guide:picture.unnamed', { number }) : quote(picture.name)
  const lines = await describeBytes(await picture.read(signal), t('guide:picture.unnamed', { number }), t, locale)
  return [`**${title}**`, '', ...lines.map((line) => `- ${line}`)].join('\n')
}

async function describeBytes(bytes: Uint8Array | null, name: string, t: Translate, locale: Locale): Promise<string[]> {
  if (bytes === null) return [t('guide:picture.missing')]
  const found = await inspectImage(bytes, name)
  if (!found.ok) {
    const { title, detail } = describe(found.error, t)
    return [`${title.replace(/\.$/u, '')}. ${detail}`]
  }
  const image = found.value
  const moves = isAnimated(bytes, image.mime)
  return [
    t('guide:picture.facts', {
      format: FORMATS[image.mime],
      width: image.width,
      height: image.height,
      megapixels: formatNumber((image.width * image.height) / 1e6, locale),
      size: formatBytes(bytes.byteLength, t, locale),
    }),
    t(`guide:picture.${shapeOf(image)}`),
    ...(image.orientation === 1 ? [] : [t('guide:picture.turned', { orientation: image.orientation })]),
    ...(image.mime === 'image/jpeg' ? [] : [t(moves ? 'guide:picture.moves' : 'guide:picture.still')]),
    t(image.hasLocation ? 'guide:picture.location' : 'guide:picture.noLocation'),
  ]
}

function shapeOf(image: ImageInfo): 'landscape' | 'portrait' | 'square' {
  if (image.width === image.height) return 'square'
  return image.width > image.height ? 'landscape' : 'portrait'
}

// As the chips in the composer have it: 1 KB is 1,024 bytes, and "1.0 MB" comes before "1,012 KB".
function formatBytes(bytes: number, t: Translate, locale: Locale): string {
  if (bytes < 1024) return t('guide:picture.bytes', { count: bytes })
  if (bytes < 1000 * 1024) return t('guide:picture.kilobytes', { size: formatNumber(Math.round(bytes / 1024), locale) })
  return t('guide:picture.megabytes', { size: formatNumber(bytes / 1_048_576, locale) })
}

function formatNumber(value: number, locale: Locale): string {
  return new Intl.NumberFormat(locale, { maximumSignificantDigits: value < 10 ? 2 : 3 }).format(value)
}

// A code span takes every character as it is, so a file's name can bring neither markup nor a link. Control characters,
// line breaks and direction marks, which could dress one name up as another, become spaces.
function quote(name: string): string {
  const line = name.replace(/[\p{C}\p{Z}]+/gu, ' ').trim()
  const characters = [...line]
  const shown =
    characters.length <= MAX_NAME_CHARACTERS ? line : `${characters.slice(0, MAX_NAME_CHARACTERS).join('')}…`
  const longestRun = Math.max(0, ...(shown.match(/`+/gu) ?? []).map((run) => run.length))
  const fence = '`'.repeat(longestRun + 1)
  return longestRun === 0 ? `${fence}${shown}${fence}` : `${fence} ${shown} ${fence}`
}

/** Whether an image of a known, whole file has more than one frame. */
function isAnimated(bytes: Uint8Array, mime: ImageMime): boolean {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  switch (mime) {
    case 'image/jpeg':
      return false
    case 'image/webp':
      // The animation bit of the extended header (RFC 9649, section 2.7).
      return file.toString('latin1', 12, 16) === 'VP8X' && ((file[20] ?? 0) & 0x02) !== 0
    case 'image/png': {
      // The animation control chunk stands before the pixels.
      const control = file.indexOf('acTL', 0, 'latin1')
      const pixels = file.indexOf('IDAT', 0, 'latin1')
      return control !== -1 && control < pixels
    }
    case 'image/gif':
      return countGifFrames(file) > 1
  }
}

// The file is known to be whole, so that every length in it leads to the next block (GIF89a, sections 18 to 27).
function countGifFrames(file: Buffer): number {
  const tableBytes = (flags: number): number => ((flags & 0x80) === 0 ? 0 : 3 * 2 ** ((flags & 0x07) + 1))
  const afterSubBlocks = (start: number): number => {
    let at = start
    while ((file[at] ?? 0) !== 0) at += 1 + (file[at] ?? 0)
    return at + 1
  }
  let frames = 0
  let at = 13 + tableBytes(file[10] ?? 0)
  while (at < file.length) {
    if (file[at] === 0x2c) {
      frames += 1
      at = afterSubBlocks(at + 11 + tableBytes(file[at + 9] ?? 0))
    } else if (file[at] === 0x21) {
      at = afterSubBlocks(at + 2)
    } else {
      return frames
    }
  }
  return frames
}
