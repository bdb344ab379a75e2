import { Graph, layout } from '@dagrejs/dagre'
import type { GraphPlaces, GraphSizes } from '../shared/displays.ts'
import { layOutInLanes } from './lanes.ts'

const GAP = { within: 22, between: 64, edges: 12, margin: 2, bend: 12, name: 6 }
/** An arrow's tip does not touch its box. */
const TIP = 2
/** At most this many columns where no arrow connects the boxes. */
const COLUMNS = 3

type Raw = Pick<GraphPlaces, 'boxes' | 'areas' | 'arrows'>

/**
 * Places boxes and leads their arrows around them, with areas around the boxes of a pool: from left to right where the room
 * suffices, else one below the other.
 */
export function layOutGraph(sizes: GraphSizes): GraphPlaces {
  if (sizes.arrows.length === 0) return layOutGrid(sizes)
  const across = moveIntoView(layOutAcross(sizes))
  return across.width <= sizes.room ? across : moveIntoView(layOutInLanes(sizes))
}

/** Places boxes from left to right. */
function layOutAcross({ boxes, arrows }: GraphSizes): Raw {
  const graph = new Graph({ compound: true })
  graph.setGraph({
    rankdir: 'LR',
    nodesep: GAP.within,
    ranksep: GAP.between,
    edgesep: GAP.edges,
    marginx: GAP.margin,
    marginy: GAP.margin,
  })
  graph.setDefaultEdgeLabel(() => ({}))
  const areas = new Set(boxes.flatMap(({ pool }) => pool ?? []))
  for (const pool of areas) graph.setNode(areaOf(pool), {})
  for (const { id, width, height, pool } of boxes) {
    graph.setNode(String(id), { width, height })
    if (pool !== undefined) graph.setParent(String(id), areaOf(pool))
  }
  for (const { from, to } of arrows) graph.setEdge(String(from), String(to))
  layout(graph)
  const cornerOf = (node: string) => {
    const { x, y, width, height } = graph.node(node)
    return { x: x - width / 2, y: y - height / 2, width, height }
  }
  const placed = boxes.map(({ id }) => ({ id, ...cornerOf(String(id)) }))
  const led = arrows.map(({ from, to }) => ({
    from,
    to,
    points: leadAround(placed, from, to, graph.edge(String(from), String(to)).points),
  }))
  return {
    boxes: placed,
    areas: [...areas].map(pool => {
      const { y, height, ...others } = cornerOf(areaOf(pool))
      // There is room for the area's name.
      return { pool, ...others, y: y - GAP.name, height: height + GAP.name }
    }),
    arrows: led,
  }
}

type Box = GraphPlaces['boxes'][number]
type Arrow = GraphPlaces['arrows'][number]

/**
 * An arrow's points. Between two columns of boxes it may run across; beside the boxes of a column it keeps to the height
 * that dagre left free for it.
 * @param points dagre's, of which the first and last are on the boxes
 */
function leadAround(
  boxes: readonly Box[],
  from: number,
  to: number,
  points: readonly Point[],
): Arrow['points'] {
  const [a, b] = [boxes.find(({ id }) => id === from), boxes.find(({ id }) => id === to)]
  if (!a || !b) return []
  const between = points.slice(1, -1).flatMap(({ x, y }) => {
    const [left, right] = columnAround(boxes, x)
    return left === undefined || right === undefined
      ? [[x, y] as const]
      : [[left, y] as const, [right, y] as const]
  })
  const [startY, endY] = [a.y + a.height / 2, b.y + b.height / 2]
  const [, afterA = a.x + a.width] = columnAround(boxes, a.x + a.width / 2)
  const [beforeB = b.x] = columnAround(boxes, b.x + b.width / 2)
  return [
    [a.x + a.width, startY],
    [afterA, startY],
    ...between.filter(([x]) => x > afterA && x < beforeB),
    [beforeB, endY],
    [b.x - TIP, endY],
  ]
}

/** Where the column of boxes around a place begins and ends, with room for a bend; empty: there is none. */
function columnAround(boxes: readonly Box[], at: number): [] | [left: number, right: number] {
  const column = boxes.filter(({ x, width }) => Math.abs(x + width / 2 - at) < 1)
  if (column.length === 0) return []
  return [
    Math.min(...column.map(({ x }) => x)) - GAP.bend,
    Math.max(...column.map(({ x, width }) => x + width)) + GAP.bend,
  ]
}

/** Moves all so that it begins at the upper left, and adds how large it is: dagre's own size leaves out how far arrows bend. */
function moveIntoView({ boxes, areas, arrows }: Raw): GraphPlaces {
  const corners = [...boxes, ...areas].flatMap(({ x, y, width, height }) => [
    [x, y] as const,
    [x + width, y + height] as const,
  ])
  const all = [...corners, ...arrows.flatMap(({ points }) => points)]
  const [xs, ys] = [all.map(([x]) => x), all.map(([, y]) => y)]
  const [left, above] = [GAP.margin - Math.min(...xs), GAP.margin - Math.min(...ys)]
  const move = <T extends { readonly x: number; readonly y: number }>(one: T): T => ({
    ...one,
    x: one.x + left,
    y: one.y + above,
  })
  return {
    width: Math.max(...xs) + left + GAP.margin,
    height: Math.max(...ys) + above + GAP.margin,
    boxes: boxes.map(move),
    areas: areas.map(move),
    arrows: arrows.map(({ points, ...arrow }) => ({
      ...arrow,
      points: points.map(([x, y]) => [x + left, y + above] as const),
    })),
  }
}

interface Point {
  readonly x: number
  readonly y: number
}

const areaOf = (pool: string): string => `pool ${pool}`

function layOutGrid({ boxes, room }: GraphSizes): GraphPlaces {
  const wide = Math.max(1, ...boxes.map(({ width }) => width)) + GAP.within
  const columns = Math.max(1, Math.min(COLUMNS, boxes.length, Math.floor(room / wide)))
  const ends: number[] = Array(columns).fill(GAP.margin)
  const placed = boxes.map(({ id, width, height }, i) => {
    const column = i % columns
    const y = ends[column] ?? 0
    ends[column] = y + height + GAP.within
    return { id, width, height, x: GAP.margin + column * wide, y }
  })
  return {
    width: wide * columns + GAP.margin,
    height: Math.max(...ends),
    boxes: placed,
    areas: [],
    arrows: [],
  }
}
