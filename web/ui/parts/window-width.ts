import { useEffect, useState } from 'preact/hooks'

/** The window's width in pixels; what uses it is drawn anew with each other width. */
export function useWindowWidth(): number {
  const [width, setWidth] = useState(innerWidth)
  useEffect(() => {
    const measure = () => setWidth(innerWidth)
    addEventListener('resize', measure)
    return () => removeEventListener('resize', measure)
  }, [])
  return width
}
