import { electronAccelerator, type Accelerator } from '../../shared/accelerator'
import { actionKeys, actionOf, isGlobal, type ActionId, type GlobalShortcutId } from '../../shared/actions'
import type { Settings } from '../../shared/settings'

/** Saves the keys of an action: only what differs from what it came with; `from` is left without. */
export function saveKeys(settings: Settings, id: ActionId, accelerator: Accelerator | null, from?: ActionId): void {
  const { platform } = window.parley
  const shortcuts = Object.fromEntries(Object.entries(settings.shortcuts).filter(([each]) => each !== id))
  if (isGlobal(id)) {
    const keys = accelerator === null ? null : electronAccelerator(accelerator, platform)
    const quickAsk = { ...(from !== undefined && isGlobal(from) && given(from, null)), ...given(id, keys) }
    void window.parley.request['settings.set']({ quickAsk: { ...settings.quickAsk, ...quickAsk } })
  }
  if (from !== undefined && !isGlobal(from)) shortcuts[from] = null
  if (!isGlobal(id)) {
    // What is its own again is no change, unless another one has taken it: then it has to be said.
    const isOwn = actionOf(id).keys === accelerator
    const wouldBe = actionKeys({ ...settings, shortcuts }, platform).get(id) ?? null
    if (!isOwn || wouldBe !== accelerator) shortcuts[id] = accelerator
  }
  void window.parley.request['settings.set']({ shortcuts })
}

/** The setting of what works from any app, with these keys or with none. */
function given(id: GlobalShortcutId, shortcut: string | null): Partial<Settings['quickAsk']> {
  if (id === 'ask-region') return { regionShortcut: shortcut }
  return shortcut === null ? { isEnabled: false } : { isEnabled: true, shortcut }
}
