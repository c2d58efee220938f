import { TriangleAlert } from 'lucide-react'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { TransferProblem, TransferState } from '../../shared/contract'
import type { Translate } from '../../shared/i18n'
import { Button } from '../controls/button'
import { Dialog } from '../controls/dialog'
import { Icon } from '../controls/icon'
import { Ring } from '../controls/ring'
import { showToast } from '../controls/toast'
import { showChat } from '../store/conversations'
import { useFigures, type Figures } from '../figures'
import { sayEnd } from './end-text'
import { Problems } from './problem-list'
import { RestoreDialog } from './restore-dialog'
import { closeTransfer, followTransfers, openTransfer, stopTransfer, useTransfer } from './state'

/**
 * How far a backup, an export, a restore or an import is [39-import-progress], what a file would change, then what came of
 * it. Once per window: a file that takes its time is read while the person goes elsewhere.
 */
export function TransferDialog() {
  const { t } = useTranslation()
  const figures = useFigures()
  const { state, isOpen, plan } = useTransfer()
  useEffect(followTransfers, [])

  const end = state?.end ?? null
  useEffect(() => {
    if (state === null || end === null || isOpen || state.kind === 'plan') return
    const { problems } = state
    const show = { label: t('transfer:progress.show'), run: () => reopen(state) }
    const file = end.kind === 'written' ? { label: t('transfer:export.show'), run: () => showFile(end.fileId) } : null
    const action = problems.length > 0 ? show : file
    showToast({
      text: sayEnd(state, (key, values) => t(key, values ?? {}), figures),
      ...(action === null ? {} : { action }),
    })
    closeTransfer()
  }, [state, end, isOpen, t, figures])

  if (plan !== null) return <RestoreDialog key={plan.planId} plan={plan} />
  if (state === null || !isOpen) return null
  return end === null ? <RunningDialog state={state} /> : <EndedDialog state={state} />
}

function showFile(fileId: string): void {
  void window.parley.request['transfer.showFile']({ fileId })
}

function reopen(state: TransferState): void {
  useTransfer.setState({ state })
  openTransfer()
}

function RunningDialog({ state }: { state: TransferState }) {
  const { t } = useTranslation()
  const say: Translate = (key, values) => t(key, values ?? {})
  const figures = useFigures()
  const { kind, fileName, bytes, source, done, total, isStopping, leftMs, item, problems } = state
  const isWriting = kind === 'export' || kind === 'backup'
  const size = figures.bytes(bytes ?? 0)
  const about =
    kind === 'plan'
      ? 'transfer:progress.plan'
      : source === null
        ? 'transfer:progress.write'
        : `transfer:progress.read.${source}`
  return (
    <Dialog
      isOpen
      onClose={closeTransfer}
      isSticky
      className="w-140"
      title={t(`transfer:progress.title.${kind}`)}
      description={<span className="break-words">{t(about, { file: fileName, size })}</span>}
      note={t(
        kind === 'plan'
          ? 'transfer:progress.stopLooking'
          : isWriting
            ? 'transfer:progress.stopLeaves'
            : 'transfer:progress.stopKeeps',
      )}
      actions={
        <>
          <Button isBusy={isStopping} onClick={stopTransfer}>
            {t(isStopping ? 'transfer:progress.stopping' : 'common:stop')}
          </Button>
          <Button variant="primary" onClick={closeTransfer}>
            {t('transfer:progress.background')}
          </Button>
        </>
      }
    >
      <div
        role="progressbar"
        aria-label={t('transfer:progress.bar')}
        aria-valuemin={0}
        aria-valuemax={Math.max(1, total)}
        aria-valuenow={done}
        aria-valuetext={sayCount(state, say, figures)}
        className="mt-4.5 h-1.5 overflow-hidden rounded-full bg-line forced-colors:border"
      >
        <div
          className="h-full rounded-full bg-accent forced-colors:bg-[Highlight]"
          // A share of the bar; there is no class for a number.
          style={{ width: `${total === 0 ? 0 : (done / total) * 100}%` }}
        />
      </div>
      <p className="tabular mt-2 flex min-h-5 flex-wrap justify-between gap-x-4 text-meta text-ink-2">
        <span>{total > 0 && sayCount(state, say, figures)}</span>
        {leftMs !== null && <span>{sayLeft(leftMs, say)}</span>}
      </p>
      <div className="mt-4 border-t border-line pt-3.5">
        <p className="flex min-h-7 items-center gap-2.5 text-ui text-ink-1">
          <Ring className="text-ink-2" />
          <bdi className="min-w-0 flex-1 truncate">
            {item === null ? '' : item.title === '' ? t('chat:sidebar.untitled') : item.title}
          </bdi>
          {item !== null && item.images > 0 && (
            <span className="tabular flex-none text-meta text-ink-3">
              {t('transfer:progress.images', { count: item.images })}
            </span>
          )}
        </p>
        <ProblemLine problems={problems} />
      </div>
    </Dialog>
  )
}

