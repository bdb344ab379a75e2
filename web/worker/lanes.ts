import type { GraphPlaces, GraphSizes } from '../shared/displays.ts'

const GAP = { rows: 12, area: 10, name: 22, pools: 14, lanes: 18, port: 4, tip: 2, end: 4 }
/** How far lanes are apart: near where there is little room. */
const [NEAR, FAR] = [4, 14]

type Places = Pick<GraphPlaces, 'boxes' | 'areas' | 'arrows'>
type Box = GraphPlaces['boxes'][number]

/** Places boxes one below the other, and arrows in lanes beside them, a lane for all arrows from a box. */
export function layOutInLanes({ boxes, arrows, room }: GraphSizes): Places {
  const { placed, areas } = placeRows(inOrder(boxes, arrows))
  const edge = Math.max(...[...placed, ...areas].map(({ x, width }) => x + width)) + GAP.lanes
  const at = new Map(placed.map(box => [box.id, box]))
  const portOf = (id: number, aside: number) => {
    const { x, y, width, height } = at.get(id) ?? { x: 0, y: 0, width: 0, height: 0 }
    return { x: x + width, y: y + height / 2 + aside }
  }
  const trunks = placed.flatMap(({ id }) => {
    const ends = arrows.filter(({ from }) => from === id).map(({ to }) => portOf(to, -GAP.port).y)
    const start = portOf(id, GAP.port).y
    return ends.length === 0 ? [] : { id, low: Math.min(start, ...ends), high: Math.max(start, ...ends) }
  })
  const laneOf = shareLanes(trunks)
  const lanes = Math.max(1, ...laneOf.values())
  const step = Math.max(NEAR, Math.min(FAR, (room - edge - GAP.end) / lanes))
  return {
    boxes: placed,
    areas,
    arrows: arrows.map(({ from, to }) => {
      const [start, end] = [portOf(from, GAP.port), portOf(to, -GAP.port)]
      const x = edge + (laneOf.get(from) ?? 0) * step
      return {
        from,
        to,
        points: [
          [start.x, start.y],
          [x, start.y],
          [x, end.y],
          [end.x + GAP.tip, end.y],
        ],
      }
    }),
  }
}

/** Boxes after those from which arrows come, along the arrows where they can be; those of a pool together. */
function inOrder(boxes: GraphSizes['boxes'], arrows: GraphSizes['arrows']): GraphSizes['boxes'] {
  const order = new Map<number, number>()
  const place = (id: number): void => {
    const isFree = arrows.every(({ from, to }) => to !== id || order.has(from))
    if (order.has(id) || !isFree) return
    order.set(id, order.size)
    for (const { from, to } of arrows) if (from === id) place(to)
  }
  for (const { id } of boxes) place(id)
  const placeOf = ({ id }: { readonly id: number }) => order.get(id) ?? order.size
  const middleOf = (box: GraphSizes['boxes'][number]) => {
    const all = box.pool === undefined ? [box] : boxes.filter(({ pool }) => pool === box.pool)
    return all.reduce((sum, one) => sum + placeOf(one), 0) / all.length
  }
  const middles = new Map(boxes.map(box => [box, middleOf(box)]))
  const compare = (a: string, b: string) => (a < b ? -1 : Number(a > b))
  return [...boxes].sort(
    (a, b) =>
      (middles.get(a) ?? 0) - (middles.get(b) ?? 0) ||
      compare(a.pool ?? '', b.pool ?? '') ||
      placeOf(a) - placeOf(b),
  )
}

/** Places boxes one below the other, and areas around those of a pool. */
function placeRows(boxes: GraphSizes['boxes']): { placed: Box[]; areas: GraphPlaces['areas'][number][] } {
  const hasAreas = boxes.some(({ pool }) => pool !== undefined)
  const x = hasAreas ? GAP.area : 0
  const wide = Math.max(...boxes.map(({ width }) => width)) + 2 * x
  const placed: Box[] = []
  const areas: { pool: string; x: number; y: number; width: number; height: number }[] = []
  let y = 0
  for (const { id, width, height, pool } of boxes) {
    const last = areas.at(-1)
    if (pool !== undefined && last?.pool === pool) {
      last.height += GAP.rows + height
    } else if (pool !== undefined) {
      y += GAP.pools
      areas.push({ pool, x: 0, y, width: wide, height: GAP.name + height + GAP.area })
      y += GAP.name
    }
    placed.push({ id, x, y, width, height })
    y += height + GAP.rows
  }
  return { placed, areas }
}

interface Trunk {
  readonly id: number
  readonly low: number
  readonly high: number
}

/** Short trunks are nearest to the boxes, and those that do not meet share a lane. */
function shareLanes(trunks: readonly Trunk[]): ReadonlyMap<number, number> {
  const lanes: Trunk[][] = []
  const found = new Map<number, number>()
  const shortFirst = [...trunks].sort((a, b) => a.high - a.low - (b.high - b.low))
  for (const trunk of shortFirst) {
    const free = lanes.findIndex(lane => lane.every(({ low, high }) => low > trunk.high || high < trunk.low))
    const lane = free < 0 ? lanes.length : free
    lanes[lane] = [...(lanes[lane] ?? []), trunk]
    found.set(trunk.id, lane)
  }
  return found
}
