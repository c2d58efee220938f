import { describe, expect, it } from 'vitest'
import { advance, isOver, resume, seek, startReplay, type ReplaySource } from '../../../../src/renderer/wire/replay'
import { answerText, emptyAnswer, fold, type MediaFile, type Part } from '../../../../src/shared/conversation'

const text = (value: string): Part => ({ type: 'text-delta', text: value })
const done: Part = { type: 'finish', state: 'complete', error: null }

const source = (change: Partial<ReplaySource> = {}): ReplaySource => ({
  recordingId: 'r1',
  startedAt: 5,
  conversationId: 'c1',
  stored: null,
  parts: [
    { atMs: 100, part: text('One ') },
    { atMs: 300, part: text('two ') },
    { atMs: 700, part: text('three.') },
    { atMs: 800, part: done },
  ],
  totalMs: 800,
  speed: 'one',
  ...change,
})

describe('a replay', () => {
  it('folds each part at its time', () => {
    const begun = startReplay(source())
    expect(begun).toMatchObject({ isPlaying: true, positionMs: 0 })
    expect(answerText(begun.answer)).toBe('')
    const later = advance(begun, 350)
    expect(answerText(later.answer)).toBe('One two ')
    expect(later.answer.state).toBe('running')
    const over = advance(later, 450)
    expect(answerText(over.answer)).toBe('One two three.')
    expect(over).toMatchObject({ isPlaying: false, positionMs: 800, answer: { state: 'complete' } })
    expect(isOver(over)).toBe(true)
  })

  it('runs at half, four times and all of the speed', () => {
    expect(advance(startReplay(source({ speed: 'half' })), 300).positionMs).toBe(150)
    expect(advance(startReplay(source({ speed: 'four' })), 100).positionMs).toBe(400)
    const all = startReplay(source({ speed: 'all' }))
    expect(all.positionMs).toBe(800)
    expect(answerText(all.answer)).toBe('One two three.')
  })

  it('stands still while it is paused, and a clock that goes back does not take it along', () => {
    const paused = { ...advance(startReplay(source()), 150), isPlaying: false }
    expect(advance(paused, 5000)).toBe(paused)
    expect(advance(startReplay(source()), -50).positionMs).toBe(0)
  })

  it('goes to another place, also back', () => {
    const there = seek(startReplay(source()), 300)
    expect(answerText(there.answer)).toBe('One two ')
    const back = seek(there, 100)
    expect(answerText(back.answer)).toBe('One ')
    expect(back.isPlaying).toBe(true)
    expect(seek(back, 99_999)).toMatchObject({ positionMs: 800, isPlaying: false })
    expect(seek(back, -1).positionMs).toBe(0)
  })

  it('begins anew when it was over, else plays on', () => {
    const over = seek(startReplay(source()), 800)
    expect(resume(over)).toMatchObject({ positionMs: 0, isPlaying: true, answer: { state: 'running' } })
    const paused = { ...advance(startReplay(source()), 150), isPlaying: false }
    expect(resume(paused)).toMatchObject({ positionMs: 150, isPlaying: true })
  })

  it('ends an answer whose stream has no event for its end', () => {
    const cut = source({ parts: [{ atMs: 100, part: text('One') }] })
    expect(seek(startReplay(cut), 800).answer.state).toBe('complete')
    const failed: Part = { type: 'finish', state: 'failed', error: { code: 'connection-lost' } }
    const broken = source({ parts: [{ atMs: 800, part: failed }] })
    expect(seek(startReplay(broken), 800).answer).toMatchObject({ state: 'failed', error: { code: 'connection-lost' } })
  })

  it('shows results from where they are stored, and leaves the stored answer alone', () => {
    const file: MediaFile = { id: 'f', mime: 'image/png', bytes: 1, width: 1, height: 1 }
    const media: Part = { type: 'media', kind: 'image', sources: ['/media/a.png'], alt: '' }
    const blank = emptyAnswer({
      id: 'a1',
      parentId: null,
      createdAt: 0,
      generationId: 'g1',
      backendId: 'home',
      provider: null,
      model: null,
    })
    const kept = fold(fold(blank, { atMs: 1, part: media }), {
      atMs: 2,
      part: { type: 'media-file', source: '/media/a.png', file },
    })
    const before = structuredClone(kept)
    const played = startReplay(source({ stored: kept, parts: [{ atMs: 0, part: media }] }))
    expect(played.answer.content).toEqual([{ ...media, files: { '/media/a.png': file } }])
    expect(played.answer.id).not.toBe('a1')
    expect(played.answer.backendId).toBe('home')
    expect(kept).toEqual(before)
  })
})
