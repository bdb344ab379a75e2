import { useState } from 'preact/hooks'
import type { Rung, RungKind } from '../../shared/displays.ts'
import { Toggle } from '../parts/controls.tsx'
import { Headline } from '../parts/headline.tsx'
import { useRenderInSteps } from '../parts/render-in-steps.ts'
import { scopeOfRoute } from '../parts/route.ts'
import { classOfLevel, formatCount } from '../parts/text.ts'
import { useAnswer } from '../parts/use-answer.ts'
import type { ViewProps } from '../parts/view.ts'

/** Models, modes of EVC or levels of x86-64 as rungs: which hosts fall out where a pool takes one, and why. */
export function LadderContent({ route, navigate }: ViewProps) {
  const answer = useAnswer('ladder', scopeOfRoute(route))
  const [old, setOld] = useState(false)
  const all = answer?.rungs ?? NONE
  const kinds = KINDS.filter(([kind]) => all.some(one => one.kind === kind))
  const [kind] = kinds.find(([one]) => one === route.rungs) ?? ['model']
  const ofKind = all.filter(one => one.kind === kind)
  const vendors = [...new Set(ofKind.map(({ vendor }) => vendor))]
  const vendor = vendors.find(one => one === route.vendor) ?? vendorOfMost(ofKind)
  const isShown = (one: Rung) => one.vendor === vendor && (old || kind !== 'model' || one.level !== '')
  const rungs = ofKind.filter(isShown)
  const shown = useRenderInSteps(rungs, 30)
  if (!answer) return <Headline title={undefined} />
  if (answer.rungs.length === 0)
    return (
      <>
        <Headline title={answer.titles[kind]} />
        <p>Guests have the CPU of their host there.</p>
      </>
    )
  const most = Math.max(...rungs.map(({ runs }) => runs))
  const chosen = rungs.find(({ model }) => model === route.on) ?? rungs.find(({ runs }) => runs === most)
  return (
    <>
      <Headline title={answer.titles[kind]}>
        Select a rung to see which hosts a pool with it would lose, why, and which guests must be
        power-cycled.
      </Headline>
      <div class="controls">
        <label>
          Rungs{' '}
          <select
            value={kind}
            onChange={({ currentTarget: { value } }) =>
              navigate({ rungs: value === 'model' ? undefined : (value as 'evc'), on: undefined }, 'replace')
            }
          >
            {kinds.map(([name, title]) => (
              <option key={name} value={name} selected={name === kind}>
                {title}
              </option>
            ))}
          </select>
        </label>
        <label>
          Vendor{' '}
          <select
            value={vendor}
            onChange={({ currentTarget }) =>
              navigate({ vendor: currentTarget.value, on: undefined }, 'replace')
            }
          >
            {vendors.map(name => (
              <option key={name} value={name} selected={name === vendor}>
                {name || 'any'}
              </option>
            ))}
          </select>
        </label>
        {kind === 'model' && (
          <Toggle on={old} set={setOld}>
            include models below x86-64-v1
          </Toggle>
        )}
      </div>
      <div class="ladder">
        <ol>
          {shown.map(rung => (
            <li key={rung.model}>
              <button
                type="button"
                aria-pressed={rung === chosen}
                onClick={() => navigate({ on: rung.model, vendor }, 'replace')}
              >
                <b>{rung.model}</b>
                <span class={kind === 'model' ? `level ${classOfLevel(rung.level)}` : ''}>
                  {kind === 'model' && (rung.level || 'no level')}
                </span>
                <progress value={rung.runs} max={answer.hosts} aria-hidden="true" />
                <span class="number">
                  {rung.runs} of {answer.hosts}
                </span>
              </button>
            </li>
          ))}
        </ol>
        {chosen && <Chosen rung={chosen} />}
      </div>
    </>
  )
}

interface GuestsProps {
  readonly names: readonly string[]
  readonly title: string
  readonly why: string
}

/** Running guests that keep their CPU until they are powered off. */
const Guests = ({ names, title, why }: GuestsProps) =>
  names.length > 0 && (
    <details open={names.length < 9}>
      <summary>
        <b>
          {formatCount(names.length, 'running guest')} {title}
        </b>
      </summary>
      {names.join(', ')} <span class="faint">{why}</span>
    </details>
  )

const NONE: readonly Rung[] = []

const KINDS: readonly (readonly [RungKind, string])[] = [
  ['model', 'models'],
  ['evc', 'modes of VMware’s EVC'],
  ['level', 'levels of x86-64'],
]

/** The vendor of the model that most hosts run: of such, the best. */
const vendorOfMost = (rungs: readonly Rung[]): string =>
  [...rungs].filter(({ vendor }) => vendor !== '').sort((a, b) => b.runs - a.runs)[0]?.vendor ?? ''

const Chosen = ({ rung: { model, runs, unsure, out, needs, restarts, raises } }: { readonly rung: Rung }) => (
  <aside class="detail" aria-live="polite" aria-label="The selected rung">
    <h2>{model}</h2>
    <p>
      {formatCount(runs, 'host')} can give it{unsure > 0 && `, of ${unsure} it is not known`}. {needs}
    </p>
    <Guests names={restarts} title="to power off and start anew" why={`have more than ${model}`} />
    <Guests names={raises} title="to start anew for all of it" why={`have less than ${model}`} />
    {out.length > 0 && (
      <h3>
        {formatCount(
          out.reduce((sum, { hosts }) => sum + hosts, 0),
          'host',
        )}{' '}
        would fall out
      </h3>
    )}
    <ul>
      {out.map(({ names, features }) => (
        <li key={names}>
          {names}
          <p class="faint">
            {features.length > 1 ? `lack ${formatCount(features.length, 'feature')}: ` : ''}
            <code>{features.slice(0, 12).join(' ')}</code>
            {features.length > 12 && ` and ${features.length - 12} more`}
          </p>
        </li>
      ))}
    </ul>
  </aside>
)
