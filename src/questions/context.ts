import { driverOf } from '../arch/registry.ts'
import { DEFAULT_LIBVIRT, type LibvirtVersion } from '../core/libvirt-version.ts'
import { CpuMap } from '../map/cpu-map.ts'
import type { Database } from '../map/database.ts'

/** The request itself is at fault: not JSON, no such verb, an input missing or of the wrong kind. */
export class BadRequest extends Error {
  override readonly name = 'BadRequest'
}

/** The architectures whose models descend from each other, as `--arch` takes them. */
export const MODEL_ARCHES = ['x86_64', 'i686', 's390x', 'riscv64', 'loongarch64'] as const

/**
 * The models of an architecture. `own`: they are ours, because libvirt has no map of them.
 * @throws BadRequest for an architecture that has no such models
 */
export function requireModels(context: Context, arch = 'x86_64'): { context: Context; own: boolean } {
  if (arch === 'x86_64' || arch === 'i686') return { context, own: false }
  const driver = driverOf(context.map, arch)
  if (driver?.db) return { context: { ...context, db: driver.db }, own: true }
  const reason = driver
    ? `the models of ${arch} are a list, not a tree: virt-cpu cpu-models ${arch}`
    : `unknown architecture '${arch}'`
  throw new BadRequest(`arch must be one of ${MODEL_ARCHES.join(', ')}; ${reason}`)
}

/** What a question is answered from. */
export interface Context {
  readonly map: CpuMap
  /** Of the map, the features and models that the question is about. */
  readonly db: Database
  /** Whose behaviour is asked for. */
  readonly libvirt: LibvirtVersion
}

/** @param map absent: the data that comes with this package; of our data, what the version knows counts */
export function contextOf(map = CpuMap.builtIn(), libvirt = DEFAULT_LIBVIRT): Context {
  const known = map.asOf(libvirt)
  return {
    map: known,
    libvirt,
    get db() {
      return known.of('x86')
    },
  }
}
