import { count } from '../../core/text.ts'
import type { DotEdge, DotGraph } from '../../report/graphviz.ts'
import type { ArrowAnswer, MigrateAnswer } from './answer.ts'
import { describeObstacles } from './describe-obstacle.ts'

/** The migration graph: a node for each CPU, its hosts in it; no line where guests of neither can move. */
export const migrateGraph = ({ groups, arrows }: MigrateAnswer): DotGraph => ({
  name: 'migration',
  nodes: groups.map(({ name, pool, hosts }) => ({
    id: name,
    label: hosts.length > 1 ? [name, count(hosts.length, 'host')] : [name],
    ...(pool ? { frame: pool } : {}),
  })),
  edges: arrows.filter(({ kind }) => kind !== 'none').map(edgeOf),
})

const edgeOf = ({ from, to, kind, back }: ArrowAnswer): DotEdge => ({
  from,
  to,
  ways: kind === 'both-ways' ? 'both' : 'one',
  ...(kind === 'one-way' ? { label: `not back: ${describeObstacles(back, 2)}` } : {}),
})
