import { useId, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { BackendTest } from '../../../shared/contract'
import type { BackendView } from '../../../shared/settings'
import { Button } from '../../controls/button'
import { Dialog } from '../../controls/dialog'
import { TextField } from '../../controls/text-field'
import { useAskOffline } from '../../chat/offline'
import { loadCatalogue } from '../../store/backends'
import type { FormSection } from '../../store/state'
import { useErrorText } from '../error-text'
import { AddressField } from './address-field'
import { HeadersTable } from './headers-table'
import { Block, Labelled } from './labelled'
import { ModelField } from './model-field'
import { MoveSecrets, originOf } from './move-secrets'
import { NetworkBlock } from './network-block'
import { ParametersField } from './parameters-field'
import { ProviderKeys } from './provider-keys'
import { useSavedProfile } from './saved-profile'
import { SecretField, type SecretPlace } from './secret-field'
import { SecurityBlock } from './security-block'
import { TestCard } from './test-card'

/** What of a form is wanted when it opens. */
export type FormStart = FormSection | 'name'

export interface BackendFormProps {
  view: BackendView
  start: FormStart | null
  isActive: boolean
  onUse: () => void
  onDuplicate: () => void
  onRemove: () => void
}

interface TestState {
  isRunning: boolean
  result: BackendTest | null
  /** When it began or ended, on the wall clock. */
  atMs: number
}

/** Whether a test that did not reach the server says nothing any more: the server has answered since. */
function isOver({ result, atMs }: TestState, answeredAtMs: number): boolean {
  if (result?.verdict !== 'failed' || answeredAtMs <= atMs) return false
  const { error } = result
  const isOnTheWay = ['unreachable', 'certificate', 'proxy', 'redirect'].includes(error.code)
  return isOnTheWay || (error.code === 'timeout' && error.phase === 'connect')
}

/** One server: all that decides how it is reached and asked, saved as it is typed; and the connection test [16, 17]. */
export function BackendForm({ view, start, isActive, onUse, onDuplicate, onRemove }: BackendFormProps) {
  const { t } = useTranslation()
  const errorText = useErrorText()
  const { id: backendId } = view.profile
  const { draft, errors, failure, change, hold, flush, drop } = useSavedProfile(view.profile)
  const [test, setTest] = useState<TestState | null>(null)
  /** Counts the tests, and what makes one of no use: an answer to an earlier one is dropped. */
  const testRound = useRef(0)
  const [isRemoving, setIsRemoving] = useState(false)
  /** Whether secrets may follow the address: asked after it has changed, or because the person asks for it. */
  const [moving, setMoving] = useState<'changed' | 'wanted' | null>(null)
  /** Removed: the list has the focus then. */
  const isGoing = useRef(false)
  const testButton = useRef<HTMLButtonElement>(null)
  const nameId = useId()
  const testHelpId = useId()
  useAskOffline(backendId)
  const addressId = useId()
  const parametersId = useId()
  const addressError = errors.url === undefined ? null : errorText(errors.url)

  const runTest = async () => {
    // What was pressed in the old card is gone with it.
    if (document.activeElement?.closest('[role=status]') !== null) testButton.current?.focus()
    setTest({ isRunning: true, result: null, atMs: Date.now() })
    testRound.current += 1
    const mine = testRound.current
    await flush()
    const result = await window.parley.request['backend.test']({ backendId })
    if (mine !== testRound.current) return
    setTest({
      isRunning: false,
      result: result.ok ? result.value : { verdict: 'failed', error: result.error },
      atMs: Date.now(),
    })
  }
  const answeredAtMs = Math.max(
    test !== null && test.result !== null && test.result.verdict !== 'failed' ? test.atMs : 0,
    view.status.kind === 'connected' ? view.status.atMs : 0,
  )
  const isTestShown = test !== null && !isOver(test, answeredAtMs)
  const place: SecretPlace = { origin: originOf(view.profile.url), onMove: () => setMoving('wanted') }

  return (
    <div className="@container/form max-w-170">
      <header className="mb-4 flex flex-wrap items-center gap-2">
        <h2 className="min-w-40 flex-1 truncate text-h2 font-heading text-ink-1">
          <bdi>{draft.name}</bdi>
        </h2>
        <Button variant="quiet" onClick={() => void flush().then(onDuplicate)}>
          {t('settings:backends.duplicate')}
        </Button>
        <Button
          ref={testButton}
          data-after-trust
          isBusy={test?.isRunning ?? false}
          isDisabled={addressError !== null}
          reason={addressError?.detail}
          aria-describedby={testHelpId}
          onClick={() => void runTest()}
        >
          {t('settings:backends.test')}
        </Button>
        <p id={testHelpId} className="w-full text-end text-meta text-ink-3 max-narrow:text-start">
          {t('settings:backends.testHelp')}
        </p>
      </header>
      {isTestShown && (
        <TestCard
          backendId={backendId}
          test={test.result}
          onKeyProvider={(provider) => {
            if (!draft.keyedProviders.includes(provider)) {
              change({ keyedProviders: [...draft.keyedProviders, provider] })
            }
            return flush()
          }}
          onAgain={() => void runTest()}
        />
      )}

      <div className="mt-6 flex flex-col gap-4">
        <Labelled label={t('settings:backends.name')} htmlFor={nameId}>
          <TextField
            id={nameId}
            autoFocus={start === 'name'}
            value={draft.name}
            maxLength={80}
            onValueChange={(name) => change({ name })}
          />
        </Labelled>
        <Labelled label={t('settings:backends.address')} htmlFor={addressId}>
          <AddressField
            id={addressId}
            backendId={backendId}
            url={draft.url}
            error={errors.url ?? null}
            onType={(url) => {
              hold({ url })
              // What was found out is of the address before, and so is what is still being found out.
              testRound.current += 1
              setTest(null)
            }}
            onSave={flush}
            onFound={(url) => {
              hold({ url })
              return flush()
            }}
            onFailed={(error) => setTest({ isRunning: false, result: { verdict: 'failed', error }, atMs: Date.now() })}
            answeredAtMs={answeredAtMs}
            onMoved={() => setMoving('changed')}
          />
          {moving !== null && (
            <MoveSecrets
              view={view}
              takesFocus={moving === 'wanted'}
              onDone={() => {
                setMoving(null)
                document.getElementById(addressId)?.focus()
              }}
            />
          )}
        </Labelled>
        <Labelled label={t('settings:backends.key')}>
          <SecretField
            name={{ backendId, field: 'api-key' }}
            label={t('settings:backends.key')}
            state={view.apiKey}
            place={place}
            onBefore={flush}
          />
        </Labelled>
      </div>

      <Block title={t('settings:backends.answers')}>
        <Labelled label={t('settings:backends.model')}>
          <ModelField
            backendId={backendId}
            provider={draft.provider}
            model={draft.model}
            onChange={(provider, model) => change({ provider, model })}
          />
        </Labelled>
        <Labelled label={t('settings:providerKeys.title')}>
          <ProviderKeys
            view={view}
            keyedProviders={draft.keyedProviders}
            place={place}
            onChange={(keyedProviders) => change({ keyedProviders })}
            onFlush={flush}
          />
        </Labelled>
        <Labelled label={t('settings:parameters.label')} htmlFor={parametersId}>
          <ParametersField
            id={parametersId}
            ownerId={backendId}
            value={draft.parameters}
            error={errors.parameters ?? null}
            help={t('settings:parameters.help')}
            onChange={(parameters) => change({ parameters })}
          />
        </Labelled>
      </Block>

      <Block title={t('settings:headers.title')}>
        <Labelled label={t('settings:headers.label')}>
          <HeadersTable
            backendId={backendId}
            headers={draft.headers}
            secrets={view.headerSecrets}
            place={place}
            error={errors.headers ?? null}
            onChange={(headers) => change({ headers })}
            onFlush={flush}
          />
        </Labelled>
      </Block>

      <SecurityBlock
        view={view}
        isWanted={start === 'security'}
        onTrustSystem={() => {
          change({ trust: { kind: 'system' } })
          // What the server shows now is asked about.
          void flush().then(() => loadCatalogue(backendId))
        }}
        onTrusted={() => void loadCatalogue(backendId)}
      />
      <NetworkBlock
        view={view}
        draft={draft}
        isWanted={start === 'network'}
        proxyError={errors.proxy ?? null}
        onChange={change}
        onFlush={flush}
      />

      <footer className="mt-8 flex flex-wrap items-center gap-2 border-t border-line pt-4">
        <Button variant="danger" onClick={() => setIsRemoving(true)}>
          {t('settings:backends.remove')}
        </Button>
        <Button isDisabled={isActive} onClick={onUse}>
          {t(isActive ? 'settings:backends.used' : 'settings:backends.use')}
        </Button>
        {failure === null ? (
          <p className="ms-auto text-meta text-ink-3">{t('settings:backends.saved')}</p>
        ) : (
          <p role="alert" className="ms-auto text-meta text-danger">
            {t('settings:backends.notSaved', { reason: errorText(failure).detail })}
          </p>
        )}
      </footer>
      <Dialog
        isOpen={isRemoving}
        finalFocus={() => !isGoing.current}
        onClose={() => setIsRemoving(false)}
        title={t('settings:backends.removeTitle', { name: draft.name })}
        description={t('settings:backends.removeHelp')}
        actions={
          <>
            <Button onClick={() => setIsRemoving(false)}>{t('common:cancel')}</Button>
            <Button
              variant="danger"
              onClick={() => {
                isGoing.current = true
                drop()
                onRemove()
              }}
            >
              {t('common:remove')}
            </Button>
          </>
        }
      />
    </div>
  )
}
