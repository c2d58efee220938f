import { useCallback, useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { LibrarySizes } from '../../shared/contract'
import type { Settings } from '../../shared/settings'
import { Button } from '../controls/button'
import { Segmented } from '../controls/segmented'
import { Select } from '../controls/select'
import { Switch } from '../controls/switch'
import { useFigures } from '../figures'
import { BackupRow, ExportAllRow } from '../transfer/backup-row'
import { CheckRow } from '../transfer/check-row'
import { DataPlace } from '../transfer/data-section'
import { DeleteEverything } from '../transfer/delete-everything'
import { RestoreRow } from '../transfer/restore-row'
import { useTransfer } from '../transfer/state'
import { ContactedHosts } from './contacted-hosts'
import { useSettings } from './data'
import { Row, Section } from './row'

/** Where Parley connects, where data lies, what becomes of it [34]. */
export function PrivacyPage() {
  const { t } = useTranslation()
  const figures = useFigures()
  const { sizes, measure } = useSizes()
  return (
    <>
      <Section title={t('privacy:hosts.title')} help={t('privacy:hosts.help')} isFramed={false}>
        <ContactedHosts />
      </Section>
      <Section title={t('transfer:data.title')}>
        <DataPlace sizes={sizes} />
        <ExportAllRow />
        <BackupRow />
        <RestoreRow />
        <CheckRow onChange={measure} />
      </Section>
      <Chats inTrash={sizes?.trash.count ?? null} />
      <Section title={t('settings:privacy.logs')}>
        <KeepLogs />
        <Row name={t('settings:privacy.logFiles')} help={sizes === null ? undefined : figures.bytes(sizes.logs.bytes)}>
          <Button onClick={() => void window.parley.request['app.openLogs']()}>{t('settings:privacy.show')}</Button>
        </Row>
      </Section>
      <DeleteEverything />
    </>
  )
}

const TRASH_DAYS = [7, 30, 90] as const
const LOG_DAYS = [1, 7, 30] as const
const PICTURE_CHOICES = ['never', 'ask', 'always'] as const

function set(part: Partial<Omit<Settings, 'backends'>>): void {
  void window.parley.request['settings.set'](part)
}

function Chats({ inTrash }: { inTrash: number | null }) {
  const { t } = useTranslation()
  const settings = useSettings()
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
          isNarrow
          value={settings.trashDays === null ? 'never' : `${settings.trashDays}`}
          options={options}
          onChange={(value) => set({ trashDays: TRASH_DAYS.find((days) => `${days}` === value) ?? null })}
        />
      </Row>
      <WebPictures />
    </Section>
  )
}

function KeepLogs() {
  const { t } = useTranslation()
  const { keepLogsDays } = useSettings()
  return (
    <Row name={t('privacy:logs.keep')} help={t('privacy:logs.keepHelp')}>
      <Select
        label={t('privacy:logs.keep')}
        isNarrow
        value={`${keepLogsDays}` as const}
        options={LOG_DAYS.map((days) => ({
          value: `${days}` as const,
          label: t('privacy:logs.days', { count: days }),
        }))}
        onChange={(value) => set({ keepLogsDays: LOG_DAYS.find((days) => `${days}` === value) ?? 7 })}
      />
    </Row>
  )
}

function WebPictures() {
  const { t } = useTranslation()
  const { webPictures } = useSettings()
  const { allowed } = webPictures
  return (
    <Row
      name={t('privacy:pictures.title')}
      help={
        <>
          {t('privacy:pictures.help')}
          {allowed.length > 0 && (
            <>
              {' '}
              {t('privacy:pictures.allowed', { count: allowed.length })}{' '}
              <button
                type="button"
                title={allowed.join(', ')}
                className="rounded-s text-accent-text underline underline-offset-2"
                onClick={() => set({ webPictures: { ...webPictures, allowed: [] } })}
              >
                {t('privacy:pictures.askAgain')}
              </button>
            </>
          )}
        </>
      }
    >
      <Segmented
        label={t('privacy:pictures.title')}
        value={webPictures.load}
        options={PICTURE_CHOICES.map((value) => ({ value, label: t(`privacy:pictures.${value}`) }))}
        onChange={(load) => set({ webPictures: { ...webPictures, load } })}
      />
    </Row>
  )
}

/** Measured when the page is opened, and again with the beginning and end of what changes it. */
function useSizes(): { sizes: LibrarySizes | null; measure: () => void } {
  const [sizes, setSizes] = useState<LibrarySizes | null>(null)
  const [round, setRound] = useState(0)
  const isAtWork = useTransfer(({ state }) => state !== null && state.end === null)
  useEffect(() => {
    let isGone = false
    void window.parley.request['library.sizes']().then((result) => {
      if (result.ok && !isGone) setSizes(result.value)
    })
    return () => {
      isGone = true
    }
  }, [round, isAtWork])
  const measure = useCallback(() => setRound((now) => now + 1), [])
  return { sizes, measure }
}
