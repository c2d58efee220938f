import { Ellipsis } from 'lucide-react'
import { useCallback, useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { ContactedHost } from '../../shared/contract'
import { IconButton } from '../controls/icon-button'
import { Menu, MenuItem } from '../controls/menu'
import { useDates } from '../dates'
import { useFigures } from '../figures'
import { showSettings } from '../store/conversations'
import { useBackends, useSettings } from './data'
import { TableFrame } from './table-frame'

/** A row: a host with what it was asked for, or one that is blocked and was never asked, or is forgotten. */
type HostRow = ContactedHost | { host: string; purpose: { kind: 'blocked' }; requests: 0; lastAt: null }

/** "Where Parley has connected" [34]: every host that was asked for anything, what for, how often, when last. */
export function ContactedHosts() {
  const { t } = useTranslation('privacy')
  const { rows, forget } = useContacts()
  const { webPictures } = useSettings()
  const blocked = new Set(webPictures.blocked)
  const known = new Set(rows?.map(({ host }) => host))
  const shown: HostRow[] = [
    ...(rows ?? []),
    ...[...blocked]
      .filter((host) => !known.has(host))
      .map((host) => ({ host, purpose: { kind: 'blocked' } as const, requests: 0 as const, lastAt: null })),
  ]
  if (rows === null) return null
  if (shown.length === 0) return <p className="py-3 text-ui text-ink-2">{t('hosts.none')}</p>
  return (
    <TableFrame
      className="min-w-130"
      columns={[
        { name: t('hosts.host'), className: 'w-[34%] px-3 text-start' },
        { name: t('hosts.for'), className: 'px-3 text-start' },
        { name: t('hosts.requests'), className: 'w-24 px-3 text-end' },
        { name: t('hosts.last'), className: 'w-29 ps-3 pe-9 text-start' },
      ]}
      isScrolled
    >
      {shown.map((row) => (
        <HostLine
          key={`${row.host} ${row.purpose.kind} ${row.purpose.kind === 'backend' ? row.purpose.backendId : ''}`}
          row={row}
          isBlocked={blocked.has(row.host)}
          onForget={() => void forget(row.host)}
        />
      ))}
    </TableFrame>
  )
}

interface HostLineProps {
  row: HostRow
  isBlocked: boolean
  onForget: () => void
}

function HostLine({ row, isBlocked, onForget }: HostLineProps) {
  const { t } = useTranslation('privacy')
  const figures = useFigures()
  const { short } = useDates()
  const { host, purpose, requests, lastAt } = row
  const words = usePurpose(row, isBlocked)
  return (
    <tr className="group [&>td]:h-9.5 [&>td]:border-t [&>td]:border-line [&>td]:px-3 hover:bg-hovered focus-within:bg-hovered">
      <td className="truncate font-code text-code text-ink-1" dir="ltr" title={host}>
        {host}
      </td>
      <td className="truncate text-ink-1" title={words}>
        <bdi>{words}</bdi>
      </td>
      <td className="tabular text-end text-ink-1">{requests === 0 ? '' : figures.whole(requests)}</td>
      <td className="relative truncate pe-9! text-ink-2">
        {lastAt === null ? '' : short(lastAt, new Date())}
        <span className="absolute inset-e-1.5 top-1/2 -translate-y-1/2 opacity-0 group-focus-within:opacity-100 group-hover:opacity-100 has-[[data-popup-open]]:opacity-100">
          <Menu
            trigger={<IconButton icon={Ellipsis} label={t('hosts.menu', { host })} size={24} />}
            finalFocus={() => true}
          >
            {purpose.kind === 'backend' ? (
              <BackendItem backendId={purpose.backendId} />
            ) : purpose.kind === 'picture' || isBlocked ? (
              <BlockItem host={host} isBlocked={isBlocked} />
            ) : null}
            {purpose.kind !== 'blocked' && <MenuItem onSelect={onForget}>{t('hosts.forget')}</MenuItem>}
          </Menu>
        </span>
      </td>
    </tr>
  )
}

/** A server is asked for as long as it is one of the backends: it is removed there. */
function BackendItem({ backendId }: { backendId: string }) {
  const { t } = useTranslation('privacy')
  const isThere = useBackends().some(({ profile }) => profile.id === backendId)
  if (!isThere) return null
  return <MenuItem onSelect={() => showSettings('backends', backendId)}>{t('hosts.backend')}</MenuItem>
}

function BlockItem({ host, isBlocked }: { host: string; isBlocked: boolean }) {
  const { t } = useTranslation('privacy')
  const { webPictures } = useSettings()
  const toggle = (): void => {
    const others = webPictures.blocked.filter((each) => each !== host)
    const blocked = isBlocked ? others : [...others, host]
    // Who is blocked is not allowed as well.
    const allowed = isBlocked ? webPictures.allowed : webPictures.allowed.filter((each) => each !== host)
    void window.parley.request['settings.set']({ webPictures: { ...webPictures, allowed, blocked } })
  }
  return <MenuItem onSelect={toggle}>{t(isBlocked ? 'hosts.unblock' : 'hosts.block')}</MenuItem>
}

function usePurpose({ purpose }: HostRow, isBlocked: boolean): string {
  const { t } = useTranslation('privacy')
  const backends = useBackends()
  if (purpose.kind === 'backend') {
    return backends.find(({ profile }) => profile.id === purpose.backendId)?.profile.name ?? purpose.name
  }
  const words = t(`hosts.purpose.${purpose.kind}`)
  return isBlocked && purpose.kind === 'picture' ? `${words}, ${t('hosts.blocked')}` : words
}

/** Asked when the page is opened; null until main has answered. */
function useContacts(): { rows: readonly ContactedHost[] | null; forget: (host: string) => Promise<void> } {
  const [rows, setRows] = useState<readonly ContactedHost[] | null>(null)
  const load = useCallback(async () => {
    const result = await window.parley.request['contact.list']()
    if (result.ok) setRows(result.value)
  }, [])
  useEffect(() => {
    let isGone = false
    void window.parley.request['contact.list']().then((result) => {
      if (result.ok && !isGone) setRows(result.value)
    })
    return () => {
      isGone = true
    }
  }, [])
  const forget = async (host: string): Promise<void> => {
    await window.parley.request['contact.forget']({ host })
    await load()
  }
  return { rows, forget }
}
