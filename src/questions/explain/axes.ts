import { bytewise } from '../../core/text.ts'
import { isSameRate } from '../../fleet/change/drift.ts'
import type { Group } from '../../fleet/groups.ts'
import type { FleetHost } from '../../fleet/host.ts'
import type { Axis } from './answer.ts'

/** What CPUs have that is no feature, and guests rely on all the same. */
type AxisName = 'physical address bits' | 'TSC rate' | 'XSAVE size' | 'cache line'

interface Measure {
  readonly axis: AxisName
  readonly of: (host: FleetHost) => bigint | undefined
  readonly print: (value: bigint) => string
  /** Whether two values are one: the TSC is measured anew by each boot. */
  readonly same?: (a: bigint, b: bigint) => boolean
  readonly warning: (least: string, hosts: readonly FleetHost[]) => string | undefined
}

const whole = (value: number | undefined): bigint | undefined =>
  value === undefined ? undefined : BigInt(value)

const MEASURES: readonly Measure[] = [
  {
    axis: 'physical address bits',
    of: ({ physBits }) => whole(physBits),
    print: String,
    warning: least =>
      `give guests <maxphysaddr mode='emulate' bits='${least}'/>: one with more crashes where it uses an address ` +
      'beyond, and libvirt and QEMU let it go there',
  },
  {
    axis: 'TSC rate',
    of: ({ tscHz }) => tscHz,
    print: hz => `${(Number(hz) / 1e6).toFixed(1)} MHz`,
    same: isSameRate,
    warning: (_, hosts) =>
      hosts.every(({ tscScaling }) => tscScaling)
        ? undefined
        : 'guests see the clock run at another rate after they move: give them no invtsc, or hosts that scale it',
  },
  {
    axis: 'XSAVE size',
    of: ({ xsaveSize }) => whole(xsaveSize),
    print: bytes => `${bytes} bytes`,
    warning: () =>
      'state of features that only some hosts have: guests with the pool’s features fit all of them',
  },
  {
    axis: 'cache line',
    of: ({ lineSize }) => whole(lineSize),
    print: bytes => `${bytes} bytes`,
    warning: () =>
      'CLFLUSH works on lines of another size after a move: such hosts cannot share a pool safely',
  },
]

/** The axes of which any host tells something. */
export function axesOf(groups: readonly Group[]): Axis[] {
  const hosts = groups.flatMap(group => group.hosts)
  return MEASURES.map(measure => axisOf(measure, hosts)).filter(({ values }) => values.length > 0)
}

function axisOf(
  { axis, of, print, same = (a, b) => a === b, warning }: Measure,
  hosts: readonly FleetHost[],
): Axis {
  const known = hosts.flatMap(host => {
    const value = of(host)
    return value === undefined ? [] : [{ host, value }]
  })
  known.sort((a, b) => (a.value < b.value ? -1 : a.value > b.value ? 1 : bytewise(a.host.name, b.host.name)))
  const values: { first: bigint; value: string; hosts: string[] }[] = []
  for (const { host, value } of known) {
    const last = values.at(-1)
    if (last && same(last.first, value)) last.hosts.push(host.name)
    else values.push({ first: value, value: print(value), hosts: [host.name] })
  }
  const least = values[0]?.value ?? ''
  const said =
    values.length > 1
      ? warning(
          least,
          known.map(({ host }) => host),
        )
      : undefined
  return {
    axis,
    values: values.map(({ value, hosts: names }) => ({ value, hosts: names })),
    unknown: hosts.length - known.length,
    ...(said === undefined ? {} : { warning: said }),
  }
}
