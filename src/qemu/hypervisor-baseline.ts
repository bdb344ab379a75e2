import type { AllowedModels } from '../arch/driver.ts'
import { checkBaselineInput, expand, fold } from '../arch/operations.ts'
import type { Cpu } from '../core/cpu.ts'
import { LibvirtError } from '../core/libvirt-error.ts'
import type { CpuMap } from '../map/cpu-map.ts'
import type { HypervisorSupport } from './allowance.ts'

export interface HypervisorBaselineOptions {
  /** The guests' architecture. */
  readonly arch: string
  /** Spell out the model's features. */
  readonly expand?: boolean | undefined
  readonly migratable?: boolean | undefined
  /** Which features the hypervisor knows plays no role, only the CPUs: for two or more. */
  readonly ignoreHost?: boolean | undefined
}

/**
 * The CPU that a hypervisor can give to guests of all these CPUs: of the models that it has, with the features that
 * it knows, and without what keeps the chosen model from being used.
 * @throws LibvirtError as `virsh hypervisor-cpu-baseline` has it
 */
export function computeHypervisorBaseline(
  map: CpuMap,
  cpus: readonly Cpu[],
  allowance: HypervisorSupport,
  options: HypervisorBaselineOptions,
): Cpu {
  if (cpus.length === 0) throw new LibvirtError('invalid-arg', 'no CPUs given')
  cpus.forEach(checkBaselineInput)
  if (options.ignoreHost && cpus.length === 1) {
    const only = 'ignoring host is only allowed when computing baseline from multiple CPUs'
    throw new LibvirtError('invalid-arg', only)
  }
  const common = fold(map, options.arch)
  for (const cpu of cpus) common.add(cpu)
  const found = common.result({
    models: listModels(allowance),
    features: options.ignoreHost ? undefined : listFeatureNames(allowance, options.migratable ?? false),
    // Where the hypervisor tells what cannot migrate, its word counts instead of the database's.
    migratable: options.migratable && !allowance.unmigratable,
  })
  const cpu: Cpu = { ...found, fallback: 'forbid', ...findMaxPhysAddr(cpus) }
  return options.expand ? expand(map, options.arch, cpu) : cpu
}

/** A model that something unknown blocks cannot be given. */
const listModels = ({ models }: HypervisorSupport): AllowedModels =>
  new Map(
    [...models].flatMap(([name, blockers]) =>
      blockers === 'untold' ? [] : [[name, blockers === 'unknown' ? [] : blockers] as const],
    ),
  )

const listFeatureNames = (
  { features, unmigratable }: HypervisorSupport,
  migratable: boolean,
): string[] | undefined => features && [...features].filter(name => !(migratable && unmigratable?.has(name)))

/** The narrowest limit, where every CPU has one. */
function findMaxPhysAddr(cpus: readonly Cpu[]): Pick<Cpu, 'maxphysaddr'> {
  const limit = Math.min(...cpus.map(({ maxphysaddr }) => maxphysaddr?.limit ?? 0))
  return limit > 0 ? { maxphysaddr: { mode: 'passthrough', limit } } : {}
}
