import { useEffect, useState } from 'react'

const COPIED_FOR_MS = 1_600

/** Whether something was copied a moment ago, and what says that it was. */
export function useCopied(): [isCopied: boolean, copied: () => void] {
  const [count, setCount] = useState(0)
  useEffect(() => {
    if (count === 0) return undefined
    const timer = setTimeout(() => setCount(0), COPIED_FOR_MS)
    return () => clearTimeout(timer)
  }, [count])
  return [count > 0, () => setCount((before) => before + 1)]
}
