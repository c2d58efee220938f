import { Dialog } from '@base-ui/react/dialog'
import { X } from 'lucide-react'
import { useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { ACTIONS, type Action, type ActionGroup, type ActionId } from '../../shared/actions'
import { capsOf, isKeyOf, useActionKeys } from '../actions/keys'
import { useFinalFocus } from '../controls/final-focus'
import { IconButton } from '../controls/icon-button'
import { Kbd, KeyCaps, useKeyWords } from '../controls/kbd'
import { showSettings } from '../store/conversations'
import { closeShortcutSheet } from './state'

/** The two columns of the sheet. */
const COLUMNS: readonly (readonly ActionGroup[])[] = [
  ['chats', 'window'],
  ['writing', 'reading', 'anywhere'],
]
const ALL: readonly Action[] = ACTIONS

/** All keys as they are really set [47]. */
export function ShortcutSheet() {
  const { t } = useTranslation()
  const keys = useActionKeys()
  const finalFocus = useFinalFocus()
  const hasLed = useRef(false)
  const sheet = useRef<HTMLDivElement>(null)
  const rowsOf = (group: ActionGroup): ActionId[] =>
    ALL.filter(({ id, group: of }) => of === group && (keys.get(id) ?? null) !== null).map(({ id }) => id)
  return (
    <Dialog.Root
      open
      onOpenChange={(isOpen) => {
        if (!isOpen) closeShortcutSheet()
      }}
    >
      <Dialog.Portal>
        <Dialog.Backdrop className="layer-modal fixed inset-0 bg-scrim transition-opacity duration-(--d-base) data-starting-style:opacity-0" />
        <Dialog.Viewport className="layer-modal fixed inset-0 flex flex-col items-center p-4 before:flex-[41_1_0] after:flex-[59_1_0] max-narrow:p-2">
          <Dialog.Popup
            ref={sheet}
            initialFocus={sheet}
            finalFocus={() => (hasLed.current ? false : finalFocus === true ? true : (finalFocus.current ?? true))}
            className="drag-none max-h-full w-190 max-w-full overflow-y-auto rounded-xl border border-transparent bg-raised shadow-e3 outline-none transition-[opacity,translate] duration-(--d-base) data-starting-style:translate-y-1 data-starting-style:opacity-0"
            onKeyDown={(event) => {
              if (!isKeyOf(event.nativeEvent, 'shortcut-sheet')) return
              event.preventDefault()
              closeShortcutSheet()
            }}
          >
            <div className="sticky top-0 flex items-center justify-between rounded-t-xl bg-raised ps-7 pe-5 pt-5 pb-1 max-narrow:ps-4">
              <Dialog.Title className="text-h2 font-heading text-ink-1">{t('actions:sheet.title')}</Dialog.Title>
              <IconButton icon={X} label={t('actions:sheet.close')} keys={['Esc']} onClick={closeShortcutSheet} />
            </div>
            {/* The sheet itself has the focus and scrolls: a ring around its list would say nothing. */}
            <div className="grid grid-cols-2 gap-x-10 px-7 pb-6 max-drawer:grid-cols-1 max-narrow:px-4">
              {COLUMNS.map((groups) => (
                <div key={groups.join()}>
                  {groups.map((group) => (
                    <section key={group} aria-label={t(`actions:groups.${group}`)} className="pt-3 pb-2.5">
                      <h3 className="border-b border-line pb-1.5 text-meta font-medium text-ink-3">
                        {t(`actions:groups.${group}`)}
                      </h3>
                      <ul>
                        {rowsOf(group).map((id) => (
                          <SheetRow key={id} name={t(`actions:names.${id}`)} accelerator={keys.get(id) ?? ''} />
                        ))}
                      </ul>
                    </section>
                  ))}
                </div>
              ))}
            </div>
            <div className="sticky bottom-0 flex items-center justify-between rounded-b-xl border-t border-line bg-raised px-7 py-3 text-meta max-narrow:px-4">
              <span className="flex items-center gap-1.5 text-ink-3">
                <Kbd keys={['Esc']} />
                {t('actions:sheet.close')}
              </span>
              <button
                type="button"
                className="rounded-xs font-medium text-accent-text hover:underline"
                onClick={() => {
                  hasLed.current = true
                  closeShortcutSheet()
                  showSettings('shortcuts')
                }}
              >
                {t('actions:sheet.change')}
              </button>
            </div>
          </Dialog.Popup>
        </Dialog.Viewport>
      </Dialog.Portal>
    </Dialog.Root>
  )
}

function SheetRow({ name, accelerator }: { name: string; accelerator: string }) {
  const words = useKeyWords()
  const caps = capsOf(accelerator)
  return (
    <li className="flex min-h-8.5 items-center justify-between gap-3 border-b border-line text-ui text-ink-1 last:border-b-0">
      <span className="min-w-0 py-1.5">{name}</span>
      <KeyCaps keys={caps} />
      <span className="sr-only">{words(caps)}</span>
    </li>
  )
}
