import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { RestoreDone, RestorePlan } from '../../shared/contract'
import type { Translate } from '../../shared/i18n'
import { Button } from '../controls/button'
import { Dialog } from '../controls/dialog'
import { Ring } from '../controls/ring'
import { Segmented } from '../controls/segmented'
import { showToast } from '../controls/toast'
import { useDates } from '../dates'
import { useFigures } from '../figures'
import { useTellError } from '../wire/tell-error'
import { ProblemList } from './problem-list'

type Outcome = RestorePlan['items'][number]['outcome']
type Phase = { kind: 'plan' } | { kind: 'working'; isStopping: boolean } | { kind: 'done'; done: RestoreDone }

const OUTCOMES: readonly Outcome[] = ['new', 'newer-here', 'newer-there']
/** A list of thousands is not read; the figures above it say how many there are. */
const MAX_ROWS = 200

/** What a file would change [39-restore-dry-run], then the doing [39-import-progress], then what came of it. */
export function RestoreDialog({ plan, onClose }: { plan: RestorePlan; onClose: () => void }) {
  const { t } = useTranslation()
  const say: Translate = (key, values) => t(key, values ?? {})
  const tell = useTellError()
  const [phase, setPhase] = useState<Phase>({ kind: 'plan' })
  const isGone = useRef(false)
  useEffect(() => {
    isGone.current = false
    return () => {
      isGone.current = true
    }
  }, [])

  const { planId } = plan
  const drop = (): void => void window.parley.request['library.dropPlan']({ planId })
  const begin = async (): Promise<void> => {
    setPhase({ kind: 'working', isStopping: false })
    const result = await window.parley.request['library.restore']({ planId })
    if (!result.ok) {
      tell(result.error)
      if (!isGone.current) onClose()
    } else if (isGone.current) showToast({ text: sayDone(result.value, say) })
    else setPhase({ kind: 'done', done: result.value })
  }

  switch (phase.kind) {
    case 'plan':
      return (
        <PlanDialog
          plan={plan}
          onBegin={() => void begin()}
          onClose={() => {
            drop()
            onClose()
          }}
        />
      )
    case 'working':
      return (
        <Dialog
          isOpen
          // It goes on in the background; a toast says when it is done.
          onClose={onClose}
          isSticky
          title={t('transfer:restore.working')}
          description={t('transfer:restore.workingHelp')}
          actions={
            <>
              <p className="me-auto self-center text-meta text-ink-3">{t('transfer:restore.stopKeeps')}</p>
              <Button
                isBusy={phase.isStopping}
                onClick={() => {
                  setPhase({ kind: 'working', isStopping: true })
                  drop()
                }}
              >
                {t(phase.isStopping ? 'transfer:restore.stopping' : 'common:stop')}
              </Button>
              <Button variant="primary" onClick={onClose}>
                {t('transfer:restore.background')}
              </Button>
            </>
          }
        >
          <p className="mt-4 flex items-center gap-2 text-ui text-ink-1" role="status">
            <Ring className="text-ink-2" />
            <bdi className="min-w-0 truncate">{plan.fileName}</bdi>
          </p>
        </Dialog>
      )
    case 'done':
      return (
        <Dialog
          isOpen
          onClose={onClose}
          title={t('transfer:restore.done')}
          description={<span role="status">{sayDone(phase.done, say)}</span>}
          actions={
            <Button variant="primary" onClick={onClose}>
              {t('common:close')}
            </Button>
          }
        >
          <ProblemList problems={phase.done.problems} />
        </Dialog>
      )
  }
}

interface PlanDialogProps {
  plan: RestorePlan
  onBegin: () => void
  onClose: () => void
}

