import { useMemo } from 'preact/hooks'

interface CellStripProps {
  /** For each column, as in `MatrixRow`. */
  readonly cells: string
  readonly width: number
  /** The selected column; -1: none. */
  readonly column: number
  readonly setColumn: (column: number) => void
}

const ROW_HEIGHT = 22

/** What each cell looks like. */
const KINDS = [
  ['1', 'has'],
  ['0', 'lacks'],
  ['?', 'unknown'],
  ['-', 'foreign'],
] as const

/** A row's cells as a path a kind, so that three hundred columns cost no more to draw than three. */
export function CellStrip({ cells, width, column, setColumn }: CellStripProps) {
  const gap = width > 6 ? 2 : 0
  const paths = useMemo(() => {
    const box = (i: number) => `M${i * width + gap / 2} 3h${width - gap}v${ROW_HEIGHT - 6}h${gap - width}z`
    const path = (wanted: string) => [...cells].map((cell, i) => (cell === wanted ? box(i) : '')).join('')
    return KINDS.map(([cell, kind]) => ({ kind, d: path(cell) }))
  }, [cells, width, gap])
  const pick = (event: MouseEvent) => {
    const { left } = (event.currentTarget as Element).getBoundingClientRect()
    setColumn(Math.max(0, Math.min(cells.length - 1, Math.floor((event.clientX - left) / width))))
  }
  return (
    <svg class="strip" width={cells.length * width} height={ROW_HEIGHT} onClick={pick} aria-hidden="true">
      {paths.map(({ kind, d }) => d && <path key={kind} class={kind} d={d} />)}
      {column >= 0 && (
        <rect class="cursor" x={column * width + 0.5} y="1.5" width={width - 1} height={ROW_HEIGHT - 3} />
      )}
    </svg>
  )
}
