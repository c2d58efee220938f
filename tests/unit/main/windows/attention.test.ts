import { describe, expect, it, vi } from 'vitest'
import { notificationOf } from '../../../../src/main/windows/attention'
import { translator } from '../../../../src/shared/i18n'

vi.mock('electron', () => ({ app: {}, BrowserWindow: {}, Notification: {}, powerSaveBlocker: {} }))

const t = translator('en')
const answer = { state: 'complete' as const, isQuitting: false, title: 'A **title**', text: '# Bold\n\nIt is `so`.' }

describe('the notification of an ended answer', () => {
  it('says nothing of the chat, unless the person wants that', () => {
    expect(notificationOf(answer, 'plain', t)).toEqual({ title: 'Parley', body: 'An answer is ready.' })
    const told = notificationOf(answer, 'text', t)
    expect(told?.title).toBe('A **title**')
    expect(told?.body).toContain('It is so.')
    expect(told?.body).not.toMatch(/[#`\n]/u)
    expect(notificationOf(answer, 'never', t)).toBeNull()
  })

  it('is not made for what the person has stopped, or when Parley quits', () => {
    expect(notificationOf({ ...answer, state: 'stopped' }, 'plain', t)).toBeNull()
    expect(notificationOf({ ...answer, state: 'interrupted', isQuitting: true }, 'plain', t)).toBeNull()
  })

  it('tells of one that broke off, and keeps a long one short', () => {
    expect(notificationOf({ ...answer, state: 'failed' }, 'text', t)?.body).toBe('An answer broke off.')
    expect([...(notificationOf({ ...answer, text: '𝕏'.repeat(1000) }, 'text', t)?.body ?? '')]).toHaveLength(200)
  })
})
