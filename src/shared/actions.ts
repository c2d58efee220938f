import { fromElectron, isAccelerator, isFreeToUse, type Accelerator, type Platform } from './accelerator'
import type { QuickAskSettings, Settings } from './settings'

/**
 * All that a key, a menu or the palette can do. The closed list: the window's keys, the native menu, the settings page of
 * the shortcuts, the sheet of all keys and the palette are made of it, in this order.
 *
 * `keys` is what it comes with. `isFixed`: the key belongs to a field or a list and cannot be changed.
 */
export const ACTIONS = [
  { id: 'new-chat', group: 'chats', keys: 'Mod+N' },
  { id: 'new-temporary-chat', group: 'chats', keys: 'Mod+Shift+N' },
  { id: 'palette', group: 'chats', keys: 'Mod+K' },
  { id: 'search-chats', group: 'chats', keys: 'Mod+Shift+F' },
  { id: 'find', group: 'chats', keys: 'Mod+F' },
  { id: 'find-next', group: 'chats', keys: 'Mod+G' },
  { id: 'find-previous', group: 'chats', keys: 'Mod+Shift+G' },
  { id: 'previous-chat', group: 'chats', keys: 'Alt+Up' },
  { id: 'next-chat', group: 'chats', keys: 'Alt+Down' },
  { id: 'choose-model', group: 'chats', keys: 'Mod+/' },
  { id: 'favourite', group: 'chats', keys: 'Mod+D' },
  { id: 'compare', group: 'chats', keys: 'Mod+Shift+M' },
  { id: 'rename-chat', group: 'chats', keys: 'F2', isFixed: true },
  { id: 'delete-chat', group: 'chats', keys: 'Delete', isFixed: true },
  { id: 'pin-chat', group: 'chats', keys: null },
  { id: 'duplicate-chat', group: 'chats', keys: null },
  { id: 'chat-settings', group: 'chats', keys: null },
  { id: 'export-markdown', group: 'chats', keys: null },
  { id: 'export-html', group: 'chats', keys: null },
  { id: 'export-json', group: 'chats', keys: null },
  { id: 'export-pdf', group: 'chats', keys: null },
  { id: 'trash', group: 'chats', keys: null },

  { id: 'send', group: 'writing', keys: 'Enter', isFixed: true },
  { id: 'new-line', group: 'writing', keys: 'Shift+Enter', isFixed: true },
  { id: 'stop-and-send', group: 'writing', keys: 'Mod+Enter', isFixed: true },
  { id: 'stop', group: 'writing', keys: 'Mod+.' },
  { id: 'edit-last', group: 'writing', keys: 'Up', isFixed: true },
  { id: 'attach', group: 'writing', keys: 'Mod+U' },
  { id: 'capture-region', group: 'writing', keys: 'Mod+Shift+S' },
  { id: 'insert-prompt', group: 'writing', keys: '/', isFixed: true },
  { id: 'web-search', group: 'writing', keys: null },

  { id: 'latest', group: 'reading', keys: 'Mod+Down' },
  { id: 'previous-version', group: 'reading', keys: 'Alt+Left', isFixed: true },
  { id: 'next-version', group: 'reading', keys: 'Alt+Right', isFixed: true },
  { id: 'quote', group: 'reading', keys: 'Mod+Shift+.' },
  { id: 'keep-1', group: 'reading', keys: 'Mod+1' },
  { id: 'keep-2', group: 'reading', keys: 'Mod+2' },
  { id: 'keep-3', group: 'reading', keys: 'Mod+3' },
  { id: 'keep-4', group: 'reading', keys: 'Mod+4' },
  { id: 'wire', group: 'reading', keys: 'Mod+Shift+Y' },

  { id: 'sidebar', group: 'window', keys: 'Mod+\\' },
  { id: 'next-area', group: 'window', keys: 'F6', isFixed: true },
  { id: 'previous-area', group: 'window', keys: 'Shift+F6', isFixed: true },
  { id: 'prompts', group: 'window', keys: 'Mod+Shift+P' },
  { id: 'settings', group: 'window', keys: 'Mod+,' },
  { id: 'shortcut-sheet', group: 'window', keys: 'Mod+Shift+/' },

  { id: 'quick-ask', group: 'anywhere', keys: null },
  { id: 'ask-region', group: 'anywhere', keys: null },
  { id: 'quick-ask-open', group: 'anywhere', keys: 'Mod+Enter', isFixed: true, isInQuickAsk: true },
  { id: 'quick-ask-copy', group: 'anywhere', keys: 'Mod+C', isFixed: true, isInQuickAsk: true },
  { id: 'quick-ask-hide', group: 'anywhere', keys: 'Escape', isFixed: true, isInQuickAsk: true },
] as const satisfies readonly ActionShape[]

