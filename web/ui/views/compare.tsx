import type { ClassedFeature, CompareDisplay } from '../../shared/displays.ts'
import type { ComparedCpu } from '../../shared/protocol.ts'
import { FeatureList, sectionByClass } from '../parts/features.tsx'
import { Headline } from '../parts/headline.tsx'
import { scopeOfRoute } from '../parts/route.ts'
import { formatCount } from '../parts/text.ts'
import { useAnswer } from '../parts/use-answer.ts'
import type { ViewProps } from '../parts/view.ts'

/** Two CPUs side by side, once it is known which there are: before, a pool would be compared with itself. */
export function CompareContent(props: ViewProps) {
  const cpus = useAnswer('comparedCpus', scopeOfRoute(props.route))
  return cpus ? <Compared {...props} cpus={cpus} /> : <Headline title={undefined} />
}

function Compared({ route, navigate, cpus }: ViewProps & Pick<CpuSelectProps, 'cpus'>) {
  const scope = scopeOfRoute(route)
  const [a, b] = [route.a ?? cpus[1]?.id ?? 'pool', route.b ?? cpus[2]?.id ?? 'pool']
  const answer = useAnswer('compare', a, b, scope)
  const titleOf = (id: ComparedCpu) => cpus.find(one => one.id === id)?.title ?? id
  return (
    <>
      <Headline title={answer?.title}>
        {answer && `${formatCount(answer.same, 'feature')} in common`}
      </Headline>
      <div class="controls pair">
        <CpuSelect name="First CPU" value={a} {...{ cpus }} set={id => navigate({ a: id }, 'replace')} />
        <button type="button" onClick={() => navigate({ a: b, b: a }, 'replace')}>
          Swap
        </button>
        <CpuSelect name="Second CPU" value={b} {...{ cpus }} set={id => navigate({ b: id }, 'replace')} />
      </div>
      {answer && (
        <>
          {answer.facts.length > 0 && <Facts list={answer.facts} titles={[titleOf(a), titleOf(b)]} />}
          <div class="sides">
            <Only title={titleOf(a)} list={answer.only[0]} />
            <Only title={titleOf(b)} list={answer.only[1]} />
          </div>
        </>
      )}
    </>
  )
}

interface CpuSelectProps {
  readonly name: string
  readonly value: ComparedCpu
  readonly cpus: readonly { readonly id: ComparedCpu; readonly title: string; readonly kind: string }[]
  readonly set: (id: ComparedCpu) => void
}

const CpuSelect = ({ name, value, cpus, set }: CpuSelectProps) => (
  <label>
    <span class="unseen">{name}</span>
    <select value={value} onChange={({ currentTarget }) => set(currentTarget.value)}>
      {['Pool', 'Hosts', 'Models'].map(kind => (
        <optgroup key={kind} label={kind}>
          {cpus
            .filter(one => one.kind === kind)
            .map(({ id, title }) => (
              <option key={id} value={id} selected={id === value}>
                {title}
              </option>
            ))}
        </optgroup>
      ))}
    </select>
  </label>
)

interface FactsProps {
  readonly list: CompareDisplay['facts']
  readonly titles: readonly [string, string]
}

const Facts = ({ list, titles }: FactsProps) => (
  <table class="facts">
    <thead>
      <tr>
        <th scope="col">
          <span class="unseen">Property</span>
        </th>
        <th scope="col">{titles[0]}</th>
        <th scope="col">{titles[1]}</th>
      </tr>
    </thead>
    <tbody>
      {list.map(({ name, values: [x, y] }) => (
        <tr key={name} class={x === y ? undefined : 'differs'}>
          <th scope="row">{name}</th>
          <td>{x || '–'}</td>
          <td>{y || '–'}</td>
        </tr>
      ))}
    </tbody>
  </table>
)

function Only({ title, list }: { readonly title: string; readonly list: readonly ClassedFeature[] }) {
  return (
    <section>
      <h2>
        Only {title} <span class="faint">{list.length}</span>
      </h2>
      {sectionByClass(list).map(([name, of]) => (
        <div key={name}>
          <h3>
            {name} <span class="faint">{of.length}</span>
          </h3>
          <FeatureList list={of} />
        </div>
      ))}
      {list.length === 0 && <p class="faint">No features</p>}
    </section>
  )
}
