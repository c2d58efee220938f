import { useTranslation } from 'react-i18next'
import { fromElectron } from '../../shared/accelerator'
import { capsOf, useKeysOf } from '../actions/keys'
import { runAction } from '../actions/offers'
import { Kbd, type Key } from '../controls/kbd'
import { isTemporary, useStore } from '../store/state'

export interface NewChatProps {
  /** Null when there is no model to choose. */
  onChooseModel: (() => void) | null
}

/** An empty chat: what to do, and the keys that work here. */
export function NewChat({ onChooseModel }: NewChatProps) {
  const { t } = useTranslation()
  const shortcut = useStore((state) => state.globalShortcuts['quick-ask'])
  const findKeys = useKeysOf('palette')
  const modelKeys = useKeysOf('choose-model')
  const isUnkept = useStore((state) => isTemporary(state, state.currentId))
  return (
    <div className="flex min-h-0 flex-1 flex-col items-center justify-center overflow-y-auto px-5 py-6">
      <div className="w-100 max-w-full">
        <h2 className="mb-5 text-h1 font-heading tracking-[-0.012em] text-ink-1">
          {t(isUnkept ? 'chat:temporary.newTitle' : 'chat:newChat.title')}
        </h2>
        <ul className="border-t border-line">
          <KeyRow label={t('chat:newChat.find')} keys={findKeys} onClick={() => void runAction('palette')} />
          {onChooseModel !== null && (
            <KeyRow label={t('chat:newChat.model')} keys={modelKeys} onClick={onChooseModel} />
          )}
          {shortcut.kind === 'registered' && (
            <KeyRow
              label={t('chat:newChat.quickAsk')}
              keys={capsOf(fromElectron(shortcut.accelerator, window.parley.platform))}
              onClick={() => void window.parley.request['quickAsk.show']()}
            />
          )}
        </ul>
      </div>
    </div>
  )
}

function KeyRow({ label, keys, onClick }: { label: string; keys: readonly Key[] | undefined; onClick: () => void }) {
  return (
    <li className="border-b border-line">
      <button
        type="button"
        className="focus-inset flex min-h-[39px] w-full items-center justify-between gap-4 rounded-xs py-1.5 text-start text-ui text-ink-2 hover:text-ink-1"
        onClick={onClick}
      >
        {label}
        {keys !== undefined && <Kbd keys={keys} />}
      </button>
    </li>
  )
}
