import type { FleetDisplay, GraphPlaces, MigrationDisplay } from '../../../shared/displays.ts'
import { formatCount, shortTitle } from '../../parts/text.ts'

export const BOX = { line: 17, pad: 11 }
const FONT = '13px system-ui, sans-serif'
/** A box names at most this many groups and counts the rest. */
const MAX_NAMES = 6
/** Longer names are cut, in pixels. */
const WIDEST = 210
/** At most this many boxes are drawn: those with the most hosts. */
export const MAX_BOXES = 60

export interface Box {
  readonly id: number
  readonly width: number
  readonly height: number
  readonly lines: readonly string[]
  readonly pool?: string
}

/** A box for each of the largest clusters, as large as its names are drawn. */
export function makeBoxes({ clusters }: MigrationDisplay, fleet: FleetDisplay): Box[] {
  const widthOf = createMeasure()
  const titles = new Map(fleet.groups.map(({ id, title }) => [id, title]))
  return clusters.slice(0, MAX_BOXES).map(({ groups, ...cluster }) => {
    const names = groups.flatMap(id => titles.get(id) ?? [])
    const rest = names.length - MAX_NAMES
    const lines = [
      ...names.slice(0, MAX_NAMES),
      ...(rest > 0 ? [`and ${formatCount(rest, 'CPU')} more`] : []),
    ].map(name => shorten(name, widthOf))
    return {
      ...cluster,
      lines,
      width: Math.ceil(Math.max(...lines.map(widthOf))) + 2 * BOX.pad,
      height: BOX.line * lines.length + 2 * BOX.pad,
    }
  })
}

function createMeasure(): (text: string) => number {
  const pen = document.createElement('canvas').getContext('2d')
  if (pen) pen.font = FONT
  return text => pen?.measureText(text).width ?? 8 * text.length
}

function shorten(text: string, widthOf: (text: string) => number): string {
  if (widthOf(text) <= WIDEST) return text
  let letters = text.length
  while (letters > 2 && widthOf(shortTitle(text, letters)) > WIDEST) letters--
  return shortTitle(text, letters)
}

/** How far from a corner an arrow begins to bend. */
const BEND = 9

/** The SVG path of an arrow: straight from point to point, with round corners. */
export function pathOf(points: GraphPlaces['arrows'][number]['points']): string {
  return points
    .map(([x, y], i) => {
      const [before, next] = [points[i - 1], points[i + 1]]
      if (!before) return `M${x} ${y}`
      if (!next) return `L${x} ${y}`
      return `L${towards([x, y], before)}Q${x} ${y} ${towards([x, y], next)}`
    })
    .join('')
}

/** A point a little from a corner towards another. */
function towards([x, y]: readonly [number, number], [toX, toY]: readonly [number, number]): string {
  const far = Math.hypot(toX - x, toY - y)
  const share = far === 0 ? 0 : Math.min(BEND, far / 2) / far
  return `${x + (toX - x) * share} ${y + (toY - y) * share}`
}
