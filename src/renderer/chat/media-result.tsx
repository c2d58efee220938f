import { ImageOff } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import type { Media } from '../../shared/conversation'
import { Icon } from '../controls/icon'
import { pictureOf } from '../markdown/address'
import '../markdown/markdown.css'
import { PictureView } from '../markdown/picture'
import { backendOf, useStore } from '../store/state'

/**
 * Images, videos and recordings of an answer. What lies in the answer itself is shown; of all that lies on a server only
 * the place is told, and nothing is asked of it (S07).
 */
export function MediaResult({ media, backendId }: { media: Media; backendId: string }) {
  const { t } = useTranslation()
  const origin = useStore((state) => backendOf(state, backendId)?.profile.url ?? '')
  return (
    <div className="flex flex-col gap-2">
      {media.sources.map((source, index) => {
        const picture = pictureOf(absolute(source, origin), media.alt, media.kind === 'image' ? 'picture' : 'media')
        if (picture !== null) return <PictureView key={index} picture={picture} />
        return (
          <p key={index} className="md-remote text-ink-2">
            <Icon of={ImageOff} size={18} />
            {t('chat:media.unknown')}
          </p>
        )
      })}
    </div>
  )
}

/** Servers name their own files by path (protocol.md section 6): against the origin, whatever path the address has. */
function absolute(source: string, origin: string): string {
  if (!source.startsWith('/') || source.startsWith('//')) return source
  try {
    return new URL(source, new URL(origin).origin).href
  } catch {
    return source
  }
}
