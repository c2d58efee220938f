import { useEffect, useId, useRef, useState, type SyntheticEvent } from 'react'
import { useTranslation } from 'react-i18next'
import type { ConnectedBackend } from '../../shared/contract'
import { describe, type AppError } from '../../shared/errors'
import { GUIDE_BACKEND_ID } from '../../shared/settings'
import { Button } from '../controls/button'
import { Mark } from '../controls/mark'
import { FieldNote, TextField } from '../controls/text-field'
import { showSettings } from '../store/conversations'
import { connectTo } from '../store/backends'
import { EarlierChats, RestoreLink } from './earlier-chats'
import { EnterServerKey } from './enter-server-key'
import { SaveAnyway } from './save-anyway'
import { FoundServers } from './found-servers'

export interface FirstRunProps {
  /** True while a server is being connected: main takes it as the answer before all is said here. */
  onHold: (isHeld: boolean) => void
}

/** Where answers shall come from, asked once: the Guide, a server that was found here, or an address. */
export function FirstRun({ onHold }: FirstRunProps) {
  const { t } = useTranslation()
  const titleId = useId()
  const noteId = useId()
  const field = useRef<HTMLInputElement>(null)
  const [address, setAddress] = useState('')
  const [error, setError] = useState<AppError | null>(null)
  /** The address that is being connected. */
  const [busy, setBusy] = useState<string | null>(null)
  /** Connected, and its key is missing. */
  const [connected, setConnected] = useState<ConnectedBackend | null>(null)

  /** For the settings, or with an answer that was given meanwhile. */
  const isLeft = useRef(false)
  useEffect(() => {
    isLeft.current = false
    field.current?.focus()
    return () => {
      isLeft.current = true
      onHold(false)
    }
  }, [onHold])

  const connect = async (to: string): Promise<void> => {
    if (busy !== null) return
    setBusy(to)
    setError(null)
    onHold(true)
    const result = await connectTo(to)
    // Main has taken the server for the answer, unless there was another one by then.
    if (isLeft.current) return
    setBusy(null)
    if (!result.ok) {
      setAddress(to)
      setError(result.error)
      field.current?.focus()
    } else if (result.value.needsKey) {
      setConnected(result.value)
      return
    } else await activate(result.value.view.profile.id)
    onHold(false)
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
            {t('first-run:title')}
          </h1>
          <p className="mt-2 text-input text-ink-2">{t('first-run:lead')}</p>

          <EarlierChats
            onShow={() => {
              onHold(false)
              void activate(GUIDE_BACKEND_ID)
            }}
          />
          <section className="mt-8 flex flex-wrap items-center justify-between gap-x-4 gap-y-3 border-t border-line py-5">
            <div className="min-w-48 flex-1">
              <h2 className="text-[15px]/6 font-strong text-ink-1">{t('first-run:guide')}</h2>
              <p className="mt-[3px] text-ui text-ink-2">{t('first-run:guideHelp')}</p>
            </div>
            <Button
              onClick={() => {
                onHold(false)
                void activate(GUIDE_BACKEND_ID)
              }}
            >
              {t('first-run:startGuide')}
            </Button>
          </section>

          {connected === null ? (
            <>
              <section className="border-t border-line pt-5">
                <h2 className="text-[15px]/6 font-strong text-ink-1">{t('first-run:connect')}</h2>
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
                    label={t('first-run:address')}
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
                    {t(error === null ? 'first-run:connectButton' : 'first-run:tryAgain')}
                  </Button>
                </form>
                <FieldNote
                  id={noteId}
                  error={error === null ? null : wordsOf(error, (key, values) => t(key, values ?? {}))}
                  help={t(busy === null ? 'first-run:addressHelp' : 'first-run:connecting')}
                />
                {error !== null && (
                  <SaveAnyway
                    address={address}
                    error={error}
                    onSaved={async (backendId, section) => {
                      await activate(backendId)
                      onHold(false)
                      showSettings('backends', backendId, section)
                    }}
                  />
                )}
              </section>
              <FoundServers busy={busy} onUse={(url) => void connect(url)} />
              <RestoreLink />
            </>
          ) : (
            <div className="border-t border-line pt-5">
              <EnterServerKey connected={connected} onDone={() => onHold(false)} />
            </div>
          )}
        </div>
      </main>
    </div>
  )
}

async function activate(backendId: string): Promise<void> {
  await window.parley.request['settings.set']({ activeBackendId: backendId })
}

// The sentence for a refused connection says it all; the others need their title to be understood.
function wordsOf(error: AppError, t: Parameters<typeof describe>[1]): string {
  const { title, detail } = describe(error, t)
  return error.code === 'unreachable' ? detail : `${title}. ${detail}`
}
