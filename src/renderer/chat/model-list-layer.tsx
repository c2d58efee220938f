import { useEffect, useState } from 'react'
import type { ModelList, ModelListProps } from './model-list'

let loaded: typeof ModelList | null = null

/** Loads the code of the list, which the start does not need. */
export async function loadModelList(): Promise<typeof ModelList> {
  loaded ??= (await import('./model-list')).ModelList
  return loaded
}

/**
 * The list of models. Code that is loaded already shows at once: `lazy` would hold the first opening back for a third of a
 * second, and what is typed meanwhile would land in the message.
 */
export function ModelListLayer(props: ModelListProps) {
  const [late, setLate] = useState<typeof ModelList | null>(null)
  const Present = loaded ?? late
  const isMissing = Present === null
  useEffect(() => {
    if (isMissing) void loadModelList().then((made) => setLate(() => made))
  }, [isMissing])
  return Present === null ? null : <Present {...props} />
}
