import { useEffect, useRef, useState } from 'preact/hooks'
import type { PageState, PoolCard, PoolsDisplay } from '../../shared/displays.ts'
import type { HostMove } from '../../shared/protocol.ts'
import { PoolDeltas } from '../parts/delta.tsx'
import { Headline } from '../parts/headline.tsx'
import { formatCount, formatNumber } from '../parts/text.ts'
import { useAnswer, useClient } from '../parts/use-answer.ts'
import type { ViewProps } from '../parts/view.ts'
import { Card, type Chip, idOfChip } from './pools/card.tsx'
import { ChipMenu } from './pools/chip-menu.tsx'
import { ValueCurve } from './pools/value-curve.tsx'

/** The pools as cards between which groups are moved, and the value of the best pools of each count. */
export function PoolsContent({ actions, state, navigate }: ViewProps) {
  const answer = useAnswer('pools')
  const fleet = useAnswer('fleet', null)
  const plan = useAnswer('plan')
  const client = useClient()
  const change = useAnswer('change')
  const setFocus = useChipFocus(answer)
  const [pressed, press] = useState<Chip>()
  // A ref, not state: the drop event needs it before the next render.
  const dragged = useRef<Chip | undefined>(undefined)
  if (!answer || !fleet) return <Headline title={undefined} />

  const assign = (moves: readonly HostMove[], label: string) =>
    actions.apply(client.act('assign', moves, label))
  const move = ({ group, from }: Chip, to: string) => {
    if (from === to) return
    const parts = answer.cards.find(({ label }) => label === from)?.groups
    const title = parts?.find(({ id }) => id === group)?.title
    void assign([{ group, from, to }], `moving ${title}`).then(() => setFocus({ group, from: to }))
  }
  const choose = (count: number) => {
    const pools = plan?.curve.find(point => point.count === count)?.pools ?? []
    const pins = new Set(pools.map(({ pin }) => pin))
    const free = Array.from({ length: pools.length + pins.size }, (_, i) => labelOf(i)).filter(
      label => !pins.has(label),
    )
    const moves = pools.flatMap(({ pin, parts }, i) =>
      parts.map(part => ({ ...part, to: pin ?? free[i] ?? '' })),
    )
    if (moves.length > 0) void assign(moves, formatCount(pools.length, 'pool'))
  }
  const act = (change: Promise<PageState>) => void actions.apply(change)
  const edit = {
    rename: (pool: string) => {
      const name = prompt('Name of the pool', pool)?.trim()
      if (name && name !== pool) act(client.act('rename', pool, name))
    },
    place: (pool: string, old = '') => {
      const site = prompt('Site of the pool', old)?.trim()
      if (site !== undefined && site !== old) act(client.act('site', pool, site))
    },
    lock: (pool: string, isLocked: boolean) => act(client.act('lock', pool, isLocked)),
  }
  const labels = [...answer.cards.map(card => card.label), findFreeLabel(answer.cards)]
  return (
    <>
      <Headline title={plan?.title ?? answer.title}>
        Drag a group to another pool, press it for a menu, or move it with the left and right arrow keys.
      </Headline>
      {plan ? (
        <ValueCurve
          {...{ plan, answer, choose }}
          limit={smallest => act(client.act('limit', smallest))}
          key={state.version}
        />
      ) : (
        <div class="curve" />
      )}
      <div class="change" role="status">
        {change ? (
          <>
            <h2>{change.title}</h2>
            <PoolDeltas delta={change} />
          </>
        ) : (
          `${plan?.now ? `${plan.now}. ` : ''}Value: ${formatNumber(answer.value)} points, hosts × what their guests get`
        )}
      </div>
      <ol class="cards">
        {labels.map((label, i) => (
          <Card
            key={label}
            card={answer.cards[i]}
            {...{ fleet, label, labels, dragged, move, press, edit }}
          />
        ))}
      </ol>
      <ChipMenu
        chip={pressed}
        {...{ labels, move }}
        showHosts={group => navigate({ view: 'fleet', pool: undefined, group: String(group) })}
      />
    </>
  )
}

/** Returns what focuses a moved chip in its new card, once that is drawn. */
function useChipFocus(answer: PoolsDisplay | undefined): (chip: Chip) => void {
  const [focus, setFocus] = useState<Chip>()
  useEffect(() => {
    if (focus) document.getElementById(idOfChip(focus))?.focus()
  }, [focus, answer])
  return setFocus
}

/** `A`, `B`, … `Z`, `A2`, … */
const labelOf = (i: number): string =>
  String.fromCharCode(65 + (i % 26)) + (i < 26 ? '' : Math.floor(i / 26) + 1)

function findFreeLabel(cards: readonly PoolCard[]): string {
  for (let i = 0; ; i++) if (!cards.some(card => card.label === labelOf(i))) return labelOf(i)
}
