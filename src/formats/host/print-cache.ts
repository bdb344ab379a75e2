import { printCpuList } from '../../core/text.ts'
import { escapeXml } from '../../xml/writer.ts'
import type {
  BandwidthFacts,
  BandwidthNode,
  CacheBank,
  CacheControl,
  CacheFacts,
  HostNumaCell,
  Interconnect,
  LogicalCpu,
  MemorySideCache,
  Monitor,
  NumaTopology,
} from './host-facts.ts'

/** `<cache>` of a host as libvirt prints it; empty where there is nothing to tell. */
export function printCache({ banks, monitor }: CacheFacts): string {
  const place = monitor && ` level='${monitor.level}' reuseThreshold='${monitor.reuseThreshold}'`
  return printParent('cache', banks.map(printBank).join('') + printMonitor(monitor, place))
}

/** `<memory_bandwidth>`; empty where there is nothing to tell. */
export const printBandwidth = ({ nodes, monitor }: BandwidthFacts): string =>
  printParent('memory_bandwidth', nodes.map(printNode).join('') + printMonitor(monitor))

/** `<energy>`, since libvirt 12.8. */
export const printEnergy = (monitor: Monitor): string => printParent('energy', printMonitor(monitor))

const printParent = (name: string, children: string): string =>
  children && `    <${name}>\n${children}    </${name}>\n`

function printBank({ id, level, type, size, cpus, controls }: CacheBank): string {
  const { unit, inUnit } = largestUnit(size)
  const opening =
    `      <bank id='${id}' level='${level}' type='${type}' size='${inUnit(size)}' unit='${unit}' ` +
    `cpus='${printCpuList(cpus)}'`
  return controls.length === 0
    ? `${opening}/>\n`
    : `${opening}>\n${controls.map(printControl).join('')}      </bank>\n`
}

/** A minimum that is not above the granularity says nothing, and is not printed. */
function printControl({ granularity, min, type, maxAllocs }: CacheControl): string {
  const least = min > granularity ? min : 0
  const { unit, inUnit } = largestUnit(granularity, least)
  return (
    `        <control granularity='${inUnit(granularity)}'${least ? ` min='${inUnit(least)}'` : ''} ` +
    `unit='${unit}' type='${type}' maxAllocs='${maxAllocs}'/>\n`
  )
}

const printNode = ({ id, cpus, granularity, min, maxAllocs }: BandwidthNode): string =>
  `      <node id='${id}' cpus='${printCpuList(cpus)}'>\n` +
  `        <control granularity='${granularity}' min='${min}' maxAllocs='${maxAllocs}'/>\n` +
  '      </node>\n'

function printMonitor(monitor: Monitor | undefined, place = ''): string {
  if (!monitor) return ''
  const features = monitor.features.map(name => `        <feature name='${escapeXml(name)}'/>\n`)
  return `      <monitor${place} maxMonitors='${monitor.maxMonitors}'>\n${features.join('')}      </monitor>\n`
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB']

/** The largest unit in which all of these sizes, in bytes, are whole. */
function largestUnit(...sizes: readonly number[]) {
  let power = 0
  while (power < UNITS.length - 1 && sizes.every(size => size % 1024 ** (power + 1) === 0)) power++
  return { unit: UNITS[power], inUnit: (size: number) => size / 1024 ** power }
}

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
