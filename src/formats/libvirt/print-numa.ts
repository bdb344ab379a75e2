import type { Numa, NumaCache, NumaCell, NumaLink } from '../../core/numa.ts'
import { printCpuList } from '../host/cpu-list.ts'

/** The lines of `<numa>` as libvirt prints them inside `<cpu>`. */
export function printNuma({ cells, links }: Numa): string {
  const inner = [...cells.flatMap(cellLines), ...linkLines(links)]
  return ['<numa>', ...inner.map(line => `  ${line}`), '</numa>'].map(line => `  ${line}\n`).join('')
}

function cellLines(cell: NumaCell, id: number): string[] {
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
