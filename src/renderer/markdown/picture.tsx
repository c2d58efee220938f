import { ImageOff } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { Button } from '../controls/button'
import { Icon } from '../controls/icon'
import { useOpenLink } from './links'
import type { Picture } from '../../shared/markdown/nodes'

/**
 * A picture in an answer. One that Parley has already is shown; one of the web is named and nothing is asked of its host
 * (S07, DESIGN "Pictures from the web").
 */
export function PictureView({ picture }: { picture: Picture }) {
  if (picture.kind === 'local') {
    return <img className="md-picture" src={picture.source} alt={picture.alt} loading="lazy" draggable={false} />
  }
  return <RemotePicture picture={picture} />
}

function RemotePicture({ picture }: { picture: Extract<Picture, { kind: 'remote' }> }) {
  const { t } = useTranslation('common')
  const openLink = useOpenLink()
  const [before = '', after = ''] = t(`markdown.${picture.what}NotLoaded`, { host: '\u0000' }).split('\u0000')
  return (
    <span className="md-remote" dir="auto">
      <Icon of={ImageOff} size={18} className="md-remote-icon" />
      <span className="md-remote-words">
        <span className="md-remote-title">
          {before}
          <bdi className="md-remote-host">{picture.host}</bdi>
          {after}
        </span>
        <span className="md-remote-note">
          {picture.alt === '' ? (
            t('markdown.openingTells')
          ) : (
            <>
              {t('markdown.quotedAlt', { alt: picture.alt })} {t('markdown.openingTells')}
            </>
          )}
        </span>
      </span>
      <Button variant="quiet" title={picture.url} onClick={() => openLink(picture.url)}>
        {t('markdown.openInBrowser')}
      </Button>
    </span>
  )
}
