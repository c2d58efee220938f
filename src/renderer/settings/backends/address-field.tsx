import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { FoundAddress } from '../../../shared/contract'
import type { AppError, Result } from '../../../shared/errors'
import { reviewCertificate } from '../../certificate/state'
import { Button } from '../../controls/button'
import { TextField } from '../../controls/text-field'
import { useErrorText } from '../error-text'
import { originOf } from './move-secrets'

export interface AddressFieldProps {
  id: string
  backendId: string
  url: string
  /** Why main refused what was typed. */
  error: AppError | null
  /** Each key: nothing is asked of anybody while a name is still being written. */
  onType: (url: string) => void
  /** Saves what was typed; false when main refused it. */
  onSave: () => Promise<boolean>
  /** Takes the address at which the server was found. */
  onFound: (url: string) => Promise<boolean>
  /** The way to the server is what failed, such as a proxy: that is said where it is mended, not here. */
  onFailed: (error: AppError) => void
  /** When the server last answered, on the wall clock: what failed before that is over. */
  answeredAtMs: number
  /** All is known of a new address, and it is that of another server. */
  onMoved: () => void
}

type Search = { kind: 'none' } | { kind: 'running' } | { kind: 'done'; result: Result<FoundAddress>; atMs: number }

/**
 * The address of a server. When the field is left, or with Enter, what was typed is saved, and then the server is looked
 * for behind whatever it can mean: `localhost` becomes `http://localhost:1337` where one answers.
 */
export function AddressField({
  id,
  backendId,
  url,
  error,
  onType,
  onSave,
  onFound,
  onMoved,
  onFailed,
  answeredAtMs,
}: AddressFieldProps) {
  const { t } = useTranslation()
  const errorText = useErrorText()
  const [search, setSearch] = useState<Search>({ kind: 'none' })
  /** What was last looked for, or stood here before anything was typed. */
  const settled = useRef(url)
  const isTyping = useRef(false)
  const round = useRef(0)
  // Main brings what was typed into its plain form: that is no new address.
  useEffect(() => {
    if (!isTyping.current) settled.current = url
  }, [url])
  useEffect(
    () => () => {
      round.current = -1
    },
    [],
  )

  const find = async (typed: string) => {
    const before = settled.current
    settled.current = typed
    isTyping.current = false
    round.current += 1
    const mine = round.current
    setSearch({ kind: 'running' })
    const isSaved = await onSave()
    const result = isSaved ? await window.parley.request['backend.find']({ backendId, address: typed }) : null
    // Left, or typed on: nobody waits for this any more.
    if (mine !== round.current) return
    const isElsewhere = result?.ok === false && !isOfAddress(result.error)
    setSearch(result === null || isElsewhere ? { kind: 'none' } : { kind: 'done', result, atMs: Date.now() })
    if (isElsewhere) onFailed(result.error)
    if (result?.ok === true) {
      settled.current = result.value.url
      await onFound(result.value.url)
    }
    if (result !== null && originOf(settled.current) !== originOf(before)) onMoved()
  }
  const settle = () => {
    if (url.trim() !== settled.current.trim()) void find(url)
  }

  const failed = search.kind === 'done' && !search.result.ok && search.atMs > answeredAtMs ? search.result.error : null
  const refusal = error ?? failed
  return (
    <div>
      <TextField
        id={id}
        isCode
        spellCheck={false}
        autoComplete="off"
        inputMode="url"
        value={url}
        maxLength={2048}
        isBusy={search.kind === 'running'}
        error={refusal === null ? null : sentence(errorText(refusal), refusal)}
        help={
          search.kind === 'none' ? undefined : (
            <span role="status" className="wrap-anywhere">
              {search.kind === 'running' && t('settings:address.looking')}
              {search.kind === 'done' && search.result.ok && <Answered found={search.result.value} />}
            </span>
          )
        }
        onValueChange={(next) => {
          isTyping.current = true
          round.current += 1
          setSearch({ kind: 'none' })
          onType(next)
        }}
        onBlur={settle}
        onKeyDown={(event) => {
          if (event.key === 'Enter') settle()
        }}
      />
      {isPlainHttp(url) && <p className="mt-1 text-meta text-warn">{t('settings:backends.http')}</p>}
      {failed !== null && error === null && (
        <div className="mt-1 flex flex-wrap items-center gap-2 text-meta text-ink-3">
          <p>{t('settings:address.savedAnyway')}</p>
          {failed.code === 'certificate' && failed.shown !== undefined && (
            <Button
              size={28}
              onClick={() =>
                void reviewCertificate({ backendId, error: failed }).then((sha256) => {
                  if (sha256 !== null) void find(url)
                })
              }
            >
              {t('certificate:show')}
            </Button>
          )}
        </div>
      )}
    </div>
  )
}

/** Whether another address could help, or a look at this one's certificate. */
function isOfAddress({ code }: AppError): boolean {
  return code !== 'proxy' && code !== 'unauthorized' && code !== 'secret-unavailable' && code !== 'bad-proxy'
}

/** What was tried, and what answered. */
function Answered({ found: { url, version, needsKey, tried } }: { found: FoundAddress }) {
  const { t } = useTranslation()
  const answer = t(
    needsKey
      ? 'settings:address.asksForKey'
      : version === null
        ? 'settings:address.answered'
        : 'settings:address.answeredVersion',
    { url, version: version ?? '' },
  )
  return tried.length === 0 ? answer : `${t('settings:backends.tried', { list: tried.join(', ') })} ${answer}`
}

// The sentence for a refused connection says it all; the others need their title to be understood.
function sentence({ title, detail }: { title: string; detail: string }, { code }: AppError): string {
  return code === 'unreachable' ? detail : `${title}. ${detail}`
}

/** Plain http to another computer (S36). */
function isPlainHttp(url: string): boolean {
  if (!URL.canParse(url)) return false
  const { protocol, hostname } = new URL(url)
  return protocol === 'http:' && !/^(?:(?:.*\.)?localhost|127\.\d+\.\d+\.\d+|\[::1\])$/u.test(hostname)
}
