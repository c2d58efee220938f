import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { EVERY_TIME, SCENES } from '../screenshots/scenes'
import { goHome, openStage, photograph, type Stage } from '../screenshots/stage'

/** All of them are `npm run screenshots`; here one of each kind, so that they stay reachable. */
describe('pictures', () => {
  let stage: Stage
  beforeAll(async () => {
    stage = await openStage()
  })
  afterAll(() => stage.close())

  it.each(EVERY_TIME)('%s', async (name) => {
    const scene = SCENES.find((each) => each.name === name)
    expect(scene, name).toBeDefined()
    if (scene === undefined) return
    await goHome(stage)
    await scene.show(stage)
    await photograph(stage, scene, (picture, page) => stage.app.screenshot(picture, page))
    await scene.leave?.(stage)
  })
})