function PlanDialog({ plan, onBegin, onClose }: PlanDialogProps) {
  const { t } = useTranslation()
  const figures = useFigures()
  const [filter, setFilter] = useState<Outcome | 'all'>('all')
  const counts = countOutcomes(plan.items)
  const changes = counts.new + counts['newer-there']
  const { source, fileName, bytes, items, same, problems } = plan
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title={t(`transfer:restore.heading.${source}`)}
      description={
        <span className="break-words">
          {t(`transfer:restore.file.${source}`, { file: fileName, size: figures.bytes(bytes) })}
        </span>
      }
      className="w-160"
      actions={
        <>
          {changes > 0 && (
            <p className="me-auto self-center text-meta text-ink-3">
              {t('transfer:restore.first')}
              {counts['newer-there'] > 0 && ` ${t('transfer:restore.trash')}`}
            </p>
          )}
          <Button onClick={onClose}>{t(changes > 0 ? 'common:cancel' : 'common:close')}</Button>
          {changes > 0 && (
            <Button variant="primary" onClick={onBegin}>
              {t(counts['newer-there'] > 0 ? 'transfer:restore.update' : 'transfer:restore.add', { count: changes })}
            </Button>
          )}
        </>
      }
    >
      <dl className="mt-4 grid grid-cols-3 divide-x divide-line-2 overflow-hidden rounded-l border border-line-2 rtl:divide-x-reverse">
        {OUTCOMES.map((outcome) => (
          <div key={outcome} className="flex flex-col-reverse justify-end px-4 py-3">
            <dt className="text-meta text-ink-2">{t(`transfer:restore.figures.${outcome}`)}</dt>
            <dd
              className={`tabular text-h2 font-heading ${outcome === 'new' && counts.new > 0 ? 'text-accent-text' : 'text-ink-1'}`}
            >
              {figures.whole(counts[outcome])}
            </dd>
          </div>
        ))}
      </dl>
      <div className="mt-3 flex min-h-8 flex-wrap items-center justify-between gap-2">
        {items.length === 0 ? (
          <p className="text-ui text-ink-2">{problems.length === 0 && t('transfer:restore.nothing')}</p>
        ) : (
          <Segmented
            size={28}
            label={t('transfer:restore.filters.label')}
            value={filter}
            onChange={setFilter}
            options={[
              { value: 'all', label: `${t('transfer:restore.filters.all')} ${figures.whole(items.length)}` },
              ...OUTCOMES.filter((outcome) => counts[outcome] > 0).map((outcome) => ({
                value: outcome,
                label: `${t(`transfer:restore.filters.${outcome}`)} ${figures.whole(counts[outcome])}`,
              })),
            ]}
          />
        )}
        {same > 0 && <p className="text-meta text-ink-3">{t('transfer:restore.same', { count: same })}</p>}
      </div>
      {items.length > 0 && <ItemList items={items.filter(({ outcome }) => filter === 'all' || outcome === filter)} />}
      <ProblemList problems={problems} />
    </Dialog>
  )
}

function ItemList({ items }: { items: RestorePlan['items'] }) {
  const { t } = useTranslation()
  const { day } = useDates()
  const more = items.length - MAX_ROWS
  return (
    <ul tabIndex={0} className="focus-inset mt-1 max-h-64 overflow-y-auto border-t border-line">
      {items.slice(0, MAX_ROWS).map(({ title, updatedAt, outcome }, index) => (
        <li key={index} className="flex min-h-9.5 items-center gap-4 border-b border-line text-ui">
          <bdi className="min-w-0 flex-1 truncate text-ink-1">{title === '' ? t('chat:sidebar.untitled') : title}</bdi>
          <span className="flex-none text-meta text-ink-3">{day(updatedAt)}</span>
          <span
            className={`w-24 flex-none text-end text-meta ${outcome === 'new' ? 'text-accent-text' : 'text-ink-2'}`}
          >
            {t(`transfer:restore.outcome.${outcome}`)}
          </span>
        </li>
      ))}
      {more > 0 && <li className="py-2 text-meta text-ink-3">{t('transfer:restore.rest', { count: more })}</li>}
    </ul>
  )
}

function countOutcomes(items: RestorePlan['items']): Record<Outcome, number> {
  const counts: Record<Outcome, number> = { new: 0, 'newer-here': 0, 'newer-there': 0 }
  for (const { outcome } of items) counts[outcome] += 1
  return counts
}

function sayDone({ added, updated, kept }: RestoreDone, t: Translate): string {
  const sentences = [
    ...(added > 0 ? [t('transfer:restore.added', { count: added })] : []),
    ...(updated > 0 ? [t('transfer:restore.updated', { count: updated })] : []),
    ...(kept > 0 ? [t('transfer:restore.kept', { count: kept })] : []),
  ]
  return sentences.length === 0 ? t('transfer:restore.unchanged') : sentences.join(' ')
}
