import { useTranslation } from 'react-i18next'
import { useShallow } from 'zustand/react/shallow'
import type { BackendView } from '../../shared/settings'
import { MenuItem } from '../controls/menu'
import { StatusDot } from '../controls/status-dot'
import { connectionOf, hostOf } from '../store/backends'
import { useStore, type Choice } from '../store/state'

export interface BackendItemsProps {
  backends: readonly BackendView[]
  /** The one that has the tick. */
  chosenId: string | null
  onChoose: (choice: Choice) => void
}

/** Backends as rows of a menu: how each stands, its name, and where it is. */
export function BackendItems({ backends, chosenId, onChoose }: BackendItemsProps) {
  const { t } = useTranslation()
  const connections = useStore(useShallow((state) => backends.map(({ profile }) => connectionOf(state, profile.id))))
  return backends.map((view, index) => {
    const { profile, isBuiltIn } = view
    const connection = connections[index] ?? 'unknown'
    const status = t(`chat:header.connection.${connection}`)
    return (
      <MenuItem key={profile.id} isChosen={profile.id === chosenId} onSelect={() => onChoose(choiceFor(view))}>
        <span className="flex items-baseline gap-2.5">
          <StatusDot connection={connection} />
          <span className="min-w-0">
            <bdi className="break-words">{isBuiltIn ? t('common:guide') : profile.name}</bdi>
            <span className="block text-meta wrap-anywhere text-ink-3">
              {isBuiltIn ? status : `${hostOf(profile.url) ?? profile.url} · ${status}`}
            </span>
          </span>
        </span>
      </MenuItem>
    )
  })
}

/** A backend as the choice for a conversation: with the provider and model that its form names. */
export function choiceFor({ profile: { id, provider, model } }: BackendView): Choice {
  return { backendId: id, provider, model }
}
