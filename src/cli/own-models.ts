import type { Context } from '../questions/context.ts'
import { openContext } from './database.ts'
import type { Session } from './session.ts'
import { type OptionSpec, UsageError } from './spec.ts'

/** Which architecture's models are meant. */
export const ARCH: OptionSpec = {
  name: 'arch',
  value: 'string',
  words: ['x86_64', 'i686', 's390x', 'riscv64', 'loongarch64'],
  help: 'whose models: x86 if not given; others as QEMU names them',
}

/** The models of an architecture, ours where libvirt has no map of it. @throws UsageError where there are none */
export async function requestedModels(
  session: Session,
  arch = 'x86_64',
): Promise<{ context: Context; own: boolean }> {
  const context = await openContext(session)
  if (arch === 'x86_64' || arch === 'i686') return { context, own: false }
  const { driverOf } = await import('../arch/registry.ts')
  const driver = driverOf(arch)
  if (driver?.ownModels) return { context: { map: context.map, db: driver.ownModels() }, own: true }
  const known = driver
    ? `of ${arch} there is a list, no tree: virt-cpu cpu-models ${arch}`
    : `'${arch}' is unknown`
  throw new UsageError(`--arch takes ${ARCH.words?.join(', ')}; ${known}`)
}
