import type { GuestNumaCell, Numa, NumaCache, NumaLink } from '../../core/cpu.ts'
import { internalError, LibvirtError, xmlError } from '../../core/libvirt-error.ts'
import { child, children, type Element, requiredAttribute } from '../../xml/element.ts'
import { oneOf, parseUnsigned, readFlag, requiredUnsigned, unsigned } from './attributes.ts'

const STEPS = 'kmgtpe'
const LARGEST_SIZE = 2n ** 63n - 1n

/** An amount of memory in KiB, rounded up: as `parseBytes`. */
const parseMemory = (value: string, unit: string, path: string): bigint =>
  (parseBytes(value, unit, path) + 1023n) / 1024n

/**
 * An amount of memory in bytes. Units are libvirt's: `b`, `bytes`; `K` and `KiB` count 1024, `KB` 1000, and so on up
 * to E; upper and lower case alike.
 * @param path what the error calls the attribute
 * @throws LibvirtError where it is no number, or too large, or the unit is unknown
 */
export function parseBytes(value: string, unit: string, path: string): bigint {
  if (!/^[ \t\n\v\f\r]*\+?\d+$/.test(value)) {
    throw xmlError(`Invalid value '${value}' for element or attribute '${path}'`)
  }
  const bytes = BigInt(value.trim().replace('+', '')) * scaleOf(unit)
  if (bytes > LARGEST_SIZE) throw new LibvirtError('overflow', `value too large: ${value}${unit}`)
  return bytes
}

function scaleOf(unit: string): bigint {
  if (unit === '') return 1024n
  if (/^(?:b|bytes?)$/i.test(unit)) return 1n
  const [, letter, tail] = /^([kmgtpe])(i?b)?$/i.exec(unit) ?? []
  if (letter === undefined) throw new LibvirtError('invalid-arg', `unknown suffix '${unit}'`)
  const base = tail?.toLowerCase() === 'b' ? 1000n : 1024n
  return base ** BigInt(STEPS.indexOf(letter.toLowerCase()) + 1)
}

/** The latencies and bandwidths of `<interconnects>`, in their order. @throws LibvirtError */
function parseLinks(list: Element, cells: readonly GuestNumaCell[]): NumaLink[] {
  const links: NumaLink[] = []
  for (const element of children(list)) {
    if (element.name !== 'latency' && element.name !== 'bandwidth') continue
    const link = linkOf(element, element.name, cells)
    const same = (other: NumaLink) =>
      (['kind', 'initiator', 'target', 'cache', 'type'] as const).every(key => other[key] === link[key])
    if (links.some(same)) throw xmlError('Duplicate info for NUMA latencies')
    links.push(link)
  }
  return links
}

function linkOf(element: Element, kind: NumaLink['kind'], cells: readonly GuestNumaCell[]): NumaLink {
  const initiator = requiredUnsigned(element, 'initiator')
  const target = requiredUnsigned(element, 'target')
  const cache = unsigned(element, 'cache') ?? 0
  requiredAttribute(element, 'type')
  const type = oneOf(element, 'type', ['access', 'read', 'write'] as const) ?? 'access'
  const given = requiredAttribute(element, 'value')
  if (parseUnsigned(given, Number.MAX_SAFE_INTEGER) === undefined) requiredUnsigned(element, 'value')
  const value =
    kind === 'latency'
      ? BigInt(given.trim().replace('+', ''))
      : parseMemory(given, element.attributes.unit ?? 'KiB', './@value')
  const from = cells[initiator]
  if (!from) throw xmlError("'initiator' refers to a non-existent NUMA node")
  const to = cells[target]
  if (!to) throw xmlError("'target' refers to a non-existent NUMA node")
  if (from.cpus.length === 0) throw xmlError("NUMA nodes without CPUs can't be initiator")
  if (cache > 0 && !to.caches.some(({ level }) => level === cache)) {
    throw xmlError("'cache' refers to a non-existent NUMA node cache")
  }
  return { kind, initiator, target, cache, type, value }
}

/** The memory-side caches of a NUMA `<cell>`, in their order. @throws LibvirtError */
function parseCaches(cell: Element): NumaCache[] {
  const caches: NumaCache[] = []
  for (const element of children(cell, 'cache')) {
    const level = requiredUnsigned(element, 'level', false)
    requiredAttribute(element, 'associativity')
    const associativity = oneOf(element, 'associativity', ['none', 'direct', 'full'] as const) ?? 'none'
    requiredAttribute(element, 'policy')
    const policy = oneOf(element, 'policy', ['none', 'writeback', 'writethrough'] as const) ?? 'none'
    // The unit is looked for as a child element, so that the attribute is never seen.
    const size = amountOf(element, 'size')
    const line = Number(amountOf(element, 'line'))
    caches.push({ level, associativity, policy, size, line })
  }
  return caches
}

/** The `value` of a cache's `<size>` or `<line>`. */
function amountOf(cache: Element, name: string): bigint {
  const path = `./${name}/@value`
  const value = child(cache, name)?.attributes.value
  if (value === undefined) throw xmlError(`missing element or attribute '${path}'`)
  if (parseUnsigned(value, Number.MAX_SAFE_INTEGER) === undefined) {
    throw xmlError(`Invalid value '${value}' for element or attribute '${path}'`)
  }
  return BigInt(value.trim().replace('+', ''))
}

/** What libvirt looks at when all of the topology has been read. @throws LibvirtError */
function checkCaches(caches: readonly NumaCache[]): void {
  for (const [at, { level }] of caches.entries()) {
    if (level > 3) throw xmlError("Ain't nobody heard of that much cache level")
    const isKnown = caches.slice(0, at).some(cache => cache.level === level)
    if (isKnown) throw xmlError(`Cache level '${level}' already defined`)
  }
}

/** More virtual CPUs than any guest can have. */
const CPUS_LIMIT = 16_384

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
    if (!(low <= high && high < CPUS_LIMIT) || (not && to)) throw bad()
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
    const discard = readFlag(element, 'discard', 'yes', 'no')
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
