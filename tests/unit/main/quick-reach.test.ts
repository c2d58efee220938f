import { describe, expect, it } from 'vitest'
import { QuickReach } from '../../../src/main/quick-reach'
import type { ConversationChange, StoredDraft } from '../../../src/shared/contract'
import type { ConversationSummary, GenerationEvent } from '../../../src/shared/conversation'
import { AppFailure } from '../../../src/shared/errors'

const OWN = '11111111-1111-4111-8111-111111111111'
const OTHER = '22222222-2222-4222-8222-222222222222'

const event = (conversationId: string): GenerationEvent => ({
  generationId: 'g',
  conversationId,
  messageId: 'm',
  seq: 1,
  atMs: 1,
  part: { type: 'text-delta', text: 'secret words' },
})
const summary = (id: string): ConversationSummary => ({
  id,
  title: 'secret title',
  updatedAt: 1,
  createdAt: 1,
  origin: 'window',
  isPinned: false,
  isRunning: false,
  isUnread: false,
  hasFailed: false,
  isTemporary: false,
  isDamaged: false,
})
const draft = (key: string): StoredDraft => ({ key, text: 'secret draft', attachments: [], changedAt: 1 })

describe('what the quick-ask may know (S44)', () => {
  const reach = new QuickReach()
  reach.begin(OWN)

  it('S44: the conversations it has begun, and no others', () => {
    expect([reach.has(OWN), reach.has(OTHER)]).toEqual([true, false])
    expect(() => reach.require(OWN)).not.toThrow()
    expect(() => reach.require(OTHER)).toThrow(AppFailure)
  })

  it('S44: what is told to all windows comes without those of others', () => {
    expect(reach.events([event(OTHER), event(OWN)])).toEqual([event(OWN)])
    const changes: ConversationChange[] = [
      { kind: 'upsert', summary: summary(OTHER) },
      { kind: 'upsert', summary: summary(OWN) },
      { kind: 'remove', conversationId: OTHER },
      { kind: 'remove', conversationId: OWN },
    ]
    expect(reach.changes(changes)).toEqual([changes[1], changes[3]])
  })

  it('S44: its own draft, to read and to write', () => {
    expect(reach.drafts([draft('new'), draft('quick-ask'), draft(OTHER)])).toEqual([draft('quick-ask')])
    expect(() => reach.requireDraft(draft('quick-ask'))).not.toThrow()
    expect(() => reach.requireDraft(draft('new'))).toThrow(AppFailure)
  })
})
