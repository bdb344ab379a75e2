import type { FeatureSet } from '../../core/feature-set.ts'
import { LibvirtError } from '../../core/libvirt-error.ts'
import { once } from '../../core/memo.ts'
import { CpuMap } from '../../map/cpu-map.ts'
import { dataFile } from '../../map/data.ts'
import { statementsOf } from '../../map/text/data-file.ts'
import { escapeXml } from '../../xml/writer.ts'
import { express, findAnyModel, findGuestFeatures } from '../express.ts'
import type { NotExpressed, Printer } from '../printer.ts'
import { parseCpuArgument } from './qemu-command.ts'

/** What oVirt calls a CPU, and what QEMU is given for it. */
interface ClusterType {
  readonly name: string
  /** As after `-cpu`: `Nehalem,+spec-ctrl`. */
  readonly cpu: string
  /** The levels of compatibility that have it, as numbers: from, to. */
  readonly spans: readonly (readonly [from: number, to: number])[]
}

const clusterTypes = once((): ClusterType[] =>
  statementsOf(dataFile('ovirt.txt')).map(({ text }) => {
    const [, levels = '', name = '', cpu = ''] = /^(\S+) +(.+?) : (.+)$/.exec(text) ?? []
    const spans = levels.split(',').map(span => {
      const [from = 0, to = from] = span.split('-').map(Number)
      return [from, to] as const
    })
    return { name, cpu: cpu.replaceAll(' ', ','), spans }
  }),
)

/**
 * The `-cpu` of a cluster of this type; undefined: oVirt has no type of that name.
 * @param level absent, or none that has the type: the newest that has it
 */
export function cpuOfClusterType(name: string, level = 0): string | undefined {
  const named = clusterTypes().filter(type => type.name === name)
  const exact = named.find(({ spans }) => spans.some(([from, to]) => from <= level && level <= to))
  const newest = ({ spans }: ClusterType) => Math.max(...spans.map(([, to]) => to))
  return (exact ?? named.sort((a, b) => newest(b) - newest(a))[0])?.cpu
}

/** The cluster type whose guests have this CPU, or the greatest whose guests have a part of it. */
export const ovirtCluster: Printer = {
  name: 'ovirt',
  title: 'oVirt: cluster type',
  readBy: 'ovirt-api',
  omitsModelFeatures: true,
  print(given) {
    const { cpu, notExpressed } = express(given, { reader: 'a cluster of oVirt' })
    const features = findGuestFeatures(cpu)
    const own = findAnyModel(cpu.model ?? '')
    const below = newestTypes().flatMap(type => {
      const guest = parseCpuArgument(type.cpu)
      const has = findGuestFeatures(guest)
      const vendor = findAnyModel(guest.model ?? '')?.vendor
      const fits =
        has && features && has.leq(features) && (!vendor || !own?.vendor || vendor.name === own.vendor.name)
      return fits ? [{ type, has, model: guest.model }] : []
    })
    const best = below.reduce<(typeof below)[number] | undefined>(
      (most, one) => (most && one.has.size <= most.has.size ? most : one),
      undefined,
    )
    if (!best || !features)
      throw new LibvirtError(
        'unsupported',
        `no cluster type of oVirt ${NEWEST_LEVEL} has only what ${cpu.model} has`,
      )
    return {
      text: printCluster(best.type),
      notExpressed: [...notExpressed, ...beyond(cpu.model, best, features)],
    }
  },
}

const NEWEST_LEVEL = 4.8

/** Those of the newest level; one that names features which QEMU does not have starts no guest. */
const newestTypes = (): ClusterType[] => {
  const { features } = CpuMap.builtIn().of('x86')
  return clusterTypes().filter(
    ({ cpu, spans }) =>
      spans.some(([from, to]) => from <= NEWEST_LEVEL && NEWEST_LEVEL <= to) &&
      parseCpuArgument(cpu).features.every(({ name }) => features.get(name)),
  )
}

/** As the REST API takes it: `PUT /ovirt-engine/api/clusters/ID`. */
const printCluster = ({ name }: ClusterType): string =>
  [
    '<cluster href="/ovirt-engine/api/clusters/ID">',
    '  <cpu>',
    '    <architecture>x86_64</architecture>',
    `    <type>${escapeXml(name)}</type>`,
    '  </cpu>',
    '</cluster>\n',
  ].join('\n')

/** What guests of the cluster do not get. */
function beyond(
  model: string | undefined,
  {
    type,
    has,
    model: given,
  }: { readonly type: ClusterType; readonly has: FeatureSet; readonly model?: string | undefined },
  features: FeatureSet,
): NotExpressed[] {
  const lost = CpuMap.builtIn()
    .of('x86')
    .features.in(features.minus(has))
    .map(({ name }) => name)
  const custom = 'a custom CPU model of the VM can name them'
  return [
    ...(given === model
      ? []
      : [{ part: 'model', why: `${type.name} gives guests ${given}, not ${model}` } as const]),
    ...(lost.length > 0
      ? [
          {
            part: 'features',
            features: lost,
            why: `${type.name}, the nearest type, does not have them; ${custom}`,
          } as const,
        ]
      : []),
  ]
}
