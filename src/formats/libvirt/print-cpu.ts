import {
  type Cpu,
  type CpuFeature,
  type GuestCpu,
  type GuestNumaCell,
  type HostCpu,
  MODES,
  type Numa,
  type NumaCache,
  type NumaLink,
  POLICIES,
  type Topology,
} from '../../core/cpu.ts'
import { internalError } from '../../core/libvirt-error.ts'
import { printCpuList } from '../../core/text.ts'
import { escapeXml } from '../../xml/writer.ts'
import { express, findAnyModel } from '../express.ts'
import { PARTS, type Printer } from '../printer.ts'

/** libvirt's `<cpu>` element. */
export const libvirtCpu: Printer = {
  name: 'libvirt',
  title: 'libvirt XML',
  readBy: 'libvirt-xml',
  print(given) {
    if (given.type === 'host' || isEmpty(given)) return { text: printCpu(given), notExpressed: [] }
    const { cpu, notExpressed } = express(given, {
      reader: 'libvirt',
      modes: MODES,
      policies: POLICIES,
      parts: PARTS,
      takesAnyName: true,
      // An installed map may have models that ours does not have.
      knowsModel: name => !findAnyModel(name)?.qemuOnly,
    })
    return { text: printCpu(cpu), notExpressed }
  },
}

const isEmpty = ({ model, features }: Cpu): boolean => model === undefined && features.length === 0

/**
 * Prints a definition as libvirt does: two-space indent, single quotes, a newline after every element.
 * A host that was not detected, but read from XML, prints without model and vendor. A definition with neither
 * attributes nor children prints as the empty string.
 * @throws LibvirtError for a guest that lists features of no model: an update can make such a one
 */
export function printCpu(cpu: Cpu): string {
  if (cpu.type === 'guest' && cpu.mode === 'custom' && cpu.model === undefined && cpu.features.length > 0)
    throw internalError('Non-empty feature list specified without CPU model')
  const attributes = cpu.type === 'guest' ? guestAttributes(cpu) : ''
  const children = printCpuChildren(cpu)
  if (children === '') return attributes === '' ? '' : `<cpu${attributes}/>\n`
  return `<cpu${attributes}>\n${children}</cpu>\n`
}

function guestAttributes(cpu: GuestCpu): string {
  const mode = cpu.mode ?? 'custom'
  if (mode === 'custom' && cpu.model === undefined) return ''
  const passes = mode === 'host-passthrough' || mode === 'maximum'
  return [
    ` mode='${mode}'`,
    mode === 'custom' && ` match='${cpu.match ?? 'exact'}'`,
    cpu.check && ` check='${cpu.check}'`,
    passes && cpu.migratable !== undefined && ` migratable='${cpu.migratable ? 'on' : 'off'}'`,
    cpu.deprecatedFeatures !== undefined && ` deprecated_features='${cpu.deprecatedFeatures ? 'on' : 'off'}'`,
  ]
    .filter(Boolean)
    .join('')
}

/** What is in the element, indented by two spaces. */
export function printCpuChildren(cpu: Cpu): string {
  const isNamed = cpu.type === 'host' ? cpu.detected : cpu.mode === 'custom' || cpu.mode === 'host-model'
  return (
    (cpu.type === 'host' && cpu.arch ? `  <arch>${cpu.arch}</arch>\n` : '') +
    (isNamed ? modelLine(cpu) : '') +
    (isNamed && cpu.vendor !== undefined ? `  <vendor>${escapeXml(cpu.vendor)}</vendor>\n` : '') +
    (cpu.type === 'host' ? hostLines(cpu) : '') +
    (cpu.topology ? topologyLine(cpu.topology) : '') +
    cacheLine(cpu) +
    maxphysaddrLine(cpu) +
    featureLines(cpu.features, cpu.type === 'guest') +
    (cpu.type === 'guest' && cpu.numa ? printNuma(cpu.numa) : '')
  )
}

function modelLine(cpu: Cpu): string {
  const guest = cpu.type === 'guest' ? cpu : undefined
  const fallback = guest && cpu.model !== undefined ? ` fallback='${guest.fallback ?? 'allow'}'` : ''
  const vendorId = guest?.vendorId !== undefined ? ` vendor_id='${escapeXml(guest.vendorId)}'` : ''
  if (cpu.model === undefined) return vendorId && `  <model${vendorId}/>\n`
  return `  <model${fallback}${vendorId}>${escapeXml(cpu.model)}</model>\n`
}

