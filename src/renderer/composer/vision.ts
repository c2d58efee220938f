import { AUTOMATIC_PROVIDER } from '../../shared/catalogue'
import type { Catalogue, CatalogueModel } from '../../shared/contract'
import type { ModelChoice } from '../../shared/settings'

/** A chosen model that cannot read images, and one that can, if its provider has one. */
export interface Blindness {
  label: string
  instead: CatalogueModel | null
}

/**
 * Whether the chosen model is known not to read images. Null when it does, and whenever nobody has said: a warning without
 * knowledge would teach people to pass over warnings.
 *
 * @param liked models with a star or chosen last, the best first: one of them is offered rather than any other
 */
export function blindnessOf(
  catalogue: Catalogue | null,
  choice: Pick<ModelChoice, 'provider' | 'model'>,
  liked: readonly Pick<ModelChoice, 'provider' | 'model'>[],
): Blindness | null {
  const name = choice.provider ?? AUTOMATIC_PROVIDER
  const provider = catalogue?.providers.find((each) => each.name === name)
  if (provider === undefined || !provider.hasModelDetails || choice.model === null) return null
  const model = provider.models.find(({ id }) => id === choice.model)
  if (model === undefined || model.hasVision) return null
  const seeing = provider.models.filter(({ hasVision }) => hasVision)
  const isLiked = ({ id }: CatalogueModel): boolean =>
    liked.some((each) => each.model === id && (each.provider ?? AUTOMATIC_PROVIDER) === name)
  return { label: model.label, instead: seeing.find(isLiked) ?? seeing[0] ?? null }
}
