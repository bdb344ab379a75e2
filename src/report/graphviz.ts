/** A graph to be drawn. */
export interface DotGraph {
  readonly name: string
  readonly nodes: readonly DotNode[]
  readonly edges: readonly DotEdge[]
}

interface DotNode {
  readonly id: string
  /** Its lines. */
  readonly label: readonly string[]
  /** Nodes of one frame are drawn in it, under its name; absent: in none. */
  readonly frame?: string | undefined
}

export interface DotEdge {
  readonly from: string
  readonly to: string
  readonly label?: string | undefined
  /** `both`: an arrow at each end; `none`: dashed, without arrows. */
  readonly ways: 'one' | 'both' | 'none'
}

/** The graph in Graphviz's language: `dot -Tsvg` draws it. @see <https://graphviz.org/doc/info/lang.html> */
export function printDot({ name, nodes, edges }: DotGraph): string {
  const frames = [...new Set(nodes.map(({ frame }) => frame))]
  return [
    `digraph ${quoteText(name)} {`,
    '  rankdir=LR',
    '  node [shape=box fontname="sans-serif"]',
    '  edge [fontname="sans-serif" fontsize=10]',
    ...frames.flatMap((frame, i) =>
      frameText(
        frame,
        i,
        nodes.filter(node => node.frame === frame),
      ),
    ),
    ...edges.map(edge => `  ${quoteText(edge.from)} -> ${quoteText(edge.to)}${printAttributes(edge)}`),
    '}',
    '',
  ].join('\n')
}

function frameText(frame: string | undefined, number: number, nodes: readonly DotNode[]): string[] {
  const lines = nodes.map(({ id, label }) => `${quoteText(id)} [label=${quoteText(label.join('\n'))}]`)
  if (frame === undefined) return lines.map(line => `  ${line}`)
  return [
    `  subgraph cluster_${number} {`,
    `    label=${quoteText(frame)}`,
    ...lines.map(line => `    ${line}`),
    '  }',
  ]
}

function printAttributes({ label, ways }: DotEdge): string {
  const list = [
    ...(label === undefined ? [] : [`label=${quoteText(label)}`]),
    ...(ways === 'both' ? ['dir=both'] : []),
    ...(ways === 'none' ? ['dir=none style=dashed'] : []),
  ]
  return list.length > 0 ? ` [${list.join(' ')}]` : ''
}

/** A double-quoted string; what stands for line ends and escapes in Graphviz stands for itself. */
const quoteText = (text: string): string =>
  `"${text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n')}"`
