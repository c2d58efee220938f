import { ChevronDown, ImageOff } from 'lucide-react'
import { memo, use, useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { describe } from '../../shared/errors'
import type { Picture } from '../../shared/markdown/nodes'
import { Button } from '../controls/button'
import { Icon } from '../controls/icon'
import { Menu, MenuItem } from '../controls/menu'
import { useStore } from '../store/state'
import { useOpenLink } from './links'
import { loadAllPictures, loadPicture, storedPicture, usePictureLoading } from './picture-loading'
import { areSameAnswers, ShownAnswersContext, type ShownAnswers } from './shown-answers'

type Remote = Extract<Picture, { kind: 'remote' }>

/**
 * A picture in an answer. One that Parley has already is shown; one of the web is named and nothing is asked of its host
 * before the person says so, here or once for all (S07, DESIGN "Pictures from the web").
 */
export function PictureView({ picture }: { picture: Picture }) {
  if (picture.kind === 'local') {
    return <img className="md-picture" src={picture.source} alt={picture.alt} loading="lazy" draggable={false} />
  }
  return <WebPicture picture={picture} />
}

function WebPicture({ picture }: { picture: Remote }) {
  const answers = use(ShownAnswersContext)
  const file = answers === null ? null : storedPicture(answers, picture.url)
  // A copy that is gone from the disk can be loaded again.
  const [brokenId, setBrokenId] = useState<string | null>(null)
  if (file === null || file.id === brokenId) return <NotLoaded picture={picture} answers={answers} />
  return (
    <img
      className="md-picture"
      src={`app://local/attachment/${file.id}`}
      alt={picture.alt}
      title={picture.alt === '' ? picture.host : `${picture.alt} (${picture.host})`}
      {...(file.width === null || file.height === null ? {} : { width: file.width, height: file.height })}
      loading="lazy"
      draggable={false}
      onError={() => setBrokenId(file.id)}
    />
  )
}

interface NotLoadedProps {
  picture: Remote
  answers: ShownAnswers | null
}

// A picture that comes changes what all others of its answer are given, and nothing of how they look.
const NotLoaded = memo(
  NotLoadedView,
  (before, after) =>
    before.picture === after.picture &&
    (before.answers === after.answers ||
      (before.answers !== null && after.answers !== null && areSameAnswers(before.answers, after.answers))),
)

function NotLoadedView({ picture, answers }: NotLoadedProps) {
  const { t } = useTranslation(['common', 'privacy', 'errors'])
  const openLink = useOpenLink()
  const { load, allowed, blocked } = useStore((state) => state.settings.webPictures)
  const { url, host, alt, what } = picture
  const loading = usePictureLoading(answers, url)
  const isBlocked = blocked.includes(host)
  const canLoad = answers !== null && what === 'picture' && load !== 'never' && !isBlocked
  const isWanted = canLoad && (load === 'always' || allowed.includes(host))
  // Once: what did not come is not asked for again without a person.
  const isDue = isWanted && loading === null
  useEffect(() => {
    if (isDue) loadPicture(answers, url, true)
  }, [isDue, answers, url])

  const [before = '', after = ''] = t(`common:markdown.${what}NotLoaded`, { host: '\u0000' }).split('\u0000')
  const isLoading = loading?.kind === 'loading'
  const hint =
    loading?.kind === 'failed'
      ? describe(loading.error, (key, values) => t(key, values ?? {})).detail
      : isBlocked
        ? t('privacy:pictures.blocked')
        : t(canLoad ? 'privacy:pictures.loadingTells' : 'common:markdown.openingTells')
  return (
    <span className="md-remote" dir="auto" data-picture={host}>
      <Icon of={ImageOff} size={18} className="md-remote-icon" />
      <span className="md-remote-words">
        <span className="md-remote-title">
          {before}
          <bdi className="md-remote-host">{host}</bdi>
          {after}
        </span>
        <span className="md-remote-note" role={loading?.kind === 'failed' ? 'alert' : undefined}>
          {alt !== '' && <>{t('common:markdown.quotedAlt', { alt })} </>}
          {hint}
        </span>
      </span>
      <span className="md-remote-actions">
        <Button variant="quiet" title={url} onClick={() => openLink(url)}>
          {t('common:markdown.openInBrowser')}
        </Button>
        {canLoad &&
          (isLoading ? (
            <Button isBusy>{t('privacy:pictures.load')}</Button>
          ) : (
            <LoadMenu host={host} url={url} answers={answers} />
          ))}
      </span>
    </span>
  )
}

function LoadMenu({ host, url, answers }: { host: string; url: string; answers: ShownAnswers }) {
  const { t } = useTranslation('privacy')
  const always = (): void => {
    const { webPictures } = useStore.getState().settings
    const allowed = [...new Set([...webPictures.allowed, host])]
    void window.parley.request['settings.set']({ webPictures: { ...webPictures, allowed } })
    loadPicture(answers, url)
  }
  return (
    <Menu
      trigger={
        <Button>
          {t('pictures.load')}
          <Icon of={ChevronDown} size={14} />
        </Button>
      }
    >
      <MenuItem onSelect={() => loadPicture(answers, url)}>{t('pictures.this')}</MenuItem>
      <MenuItem onSelect={always}>{t('pictures.host', { host })}</MenuItem>
      <MenuItem onSelect={() => loadAllPictures(answers.conversationId)}>{t('pictures.chat')}</MenuItem>
    </Menu>
  )
}
