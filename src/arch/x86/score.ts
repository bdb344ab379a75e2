/**
 * How well a candidate model describes a CPU: how long its feature list is. Lower is better; of equal
 * totals the lower `disabled` is.
 */
export interface Score {
  readonly total: number
  readonly disabled: number
}

/** A host's candidate disables nothing: only what it lists counts. */
export const hostScore = (required: number): Score => ({ total: required, disabled: 0 })

/**
 * A guest's candidate pays for what it disables: 2, 3, 4, … for each that is seen. libvirt's count of the
 * list stops one entry earlier for every disabled one found, so only half of them, rounded up, are seen as
 * such; the others count 1. Counting them all would give other models (an Opteron 2350 is one).
 */
export function guestScore(required: number, disabled: number): Score {
  const seen = Math.ceil(disabled / 2)
  const penalty = (seen * (seen + 3)) / 2
  return { total: required + disabled - seen + penalty, disabled: penalty }
}

export const isBetter = (a: Score, b: Score): boolean =>
  a.total < b.total || (a.total === b.total && a.disabled < b.disabled)
