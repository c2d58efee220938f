import { EyeOff } from 'lucide-react'
import { useEffect, useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { useChoice } from '../chat/choice'
import { Button } from '../controls/button'
import { useGiveFocus } from '../controls/final-focus'
import { Icon } from '../controls/icon'
import { choose, needCatalogue } from '../store/backends'
import { chatOf, removeImages, useChips, type Place } from '../store/chips'
import { changeColumn } from '../store/comparison'
import { needModels } from '../store/models'
import { useStore, type Choice } from '../store/state'
import { blindnessOf } from './vision'

/** Above images that a model which would be asked cannot read: before they are sent, with the ways out [12]. */
export function VisionBar({ place }: { place: Place }) {
  const { t, i18n } = useTranslation()
  const giveFocus = useGiveFocus()
  const conversationId = chatOf(place)
  const hasImages = useChips(place).some(
    (chip) => chip.kind === 'adding' || (chip.kind === 'ready' && chip.attachment.mime.startsWith('image/')),
  )
  const asked = useAsked(conversationId, hasImages)
  const catalogues = useStore((state) => state.catalogues)
  const { favourites, recents } = useStore((state) => state.settings)
  const blind = useMemo(
    () =>
      asked.flatMap(({ choice, columnKey }) => {
        const catalogue = catalogues.get(choice.backendId)?.catalogue ?? null
        const blindness = blindnessOf(catalogue, choice, [...favourites, ...recents])
        return blindness === null ? [] : [{ ...blindness, choice, columnKey }]
      }),
    [asked, catalogues, favourites, recents],
  )
  const [first] = blind
  if (!hasImages || first === undefined) return null
  const names = [...new Set(blind.map(({ label }) => label))]
  const model = new Intl.ListFormat(i18n.language, { type: 'conjunction' }).format(names)
  // With several there is no one way to change them all; each column has its own list of models.
  const instead = blind.length === 1 ? first.instead : null
  const change = (choice: Choice): void => {
    if (first.columnKey === null) choose(conversationId, choice)
    else changeColumn(conversationId, first.columnKey, { choice })
  }
  const goOn = (element: HTMLElement): void => {
    const field = element.closest('form')?.querySelector('textarea')
    if (field) field.focus()
    else giveFocus()
  }
  return (
    <div className="flex min-h-12 flex-wrap items-center gap-x-2.5 gap-y-1 border-b border-line py-1.5 ps-[15px] pe-2">
      <Icon of={EyeOff} className="text-warn" />
      <p role="status" className="min-w-40 flex-1 text-ui font-label break-words text-ink-1">
        <bdi>{t('images:vision.title', { count: names.length, model })}</bdi>
      </p>
      <div className="flex min-w-0 flex-wrap gap-1.5">
        <Button
          variant="quiet"
          onClick={(event) => {
            goOn(event.currentTarget)
            removeImages(place)
          }}
        >
          {t('images:vision.textOnly')}
        </Button>
        {instead !== null && (
          <Button
            className="max-w-full"
            onClick={(event) => {
              goOn(event.currentTarget)
              change({ ...first.choice, model: instead.id })
            }}
          >
            <span className="max-w-60 truncate">{t('images:vision.use', { model: instead.label })}</span>
          </Button>
        )}
      </div>
    </div>
  )
}

interface Asked {
  choice: Choice
  /** Null for the one who answers a chat without columns. */
  columnKey: string | null
}

/** Who would be asked: the chosen model, or those of all columns. While there are images, what they can do is found out. */
function useAsked(conversationId: string, hasImages: boolean): readonly Asked[] {
  const choice = useChoice(conversationId)
  const columns = useStore((state) => state.comparisons.get(conversationId)?.columns)
  const asked = useMemo(
    (): Asked[] =>
      columns === undefined
        ? [{ choice, columnKey: null }]
        : columns.flatMap((column) =>
            column.choice === null ? [] : [{ choice: column.choice, columnKey: column.key }],
          ),
    [choice, columns],
  )
  const catalogues = useStore((state) => state.catalogues)
  useEffect(() => {
    if (!hasImages) return
    for (const { choice: each } of asked) {
      needCatalogue(each.backendId)
      if (each.provider !== null) void needModels(each.backendId, each.provider)
    }
    // A catalogue that has come says which of its providers have still to be asked.
  }, [hasImages, asked, catalogues])
  return asked
}
