import { useTranslation } from 'react-i18next'
import type { TransferProblem } from '../../shared/contract'
import { useErrorText } from '../settings/error-text'

/** What could not be read or kept, folded to one line. */
export function ProblemList({ problems }: { problems: readonly TransferProblem[] }) {
  const { t } = useTranslation()
  if (problems.length === 0) return null
  return (
    <details className="mt-3 text-meta text-ink-2">
      <summary className="cursor-default rounded-s text-warn">
        {t(
          problems.every(({ error }) => error.code === 'not-found')
            ? 'transfer:restore.lacking'
            : 'transfer:restore.problems',
          { count: problems.length },
        )}
      </summary>
      <Problems problems={problems} />
    </details>
  )
}

/** Each with its name and why. */
export function Problems({ problems }: { problems: readonly TransferProblem[] }) {
  const { t } = useTranslation()
  const errorText = useErrorText()
  return (
    <ul className="focus-inset mt-1.5 max-h-40 overflow-y-auto text-meta text-ink-2" tabIndex={0}>
      {problems.map(({ name, error }, index) => {
        const { title, detail } = errorText(error)
        return (
          <li key={index} className="py-1 break-words">
            <bdi className="text-ink-1">{name}</bdi>: {/* Their own words are those of a whole file that is refused. */}
            {error.code === 'bad-archive'
              ? t(`transfer:restore.problem.${error.reason}`)
              : error.code === 'not-found'
                ? t('transfer:restore.problem.missing')
                : `${title}. ${detail}`}
          </li>
        )
      })}
    </ul>
  )
}