interface ActionShape {
  id: string
  group: ActionGroup
  keys: Accelerator | null
  isFixed?: true
  /** It means that only in the quick question, so that the main window may have it for something else. */
  isInQuickAsk?: true
}

export type ActionGroup = 'chats' | 'writing' | 'reading' | 'window' | 'anywhere'
export type ActionId = (typeof ACTIONS)[number]['id']

export interface Action extends ActionShape {
  id: ActionId
}

const ALL: readonly Action[] = ACTIONS

/** Keys that a person has changed, by action; null for none. Those of other versions of Parley are kept and not used. */
export type Shortcuts = Readonly<Record<string, Accelerator | null>>

/** What works from any app, if the system agrees to it: their keys are settings of the quick question, not changed ones. */
export const GLOBAL_SHORTCUTS = ['quick-ask', 'ask-region'] as const satisfies readonly ActionId[]
export type GlobalShortcutId = (typeof GLOBAL_SHORTCUTS)[number]

export function isGlobal(id: ActionId): id is GlobalShortcutId {
  return GLOBAL_SHORTCUTS.some((each) => each === id)
}

/** Whose keys `shortcuts` of the settings may change. */
export function isChangeable(id: ActionId): boolean {
  return !isGlobal(id) && actionOf(id).isFixed !== true
}

/**
 * The keys to hold from anywhere, as Electron writes them; null for none. Where a file has the same for both, the quick
 * question has them.
 */
export function globalShortcuts({
  isEnabled,
  shortcut,
  regionShortcut,
}: QuickAskSettings): Readonly<Record<GlobalShortcutId, string | null>> {
  const quickAsk = isEnabled ? shortcut : null
  return { 'quick-ask': quickAsk, 'ask-region': regionShortcut === quickAsk ? null : regionShortcut }
}

export function actionOf(id: ActionId): Action {
  const found = ALL.find((action) => action.id === id)
  if (found === undefined) throw new TypeError(`no action ${id}`)
  return found
}

export type ActionKeys = ReadonlyMap<ActionId, Accelerator | null>

/**
 * The keys that are really set. What a person chose counts before what an action came with: a default that is in use
 * elsewhere is none, so no key ever means two things in a window.
 */
export function actionKeys(
  { shortcuts, sendKey, quickAsk }: Pick<Settings, 'shortcuts' | 'sendKey' | 'quickAsk'>,
  platform: Platform,
): ActionKeys {
  const keys = new Map<ActionId, Accelerator | null>(ALL.map(({ id }) => [id, null]))
  const taken = new Set<Accelerator>()
  for (const { id, keys: fixed, isFixed, isInQuickAsk } of ALL) {
    if (isFixed !== true) continue
    const present = sendKey === 'mod-enter' ? (SEND_WITH_MOD[id] ?? fixed) : fixed
    keys.set(id, present)
    if (present !== null && isInQuickAsk !== true) taken.add(present)
  }
  const give = (id: ActionId, accelerator: Accelerator | null): void => {
    if (accelerator === null || taken.has(accelerator)) return
    taken.add(accelerator)
    keys.set(id, accelerator)
  }
  const changeable = ALL.filter(({ id }) => isChangeable(id))
  for (const { id } of changeable) {
    const chosen = Object.hasOwn(shortcuts, id) ? shortcuts[id] : undefined
    if (typeof chosen === 'string' && isUsable(chosen, platform)) give(id, chosen)
  }
  for (const { id, keys: first } of changeable) {
    if (!Object.hasOwn(shortcuts, id)) give(id, first)
  }
  const held = globalShortcuts(quickAsk)
  for (const id of GLOBAL_SHORTCUTS) keys.set(id, held[id] === null ? null : fromElectron(held[id], platform))
  return keys
}

const SEND_WITH_MOD: Partial<Record<ActionId, Accelerator>> = {
  send: 'Mod+Enter',
  'new-line': 'Enter',
  'stop-and-send': 'Mod+Shift+Enter',
}

/** Why an action cannot have these keys. */
export type KeyConflict =
  /** Another action has them; it can be left without where `isFixed` is false. */
  | { kind: 'used'; by: ActionId; isFixed: boolean }
  /** The system keeps them. */
  | { kind: 'system' }
  /** An item of the menu that every program has, such as Copy; `name` is its key in `desktop:menu`. */
  | { kind: 'menu'; name: string }

