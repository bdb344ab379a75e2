import { useMemo } from 'preact/hooks'

interface StripProps {
  readonly cells: string
  readonly width: number
  readonly column: number
  readonly setColumn: (column: number) => void
}

const ROW = 22

/** A row's cells as two paths, so that three hundred groups are no more to draw than three. */
export function Strip({ cells, width, column, setColumn }: StripProps) {
  const gap = width > 6 ? 2 : 0
  const [has, lacks] = useMemo(() => {
    const box = (i: number) => `M${i * width + gap / 2} 3h${width - gap}v${ROW - 6}h${gap - width}z`
    const path = (wanted: string) => [...cells].map((cell, i) => (cell === wanted ? box(i) : '')).join('')
    return [path('1'), path('0')]
  }, [cells, width, gap])
  const pick = (event: MouseEvent) => {
    const { left } = (event.currentTarget as Element).getBoundingClientRect()
    setColumn(Math.max(0, Math.min(cells.length - 1, Math.floor((event.clientX - left) / width))))
  }
  return (
    <svg
      class="strip"
      width={cells.length * width}
      height={ROW}
      onMouseMove={pick}
      onClick={pick}
      aria-hidden="true"
    >
      <path class="has" d={has} />
      <path class="lacks" d={lacks} />
      {column >= 0 && (
        <rect class="cursor" x={column * width + 0.5} y="1.5" width={width - 1} height={ROW - 3} />
      )}
    </svg>
  )
}
