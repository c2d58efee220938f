import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { hasScreenPortal } from '../../../src/main/screen-portal'
import { startPortal, type FakePortal } from '../../support/portal'

describe('the portal that hands pictures of the screen out', () => {
  let portal: FakePortal
  beforeEach(async () => {
    portal = await startPortal()
  })
  afterEach(() => portal.close())

  it('is there when it tells its version', async () => {
    expect(await hasScreenPortal(portal.env)).toBe(true)
  })

  it('is not there when the portal has no such part, and without a bus', async () => {
    portal.mode = 'unknown'
    expect(await hasScreenPortal(portal.env)).toBe(false)
    expect(await hasScreenPortal({})).toBe(false)
  })
})
