import { useTranslation } from 'react-i18next'
import { ariaKeys, Kbd, type Key } from '../controls/kbd'
import { keysOf } from './accelerator'
import { useSettings } from './data'

/** Every key that does something, as the platform writes it [33]. They cannot be changed yet, but the quick ask's. */
export function ShortcutsPage() {
  const { t } = useTranslation()
  const settings = useSettings()
  const sendsWithEnter = settings.sendKey === 'enter'
  const groups: { name: string; rows: [action: string, keys: readonly Key[]][] }[] = [
    {
      name: 'chats',
      rows: [
        ['newChat', ['Mod', 'N']],
        ['newTemporary', ['Mod', 'Shift', 'N']],
        ['search', ['Mod', 'K']],
        ['find', ['Mod', 'F']],
        ['settings', ['Mod', ',']],
        ['sidebar', ['Mod', '\\']],
        ['model', ['Mod', '/']],
        ['favourite', ['Mod', 'D']],
        ['wire', ['Mod', 'Shift', 'Y']],
        ['previous', ['Alt', 'Up']],
        ['next', ['Alt', 'Down']],
        ['rename', ['F2']],
        ['delete', ['Delete']],
        ['areas', ['F6']],
      ],
    },
    {
      name: 'writing',
      rows: [
        ['send', sendsWithEnter ? ['Enter'] : ['Mod', 'Enter']],
        ['newLine', sendsWithEnter ? ['Shift', 'Enter'] : ['Enter']],
        ['stopAndSend', ['Mod', 'Enter']],
        ['stop', ['Mod', '.']],
        ['lastQuestion', ['Up']],
        ['latest', ['Mod', 'Down']],
        ['attach', ['Mod', 'U']],
      ],
    },
    {
      name: 'anywhere',
      rows: [
        ['quickAsk', keysOf(settings.quickAsk.shortcut, window.parley.platform)],
        ['openInWindow', ['Mod', 'Enter']],
        ['hide', ['Esc']],
      ],
    },
  ]
  return groups.map((group) => (
    <section key={group.name} className="mb-8">
      <h2 className="border-b border-line pb-2 text-meta font-medium text-ink-3">
        {t(`settings:shortcuts.${group.name}`)}
      </h2>
      <dl>
        {group.rows.map(([action, keys]) => (
          <div
            key={action}
            className="flex min-h-10 items-center justify-between gap-4 border-b border-line last:border-b-0"
          >
            <dt className="text-ui text-ink-1">{t(`settings:shortcuts.${action}`)}</dt>
            <dd>
              <Kbd keys={keys} className="text-ink-2" />
              <span className="sr-only">{ariaKeys(keys)}</span>
            </dd>
          </div>
        ))}
      </dl>
    </section>
  ))
}
