import { onDemand } from '../controls/on-demand'

/** The list of models, wherever one is chosen. */
export const { Component: ModelListLayer, load: loadModelList } = onDemand(
  async () => (await import('./model-list')).ModelList,
)
