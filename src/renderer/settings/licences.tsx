import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type * as Licences from 'virtual:licences'
import { Button } from '../controls/button'
import { Dialog } from '../controls/dialog'
import { useFigures } from '../figures'
import { Row, Section } from './row'

/** What everybody sees of Parley, named first; the others are counted. */
const SEEN = [
  { name: '@fontsource-variable/inter', shown: 'Inter' },
  { name: '@fontsource-variable/jetbrains-mono', shown: 'JetBrains Mono' },
  { name: 'lucide-react', shown: 'Lucide' },
  { name: 'katex', shown: 'KaTeX' },
] as const

type Shown = 'own' | 'all' | null

/** Under which licences Parley and all that is in it are. */
export function LicenceSection() {
  const { t } = useTranslation()
  const figures = useFigures()
  const loaded = useLicences()
  const [shown, setShown] = useState<Shown>(null)
  const close = (): void => setShown(null)
  const named = SEEN.flatMap(({ name, shown: label }) => {
    const found = loaded?.licences.find((each) => each.name === name)
    return found === undefined ? [] : [`${label} (${found.licence})`]
  })
  const others = (loaded?.licences.length ?? 0) - named.length
  return (
    <div className="mt-8">
      <Section title={t('settings:about.licences.title')}>
        <Row name="Parley" help={t('settings:about.licenceHelp')}>
          <Button
            isDisabled={loaded === null}
            aria-label={t('settings:about.licences.readOwn')}
            onClick={() => setShown('own')}
          >
            {t('settings:about.licences.read')}
          </Button>
        </Row>
        <Row
          name={t('settings:about.licences.madeWith')}
          help={
            loaded === null
              ? undefined
              : t('settings:about.licences.others', {
                  names: named.join(', '),
                  count: others,
                  value: figures.whole(others),
                })
          }
        >
          <Button isDisabled={loaded === null} onClick={() => setShown('all')}>
            {t('settings:about.licences.showAll')}
          </Button>
        </Row>
      </Section>
      {loaded !== null && (
        <>
          <Dialog
            isOpen={shown === 'own'}
            onClose={close}
            title={t('settings:about.licences.ownTitle')}
            className="w-170"
            actions={<Button onClick={close}>{t('common:close')}</Button>}
          >
            <LicenceText label={t('settings:about.licences.ownTitle')} className="mt-4 max-h-100">
              {loaded.own}
            </LicenceText>
          </Dialog>
          <Dialog
            isOpen={shown === 'all'}
            onClose={close}
            title={t('settings:about.licences.madeWith')}
            className="w-170"
            actions={<Button onClick={close}>{t('common:close')}</Button>}
          >
            <LicenceList licences={loaded.licences} />
          </Dialog>
        </>
      )}
    </div>
  )
}

function LicenceList({ licences }: Pick<typeof Licences, 'licences'>) {
  return (
    <div className="mt-4 max-h-100 overflow-y-auto border-y border-line" dir="ltr">
      {licences.map(({ name, version, licence, text }) => (
        <details key={`${name} ${version}`} className="border-b border-line last:border-b-0">
          <summary className="focus-inset flex min-h-8 items-center gap-3 px-1 text-ui text-ink-1 hover:bg-hovered">
            <span className="min-w-0 flex-1 break-words">
              {name} <span className="text-ink-3 tabular">{version}</span>
            </span>
            <span className="text-meta text-ink-2">{licence}</span>
          </summary>
          {text !== '' && <LicenceText label={name}>{text}</LicenceText>}
        </details>
      ))}
    </div>
  )
}

function LicenceText({ label, children, className = 'mb-2' }: { label: string; children: string; className?: string }) {
  return (
    <pre
      dir="ltr"
      tabIndex={0}
      aria-label={label}
      className={`focus-inset overflow-auto rounded-l bg-sunk p-3 font-code text-[12px]/[19px] break-words whitespace-pre-wrap text-ink-1 select-text ${className}`}
    >
      {children}
    </pre>
  )
}

/** A few hundred kilobytes: fetched when the page is opened. */
function useLicences(): typeof Licences | null {
  const [loaded, setLoaded] = useState<typeof Licences | null>(null)
  useEffect(() => {
    let isGone = false
    void import('virtual:licences').then((licences) => {
      if (!isGone) setLoaded(licences)
    })
    return () => {
      isGone = true
    }
  }, [])
  return loaded
}
