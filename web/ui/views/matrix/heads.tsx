import type { GroupAnswer } from '../../../shared/answers.ts'

/** From this width on a name stands upright above its column. */
const UPRIGHT = 64

/** Names above the columns as long as there is room for a line of text each. */
export function Heads({
  groups,
  width,
  column,
}: {
  readonly groups: readonly (GroupAnswer | undefined)[]
  readonly width: number
  readonly column: number
}) {
  if (width < 14) return null
  return (
    <span class={width < UPRIGHT ? 'heads' : 'heads flat'} aria-hidden="true">
      {groups.map((group, i) => (
        <span key={group?.id} style={{ width: `${width}px` }} class={i === column ? 'active' : undefined}>
          <span>{group?.title.replace(/ and (\d+) more$/, ' +$1')}</span>
        </span>
      ))}
    </span>
  )
}
