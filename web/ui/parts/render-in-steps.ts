import { useEffect, useState } from 'preact/hooks'

/**
 * Returns the beginning of a list, and more of it in each frame until it is complete. The visible rows are drawn at
 * once, and no frame has to draw hundreds of rows. @param step how many rows each frame adds
 */
export function useRenderInSteps<T>(list: readonly T[], step: number): readonly T[] {
  const [shown, setShown] = useState(step)
  // A list is another one when it begins otherwise: a view may make it anew each time that it is drawn.
  useEffect(() => setShown(step), [list[0], list.length, step])
  useEffect(() => {
    if (shown >= list.length) return
    const next = requestAnimationFrame(() => setShown(shown + step))
    return () => cancelAnimationFrame(next)
  }, [shown, list.length, step])
  return shown >= list.length ? list : list.slice(0, shown)
}
