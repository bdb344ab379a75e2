import type { FeatureAnswer } from '../../shared/answers.ts'
import type { ViewProps } from '../app.tsx'
import { scopeOf } from '../header.tsx'
import { byClass, Features, Finding, plural } from '../parts.tsx'
import { useAnswer } from '../use-answer.ts'

export function CompareView({ place, go }: ViewProps) {
  const scope = scopeOf(place)
  const subjects = useAnswer('subjects', scope) ?? []
  const [a, b] = [place.a ?? subjects[1]?.id ?? 'pool', place.b ?? subjects[2]?.id ?? 'pool']
  const answer = useAnswer('compare', a, b, scope)
  const titleOf = (id: string) => subjects.find(one => one.id === id)?.title ?? id
  const Side = ({ value, name }: { readonly value: string; readonly name: 'a' | 'b' }) => (
    <label>
      <span class="unseen">{name === 'a' ? 'First CPU' : 'Second CPU'}</span>
      <select value={value} onChange={({ currentTarget }) => go({ [name]: currentTarget.value }, 'replace')}>
        {['Pool', 'Hosts', 'Models'].map(kind => (
          <optgroup key={kind} label={kind}>
            {subjects
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
  return (
    <>
      <Finding title={answer?.title}>{answer && `${plural(answer.same, 'feature')} in common`}</Finding>
      <div class="controls pair">
        <Side value={a} name="a" />
        <button type="button" onClick={() => go({ a: b, b: a }, 'replace')}>
          Swap
        </button>
        <Side value={b} name="b" />
      </div>
      {answer && (
        <>
          {answer.facts.length > 0 && (
            <table class="facts">
              <thead>
                <tr>
                  <th scope="col">
                    <span class="unseen">Fact</span>
                  </th>
                  <th scope="col">{titleOf(a)}</th>
                  <th scope="col">{titleOf(b)}</th>
                </tr>
              </thead>
              <tbody>
                {answer.facts.map(({ name, values: [x, y] }) => (
                  <tr key={name} class={x === y ? undefined : 'differs'}>
                    <th scope="row">{name}</th>
                    <td>{x || '–'}</td>
                    <td>{y || '–'}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
          <div class="sides">
            <Only title={titleOf(a)} list={answer.only[0]} />
            <Only title={titleOf(b)} list={answer.only[1]} />
          </div>
        </>
      )}
    </>
  )
}

function Only({ title, list }: { readonly title: string; readonly list: readonly FeatureAnswer[] }) {
  return (
    <section>
      <h2>
        Only {title} <span class="faint">{list.length}</span>
      </h2>
      {byClass(list).map(([name, of]) => (
        <div key={name}>
          <h3>
            {name} <span class="faint">{of.length}</span>
          </h3>
          <Features list={of} />
        </div>
      ))}
      {list.length === 0 && <p class="faint">Nothing</p>}
    </section>
  )
}
