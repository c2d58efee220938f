import type { WireRecording, WireRow } from '../../shared/contract'
import type { AppError } from '../../shared/errors'
import { mergeRows } from './rows'

/** A person cannot read faster, and each question costs the main process something. */
const READ_EVERY_MS = 250
/** Events that mean nothing to an answer, such as an echo of the request, come without any event of its generation. */
const LOOK_AGAIN_MS = 1000

/** What is known of a recording. */
export type WireContent =
  | { kind: 'loading' }
  /** Nothing was recorded, or nothing yet. */
  | { kind: 'unrecorded' }
  | { kind: 'failed'; error: AppError }
  | { kind: 'recording'; recording: WireRecording; rows: readonly WireRow[] }

export interface RecordingFeedOptions {
  /** The answer whose recording is followed, or a recording from a file, which never grows. */
  of: { messageId: string } | { recording: WireRecording }
  /** Whether the answer is still being written; asked before each look. */
  isRunning: () => boolean
  publish: (content: WireContent) => void
}

export interface RecordingFeed {
  /** Something has happened to the answer: looks soon, at most four times a second. */
  poke: () => void
  close: () => void
}

/** Reads a recording and, while it grows, what is new of it. */
export function followRecording({ of, isRunning, publish }: RecordingFeedOptions): RecordingFeed {
  const { request } = window.parley
  let recording: WireRecording | null = 'recording' in of ? of.recording : null
  let rows: readonly WireRow[] = []
  let timer: ReturnType<typeof setTimeout> | null = null
  let lastReadAt = -Infinity
  let publishedAt = -Infinity
  let isReading = false
  let isPoked = false
  let isClosed = false

  /** False when there is nothing to read from. */
  const find = async (): Promise<boolean> => {
    // An answer that was asked for once more has another recording than the one that has ended.
    const hasOther = 'messageId' in of && (recording === null || (recording.end !== null && isRunning()))
    if (!hasOther) return recording !== null
    const found = await request['wire.open']({ messageId: of.messageId })
    if (isClosed) return false
    if (!found.ok) {
      publish({ kind: 'failed', error: found.error })
      return false
    }
    if (found.value === null) {
      publish({ kind: 'unrecorded' })
      return false
    }
    if (found.value.id !== recording?.id) rows = []
    recording = found.value
    return true
  }

  const readRows = async (): Promise<void> => {
    for (;;) {
      if (recording === null) return
      const read = await request['wire.rows']({ recordingId: recording.id, from: rows.length })
      if (isClosed) return
      if (!read.ok) {
        publish({ kind: 'failed', error: read.error })
        return
      }
      const before = rows.length
      recording = read.value.recording
      rows = mergeRows(rows, read.value.rows)
      const isLast = rows.length === before || rows.length >= recording.events
      // A long recording comes in hundreds of pieces; drawing each of them would take longer than reading them.
      if (isLast || performance.now() - publishedAt > READ_EVERY_MS) {
        publishedAt = performance.now()
        publish({ kind: 'recording', recording, rows })
      }
      if (isLast) return
    }
  }

  const look = async (): Promise<void> => {
    if (isReading) {
      isPoked = true
      return
    }
    isReading = true
    isPoked = false
    lastReadAt = performance.now()
    if (await find()) await readRows()
    isReading = false
    lookAgain()
  }

  const lookAgain = (): void => {
    const mayGrow = recording === null ? isRunning() : recording.end === null || isRunning()
    if (timer !== null) return
    if (isPoked) later(READ_EVERY_MS)
    else if (mayGrow) later(LOOK_AGAIN_MS)
  }

  const later = (inMs: number): void => {
    if (isClosed) return
    if (timer !== null) clearTimeout(timer)
    timer = setTimeout(() => {
      timer = null
      void look()
    }, inMs)
  }

  publish({ kind: 'loading' })
  void look()
  return {
    poke: () => later(Math.max(0, lastReadAt + READ_EVERY_MS - performance.now())),
    close: () => {
      isClosed = true
      if (timer !== null) clearTimeout(timer)
    },
  }
}