function EndedDialog({ state }: { state: TransferState }) {
  const { t } = useTranslation()
  const figures = useFigures()
  const { end, problems, kind } = state
  const toChats = (): void => {
    closeTransfer()
    showChat()
  }
  const hasChats = end?.kind === 'taken-in' && end.done.added + end.done.updated > 0
  const next =
    end?.kind === 'written'
      ? { label: t('transfer:export.show'), run: () => showFile(end.fileId) }
      : hasChats
        ? { label: t('transfer:end.show'), run: toChats }
        : null
  const isDone = end?.kind === 'written' || (end?.kind === 'taken-in' && !end.isStopped)
  return (
    <Dialog
      isOpen
      onClose={closeTransfer}
      className="w-140"
      title={isDone ? t('transfer:end.done') : t(`transfer:progress.title.${kind}`)}
      description={
        <span role="status" className="break-words">
          {sayEnd(state, (key, values) => t(key, values ?? {}), figures)}
        </span>
      }
      actions={
        <>
          {next !== null && <Button onClick={next.run}>{next.label}</Button>}
          <Button variant="primary" onClick={closeTransfer}>
            {t('common:close')}
          </Button>
        </>
      }
    >
      {problems.length > 0 && (
        <div className="mt-3">
          <ProblemLine problems={problems} />
        </div>
      )}
    </Dialog>
  )
}

/** All problems in one line, which opens. */
function ProblemLine({ problems }: { problems: readonly TransferProblem[] }) {
  const { t } = useTranslation()
  const [isShown, setIsShown] = useState(false)
  if (problems.length === 0) return null
  const isLacking = problems.every(({ error }) => error.code === 'not-found')
  return (
    <>
      <p className="flex min-h-7 items-center gap-2.5 text-ui text-ink-2">
        <Icon of={TriangleAlert} size={14} className="text-warn" />
        <span className="min-w-0 flex-1">
          {t(isLacking ? 'transfer:progress.lacking' : 'transfer:progress.problems', { count: problems.length })}
        </span>
        <button
          type="button"
          aria-expanded={isShown}
          className="min-h-7 flex-none rounded-s px-1 text-accent-text underline underline-offset-4 hover:bg-hovered"
          onClick={() => setIsShown(!isShown)}
        >
          {t(isShown ? 'transfer:progress.hide' : 'transfer:progress.show')}
        </button>
      </p>
      {isShown && <Problems problems={problems} />}
    </>
  )
}

function sayCount({ step, done, total }: TransferState, t: Translate, figures: Figures): string {
  const words = { look: 'looked', copy: 'copied', work: 'chats', check: 'checked' } as const
  return t(`transfer:progress.${words[step]}`, {
    done: figures.whole(done),
    total: figures.whole(total),
    count: total,
  })
}

/** In steps that nobody sees jump: five seconds, then whole minutes. */
function sayLeft(leftMs: number, t: Translate): string {
  const seconds = Math.max(5, Math.ceil(leftMs / 5000) * 5)
  return seconds < 60
    ? t('transfer:progress.seconds', { count: seconds })
    : t('transfer:progress.minutes', { count: Math.round(seconds / 60) })
}