function hostLines({ microcode, signature, tsc }: HostCpu): string {
  const scaling = tsc?.scaling === undefined ? '' : ` scaling='${tsc.scaling ? 'yes' : 'no'}'`
  return (
    (microcode ? `  <microcode version='${microcode}'/>\n` : '') +
    (signature?.family
      ? `  <signature family='${signature.family}' model='${signature.model}' stepping='${signature.stepping}'/>\n`
      : '') +
    (tsc ? `  <counter name='tsc' frequency='${tsc.frequency}'${scaling}/>\n` : '')
  )
}

const topologyLine = (t: Topology): string =>
  `  <topology sockets='${t.sockets}' dies='${t.dies}' clusters='${t.clusters}' cores='${t.cores}' threads='${t.threads}'/>\n`

function cacheLine({ cache }: Cpu): string {
  if (!cache) return ''
  const level = cache.level === undefined ? '' : ` level='${cache.level}'`
  return `  <cache${level} mode='${cache.mode}'/>\n`
}

function maxphysaddrLine({ maxphysaddr }: Cpu): string {
  if (!maxphysaddr) return ''
  const bits = maxphysaddr.bits === undefined ? '' : ` bits='${maxphysaddr.bits}'`
  // libvirt reads it without a sign and prints it with one.
  const limit = maxphysaddr.limit ? ` limit='${maxphysaddr.limit | 0}'` : ''
  return `  <maxphysaddr mode='${maxphysaddr.mode}'${bits}${limit}/>\n`
}

function featureLines(features: readonly CpuFeature[], guest: boolean): string {
  let lines = ''
  for (const { name, policy } of features) {
    lines += guest ? `  <feature policy='${policy}' name='${name}'/>\n` : `  <feature name='${name}'/>\n`
  }
  return lines
}

/** The lines of `<numa>` as libvirt prints them inside `<cpu>`. */
function printNuma({ cells, links }: Numa): string {
  const inner = [...cells.flatMap(cellLines), ...linkLines(links)]
  return ['<numa>', ...inner.map(line => `  ${line}`), '</numa>'].map(line => `  ${line}\n`).join('')
}

function cellLines(cell: GuestNumaCell, id: number): string[] {
  const attributes = [
    `id='${id}'`,
    cell.cpus.length > 0 && `cpus='${printCpuList(cell.cpus)}'`,
    `memory='${cell.memory}' unit='KiB'`,
    cell.memAccess && `memAccess='${cell.memAccess}'`,
    cell.discard !== undefined && `discard='${cell.discard ? 'yes' : 'no'}'`,
  ]
  const opening = `<cell ${attributes.filter(Boolean).join(' ')}`
  const inner = [...distanceLines(cell.distances), ...cell.caches.flatMap(cacheLines)]
  return inner.length === 0 ? [`${opening}/>`] : [`${opening}>`, ...inner.map(line => `  ${line}`), '</cell>']
}

function distanceLines(distances: readonly number[]): string[] {
  const siblings = distances.flatMap((value, id) =>
    value === 0 ? [] : [`  <sibling id='${id}' value='${value}'/>`],
  )
  return siblings.length === 0 ? [] : ['<distances>', ...siblings, '</distances>']
}

function cacheLines({ level, associativity, policy, size, line }: NumaCache): string[] {
  return [
    `<cache level='${level}' associativity='${associativity}' policy='${policy}'>`,
    ...(size ? [`  <size value='${size}' unit='KiB'/>`] : []),
    ...(line ? [`  <line value='${line}' unit='B'/>`] : []),
    '</cache>',
  ]
}

function linkLines(links: readonly NumaLink[]): string[] {
  if (links.length === 0) return []
  const lines = links.map(({ kind, initiator, target, cache, type, value }) => {
    const level = cache ? ` cache='${cache}'` : ''
    const unit = kind === 'bandwidth' ? " unit='KiB'" : ''
    return `  <${kind} initiator='${initiator}' target='${target}'${level} type='${type}' value='${value}'${unit}/>`
  })
  return ['<interconnects>', ...lines, '</interconnects>']
}
