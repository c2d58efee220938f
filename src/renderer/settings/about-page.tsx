import { Copy } from 'lucide-react'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Diagnostics } from '../../shared/contract'
import { Button } from '../controls/button'
import { Dialog } from '../controls/dialog'
import { Mark } from '../controls/mark'
import { showToast } from '../controls/toast'
import { useBoot } from './data'
import { LicenceSection } from './licences'
import { Fact } from './row'

/** So many lines of the log are in the diagnostics at most; see Diagnostics. */
const LOG_LINES = 50

/** What runs here, the same to be copied for somebody who helps, and the licences [35]. */
export function AboutPage() {
  const { t } = useTranslation()
  const boot = useBoot()
  const diagnostics = useDiagnostics()
  const [isShown, setIsShown] = useState(false)
  if (boot === null) return null
  return (
    <>
      <header className="mt-1.5 mb-7 flex flex-wrap items-center gap-5">
        <span className="flex size-18 items-center justify-center rounded-[16px] bg-linear-to-b from-raised to-bubble shadow-e1">
          <Mark className="size-12" />
        </span>
        <div className="min-w-40 flex-1">
          <h2 className="text-h1 font-heading text-ink-1">Parley</h2>
          <p className="text-ui text-ink-2">{t('settings:about.version', { version: boot.version })}</p>
        </div>
        <Button icon={Copy} isDisabled={diagnostics === null} onClick={() => setIsShown(true)}>
          {t('settings:about.diagnostics.copy')}
        </Button>
      </header>
      <dl className="border-y border-line">
        {diagnostics?.rows.map(({ name, value }) => (
          <Fact key={name} name={name}>
            <bdi>{value}</bdi>
          </Fact>
        ))}
      </dl>
      <p className="mt-3 text-meta text-ink-3">{t('settings:about.diagnostics.holds', { count: LOG_LINES })}</p>
      <LicenceSection />
      {diagnostics !== null && (
        <DiagnosticsDialog diagnostics={diagnostics} isOpen={isShown} onClose={() => setIsShown(false)} />
      )}
    </>
  )
}

interface DiagnosticsDialogProps {
  diagnostics: Diagnostics
  isOpen: boolean
  onClose: () => void
}

/** Shows what is copied before it is copied: nobody can vouch for lines they have not seen. */
function DiagnosticsDialog({ diagnostics, isOpen, onClose }: DiagnosticsDialogProps) {
  const { t } = useTranslation()
  const { rows, logLines } = diagnostics
  const log = logLines.length === 0 ? t('settings:about.diagnostics.noLog') : logLines.join('\n')
  const text = `${rows.map(({ name, value }) => `${name}: ${value}`).join('\n')}\n\n${log}\n`
  const copy = async () => {
    await navigator.clipboard.writeText(text)
    onClose()
    showToast({ text: (say) => say('common:copied') })
  }
  return (
    <Dialog
      isOpen={isOpen}
      onClose={onClose}
      title={t('settings:about.diagnostics.dialog')}
      description={t('settings:about.diagnostics.dialogHelp')}
      className="w-170"
      actions={
        <>
          <Button onClick={onClose}>{t('common:cancel')}</Button>
          <Button variant="primary" icon={Copy} onClick={() => void copy()}>
            {t('settings:about.diagnostics.copy')}
          </Button>
        </>
      }
    >
      <pre
        dir="ltr"
        tabIndex={0}
        aria-label={t('settings:about.diagnostics.text')}
        className="focus-inset mt-4 max-h-80 overflow-auto rounded-l bg-sunk p-3 font-code text-[12px]/[19px] break-words whitespace-pre-wrap text-ink-1 select-text"
      >
        {text}
      </pre>
    </Dialog>
  )
}

/** Asked for when the page is opened: it counts files and reads the log. */
function useDiagnostics(): Diagnostics | null {
  const [diagnostics, setDiagnostics] = useState<Diagnostics | null>(null)
  useEffect(() => {
    let isGone = false
    void window.parley.request['app.diagnostics']().then((result) => {
      if (result.ok && !isGone) setDiagnostics(result.value)
    })
    return () => {
      isGone = true
    }
  }, [])
  return diagnostics
}
