import { useCallback, useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { LibrarySizes } from '../../shared/contract'
import type { Settings } from '../../shared/settings'
import { Button } from '../controls/button'
import { Select } from '../controls/select'
import { Switch } from '../controls/switch'
import { useFigures } from '../figures'
import { BackupRow } from '../transfer/backup-row'
import { CheckRow } from '../transfer/check-row'
import { DataPlace } from '../transfer/data-section'
import { DeleteEverything } from '../transfer/delete-everything'
import { RestoreRow } from '../transfer/restore-row'
import { useBackends, useSettings } from './data'
import { Row, Section } from './row'

/** Where Parley connects, where data lies, what becomes of it [34]. */
export function PrivacyPage() {
  const { t } = useTranslation()
  const { sizes, measure } = useSizes()
  return (
    <>
      <Hosts />
      <Section title={t('transfer:data.title')}>
        <DataPlace sizes={sizes} />
        <BackupRow />
        <RestoreRow onChange={measure} />
        <CheckRow onChange={measure} />
      </Section>
      <Chats inTrash={sizes?.trash.count ?? null} />
      <Section title={t('settings:privacy.logs')}>
        <Row name={t('settings:privacy.logFiles')} help={<LogHelp bytes={sizes?.logs.bytes ?? null} />}>
          <Button onClick={() => void window.parley.request['app.openLogs']()}>{t('settings:privacy.show')}</Button>
        </Row>
      </Section>
      <DeleteEverything />
    </>
  )
}

function Hosts() {
  const { t } = useTranslation()
  const servers = useBackends().filter((backend) => !backend.isBuiltIn)
  return (
    <Section title={t('settings:privacy.hosts')} help={t('settings:privacy.hostsHelp')}>
      {servers.length === 0 ? (
        <p className="py-3 text-ui text-ink-2">{t('settings:privacy.noHosts')}</p>
      ) : (
        <table className="mt-4 w-full table-fixed border-separate border-spacing-0 overflow-hidden rounded-l border border-line-2 bg-raised text-ui">
          <thead>
            <tr className="bg-sunk text-meta text-ink-3">
              <th scope="col" className="h-8 px-3.5 text-start font-normal">
                {t('settings:privacy.host')}
              </th>
              <th scope="col" className="px-3.5 text-start font-normal">
                {t('settings:privacy.for')}
              </th>
            </tr>
          </thead>
          <tbody>
            {servers.map(({ profile }) => (
              <tr key={profile.id} className="[&>td]:border-t [&>td]:border-line">
                <td className="truncate px-3.5 py-2 font-code text-code text-ink-1">
                  {URL.canParse(profile.url) ? new URL(profile.url).host : profile.url}
                </td>
                <td className="truncate px-3.5 py-2 text-ink-1">
                  <bdi>{profile.name}</bdi>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Section>
  )
}

const TRASH_DAYS = [7, 30, 90] as const

function Chats({ inTrash }: { inTrash: number | null }) {
  const { t } = useTranslation()
  const settings = useSettings()
  const set = (part: Partial<Omit<Settings, 'backends'>>) => void window.parley.request['settings.set'](part)
  const options = [
    ...TRASH_DAYS.map((days) => ({ value: `${days}` as const, label: t('transfer:chats.days', { count: days }) })),
    { value: 'never' as const, label: t('transfer:chats.never') },
  ]
  return (
    <Section title={t('transfer:chats.title')}>
      <Row name={t('transfer:chats.temporary')} help={t('transfer:chats.temporaryHelp')}>
        <Switch
          label={t('transfer:chats.temporary')}
          isOn={settings.isTemporaryByDefault}
          onChange={(isTemporaryByDefault) => set({ isTemporaryByDefault })}
        />
      </Row>
      <Row
        name={t('transfer:chats.trash')}
        help={
          inTrash === null
            ? undefined
            : inTrash === 0
              ? t('transfer:chats.trashEmpty')
              : t('transfer:chats.inTrash', { count: inTrash })
        }
      >
        <Select
          label={t('transfer:chats.trash')}
          value={settings.trashDays === null ? 'never' : `${settings.trashDays}`}
          options={options}
          onChange={(value) => set({ trashDays: TRASH_DAYS.find((days) => `${days}` === value) ?? null })}
        />
      </Row>
    </Section>
  )
}

function LogHelp({ bytes }: { bytes: number | null }) {
  const { t } = useTranslation()
  const figures = useFigures()
  return (
    <>
      {t('settings:privacy.logFilesHelp')}
      {bytes !== null && ` ${figures.bytes(bytes)}.`}
    </>
  )
}

/** Measured when the page is opened, and after what changes it. */
function useSizes(): { sizes: LibrarySizes | null; measure: () => void } {
  const [sizes, setSizes] = useState<LibrarySizes | null>(null)
  const [round, setRound] = useState(0)
  useEffect(() => {
    let isGone = false
    void window.parley.request['library.sizes']().then((result) => {
      if (result.ok && !isGone) setSizes(result.value)
    })
    return () => {
      isGone = true
    }
  }, [round])
  const measure = useCallback(() => setRound((now) => now + 1), [])
  return { sizes, measure }
}
