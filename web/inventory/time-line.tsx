import { useEffect, useState } from 'preact/hooks'
import type { PageParts } from '../ui/parts/inventory.ts'
import { formatCount } from '../ui/parts/text.ts'
import type { TimelineAnswer } from './server.ts'
import { formatTime } from './words.ts'

interface TimeLineProps {
  readonly from: string
  readonly timeline: TimelineAnswer
  /** Undefined: now. */
  readonly at: string | undefined
  readonly navigate: PageParts['navigate']
}

/** As many places has the slider. */
const STEPS = 1000

/** How long a moved slider rests before hosts are opened, in ms. */
const REST = 400

/** A slider from the first report to now, with a mark where hosts changed. */
export function TimeLine({ from, timeline, at, navigate }: TimeLineProps) {
  const [start, end] = [Date.parse(from), Date.parse(timeline.to)]
  const span = Math.max(1, end - start)
  const placeOf = (time: string) =>
    Math.min(STEPS, Math.max(0, Math.round(((Date.parse(time) - start) / span) * STEPS)))
  const chosen = at ? placeOf(at) : STEPS
  const [place, setPlace] = useState(chosen)
  useEffect(() => setPlace(chosen), [chosen])
  const timeOf = (one: number): string | undefined =>
    one >= STEPS ? undefined : new Date(start + (one / STEPS) * span).toISOString()
  const show = (time: string | undefined) => navigate({ at: time })
  useEffect(() => {
    if (place === chosen) return undefined
    const timer = setTimeout(() => show(timeOf(place)), REST)
    return () => clearTimeout(timer)
  }, [place])
  const moment = at && place === chosen ? at : timeOf(place)
  const text = moment ? formatTime(moment) : 'now'
  const marks = timeline.changes.map(({ at: time, hosts }) => ({ time, hosts, place: placeOf(time) }))
  const most = Math.max(1, ...marks.map(({ hosts }) => hosts))
  // Just behind a mark its changes are made.
  const next = marks.find(mark => mark.place > place + 1)
  const previous = marks.findLast(mark => mark.place < place - 1)
  return (
    <div class="time">
      <button
        type="button"
        disabled={!previous && place === 0}
        title="To the change before"
        aria-label="To the change before"
        onClick={() => setPlace(previous ? previous.place : 0)}
      >
        ◂
      </button>
      <div class="line">
        <svg viewBox={`0 0 ${STEPS} 10`} preserveAspectRatio="none" aria-hidden="true">
          {marks.map(({ time, hosts, place: x }) => (
            <rect key={time} x={x - 1.5} width="3" height={3 + (7 * hosts) / most} y={7 - (7 * hosts) / most}>
              <title>{`${formatCount(hosts, 'host')} changed about ${formatTime(time)}`}</title>
            </rect>
          ))}
        </svg>
        <input
          type="range"
          min="0"
          max={STEPS}
          value={place}
          aria-label="Time"
          aria-valuetext={text}
          onInput={({ currentTarget }) => setPlace(Number(currentTarget.value))}
        />
      </div>
      <button
        type="button"
        disabled={place === STEPS}
        title="To the next change"
        aria-label="To the next change"
        onClick={() => setPlace(next ? next.place : STEPS)}
      >
        ▸
      </button>
      <output>{text}</output>
      {at && (
        <button type="button" onClick={() => show(undefined)}>
          Now
        </button>
      )}
    </div>
  )
}
