import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { watchAnswers } from '../../../../src/main/windows/answering'

describe('a page that answers nothing', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  function watch() {
    const told: string[] = []
    const page = { isHung: false, isWatched: true, isListening: true }
    let open = 0
    const { noteAnswer, reset, stop } = watchAnswers({
      ping: () => {
        if (page.isHung) open += 1
        else if (page.isListening) queueMicrotask(noteAnswer)
      },
      isWatched: () => page.isWatched,
      onSilent: () => told.push('silent'),
      onAnswer: () => told.push('answers'),
    })
    const answer = (): void => {
      for (; open > 0; open -= 1) noteAnswer()
    }
    return { page, told, reset, stop, answer }
  }

  it('R28: is told of once, ten seconds after it was asked, and again when it answers', async () => {
    const { page, told, answer } = watch()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(told).toEqual([])
    page.isHung = true
    await vi.advanceTimersByTimeAsync(11_999)
    expect(told).toEqual([])
    await vi.advanceTimersByTimeAsync(1)
    expect(told).toEqual(['silent'])
    await vi.advanceTimersByTimeAsync(60_000)
    page.isHung = false
    answer()
    await vi.advanceTimersByTimeAsync(0)
    expect(told).toEqual(['silent', 'answers'])
    await vi.advanceTimersByTimeAsync(60_000)
    expect(told).toHaveLength(2)
  })

  it('is nothing to tell of while it is hidden, loads, or has not begun to listen', async () => {
    const { page, told, reset, answer } = watch()
    await vi.advanceTimersByTimeAsync(4000)
    page.isHung = true
    await vi.advanceTimersByTimeAsync(8000)
    page.isWatched = false
    await vi.advanceTimersByTimeAsync(60_000)
    expect(told).toEqual([])
    page.isWatched = true
    page.isHung = false
    page.isListening = false
    reset()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(told).toEqual([])
    page.isListening = true
    await vi.advanceTimersByTimeAsync(2000)
    page.isHung = true
    await vi.advanceTimersByTimeAsync(9999)
    answer()
    await vi.advanceTimersByTimeAsync(9999)
    expect(told).toEqual([])
  })

  it('is watched no longer once its window is closed', async () => {
    const { page, told, stop } = watch()
    await vi.advanceTimersByTimeAsync(2000)
    page.isHung = true
    stop()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(told).toEqual([])
  })
})
