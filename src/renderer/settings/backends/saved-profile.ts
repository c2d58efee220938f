import { useCallback, useEffect, useRef, useState } from 'react'
import type { AppError, AppErrorCode } from '../../../shared/errors'
import type { BackendProfile } from '../../../shared/settings'

/** From the last key to the save. */
const SAVE_DELAY_MS = 500

type Part = Partial<BackendProfile>
type Field = keyof BackendProfile

/** Which field main refuses with an error. */
const REFUSED_BY: Partial<Record<AppErrorCode, Field>> = {
  'bad-address': 'url',
  'bad-header': 'headers',
  'bad-proxy': 'proxy',
  'bad-parameters': 'parameters',
}

export interface SavedProfile {
  /** What main has, with what is typed here and not saved yet. */
  draft: BackendProfile
  /** Why main refused what stands in a field; it keeps what it had there. */
  errors: Partial<Record<Field, AppError>>
  /** Why nothing could be saved. */
  failure: AppError | null
  /** Changes a part and saves it half a second after the last change. */
  change: (part: Part) => void
  /** Changes a part that is saved only by `flush`, or when the form is left: half a host name is nobody's address. */
  hold: (part: Part) => void
  /** Saves all of it now. False when main refused something. */
  flush: () => Promise<boolean>
  /** Forgets what is not saved: a profile that is removed must not come back with its last key. */
  drop: () => void
}

/**
 * A profile under edit. Only what is changed here is kept here: all else is what main last said, so that a save never
 * takes back what main has learned meanwhile, such as a trusted certificate. What main refuses stays in its field and
 * out of the way of the other fields.
 */
export function useSavedProfile(saved: BackendProfile): SavedProfile {
  const [known, setKnown] = useState(saved)
  const [told, setTold] = useState(saved)
  const [changes, setChanges] = useState<Part>({})
  const [errors, setErrors] = useState<SavedProfile['errors']>({})
  const [failure, setFailure] = useState<AppError | null>(null)
  if (told !== saved) {
    setTold(saved)
    setKnown(saved)
  }
  // The same as the states, at once: a save follows a change in the same breath.
  const latest = useRef({ known, changes, refused: new Set<Field>(), held: new Set<Field>() })
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined)
  const running = useRef<Promise<unknown>>(Promise.resolve())
  useEffect(() => {
    latest.current.known = known
  }, [known])

  const save = useCallback(async (isWhole: boolean): Promise<boolean> => {
    for (;;) {
      const { changes: now, refused, held, known: before } = latest.current
      const sent = without(isWhole ? now : without(now, held), refused)
      if (Object.keys(sent).length === 0) return refused.size === 0
      const profile = { ...before, ...sent }
      const result = await window.parley.request['backend.save']({
        ...profile,
        headers: profile.headers.filter(({ name }) => name.trim() !== ''),
      })
      if (result.ok) {
        const done = new Set(fieldsOf(sent).filter((field) => isDone(field, sent, latest.current.changes)))
        latest.current.changes = without(latest.current.changes, done)
        for (const field of done) held.delete(field)
        latest.current.known = result.value.profile
        setChanges(latest.current.changes)
        setKnown(result.value.profile)
        setErrors((errorsBefore) => without(errorsBefore, new Set(fieldsOf(sent))))
        setFailure(null)
        return refused.size === 0
      }
      const field = REFUSED_BY[result.error.code]
      if (field === undefined || !(field in sent)) {
        setFailure(result.error)
        return false
      }
      // The others are saved without it. Typed on meanwhile: then what stands there now is judged.
      if (latest.current.changes[field] !== sent[field]) continue
      refused.add(field)
      setErrors((errorsBefore) => ({ ...errorsBefore, [field]: result.error }))
    }
  }, [])

  const queue = useCallback(
    (isWhole: boolean): Promise<boolean> => {
      clearTimeout(timer.current)
      // One after the other: an older save must not overtake a newer one.
      const next = running.current.then(() => save(isWhole))
      running.current = next
      return next
    },
    [save],
  )
  const flush = useCallback(() => queue(true), [queue])

  const put = useCallback((part: Part) => {
    latest.current.changes = { ...latest.current.changes, ...part }
    for (const field of fieldsOf(part)) latest.current.refused.delete(field)
    setChanges(latest.current.changes)
    setErrors((before) => without(before, new Set(fieldsOf(part))))
  }, [])

  const hold = useCallback(
    (part: Part) => {
      for (const field of fieldsOf(part)) latest.current.held.add(field)
      put(part)
    },
    [put],
  )

  const change = useCallback(
    (part: Part) => {
      put(part)
      clearTimeout(timer.current)
      timer.current = setTimeout(() => void queue(false), SAVE_DELAY_MS)
    },
    [put, queue],
  )

  const drop = useCallback(() => {
    clearTimeout(timer.current)
    latest.current.changes = {}
  }, [])

  useEffect(() => () => void flush(), [flush])
  return { draft: { ...known, ...changes }, errors, failure, change, hold, flush, drop }
}

function fieldsOf(part: Part): Field[] {
  return Object.keys(part) as Field[]
}

/** Whether a field holds what was saved. Headers without a name are not saved, and stay here until they have one. */
function isDone(field: Field, sent: Part, now: Part): boolean {
  if (now[field] !== sent[field]) return false
  return field !== 'headers' || (sent.headers ?? []).every(({ name }) => name.trim() !== '')
}

function without<T extends object>(part: T, fields: ReadonlySet<PropertyKey>): T {
  return Object.fromEntries(Object.entries(part).filter(([field]) => !fields.has(field))) as T
}
