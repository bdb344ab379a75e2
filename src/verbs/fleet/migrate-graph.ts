import type { Edge, Graph } from '../../formats/dot.ts'
import { count } from '../say.ts'
import type { ArrowAnswer, MigrateAnswer } from './migrate.ts'
import { sayObstacles } from './say-obstacle.ts'

/** The migration graph: a node for each CPU, its hosts in it; no line where guests of neither can move. */
export const migrateGraph = ({ groups, arrows }: MigrateAnswer): Graph => ({
  name: 'migration',
  nodes: groups.map(({ name, pool, hosts }) => ({
    id: name,
    label: hosts.length > 1 ? [name, count(hosts.length, 'host')] : [name],
    ...(pool ? { frame: pool } : {}),
  })),
  edges: arrows.filter(({ kind }) => kind !== 'none').map(edgeOf),
})

const edgeOf = ({ from, to, kind, back }: ArrowAnswer): Edge => ({
  from,
  to,
  ways: kind === 'both-ways' ? 'both' : 'one',
  ...(kind === 'one-way' ? { label: `not back: ${sayObstacles(back, 2)}` } : {}),
})
