import { useEffect, useState } from 'preact/hooks'

/**
 * The beginning of a list, and more of it with every frame until all is there: what can be seen is drawn at once, and
 * no frame waits for hundreds of rows. @param step how many at a time
 */
export function useGradually<T>(list: readonly T[], step: number): readonly T[] {
  const [shown, setShown] = useState(step)
  useEffect(() => setShown(step), [list, step])
  useEffect(() => {
    if (shown >= list.length) return
    const next = requestAnimationFrame(() => setShown(shown + step))
    return () => cancelAnimationFrame(next)
  }, [shown, list.length, step])
  return shown >= list.length ? list : list.slice(0, shown)
}
