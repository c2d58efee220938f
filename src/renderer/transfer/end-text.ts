import type { RestoreDone, TransferState } from '../../shared/contract'
import { describe } from '../../shared/errors'
import type { Translate } from '../../shared/i18n'
import type { Figures } from '../figures'

/** What came of a transfer, in sentences; empty while it runs. */
export function sayEnd({ kind, end }: TransferState, t: Translate, figures: Figures): string {
  switch (end?.kind) {
    case undefined:
    case 'planned':
      return ''
    case 'failed': {
      const { title, detail } = describe(end.error, t)
      return `${title}. ${detail}`
    }
    case 'stopped':
      return kind === 'plan'
        ? `${t('transfer:end.stopped')}.`
        : `${t('transfer:end.stopped')}. ${t('transfer:end.nothing')}.`
    case 'written': {
      const { conversations: count, fileName: file, bytes } = end.made
      const values = { count, file, size: figures.bytes(bytes) }
      const { damaged } = end.made
      const words = t(kind === 'export' ? 'transfer:exportAll.done' : 'transfer:backup.done', values)
      if (damaged === 0) return words
      return `${words} ${t(kind === 'export' ? 'transfer:end.left' : 'transfer:end.damaged', { count: damaged })}.`
    }
    case 'taken-in': {
      const sentences = sayDone(end.done, kind === 'import' ? 'imported' : 'added', t)
      return [...(end.isStopped ? [t('transfer:end.stopped')] : []), ...sentences].map((each) => `${each}.`).join(' ')
    }
  }
}

function sayDone(done: RestoreDone, added: 'imported' | 'added', t: Translate): string[] {
  const changed = [
    ...(done.added > 0 ? [t(`transfer:end.${added}`, { count: done.added })] : []),
    ...(done.updated > 0 ? [t('transfer:end.updated', { count: done.updated })] : []),
  ]
  const missing = done.missing > 0 ? `, ${t('transfer:end.missing', { count: done.missing })}` : ''
  const sentences = [
    ...changed.map((sentence, index) => (index === changed.length - 1 ? sentence + missing : sentence)),
    ...(done.kept > 0 ? [t('transfer:end.kept', { count: done.kept })] : []),
    ...(done.pictures > 0 ? [t('transfer:end.pictures', { count: done.pictures })] : []),
    ...(done.drafts > 0 ? [t('transfer:end.drafts', { count: done.drafts })] : []),
    ...(done.prompts > 0 ? [t('transfer:end.prompts', { count: done.prompts })] : []),
    ...(done.backends > 0 ? [t('transfer:end.backends', { count: done.backends })] : []),
    ...(done.hasSettings ? [t('transfer:end.settings')] : []),
  ]
  return sentences.length === 0 ? [t('transfer:end.unchanged')] : sentences
}
