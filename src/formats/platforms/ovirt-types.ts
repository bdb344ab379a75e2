import { once } from '../../core/once.ts'
import { dataFile } from '../../map/data.ts'
import { statementsOf } from '../../map/text/data-file.ts'

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
