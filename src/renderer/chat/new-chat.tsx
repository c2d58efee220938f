import { useTranslation } from 'react-i18next'
import { Kbd, type Key } from '../controls/kbd'
import { isTemporary, useStore } from '../store/state'

export interface NewChatProps {
  onFind: () => void
  /** Null when there is no model to choose. */
  onChooseModel: (() => void) | null
}

/** An empty chat: what to do, and the keys that work here. */
export function NewChat({ onFind, onChooseModel }: NewChatProps) {
  const { t } = useTranslation()
  const shortcut = useStore((state) => state.shortcut)
  const isUnkept = useStore((state) => isTemporary(state, state.currentId))
  return (
    <div className="flex min-h-0 flex-1 flex-col items-center justify-center overflow-y-auto px-5 py-6">
      <div className="w-100 max-w-full">
        <h2 className="mb-5 text-h1 font-heading tracking-[-0.012em] text-ink-1">
          {t(isUnkept ? 'chat:temporary.newTitle' : 'chat:newChat.title')}
        </h2>
        <ul className="border-t border-line">
          <KeyRow label={t('chat:newChat.find')} keys={['Mod', 'K']} onClick={onFind} />
          {onChooseModel !== null && (
            <KeyRow label={t('chat:newChat.model')} keys={['Mod', '/']} onClick={onChooseModel} />
          )}
          {shortcut.kind === 'registered' && (
            <KeyRow
              label={t('chat:newChat.quickAsk')}
              keys={keysOf(shortcut.accelerator)}
              onClick={() => void window.parley.request['quickAsk.show']()}
            />
          )}
        </ul>
      </div>
    </div>
  )
}

function KeyRow({ label, keys, onClick }: { label: string; keys: readonly Key[]; onClick: () => void }) {
  return (
    <li className="border-b border-line">
      <button
        type="button"
        className="focus-inset flex min-h-[39px] w-full items-center justify-between gap-4 rounded-xs py-1.5 text-start text-ui text-ink-2 hover:text-ink-1"
        onClick={onClick}
      >
        {label}
        <Kbd keys={keys} />
      </button>
    </li>
  )
}

const MODIFIERS: Record<string, Key> = {
  CommandOrControl: 'Mod',
  CmdOrCtrl: 'Mod',
  Command: 'Mod',
  Cmd: 'Mod',
  Control: 'Ctrl',
  Option: 'Alt',
}

/** An Electron accelerator as keys: `Control+Shift+Space` is Ctrl, Shift, Space. */
export function keysOf(accelerator: string): Key[] {
  return accelerator.split('+').map((part) => MODIFIERS[part] ?? part)
}
