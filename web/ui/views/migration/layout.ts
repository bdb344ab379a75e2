import type { FleetDisplay, MigrationDisplay } from '../../../shared/displays.ts'
import { formatCount } from '../../parts/text.ts'

export const BOX = { width: 176, line: 17, pad: 11, gap: 22, across: 68 }
/** A box names at most this many groups and counts the rest. */
const MAX_NAMES = 6
/** Columns of the layout where no arrow connects the boxes. */
const COLUMNS = 3
/** At most this many boxes are drawn: those with the most hosts. */
export const MAX_BOXES = 60

export interface Box {
  readonly id: number
  readonly x: number
  readonly y: number
  readonly height: number
  readonly lines: readonly string[]
}

/** The largest clusters, in their order. */
export function selectLargest(
  { clusters }: MigrationDisplay,
  fleet: FleetDisplay,
): MigrationDisplay['clusters'] {
  const hosts = ({ groups }: (typeof clusters)[number]) =>
    groups.reduce((sum, id) => sum + (fleet.groups.find(group => group.id === id)?.count ?? 0), 0)
  const largest = new Set([...clusters].sort((a, b) => hosts(b) - hosts(a)).slice(0, MAX_BOXES))
  return clusters.filter(one => largest.has(one))
}

/** Places one box per cluster: columns are ranks. */
export function layOut(clusters: MigrationDisplay['clusters'], fleet: FleetDisplay) {
  const columns = new Map<number, (typeof clusters)[number][]>()
  const flat = clusters.every(({ rank }) => rank === 0)
  clusters.forEach((one, i) => {
    const column = flat ? i % COLUMNS : one.rank
    columns.set(column, [...(columns.get(column) ?? []), one])
  })
  const boxes: Box[] = []
  let height = 0
  for (const [rank, list] of columns) {
    let y = 1
    for (const { id, groups } of list) {
      const titles = groups.flatMap(one => fleet.groups.find(group => group.id === one)?.title ?? [])
      const rest =
        titles.length > MAX_NAMES ? [`and ${formatCount(titles.length - MAX_NAMES, 'group')} more`] : []
      const lines = [...titles.slice(0, MAX_NAMES), ...rest].map(shorten)
      const tall = 2 * BOX.pad + BOX.line * lines.length
      boxes.push({ id, x: 1 + rank * (BOX.width + BOX.across), y, height: tall, lines })
      y += tall + BOX.gap
    }
    height = Math.max(height, y - BOX.gap + 1)
  }
  const ranks = Math.max(0, ...columns.keys())
  return { boxes, width: 2 + ranks * (BOX.width + BOX.across) + BOX.width, height }
}

const shorten = (text: string): string => (text.length > 24 ? `${text.slice(0, 23)}…` : text)

/** The SVG path of an arrow from one box to another. */
export function pathOfArrow(a: Box, b: Box): string {
  const [x1, y1, x2, y2] = [a.x + BOX.width, a.y + a.height / 2, b.x - 2, b.y + b.height / 2]
  const bend = (x2 - x1) / 2
  return `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`
}
