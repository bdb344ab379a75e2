import { internalError } from '../../core/libvirt-error.ts'
import { parseCpuList } from '../../formats/host/cpu-list.ts'
import type { CacheBank, CacheType } from '../../formats/host/host-facts.ts'
import { CPUS } from './paths.ts'
import { readCpuSet } from './places.ts'
import type { HostTree } from './tree.ts'

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
