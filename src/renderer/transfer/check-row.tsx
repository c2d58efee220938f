import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { CheckFault, CheckReport } from '../../shared/contract'
import type { Translate } from '../../shared/i18n'
import { Button } from '../controls/button'
import { useDates } from '../dates'
import { useFigures, type Figures } from '../figures'
import { useSettings } from '../settings/data'
import { Row } from '../settings/row'
import { useTellError } from '../wire/tell-error'

/** Check and repair: says what is wrong, in words; Repair is offered for what it found. */
export function CheckRow({ onChange }: { onChange: () => void }) {
  const { t } = useTranslation()
  const figures = useFigures()
  const tell = useTellError()
  const { short } = useDates()
  const { lastCheck: last } = useSettings()
  const [report, setReport] = useState<CheckReport | null>(null)
  const [busy, setBusy] = useState<'check' | 'repair' | null>(null)
  const run = async (what: 'check' | 'repair'): Promise<void> => {
    setBusy(what)
    const result = await window.parley.request[`library.${what}`]()
    setBusy(null)
    if (result.ok) setReport(result.value)
    else tell(result.error)
    if (what === 'repair') onChange()
  }
  const canRepair = report?.faults.some(isMendable) === true
  return (
    <Row
      name={t('transfer:check.title')}
      help={
        <div role="status">
          {report === null ? (
            last === null ? (
              t('transfer:check.help')
            ) : (
              t(last.faults === 0 ? 'transfer:check.lastGood' : 'transfer:check.lastFaults', {
                date: short(last.atMs, new Date()),
                count: last.faults,
              })
            )
          ) : report.faults.length === 0 ? (
            t('transfer:check.good', { count: report.conversations })
          ) : (
            <ul>
              {report.faults.map((fault, index) => (
                <li key={index} className="break-words">
                  {sayFault(fault, (key, values) => t(key, values ?? {}), figures)}
                </li>
              ))}
            </ul>
          )}
        </div>
      }
    >
      <Button isBusy={busy === 'check'} isDisabled={busy === 'repair'} onClick={() => void run('check')}>
        {t('transfer:check.button')}
      </Button>
      {canRepair && (
        <Button isBusy={busy === 'repair'} isDisabled={busy === 'check'} onClick={() => void run('repair')}>
          {t('transfer:check.repair')}
        </Button>
      )}
    </Row>
  )
}

/** Images that are gone do not come back, and what was saved is saved. */
function isMendable(fault: CheckFault): boolean {
  return (
    fault.kind !== 'unreadable-folder' &&
    fault.kind !== 'missing-media' &&
    !(fault.kind === 'damaged' && (fault.savedAs !== null || fault.isTooLarge === true))
  )
}

function sayFault(fault: CheckFault, t: Translate, figures: Figures): string {
  switch (fault.kind) {
    case 'unreadable-folder':
      return t('transfer:check.unreadable-folder', { folder: fault.folder })
    case 'damaged':
      if (fault.isTooLarge === true) return t('transfer:check.damagedTooLarge', { file: fault.fileName })
      return fault.savedAs === null
        ? t('transfer:check.damaged', { file: fault.fileName })
        : t('transfer:check.damagedSaved', { file: fault.fileName, savedAs: fault.savedAs })
    case 'missing-media': {
      const title = fault.title === '' ? t('chat:sidebar.untitled') : fault.title
      return t('transfer:check.missing-media', { count: fault.count, title })
    }
    case 'foreign-file':
      return t('transfer:check.foreign-file', { file: fault.fileName })
    case 'stray-media':
      return t('transfer:check.stray-media', { count: fault.count, size: figures.bytes(fault.bytes) })
    case 'stray-files':
      return t('transfer:check.stray-files', { count: fault.count })
    case 'stale-index':
      return t('transfer:check.stale-index')
  }
}
