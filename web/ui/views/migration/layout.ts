import type { FleetAnswer, MigrationAnswer } from '../../../shared/answers.ts'
import { plural } from '../../parts.tsx'

export const BOX = { width: 176, line: 17, pad: 11, gap: 22, across: 68 }
/** So many groups are named in a box; the rest are counted. */
const NAMED = 6
/** So many boxes are side by side where no way leads from one to another. */
const ABREAST = 3
/** So many boxes are drawn, those with the most hosts. */
export const DRAWN = 60

export interface Box {
  readonly id: number
  readonly x: number
  readonly y: number
  readonly height: number
  readonly lines: readonly string[]
}

/** The largest of the clusters, in their order. */
export function drawn({ clusters }: MigrationAnswer, fleet: FleetAnswer): MigrationAnswer['clusters'] {
  const hosts = ({ groups }: (typeof clusters)[number]) =>
    groups.reduce((sum, id) => sum + (fleet.groups.find(group => group.id === id)?.count ?? 0), 0)
  const largest = new Set([...clusters].sort((a, b) => hosts(b) - hosts(a)).slice(0, DRAWN))
  return clusters.filter(one => largest.has(one))
}

export function layOut(clusters: MigrationAnswer['clusters'], fleet: FleetAnswer) {
  const columns = new Map<number, (typeof clusters)[number][]>()
  const flat = clusters.every(({ rank }) => rank === 0)
  clusters.forEach((one, i) => {
    const column = flat ? i % ABREAST : one.rank
    columns.set(column, [...(columns.get(column) ?? []), one])
  })
  const boxes: Box[] = []
  let height = 0
  for (const [rank, list] of columns) {
    let y = 1
    for (const { id, groups } of list) {
      const titles = groups.flatMap(one => fleet.groups.find(group => group.id === one)?.title ?? [])
      const rest = titles.length > NAMED ? [`and ${plural(titles.length - NAMED, 'group')} more`] : []
      const lines = [...titles.slice(0, NAMED), ...rest].map(cut)
      const tall = 2 * BOX.pad + BOX.line * lines.length
      boxes.push({ id, x: 1 + rank * (BOX.width + BOX.across), y, height: tall, lines })
      y += tall + BOX.gap
    }
    height = Math.max(height, y - BOX.gap + 1)
  }
  const ranks = Math.max(0, ...columns.keys())
  return { boxes, width: 2 + ranks * (BOX.width + BOX.across) + BOX.width, height }
}

const cut = (text: string): string => (text.length > 24 ? `${text.slice(0, 23)}…` : text)

export function curve(a: Box, b: Box): string {
  const [x1, y1, x2, y2] = [a.x + BOX.width, a.y + a.height / 2, b.x - 2, b.y + b.height / 2]
  const bend = (x2 - x1) / 2
  return `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`
}
