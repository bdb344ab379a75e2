import { printCpuList } from './cpu-list.ts'
import type { HostNumaCell, Interconnect, LogicalCpu, MemorySideCache, NumaTopology } from './host-facts.ts'

/** `<topology>` of a host, as libvirt prints it. */
export function printTopology({ cells, interconnects }: NumaTopology): string {
  return [
    '    <topology>\n',
    `      <cells num='${cells.length}'>\n`,
    ...cells.map(printCell),
    '      </cells>\n',
    printInterconnects(interconnects),
    '    </topology>\n',
  ].join('')
}

function printCell({ id, memory, pages, distances, caches, cpus }: HostNumaCell): string {
  const siblings = distances.map(
    ({ cell, value }) => `            <sibling id='${cell}' value='${value}'/>\n`,
  )
  return [
    `        <cell id='${id}'>\n`,
    memory === undefined ? '' : `          <memory unit='KiB'>${memory}</memory>\n`,
    ...pages.map(({ size, count }) => `          <pages unit='KiB' size='${size}'>${count}</pages>\n`),
    siblings.length > 0 ? `          <distances>\n${siblings.join('')}          </distances>\n` : '',
    ...caches.map(printMemorySideCache),
    printCpus(cpus),
    '        </cell>\n',
  ].join('')
}

const printMemorySideCache = ({ level, associativity, policy, size, line }: MemorySideCache): string =>
  `          <cache level='${level}' associativity='${associativity}' policy='${policy}'>\n` +
  `            <size value='${size}' unit='KiB'/>\n` +
  `            <line value='${line}' unit='B'/>\n` +
  '          </cache>\n'

function printCpus(cpus: readonly LogicalCpu[]): string {
  if (cpus.length === 0) return "          <cpus num='0'/>\n"
  return `          <cpus num='${cpus.length}'>\n${cpus.map(printLogicalCpu).join('')}          </cpus>\n`
}

const printLogicalCpu = ({ id, socket, die, cluster, core, siblings }: LogicalCpu): string =>
  `            <cpu id='${id}' socket_id='${socket}' die_id='${die}' cluster_id='${cluster}' core_id='${core}' ` +
  `siblings='${printCpuList(siblings)}'/>\n`

function printInterconnects(links: readonly Interconnect[]): string {
  if (links.length === 0) return ''
  const lines = (kind: Interconnect['kind']) => links.filter(link => link.kind === kind).map(printLink)
  return `      <interconnects>\n${[...lines('latency'), ...lines('bandwidth')].join('')}      </interconnects>\n`
}

const printLink = ({ kind, initiator, target, access, value }: Interconnect): string =>
  `        <${kind} initiator='${initiator}' target='${target}' type='${access}' value='${value}'` +
  `${kind === 'bandwidth' ? " unit='KiB'" : ''}/>\n`
