import { CircleAlert, Copy, Hourglass, TriangleAlert, type LucideIcon } from 'lucide-react'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { ShortcutState } from '../../shared/contract'
import { Button } from '../controls/button'
import { Icon } from '../controls/icon'
import { StatusDot } from '../controls/status-dot'
import { showToast } from '../controls/toast'

/** What to bind to a key in the desktop's own settings where Parley holds none. */
const COMMAND = 'parley --quick-ask'

interface ShortcutLineProps {
  state: ShortcutState
  onCheck: () => void
  /** Of a line that stands alone: asking the desktop again is offered in it, and it says so where no key can be held. */
  onAskAgain?: () => void
}

/** The truth about the shortcut in one line, with what can be done about it [32]. */
export function ShortcutLine({ state, onCheck, onAskAgain }: ShortcutLineProps) {
  const { t } = useTranslation()
  const again = onAskAgain === undefined ? {} : { action: t('settings:quickAsk.askAgain'), onAction: onAskAgain }
  switch (state.kind) {
    case 'registered':
      if (state.trigger === '') {
        return (
          <Line icon={TriangleAlert} tone="warn" action={t('settings:quickAsk.check')} onAction={onCheck}>
            {t('settings:quickAsk.noTrigger')}
          </Line>
        )
      }
      return (
        <span className="inline-flex items-center gap-2" role="status">
          <StatusDot connection="connected" />
          {state.trigger === null
            ? t('settings:quickAsk.registered')
            : t('settings:quickAsk.registeredAs', { keys: state.trigger })}
        </span>
      )
    case 'taken':
      return (
        <Line icon={CircleAlert} tone="danger" action={t('settings:quickAsk.check')} onAction={onCheck}>
          {t('settings:quickAsk.taken')}
        </Line>
      )
    case 'asking':
      return (
        <Line icon={Hourglass} tone="warn" {...again}>
          {t('settings:quickAsk.asking')}
        </Line>
      )
    case 'refused':
      return (
        <Line icon={TriangleAlert} tone="warn" {...again}>
          {t('settings:quickAsk.refused')}
        </Line>
      )
    case 'paused':
      return (
        <span className="flex flex-wrap items-center gap-x-2" role="status">
          <StatusDot connection="built-in" />
          {t('settings:quickAsk.paused')}
          <Button variant="quiet" onClick={onCheck}>
            {t('settings:quickAsk.resume')}
          </Button>
        </span>
      )
    case 'off':
      return <span role="status">{t('settings:quickAsk.off')}</span>
    case 'not-possible':
      if (onAskAgain === undefined) return null
      return (
        <Line icon={TriangleAlert} tone="warn" action={t('settings:quickAsk.check')} onAction={onCheck}>
          {t('settings:quickAsk.notPossible')}.
        </Line>
      )
  }
}

interface LineProps {
  icon: LucideIcon
  tone: 'warn' | 'danger'
  action?: string
  onAction?: () => void
  children: ReactNode
}

function Line({ icon, tone, action, onAction, children }: LineProps) {
  return (
    <span className={`flex flex-wrap items-center gap-x-2 ${tone === 'danger' ? 'text-danger' : ''}`} role="status">
      <span className="flex min-w-0 flex-1 basis-full items-start gap-2">
        <Icon of={icon} size={14} className={`mt-px flex-none ${tone === 'warn' ? 'text-warn' : ''}`} />
        <span className="min-w-0">{children}</span>
      </span>
      {action !== undefined && onAction !== undefined && (
        <Button variant="quiet" size={28} className="ms-2.75" onClick={onAction}>
          {action}
        </Button>
      )}
    </span>
  )
}

/** Desktops with a known place for keys of one's own. */
const PLACES = ['GNOME', 'KDE', 'XFCE', 'Cinnamon', 'MATE', 'sway', 'Hyprland']

/** Why no key is held, and how the desktop can give one to the command; nothing while one is, or may be yet. */
export function ShortcutFallback({ state }: { state: ShortcutState }) {
  const { t } = useTranslation()
  if (state.kind !== 'not-possible' && state.kind !== 'refused') return null
  const { desktop, session } =
    state.kind === 'refused'
      ? { desktop: null, session: null }
      : { desktop: state.desktop, session: state.reason === 'wayland' ? 'Wayland' : null }
  const where = desktop !== null && PLACES.includes(desktop) ? desktop : 'other'
  return (
    <div role="status" className="my-3 flex gap-3 rounded-l border border-line-2 bg-raised p-4">
      <Icon of={TriangleAlert} className="mt-0.5 flex-none text-warn" />
      <div className="min-w-0 flex-1">
        <p className="text-ui font-strong text-ink-1">
          {t(state.kind === 'refused' ? 'settings:quickAsk.withoutKey' : 'settings:quickAsk.notPossible')}
        </p>
        <p className="mt-0.5 text-ui text-ink-2">
          {desktop !== null && session !== null && `${t('settings:quickAsk.session', { desktop, session })} `}
          {t(`settings:quickAsk.where.${where}`)}
        </p>
        <div className="mt-2.5 flex items-center justify-between gap-3 rounded-m border border-line-2 bg-sunk py-1 ps-3 pe-1">
          <code className="min-w-0 font-code text-code break-words text-ink-1">{COMMAND}</code>
          <Button
            variant="quiet"
            icon={Copy}
            aria-label={t('settings:quickAsk.copyCommand')}
            onClick={() =>
              void navigator.clipboard.writeText(COMMAND).then(() => showToast({ text: t('common:copied') }))
            }
          >
            {t('settings:quickAsk.copy')}
          </Button>
        </div>
      </div>
    </div>
  )
}
