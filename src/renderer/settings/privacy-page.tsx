import { useTranslation } from 'react-i18next'
import { Button } from '../controls/button'
import { useBackends } from './data'
import { Row, Section } from './row'

/** Where Parley connects, where data lies [34]. */
export function PrivacyPage() {
  const { t } = useTranslation()
  const servers = useBackends().filter((backend) => !backend.isBuiltIn)
  return (
    <>
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
      <Section title={t('settings:privacy.data')}>
        <Row name={t('settings:privacy.folder')} help={t('settings:privacy.folderHelp')}>
          <Button onClick={() => void window.parley.request['app.openDataFolder']()}>
            {t('settings:privacy.open')}
          </Button>
        </Row>
      </Section>
      <Section title={t('settings:privacy.logs')}>
        <Row name={t('settings:privacy.logFiles')} help={t('settings:privacy.logFilesHelp')}>
          <Button onClick={() => void window.parley.request['app.openLogs']()}>{t('settings:privacy.show')}</Button>
        </Row>
      </Section>
    </>
  )
}
