import { useState } from 'preact/hooks'
import type { PlanDisplay, PlanPoint, PoolsDisplay } from '../../../shared/displays.ts'
import { formatCount, formatNumber } from '../../parts/text.ts'

interface ValueCurveProps {
  readonly plan: PlanDisplay
  /** The current pools. */
  readonly answer: PoolsDisplay
  /** Makes the best pools of a count the current ones. */
  readonly choose: (count: number) => void
  /** Sets the fewest hosts of a pool. */
  readonly limit: (smallest: number) => void
}

/** The value of the best pools by their number, and a control that applies one of them. */
export function ValueCurve({ plan, answer, choose, limit }: ValueCurveProps) {
  const [count, setCount] = useState(Math.min(answer.cards.length, plan.curve.length))
  const smallest = (
    <label>
      at least{' '}
      <input
        type="number"
        min={1}
        max={1000}
        value={answer.smallest}
        onChange={({ currentTarget }) => limit(Math.max(1, Math.floor(Number(currentTarget.value))))}
      />{' '}
      hosts each
    </label>
  )
  if (plan.curve.every(({ impossible }) => impossible !== undefined))
    return (
      <div>
        <p>{plan.curve[0]?.impossible}</p>
        {smallest}
      </div>
    )
  const point = plan.curve.find(one => one.count === count)
  return (
    <div class="curve">
      <Drawing {...{ plan, answer, count }} />
      <div class="choose">
        <label>
          Pools{' '}
          <input
            type="range"
            min={1}
            max={plan.curve.length}
            value={count}
            onInput={({ currentTarget }) => setCount(Number(currentTarget.value))}
          />{' '}
          <output>{count}</output>
        </label>
        {smallest}
        <button
          type="button"
          class="strong"
          disabled={point?.impossible !== undefined}
          onClick={() => choose(count)}
        >
          Create {formatCount(count, 'pool')}
        </button>
        <p class="faint">
          {point && describePoint(point)}
          {plan.enough === count && ' · enough: each further pool adds less than 5 %'}
        </p>
        <p class="faint">
          <svg viewBox="0 0 12 12" width="10" height="10" aria-hidden="true" class="current">
            <path d="M1 6l5 -5 5 5 -5 5z" />
          </svg>{' '}
          current pools
        </p>
      </div>
    </div>
  )
}

function describePoint({ impossible, value, exact, gap }: PlanPoint): string {
  if (impossible !== undefined) return impossible
  const proof = exact ? 'proven optimal' : `at most ${(gap * 100).toFixed(1)} % below the optimum`
  return `${formatNumber(value)} points, ${proof}`
}

const WIDTH = 560
const HEIGHT = 150
const PAD = { left: 14, right: 14, top: 16, bottom: 26 }

interface DrawingProps extends Pick<ValueCurveProps, 'plan' | 'answer'> {
  readonly count: number
}

/** The line of values; where optimality is not proven, an area up to the upper bound. */
function Drawing({ plan, answer, count }: DrawingProps) {
  const points = plan.curve.filter(({ impossible }) => impossible === undefined)
  const { x, y } = scalesOf(plan, points, answer)
  const line = points.map(point => `${x(point.count)},${y(point.value)}`).join(' ')
  const bounds = [...points].reverse().map(point => `${x(point.count)},${y(point.bound)}`)
  const base = HEIGHT - PAD.bottom
  const now = x(Math.min(answer.cards.length, plan.curve.length))
  return (
    <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={plan.title}>
      <line class="axis" x1={PAD.left} x2={WIDTH - PAD.right} y1={base} y2={base} />
      <polygon class="gap" points={`${line} ${bounds.join(' ')}`} />
      <polyline class="line" points={line} />
      {points.map(one => (
        <g key={one.count}>
          <circle
            class={one.count === count ? 'now' : one.count === plan.enough ? 'enough' : undefined}
            cx={x(one.count)}
            cy={y(one.value)}
            r={one.count === count ? 6 : 4}
          />
          <text x={x(one.count)} y={HEIGHT - 8}>
            {one.count}
          </text>
        </g>
      ))}
      <g class="current">
        <path d={`M${now - 5} ${y(answer.value)}l5 -5 5 5 -5 5z`} />
      </g>
    </svg>
  )
}

function scalesOf(plan: PlanDisplay, points: readonly PlanPoint[], answer: PoolsDisplay) {
  const high = Math.max(...points.map(({ bound }) => bound), answer.value)
  const low = Math.min(...points.map(({ value }) => value), answer.value)
  const steps = Math.max(1, plan.curve.length - 1)
  return {
    x: (count: number) => PAD.left + ((count - 1) / steps) * (WIDTH - PAD.left - PAD.right),
    y: (value: number) =>
      HEIGHT - PAD.bottom - ((value - low) / Math.max(1, high - low)) * (HEIGHT - PAD.top - PAD.bottom),
  }
}
