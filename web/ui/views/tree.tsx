import { useState } from 'preact/hooks'
import type { FleetAnswer, TreeNodeAnswer } from '../../shared/answers.ts'
import type { ViewProps } from '../app.tsx'
import { scopeOf } from '../header.tsx'
import { Finding, Toggle } from '../parts.tsx'
import { useAnswer } from '../use-answer.ts'

export function TreeView({ place, go }: ViewProps) {
  const scope = scopeOf(place)
  const answer = useAnswer('tree', scope)
  const fleet = useAnswer('fleet', scope)
  const [whole, setWhole] = useState(false)
  if (!answer || !fleet) return <Finding title={undefined} />
  const show = (model: string) => go({ view: 'compare', a: 'pool', b: `model:${model}` })
  return (
    <>
      <Finding title={answer.title}>
        Each family descends from the one it is under, by what its data adds and takes away.
      </Finding>
      <div class="controls">
        <Toggle on={whole} set={setWhole}>
          all families, not only those on the way
        </Toggle>
        <span class="key">
          <span class="badge answer">the answer</span>
          <span class="badge runner">runner-up</span>
          <span class="badge host">hosts</span>
        </span>
      </div>
      <ul class="tree">
        {answer.roots
          .filter(({ marked }) => whole || marked)
          .map(node => (
            <Node key={node.family} {...{ node, fleet, whole, show }} />
          ))}
      </ul>
    </>
  )
}

const isPlain = ({ answer, runnersUp, groups }: TreeNodeAnswer): boolean =>
  answer === '' && runnersUp.length === 0 && groups.length === 0

/** The families from here on that lead to one other and are nothing by themselves, and where they lead. */
function wayTo(node: TreeNodeAnswer): {
  readonly way: readonly TreeNodeAnswer[]
  readonly end: TreeNodeAnswer
} {
  const way: TreeNodeAnswer[] = []
  let end = node
  for (;;) {
    const [next, second] = end.children.filter(({ marked }) => marked)
    if (!isPlain(end) || !next || second) return { way, end }
    way.push(end)
    end = next
  }
}

/** A row of families of which none is anything by itself, and what they lead to. */
function Way({ way, ...rest }: NodeProps & { readonly way: readonly TreeNodeAnswer[] }) {
  return (
    <li>
      <div class="node way">{way.map(({ family }) => family).join(' › ')}</div>
      <ul>
        <Node {...rest} />
      </ul>
    </li>
  )
}

interface NodeProps {
  readonly node: TreeNodeAnswer
  readonly fleet: FleetAnswer
  readonly whole: boolean
  readonly show: (model: string) => void
}

function Node({ node, fleet, whole, show }: NodeProps) {
  const { way, end } = whole ? { way: [], end: node } : wayTo(node)
  if (end !== node) return <Way {...{ way, fleet, whole, show }} node={end} />
  const children = node.children.filter(({ marked }) => whole || marked)
  const hosts = node.groups.flatMap(id => fleet.groups.find(group => group.id === id) ?? [])
  const own = node.answer !== '' || node.runnersUp.length > 0 || hosts.length > 0
  return (
    <li>
      <div class={own ? 'node marked' : 'node'}>
        <span class="family">{node.family}</span>
        <span class="faint">{node.note}</span>
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
        {hosts.map(group => (
          <span class="badge host" key={group.id}>
            {group.title}
          </span>
        ))}
      </div>
      {children.length > 0 && (
        <ul>
          {children.map(child => (
            <Node key={child.family} {...{ fleet, whole, show }} node={child} />
          ))}
        </ul>
      )}
    </li>
  )
}
