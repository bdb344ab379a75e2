import { popcount } from '../../core/bits.ts'
import { internalError } from '../../core/libvirt-error.ts'
import { parseCpuList } from '../../core/text.ts'
import type {
  BandwidthFacts,
  CacheBank,
  CacheControl,
  CacheFacts,
  CacheType,
  Monitor,
} from '../../formats/host/host-facts.ts'
import { CPUS, type HostTree, RESCTRL, readCpuSet } from './tree.ts'

/** A bank before it is known how it can be shared out. */
type Bank = Omit<CacheBank, 'controls'>

/**
 * The caches of the processors that are online, from level 2 on, each once, by level and number. A cache of which the
 * kernel does not tell all is left out.
 * @throws LibvirtError for a cache of a kind or size that is none
 */
export function readCaches(tree: HostTree): Bank[] {
  const banks = new Map<string, Bank>()
  for (const cpu of readCpuSet(tree, 'online') ?? tree.numbered(CPUS, 'cpu')) {
    const folder = `${CPUS}/cpu${cpu}/cache`
    for (const index of tree.numbered(folder, 'index')) {
      const bank = readBank(tree, `${folder}/index${index}`)
      if (bank) banks.set(JSON.stringify(bank), bank)
    }
  }
  return [...banks.values()].sort(
    (a, b) => a.level - b.level || a.id - b.id || TYPES.indexOf(a.type) - TYPES.indexOf(b.type),
  )
}

const TYPES: readonly CacheType[] = ['both', 'code', 'data']

function readBank(tree: HostTree, folder: string): Bank | undefined {
  const level = tree.number(`${folder}/level`) ?? 0
  if (level < 2) return undefined
  const id = tree.number(`${folder}/id`)
  const type = tree.text(`${folder}/type`)
  const size = tree.text(`${folder}/size`)
  const cpus = parseCpuList(tree.text(`${folder}/shared_cpu_list`) ?? '?')
  if (id === undefined || type === undefined || size === undefined || cpus === undefined) return undefined
  return { id, level, type: parseCacheType(type), size: parseBytes(size, `/${folder}/size`), cpus }
}

const KERNEL_TYPES: Readonly<Record<string, CacheType>> = {
  Unified: 'both',
  Instruction: 'code',
  Data: 'data',
}

function parseCacheType(name: string): CacheType {
  const type = KERNEL_TYPES[name]
  if (!type) throw internalError(`Unknown cache type '${name}'`)
  return type
}

const UNITS: Readonly<Record<string, number>> = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 }

/** `512K`; a number alone is KiB. */
function parseBytes(text: string, path: string): number {
  const [, count, unit = 'K'] = /^(\d+)([KMG])?$/.exec(text) ?? []
  if (count === undefined)
    throw internalError(`Invalid unsigned scaled integer value '${text}' in file '${path}'`)
  return Number(count) * (UNITS[unit] ?? 1)
}

/** What resctrl calls a level's parts, and for which accesses each is. */
const PARTS: readonly (readonly [suffix: string, type: CacheType])[] = [
  ['', 'both'],
  ['CODE', 'code'],
  ['DATA', 'data'],
]

/**
 * Adds to each cache how it can be shared out, and to the last level how it can be watched.
 * @throws LibvirtError where resctrl tells only a part of it
 * @see Linux, Documentation/arch/x86/resctrl.rst
 */
export function addControls(tree: HostTree, banks: readonly Bank[]): CacheFacts {
  const monitor = readMonitor(tree, 'L3_MON', 'llc_')
  const reuseThreshold = tree.number(`${RESCTRL}/L3_MON/max_threshold_occupancy`) ?? 0
  return {
    banks: banks.map(bank => ({ ...bank, controls: readControls(tree, bank) })),
    monitor: monitor && { level: 3, reuseThreshold, ...monitor },
  }
}

function readControls(tree: HostTree, { level, size }: Bank): CacheControl[] {
  return PARTS.flatMap(([suffix, type]) => {
    const folder = `${RESCTRL}/L${level}${suffix}`
    if (!tree.has(folder)) return []
    const mask = tree.text(`${folder}/cbm_mask`)
    const least = tree.number(`${folder}/min_cbm_bits`)
    if (mask === undefined) throw internalError('Cannot get cbm_mask from resctrl cache info')
    if (least === undefined) throw internalError('Cannot get min_cbm_bits from resctrl cache info')
    const granularity = Math.floor(size / Math.max(1, countBits(mask)))
    return [{ type, granularity, min: least * granularity, maxAllocs: readMaxAllocs(tree, folder) }]
  })
}

/** A mask is as long as the cache has parts, which may be more than 32. */
const countBits = (mask: string): number =>
  [...mask].reduce((count, digit) => count + popcount(Number.parseInt(digit, 16)), 0)

const readMaxAllocs = (tree: HostTree, folder: string): number => tree.number(`${folder}/num_closids`) ?? 0

/**
 * How memory bandwidth can be shared out between the CPUs of each last-level cache, and watched.
 * @throws LibvirtError where resctrl tells only a part of it
 */
export function readBandwidth(tree: HostTree, banks: readonly Bank[]): BandwidthFacts {
  const folder = `${RESCTRL}/MB`
  const monitor = readMonitor(tree, 'L3_MON', 'mbm_')
  if (!tree.has(folder)) return { nodes: [], monitor }
  const granularity = tree.number(`${folder}/bandwidth_gran`)
  const min = tree.number(`${folder}/min_bandwidth`)
  if (granularity === undefined)
    throw internalError('Cannot get bandwidth granularity from resctrl memory info')
  if (min === undefined) throw internalError('Cannot get min bandwidth from resctrl memory info')
  const last = Math.max(...banks.map(({ level }) => level))
  const nodes = banks
    .filter(({ level }) => level === last)
    .map(({ id, cpus }) => ({ id, cpus, granularity, min, maxAllocs: readMaxAllocs(tree, folder) }))
  return { nodes, monitor }
}

/** Counters of energy, by package. */
export const readEnergy = (tree: HostTree): Monitor | undefined => readMonitor(tree, 'PERF_PKG_MON', '')

/** A monitor's counters whose names start so; undefined where it has none. */
function readMonitor(tree: HostTree, name: string, prefix: string): Monitor | undefined {
  const folder = `${RESCTRL}/${name}`
  const maxMonitors = tree.number(`${folder}/num_rmids`)
  if (maxMonitors === undefined) return undefined
  const listed = tree.text(`${folder}/mon_features`)
  if (listed === undefined) throw internalError('Cannot get mon_features from resctrl')
  const features = listed.split('\n').filter(feature => feature !== '' && feature.startsWith(prefix))
  return features.length > 0 ? { maxMonitors, features } : undefined
}
