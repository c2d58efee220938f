import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { CheckFault, CheckReport } from '../../shared/contract'
import type { Translate } from '../../shared/i18n'
import { Button } from '../controls/button'
import { tellError } from '../controls/tell-error'
import { useDates } from '../dates'
import { useFigures, type Figures } from '../figures'
import { useSettings } from '../settings/data'
import { Row } from '../settings/row'
import { showConversation } from '../store/conversations'

/** Check and repair: says what is wrong, in words; Repair is offered for what it found. */
export function CheckRow({ onChange }: { onChange: () => void }) {
  const { t } = useTranslation()
  const figures = useFigures()
  const { short } = useDates()
  const { lastCheck: last } = useSettings()
  const [report, setReport] = useState<CheckReport | null>(null)
  const [isRepaired, setIsRepaired] = useState(false)
  const [busy, setBusy] = useState<'check' | 'repair' | null>(null)
  const run = async (what: 'check' | 'repair'): Promise<void> => {
    setBusy(what)
    const result = await window.parley.request[`library.${what}`]()
    setBusy(null)
    if (result.ok) {
      setReport(result.value)
      setIsRepaired(what === 'repair')
    } else tellError(result.error)
    if (what === 'repair') onChange()
  }
  const showText = async (conversationId: string): Promise<void> => {
    const result = await window.parley.request['conversation.showFile']({ conversationId, isRecovered: true })
    if (!result.ok) tellError(result.error)
  }
  // What is left after a repair is what it cannot mend now.
  const canRepair = !isRepaired && report?.faults.some(isMendable) === true
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
                  {fault.kind === 'damaged' && (
                    <Button
                      size={28}
                      className="ms-2"
                      onClick={() => void showConversation(fault.conversationId)}
                      aria-label={t('transfer:check.showNamed', { title: fault.title ?? fault.fileName })}
                    >
                      {t('transfer:check.show')}
                    </Button>
                  )}
                  {fault.kind === 'damaged' && fault.savedAs !== null && (
                    <Button
                      size={28}
                      className="ms-2"
                      onClick={() => void showText(fault.conversationId)}
                      aria-label={t('transfer:check.openNamed', { title: fault.title ?? fault.fileName })}
                    >
                      {t('transfer:check.open')}
                    </Button>
                  )}
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
    case 'damaged': {
      const { title, savedAs } = fault
      const file = title === undefined ? fault.fileName : t('transfer:check.named', { title })
      if (fault.isTooLarge === true) return t('transfer:check.damagedTooLarge', { file })
      return savedAs === null
        ? t('transfer:check.damaged', { file })
        : t('transfer:check.damagedSaved', { file, savedAs })
    }
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
