import { useEffect, useId, useRef, useState, type SyntheticEvent } from 'react'
import { useTranslation } from 'react-i18next'
import type { FoundBackend } from '../../shared/contract'
import { describe, type AppError } from '../../shared/errors'
import { GUIDE_BACKEND_ID } from '../../shared/settings'
import { Button } from '../controls/button'
import { Mark } from '../controls/mark'
import { StatusDot } from '../controls/status-dot'
import { FieldNote, TextField } from '../controls/text-field'

/** Where answers shall come from, asked once: the Guide, a server that was found here, or an address. */
export function FirstRun() {
  const { t } = useTranslation()
  const titleId = useId()
  const noteId = useId()
  const field = useRef<HTMLInputElement>(null)
  const [address, setAddress] = useState('')
  const [error, setError] = useState<AppError | null>(null)
  /** The address that is being connected. */
  const [busy, setBusy] = useState<string | null>(null)
  const found = useFound()

  useEffect(() => field.current?.focus(), [])

  const connect = async (to: string): Promise<void> => {
    if (busy !== null) return
    setBusy(to)
    setError(null)
    const result = await window.parley.request['backend.connect']({ address: to })
    setBusy(null)
    if (result.ok) await activate(result.value.view.profile.id)
    else {
      setAddress(to)
      setError(result.error)
    }
  }
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault()
    void connect(address.trim())
  }
  return (
    <div className="flex h-full flex-col">
      <div className="drag-window h-(--titlebar) flex-none" />
      <main aria-labelledby={titleId} className="flex min-h-0 flex-1 flex-col overflow-y-auto px-5 pb-(--titlebar)">
        <div className="m-auto w-114 max-w-full py-6">
          <Mark className="-ms-[6.5px] size-10.5" />
          <h1 id={titleId} className="mt-4.5 text-display font-title tracking-[-0.018em] text-ink-1">
            {t('chat:firstRun.title')}
          </h1>
          <p className="mt-2 text-input text-ink-2">{t('chat:firstRun.lead')}</p>

          <section className="mt-8 flex flex-wrap items-center justify-between gap-x-4 gap-y-3 border-t border-line py-5">
            <div className="min-w-48 flex-1">
              <h2 className="text-[15px]/6 font-strong text-ink-1">{t('chat:firstRun.guide')}</h2>
              <p className="mt-[3px] text-ui text-ink-2">{t('chat:firstRun.guideHelp')}</p>
            </div>
            <Button onClick={() => void activate(GUIDE_BACKEND_ID)}>{t('chat:firstRun.startGuide')}</Button>
          </section>

          <section className="border-t border-line pt-5">
            <h2 className="text-[15px]/6 font-strong text-ink-1">{t('chat:firstRun.connect')}</h2>
            <form
              className="mt-3 flex items-start gap-2 max-narrow:flex-col max-narrow:items-stretch"
              onSubmit={submit}
            >
              <TextField
                ref={field}
                value={address}
                onValueChange={(next) => {
                  setAddress(next)
                  setError(null)
                }}
                label={t('chat:firstRun.address')}
                isInvalid={error !== null}
                aria-describedby={noteId}
                placeholder="http://localhost:1337"
                isCode
                className="flex-1"
                autoComplete="off"
                spellCheck={false}
                inputMode="url"
              />
              <Button type="submit" variant="primary" size={36} isBusy={busy !== null && busy === address.trim()}>
                {t(error === null ? 'chat:firstRun.connectButton' : 'chat:firstRun.tryAgain')}
              </Button>
            </form>
            <FieldNote
              id={noteId}
              error={error === null ? null : wordsOf(error, (key, values) => t(key, values ?? {}))}
              help={t('chat:firstRun.addressHelp')}
            />
          </section>

          {found.length > 0 && (
            <section className="mt-5">
              <h2 className="pb-1 text-meta font-medium text-ink-3">{t('chat:firstRun.found')}</h2>
              <ul>
                {found.map((backend) => (
                  <FoundRow
                    key={backend.url}
                    backend={backend}
                    isBusy={busy === backend.url}
                    onUse={() => void connect(backend.url)}
                  />
                ))}
              </ul>
            </section>
          )}
        </div>
      </main>
    </div>
  )
}

interface FoundRowProps {
  backend: FoundBackend
  isBusy: boolean
  onUse: () => void
}

function FoundRow({ backend, isBusy, onUse }: FoundRowProps) {
  const { t } = useTranslation()
  const address = backend.url.replace(/^https?:\/\//u, '')
  return (
    <li className="flex min-h-11 items-center gap-3 border-t border-line py-1.75">
      <StatusDot connection="connected" />
      <span className="min-w-0 flex-1 text-ui break-words text-ink-3">
        <bdi className="me-3 font-code text-ink-1">{address}</bdi>
        {backend.providers === null
          ? t('chat:firstRun.asksForKey')
          : t('chat:firstRun.providers', { count: backend.providers })}
      </span>
      <Button size={28} aria-label={t('chat:firstRun.useNamed', { address })} isBusy={isBusy} onClick={onUse}>
        {t('chat:firstRun.use')}
      </Button>
    </li>
  )
}

/** Servers on this computer, looked for once. */
function useFound(): FoundBackend[] {
  const [found, setFound] = useState<FoundBackend[]>([])
  useEffect(() => {
    let isOver = false
    const look = async (): Promise<void> => {
      const result = await window.parley.request['backend.discover']()
      if (!isOver && result.ok) setFound(result.value)
    }
    void look()
    return () => {
      isOver = true
    }
  }, [])
  return found
}

async function activate(backendId: string): Promise<void> {
  await window.parley.request['settings.set']({ activeBackendId: backendId })
}

// The sentence for a refused connection says it all; the others need their title to be understood.
function wordsOf(error: AppError, t: Parameters<typeof describe>[1]): string {
  const { title, detail } = describe(error, t)
  return error.code === 'unreachable' ? detail : `${title}. ${detail}`
}
