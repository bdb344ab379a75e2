import { useState } from 'preact/hooks'
import type { FleetDisplay, TreeRow } from '../../shared/displays.ts'
import { Toggle } from '../parts/controls.tsx'
import { Headline } from '../parts/headline.tsx'
import { scopeOfRoute } from '../parts/route.ts'
import { useAnswer } from '../parts/use-answer.ts'
import type { ViewProps } from '../parts/view.ts'

/** The model families by descent, with the pool's model for guests, the runners-up and the hosts in their places. */
export function TreeContent({ route, navigate }: ViewProps) {
  const scope = scopeOfRoute(route)
  const answer = useAnswer('tree', scope)
  const fleet = useAnswer('fleet', scope)
  const [all, setAll] = useState(false)
  if (!answer || !fleet) return <Headline title={undefined} />
  const show = (model: string) => navigate({ view: 'compare', a: 'pool', b: `model:${model}` })
  return (
    <>
      <Headline title={answer.title}>
        The data defines each family by its differences from the family above it.
      </Headline>
      <div class="controls">
        <Toggle on={all} set={setAll}>
          show all families
        </Toggle>
        <span class="key">
          <span class="badge answer">guests’ model</span>
          <span class="badge runner">runner-up</span>
          <span class="badge host">hosts</span>
        </span>
      </div>
      <ul class="tree">
        {answer.roots
          .filter(({ marked }) => all || marked)
          .map(node => (
            <Node key={node.family} {...{ node, fleet, all, show }} />
          ))}
        {answer.elsewhere.length > 0 && (
          <li>
            <div class="node marked">
              <span class="family">no family</span>
              <HostBadges groups={answer.elsewhere} fleet={fleet} />
            </div>
          </li>
        )}
      </ul>
    </>
  )
}

interface NodeProps {
  readonly node: TreeRow
  readonly fleet: FleetDisplay
  /** Whether families without a mark are shown. */
  readonly all: boolean
  readonly show: (model: string) => void
}

function Node({ node, fleet, all, show }: NodeProps) {
  const { chain, end } = all ? { chain: [], end: node } : chainFrom(node)
  if (end !== node) return <Chain {...{ chain, fleet, all, show }} node={end} />
  const children = node.children.filter(({ marked }) => all || marked)
  return (
    <li>
      <div class={isPlain(node) ? 'node' : 'node marked'}>
        <span class="family">{node.family}</span>
        <span class="faint">{node.note}</span>
        <Badges {...{ node, fleet, show }} />
      </div>
      {children.length > 0 && (
        <ul>
          {children.map(child => (
            <Node key={child.family} {...{ fleet, all, show }} node={child} />
          ))}
        </ul>
      )}
    </li>
  )
}

const isPlain = ({ answer, runnersUp, groups }: TreeRow): boolean =>
  answer === '' && runnersUp.length === 0 && groups.length === 0

const Badges = ({ node, fleet, show }: Omit<NodeProps, 'all'>) => (
  <>
    {node.answer && (
      <button type="button" class="badge answer" onClick={() => show(node.answer)}>
        {node.answer}
      </button>
    )}
    {node.runnersUp.map(model => (
      <button type="button" class="badge runner" key={model} onClick={() => show(model)}>
        {model}
      </button>
    ))}
    <HostBadges groups={node.groups} fleet={fleet} />
  </>
)

const HostBadges = ({ groups, fleet }: Pick<TreeRow, 'groups'> & { readonly fleet: FleetDisplay }) => (
  <>
    {groups.map(id => (
      <span class="badge host" key={id}>
        {fleet.groups.find(group => group.id === id)?.title}
      </span>
    ))}
  </>
)

/** The families from this one on that have no badge and one marked child, and the family they lead to. */
function chainFrom(node: TreeRow): { readonly chain: readonly TreeRow[]; readonly end: TreeRow } {
  const chain: TreeRow[] = []
  let end = node
  for (;;) {
    const [next, second] = end.children.filter(({ marked }) => marked)
    if (!isPlain(end) || !next || second) return { chain, end }
    chain.push(end)
    end = next
  }
}

/** Families without badges in one line, and the family they lead to. */
function Chain({ chain, ...rest }: NodeProps & { readonly chain: readonly TreeRow[] }) {
  return (
    <li>
      <div class="node chain">{chain.map(({ family }) => family).join(' › ')}</div>
      <ul>
        <Node {...rest} />
      </ul>
    </li>
  )
}
