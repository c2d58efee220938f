import { useTranslation } from 'react-i18next'
import type { RestorePlan } from '../../shared/contract'
import { useErrorText } from '../settings/error-text'

/** What could not be read or kept, folded to one line. */
export function ProblemList({ problems }: { problems: RestorePlan['problems'] }) {
  const { t } = useTranslation()
  const errorText = useErrorText()
  if (problems.length === 0) return null
  return (
    <details className="mt-3 text-meta text-ink-2">
      <summary className="cursor-default rounded-s text-warn">
        {t('transfer:restore.problems', { count: problems.length })}
      </summary>
      <ul className="mt-1.5 max-h-40 overflow-y-auto" tabIndex={0}>
        {problems.map(({ name, error }, index) => {
          const { title, detail } = errorText(error)
          return (
            <li key={index} className="py-1 break-words">
              <bdi className="text-ink-1">{name}</bdi>:{' '}
              {/* Their own words are those of a whole file that is refused. */}
              {error.code === 'bad-archive' ? t(`transfer:restore.problem.${error.reason}`) : `${title}. ${detail}`}
            </li>
          )
        })}
      </ul>
    </details>
  )
}
