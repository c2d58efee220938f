import { CircleAlert, CircleCheck, TriangleAlert } from 'lucide-react'
import { useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { BackendTest } from '../../../shared/contract'
import type { AppError } from '../../../shared/errors'
import { reviewCertificate } from '../../certificate/state'
import { Button } from '../../controls/button'
import { CadenceChart } from '../../controls/cadence-chart'
import { Icon } from '../../controls/icon'
import { Ring } from '../../controls/ring'
import { useFigures } from '../../figures'
import { useErrorText } from '../error-text'
import { SecretEntry } from './secret-field'

export interface TestCardProps {
  backendId: string
  /** What the test found; null while it runs. */
  test: BackendTest | null
  /** Makes room for the key of a provider, before it is entered. */
  onKeyProvider: (provider: string) => Promise<unknown>
  /** What was wrong is mended: test again. */
  onAgain: () => void
}

/** What the connection test found, with its figures, and what can be done about it on the spot. */
export function TestCard({ backendId, test, onKeyProvider, onAgain }: TestCardProps) {
  const { t } = useTranslation()
  const errorText = useErrorText()
  if (test === null) {
    return (
      <Card icon={<Ring className="mt-0.75 text-ink-2" />} title={t('settings:test.running')}>
        <p className="text-ui text-ink-2">{t('settings:test.runningHelp')}</p>
      </Card>
    )
  }
  switch (test.verdict) {
    case 'failed': {
      const text = errorText(test.error)
      // It answered; and there is no message that could be kept or lost.
      const detail = test.error.code === 'unauthorized' ? t('settings:test.needsKey') : text.detail
      return (
        <Card icon={<Icon of={CircleAlert} className="mt-0.5 text-danger" />} title={text.title}>
          <p className="text-ui wrap-anywhere text-ink-2">{detail}</p>
          <Remedy backendId={backendId} error={test.error} onKeyProvider={onKeyProvider} onAgain={onAgain} />
        </Card>
      )
    }
    case 'bursts':
      return (
        <Card icon={<Icon of={TriangleAlert} className="mt-0.5 text-warn" />} title={t('settings:test.bursts')} isNew>
          <p className="text-ui text-ink-2">{t('settings:test.burstsHelp')}</p>
          <Figures test={test} />
        </Card>
      )
    case 'streams':
    case 'reachable':
      if (test.error !== null) {
        const text = errorText(test.error)
        return (
          <Card
            icon={<Icon of={TriangleAlert} className="mt-0.5 text-warn" />}
            title={t('settings:test.answerFails')}
            isNew
          >
            <p className="text-ui wrap-anywhere text-ink-1">{text.title}</p>
            <p className="text-ui wrap-anywhere text-ink-2">{text.detail}</p>
            <Remedy backendId={backendId} error={test.error} onKeyProvider={onKeyProvider} onAgain={onAgain} />
            <Figures test={test} />
          </Card>
        )
      }
      return (
        <Card
          icon={<Icon of={CircleCheck} className="mt-0.5 text-accent-text" />}
          title={t(`settings:test.${test.verdict}`)}
          isNew
        >
          {test.verdict === 'reachable' && <p className="text-ui text-ink-2">{t('settings:test.reachableHelp')}</p>}
          <Figures test={test} />
        </Card>
      )
  }
}

interface RemedyProps extends Pick<TestCardProps, 'backendId' | 'onKeyProvider' | 'onAgain'> {
  error: AppError
}

function Remedy({ backendId, error, onKeyProvider, onAgain }: RemedyProps) {
  const { t } = useTranslation()
  const [isEntering, setIsEntering] = useState(false)
  const [hasEntered, setHasEntered] = useState(false)
  if (error.code === 'certificate' && error.shown !== undefined) {
    const review = async () => {
      if ((await reviewCertificate({ backendId, error })) !== null) onAgain()
    }
    return (
      <Button className="mt-3" onClick={() => void review()}>
        {t('certificate:show')}
      </Button>
    )
  }
  if (error.code !== 'unauthorized' && error.code !== 'provider-auth' && error.code !== 'secret-unavailable')
    return null
  const provider = error.code === 'provider-auth' ? error.provider : null
  const label = provider === null ? t('settings:backends.key') : t('settings:providerKeys.keyOf', { provider })
  const begin = async () => {
    if (provider !== null) await onKeyProvider(provider)
    setIsEntering(true)
  }
  return (
    <div className="mt-3">
      {isEntering ? (
        <SecretEntry
          name={provider === null ? { backendId, field: 'api-key' } : { backendId, field: 'provider-key', provider }}
          label={label}
          saveLabel={t('settings:test.saveAndTest')}
          onDone={(isKept) => {
            setIsEntering(false)
            setHasEntered(true)
            if (isKept) onAgain()
          }}
        />
      ) : (
        <Button aria-label={label} autoFocus={hasEntered} onClick={() => void begin()}>
          {t('settings:secret.enterA.key')}
        </Button>
      )}
    </div>
  )
}

function Card({
  icon,
  title,
  isNew = false,
  children,
}: {
  icon: ReactNode
  title: string
  isNew?: boolean
  children: ReactNode
}) {
  const { t } = useTranslation()
  return (
    <div role="status" className="rounded-l border border-line-2 bg-raised px-4 py-3.5">
      <div className="flex items-start gap-2.5">
        {icon}
        <p className="min-w-0 flex-1 text-[14px]/5 font-label text-ink-1">{title}</p>
        {isNew && <span className="text-meta text-ink-3">{t('settings:test.now')}</span>}
      </div>
      <div className="ps-6.5">{children}</div>
    </div>
  )
}

type Measured = Exclude<BackendTest, { verdict: 'failed' }>

function Figures({ test }: { test: Measured }) {
  const { t } = useTranslation()
  const { duration } = useFigures()
  const usual = median(test.gapsMs)
  const longest = Math.max(0, ...test.gapsMs)
  const figures: [value: string, name: string][] = [[duration(test.roundTripMs), t('settings:test.roundTrip')]]
  if (test.firstWordMs !== null) figures.push([duration(test.firstWordMs), t('settings:test.firstWord')])
  if (test.providers !== null) {
    figures.push([String(test.providers), t('settings:test.providers', { count: test.providers })])
  }
  if (test.models !== null) figures.push([String(test.models), t('settings:test.models', { count: test.models })])
  return (
    <div className="mt-4 -ms-6.5 flex flex-wrap items-end justify-between gap-x-6 gap-y-3">
      <dl className="flex flex-wrap gap-x-6 gap-y-2">
        {figures.map(([value, name]) => (
          <div key={name} className="flex flex-col-reverse">
            <dt className="text-meta text-ink-3">{name}</dt>
            <dd className="text-[15px]/5 font-medium text-ink-1 tabular">{value}</dd>
          </div>
        ))}
      </dl>
      {test.gapsMs.length > 1 && (
        <div className="w-59 max-w-full">
          <CadenceChart
            gapsMs={test.gapsMs}
            label={t('settings:test.chart', { usual: duration(usual), longest: duration(longest) })}
          />
          <div className="mt-1 flex flex-wrap justify-between gap-x-3 text-meta text-ink-3">
            <span>{t('settings:test.usualGap', { value: duration(usual) })}</span>
            <span>{t('settings:test.longestGap', { value: duration(longest) })}</span>
          </div>
        </div>
      )}
    </div>
  )
}

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}
