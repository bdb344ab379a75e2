import { driverOf } from '../../arch/registry.ts'
import { BadRequest } from '../bad-request.ts'
import type { Context } from '../context.ts'

/** The architectures whose models descend from each other, as `--arch` takes them. */
export const MODEL_ARCHES = ['x86_64', 'i686', 's390x', 'riscv64', 'loongarch64'] as const

/**
 * The models of an architecture. `own`: they are ours, because libvirt has no map of them.
 * @throws BadRequest for an architecture that has no such models
 */
export function requireModels(context: Context, arch = 'x86_64'): { context: Context; own: boolean } {
  if (arch === 'x86_64' || arch === 'i686') return { context, own: false }
  const driver = driverOf(context.map, arch)
  if (driver?.db) return { context: { map: context.map, db: driver.db }, own: true }
  const reason = driver
    ? `the models of ${arch} are a list, not a tree: virt-cpu cpu-models ${arch}`
    : `unknown architecture '${arch}'`
  throw new BadRequest(`arch must be one of ${MODEL_ARCHES.join(', ')}; ${reason}`)
}
