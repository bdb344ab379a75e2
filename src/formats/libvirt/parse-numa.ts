import type { GuestNumaCell, Numa } from '../../core/cpu.ts'
import { internalError, LibvirtError, xmlError } from '../../core/libvirt-error.ts'
import { child, children, type Element } from '../../xml/element.ts'
import { flag, oneOf, requiredUnsigned, unsigned } from './attributes.ts'
import { checkCaches, parseCaches, parseLinks, parseMemory } from './numa-links.ts'

/** More virtual CPUs than any guest can have. */
const MOST = 16_384

/**
 * The numbers of a libvirt bitmap, `0-3,^2,7`, ascending; a later item overrides an earlier one.
 * @throws LibvirtError for any other text
 */
export function parseBitmap(text: string): number[] {
  const bad = () => new LibvirtError('invalid-arg', `Failed to parse bitmap '${text}'`)
  const numbers = new Set<number>()
  for (const item of text.trim().replace(/,$/, '').split(',')) {
    const [, not, from, to] = /^(\^)?(\d+)(?:-(\d+))?$/.exec(item) ?? []
    const [low, high] = [Number(from ?? Number.NaN), Number(to ?? from)]
    if (!(low <= high && high < MOST) || (not && to)) throw bad()
    for (let n = low; n <= high; n++) {
      if (not) numbers.delete(n)
      else numbers.add(n)
    }
  }
  return [...numbers].sort((a, b) => a - b)
}

/**
 * The NUMA topology of a domain's CPU, in libvirt's order of checks.
 * @param element `<numa>`
 * @param vcpus how many virtual CPUs the domain may have; absent: not checked
 * @throws LibvirtError with libvirt's kind and text
 */
export function parseNuma(element: Element, vcpus?: number): Numa {
  const given = children(element, 'cell')
  if (given.length === 0) throw xmlError('NUMA topology defined without NUMA cells')
  const drafts = new Drafts(given.length)
  for (const [at, cell] of given.entries()) drafts.add(cell, at)
  const { cells } = drafts
  const links = children(element, 'interconnects')
    .slice(0, 1)
    .flatMap(list => parseLinks(list, cells))
  if (vcpus !== undefined) checkCount(cells, vcpus)
  for (const { caches } of cells) checkCaches(caches)
  return { cells, links }
}

/** A cell whose distances others may still fill in. */
type Draft = { -readonly [K in keyof GuestNumaCell]: GuestNumaCell[K] } & { distances: number[] }

class Drafts {
  readonly #count: number
  readonly #byId = new Map<number, Draft>()
  readonly #distances: number[][]

  constructor(count: number) {
    this.#count = count
    this.#distances = Array.from({ length: count }, () => [])
  }

  get cells(): GuestNumaCell[] {
    return [...this.#byId].sort(([a], [b]) => a - b).map(([, cell]) => cell)
  }

  /** @param at the cell's place, which numbers it where it has no `id` */
  add(element: Element, at: number): void {
    const id = unsigned(element, 'id') ?? at
    if (id >= this.#count) {
      const rule = 'non-contiguous ranges or ranges not starting from 0 are not allowed'
      throw xmlError(`Exactly one 'cell' element per guest NUMA cell allowed, ${rule}`)
    }
    if (this.#byId.has(id)) throw xmlError(`Duplicate NUMA cell info for cell id '${id}'`)
    const cpus = this.#cpusOf(element, id)
    const memory = memoryOf(element)
    const memAccess = oneOf(element, 'memAccess', ['shared', 'private'] as const)
    const discard = flag(element, 'discard', 'yes', 'no')
    this.#readDistances(element, id)
    const distances = this.#distances[id] ?? []
    this.#byId.set(id, { cpus, memory, memAccess, discard, distances, caches: parseCaches(element) })
  }

  #cpusOf(element: Element, id: number): number[] {
    const text = element.attributes.cpus
    const cpus = text === undefined ? [] : parseBitmap(text)
    for (const [other, cell] of this.#byId) {
      if (cpus.some(cpu => cell.cpus.includes(cpu))) {
        throw new LibvirtError('unsupported', `NUMA cells ${id} and ${other} have overlapping vCPU ids`)
      }
    }
    return cpus
  }

  /** A distance holds both ways until the other way is given; that of a cell to itself is always 10. */
  #readDistances(element: Element, id: number): void {
    const list = child(element, 'distances')
    if (!list) return
    const siblings = children(list, 'sibling')
    if (siblings.length === 0) throw xmlError('NUMA distances defined without siblings')
    for (const sibling of siblings) {
      const other = requiredUnsigned(sibling, 'id')
      if (other >= this.#count) {
        throw xmlError(`'sibling_id ${other}' does not refer to a valid cell within NUMA 'cell id ${id}'`)
      }
      const value = requiredUnsigned(sibling, 'value')
      if (value < 10 || value > 255 || (value === 10) !== (other === id)) {
        throw xmlError(`'value ${value}' is invalid for 'sibling id ${other}' under NUMA 'cell id ${id}'`)
      }
      this.#set(id, other, value)
      if (!this.#distances[other]?.[id]) this.#set(other, id, value)
    }
  }

  #set(from: number, to: number, value: number): void {
    const row = this.#distances[from]
    if (!row) return
    if (row.length === 0) row.push(...new Array<number>(this.#count).fill(0))
    row[from] = 10
    row[to] = value
  }
}

function memoryOf({ attributes: { memory, unit } }: Element): bigint {
  if (memory === undefined) throw xmlError("missing element or attribute './@memory'")
  return parseMemory(memory, unit ?? 'KiB', './@memory')
}

function checkCount(cells: readonly GuestNumaCell[], vcpus: number): void {
  const all = cells.flatMap(({ cpus }) => cpus)
  if (all.length > vcpus) throw internalError('Number of CPUs in <numa> exceeds the <vcpu> count')
  if (all.some(cpu => cpu >= vcpus)) throw internalError('CPU IDs in <numa> exceed the <vcpu> count')
}
