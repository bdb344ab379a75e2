import { Graph, layout } from '@dagrejs/dagre'
import type { GraphPlaces, GraphSizes } from '../shared/displays.ts'

const GAP = { within: 22, between: 64, edges: 12, margin: 2 }
/** Columns where no arrow connects the boxes. */
const COLUMNS = 3

/** Places boxes from left to right along their arrows, which run around boxes, and areas around the boxes of a pool. */
export function layOutGraph(sizes: GraphSizes): GraphPlaces {
  if (sizes.arrows.length === 0) return layOutGrid(sizes)
  const { boxes, arrows } = sizes
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
  const { width = 0, height = 0 } = graph.graph()
  return {
    width,
    height,
    boxes: boxes.map(({ id }) => ({ id, ...cornerOf(String(id)) })),
    areas: [...areas].map(pool => ({ pool, ...cornerOf(areaOf(pool)) })),
    arrows: arrows.map(({ from, to }) => ({
      from,
      to,
      points: graph.edge(String(from), String(to)).points.map(({ x, y }: Point) => [x, y] as const),
    })),
  }
}

interface Point {
  readonly x: number
  readonly y: number
}

const areaOf = (pool: string): string => `pool ${pool}`

function layOutGrid({ boxes }: GraphSizes): GraphPlaces {
  const wide = Math.max(0, ...boxes.map(({ width }) => width)) + GAP.within
  const ends: number[] = Array(COLUMNS).fill(GAP.margin)
  const placed = boxes.map(({ id, width, height }, i) => {
    const column = i % COLUMNS
    const y = ends[column] ?? 0
    ends[column] = y + height + GAP.within
    return { id, width, height, x: GAP.margin + column * wide, y }
  })
  return {
    width: wide * Math.min(COLUMNS, boxes.length) + GAP.margin,
    height: Math.max(...ends),
    boxes: placed,
    areas: [],
    arrows: [],
  }
}
