import { mkdir, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** One measured thing, with the runs it is the median of and the budget it is held against. */
export interface Figure {
  name: string
  unit: string
  runs: number[]
  /** Null where no budget was set: the figure is for comparison. */
  budget: { kind: 'at most' | 'at least'; value: number } | null
  digits?: number
  /** How much of the machine something else took, just before or after: 0 to 1, see `busyShare`. */
  othersBusy?: number
}

/** From here on a figure says more about the machine's other work than about the app. */
const BUSY_SHARE = 0.15
const LOOK_MS = 1000

/**
 * The share of all processors that is in use while nothing of the bench runs. The load average is no help: it is high
 * after each measurement, by the measurement.
 */
export async function busyShare(): Promise<number> {
  const before = os.cpus()
  await sleep(LOOK_MS)
  const spent = os.cpus().map(({ times }, index) => {
    const from = before[index]?.times ?? times
    const idle = times.idle - from.idle
    const all =
      Object.values(times).reduce((sum, ms) => sum + ms, 0) - Object.values(from).reduce((sum, ms) => sum + ms, 0)
    return { idle, all }
  })
  const all = spent.reduce((sum, each) => sum + each.all, 0)
  return all === 0 ? 0 : 1 - spent.reduce((sum, each) => sum + each.idle, 0) / all
}

/** The load as people know it: `load 0.42 0.61 0.80 on 2 processors, 3 % in use by others`. */
export function describeLoad(share: number): string {
  const load = os.loadavg().map((value) => value.toFixed(2))
  return `load ${load.join(' ')} on ${os.cpus().length} processors, ${percent(share)} in use by others`
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}

/** The middle of the values; of an even number the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? (sorted[middle] ?? NaN) : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2
}

/** The value below which this share (0 to 1) of the values lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? NaN
}

export function isWithinBudget({ runs, budget }: Figure): boolean | null {
  if (budget === null) return null
  return budget.kind === 'at most' ? median(runs) <= budget.value : median(runs) >= budget.value
}

/** The figures as a table of text. */
export function formatTable(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => {
    const { name, unit, runs, budget, digits = 0, othersBusy } = figure
    const isWithin = isWithinBudget(figure)
    return [
      name,
      `${median(runs).toFixed(digits)} ${unit}`,
      budget === null ? '' : `${budget.kind} ${budget.value} ${unit}`,
      isWithin === null ? '' : isWithin ? 'pass' : 'FAIL',
      othersBusy === undefined ? '' : `${percent(othersBusy)}${othersBusy > BUSY_SHARE ? ' under load' : ''}`,
      runs.length > 1 ? runs.map((run) => run.toFixed(digits)).join(' ') : '',
    ]
  })
  const all = [['figure', 'median', 'budget', '', 'others busy', 'runs'], ...rows]
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...all.map((row) => row[column]?.length ?? 0)))
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** Writes the figures with what they were measured on. @returns the file */
export async function saveFigures(figures: readonly Figure[], modules: object, runtime: string): Promise<string> {
  const folder = path.resolve('bench-results')
  await mkdir(folder, { recursive: true })
  const at = new Date()
  const file = path.join(folder, `${at.toISOString().replace(/[:.]/g, '-')}.json`)
  const machine = {
    cpus: os.cpus().length,
    model: os.cpus()[0]?.model ?? '',
    platform: os.platform(),
    load: os.loadavg(),
  }
  const rows = figures.map((figure) => ({
    ...figure,
    median: median(figure.runs),
    isWithinBudget: isWithinBudget(figure),
  }))
  await writeFile(
    file,
    `${JSON.stringify({ at: at.toISOString(), runtime, machine, figures: rows, modules }, null, 2)}\n`,
  )
  return file
}
