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
    ...(image.mime === 'image/jpeg'
      ? []
      : [t(image.isAnimated === true ? 'guide:picture.moves' : 'guide:picture.still')]),
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