/** What keeps an action from having these keys; null when nothing does. */
export function conflictOf(
  id: ActionId,
  accelerator: Accelerator,
  keys: ActionKeys,
  platform: Platform,
): KeyConflict | null {
  if (SYSTEM_KEYS[platform].includes(accelerator)) return { kind: 'system' }
  const menu = MENU_KEYS[platform][accelerator] ?? COMMON_MENU_KEYS[accelerator]
  if (menu !== undefined) return { kind: 'menu', name: menu }
  const other = ALL.find(
    (action) => action.id !== id && action.isInQuickAsk !== true && keys.get(action.id) === accelerator,
  )
  if (other !== undefined) return { kind: 'used', by: other.id, isFixed: !mayGiveUp(id, other.id) }
  // Both ways of sending, whichever is set.
  const sending = ALL.find((action) => SEND_WITH_MOD[action.id] === accelerator || action.keys === accelerator)
  return sending?.group === 'writing' && sending.isFixed === true
    ? { kind: 'used', by: sending.id, isFixed: true }
    : null
}

/** What is held from anywhere is given up only for the other one that is: a window has keys enough. */
function mayGiveUp(taking: ActionId, giving: ActionId): boolean {
  return isChangeable(giving) || (isGlobal(taking) && isGlobal(giving))
}

/**
 * Whether the changed keys can all hold: known actions whose keys may change, each with keys that are free. What a page
 * sends is refused otherwise; see actionKeys() for what is found on disk.
 */
export function areShortcutsGood(settings: Parameters<typeof actionKeys>[0], platform: Platform): boolean {
  const keys = actionKeys(settings, platform)
  return Object.entries(settings.shortcuts).every(([name, chosen]) => {
    const action = ALL.find(({ id }) => id === name)
    // Of another version of Parley.
    if (action === undefined) return chosen === null || isAccelerator(chosen)
    if (!isChangeable(action.id)) return false
    return chosen === null || (isUsable(chosen, platform) && keys.get(action.id) === chosen)
  })
}

function isUsable(accelerator: Accelerator, platform: Platform): boolean {
  return (
    isAccelerator(accelerator) &&
    isFreeToUse(accelerator) &&
    !accelerator.split('+').includes('Super') &&
    !SYSTEM_KEYS[platform].includes(accelerator) &&
    (MENU_KEYS[platform][accelerator] ?? COMMON_MENU_KEYS[accelerator]) === undefined
  )
}

// The system acts on these before any program does, or every program has them for the same.
const SYSTEM_KEYS: Readonly<Record<Platform, readonly Accelerator[]>> = {
  darwin: [
    'Mod+Q',
    'Mod+H',
    'Mod+Alt+H',
    'Mod+M',
    'Mod+W',
    'Mod+Tab',
    'Mod+Space',
    'Mod+Alt+Space',
    'Mod+`',
    'Mod+Shift+Q',
    'Mod+Control+Q',
    'Mod+Control+F',
    'Mod+Control+Space',
    'Mod+Alt+Escape',
    'Mod+Shift+3',
    'Mod+Shift+4',
    'Mod+Shift+5',
    'Control+Up',
    'Control+Down',
    'Control+Left',
    'Control+Right',
  ],
  win32: ['Alt+F4', 'Alt+Space', 'Mod+Alt+Delete'],
  linux: ['Alt+F4', 'Alt+Space', 'Alt+F2', 'Mod+Alt+Delete', 'Mod+Alt+T', 'Mod+Alt+L'],
}

const COMMON_MENU_KEYS: Readonly<Record<Accelerator, string>> = {
  'Mod+X': 'cut',
  'Mod+C': 'copy',
  'Mod+V': 'paste',
  'Mod+A': 'selectAll',
  'Mod+Z': 'undo',
  'Mod+Shift+Z': 'redo',
  'Mod+0': 'actualSize',
  'Mod+=': 'zoomIn',
  'Mod+Shift+=': 'zoomIn',
  'Mod+-': 'zoomOut',
}

const MENU_KEYS: Readonly<Record<Platform, Readonly<Record<Accelerator, string>>>> = {
  darwin: { 'Mod+Alt+Shift+V': 'pastePlain' },
  win32: {
    'Mod+Y': 'redo',
    'Mod+Shift+V': 'pastePlain',
    'Mod+M': 'minimize',
    'Mod+W': 'close',
    'Mod+Q': 'quit',
    F11: 'fullScreen',
  },
  linux: {
    'Mod+Shift+V': 'pastePlain',
    'Mod+M': 'minimize',
    'Mod+W': 'close',
    'Mod+Q': 'quit',
    F11: 'fullScreen',
  },
}
