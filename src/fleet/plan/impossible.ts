import type { Unit } from './items.ts'

/** Why hosts cannot be parted into so few pools under the constraints. */
export type Impossible =
  /** Vendors never share a pool, and there are more of them than pools. */
  | { readonly because: 'vendors'; readonly vendors: readonly string[] }
  /** More pools are named by pins than there may be. */
  | { readonly because: 'pins'; readonly pins: readonly string[] }
  /** One pin holds hosts of vendors that never share a pool. */
  | { readonly because: 'pin-across-vendors'; readonly pin: string; readonly vendors: readonly string[] }
  /** All hosts that may share a pool are fewer than one must have. */
  | {
      readonly because: 'too-few-hosts'
      readonly vendor: string
      readonly hosts: number
      readonly smallest: number
    }
  /** None of the above, and yet none was found: too many constraints at once. */
  | { readonly because: 'none-found' }

/** What is plain without a search. An empty vendor means: hosts that name none, or any where vendors may mix. */
export function plainlyImpossible(
  units: readonly Unit[],
  count: number,
  smallest: number,
): Impossible | undefined {
  const vendors = [...new Set(units.map(({ vendor }) => vendor))]
  for (const pin of new Set(units.map(unit => unit.pin))) {
    const held = units.filter(unit => pin !== undefined && unit.pin === pin).map(({ vendor }) => vendor)
    if (pin !== undefined && held.length > 1) return { because: 'pin-across-vendors', pin, vendors: held }
  }
  for (const vendor of vendors) {
    const hosts = units.reduce((sum, unit) => sum + (unit.vendor === vendor ? unit.hosts : 0), 0)
    if (hosts < smallest) return { because: 'too-few-hosts', vendor, hosts, smallest }
  }
  if (vendors.length > count) return { because: 'vendors', vendors }
  const pins = [...new Set(units.flatMap(({ pin }) => pin ?? []))]
  return pins.length > count ? { because: 'pins', pins } : undefined
}
