import type { FleetCpus } from '../arch/driver.ts'
import { DEFAULT_ARCH, driverOf, requireDriver } from '../arch/registry.ts'
import { DEFAULT_LIBVIRT, type LibvirtVersion } from '../core/libvirt-version.ts'
import { BadRequest } from '../core/parse-error.ts'
import { CpuMap } from '../map/cpu-map.ts'
import type { Database } from '../map/database.ts'

export { BadRequest }

/** The answer needs a program to be run, which only the command line does. */
export class NeedsPrograms extends BadRequest {}

/** The architectures whose models descend from each other, as `--arch` takes them. */
export const MODEL_ARCHES = ['x86_64', 'i686', 's390x', 'riscv64', 'loongarch64'] as const

/**
 * The models of an architecture. `own`: they are ours, because libvirt has no map of them.
 * @throws BadRequest for an architecture that has no such models
 */
export function requireModels(context: Context, arch = DEFAULT_ARCH): { context: Context; own: boolean } {
  const driver = driverOf(context.map, arch)
  if (driver && driver === driverOf(context.map, context.arch)) return { context, own: false }
  if (driver?.db) return { context: { ...context, db: driver.db }, own: true }
  const reason = driver
    ? `the models of ${arch} are a list, not a tree: virt-cpu cpu-models ${arch}`
    : `unknown architecture '${arch}'`
  throw new BadRequest(`arch must be one of ${MODEL_ARCHES.join(', ')}; ${reason}`)
}

/** What a question is answered from. */
export interface Context {
  readonly map: CpuMap
  /** The architecture whose features and models the question is about. */
  readonly arch: string
  /** How fleets look at its CPUs. */
  readonly cpus: FleetCpus
  /** Of the map, the features and models that the question is about. */
  readonly db: Database
  /** Whose behaviour is asked for. */
  readonly libvirt: LibvirtVersion
}

/**
 * @param map absent: the data that comes with this package; of our data, what the version knows counts
 * @param arch one that has a driver
 */
export const contextOf = (map = CpuMap.builtIn(), libvirt = DEFAULT_LIBVIRT, arch = DEFAULT_ARCH): Context =>
  contextWith(map.asOf(libvirt), libvirt, arch)

const contextWith = (map: CpuMap, libvirt: LibvirtVersion, arch: string): Context => ({
  map,
  libvirt,
  arch,
  get cpus() {
    return requireDriver(map, arch).fleet
  },
  get db() {
    return this.cpus.db
  },
})

/** The context of questions about CPUs of an architecture. @throws LibvirtError where it has no driver */
export const contextFor = (context: Context, arch: string): Context =>
  arch === context.arch ? context : contextWith(context.map, context.libvirt, arch)
