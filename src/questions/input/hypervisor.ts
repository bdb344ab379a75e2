import type { Dialogue } from '../../arch/dialogue.ts'
import { driverOf } from '../../arch/registry.ts'
import { featuresOf } from '../../arch/x86/definition.ts'
import type { Cpu } from '../../core/cpu.ts'
import { LibvirtError } from '../../core/libvirt-error.ts'
import { type Allowance, allowanceOf } from '../../qemu/allowance.ts'
import type { QemuCapabilities } from '../../qemu/capabilities.ts'
import type { QemuChoice } from '../../qemu/choice.ts'
import { compareWithHypervisor } from '../../qemu/hypervisor-compare.ts'
import { hypervisorCpu } from '../../qemu/hypervisor-cpu.ts'
import type { CompareAnswer } from '../compare/answer.ts'
import { compareAnswer } from '../compare/compute.ts'
import type { Context } from '../context.ts'

/** A QEMU that was probed, and how it is used. */
export interface Hypervisor {
  readonly capabilities: QemuCapabilities
  readonly choice: QemuChoice
}

const unsupported = (detail: string): LibvirtError => new LibvirtError('op-unsupported', detail)

export const isX86 = (arch: string): boolean => driverOf(arch)?.name === 'x86'

/** The host's CPU as the hypervisor reports it. @throws LibvirtError where it does not */
export function reportedCpu({ db }: Context, { capabilities, choice }: Hypervisor): Cpu {
  const cpu = hypervisorCpu(db, capabilities, choice)?.reported
  if (cpu) return cpu
  const { binary, virttype } = choice
  throw unsupported(`QEMU '${binary}' does not support reporting CPU model for virttype '${virttype}'`)
}

/**
 * Whether a hypervisor, which reports this CPU, can give guests that one. On s390x QEMU itself is asked.
 * @throws LibvirtError for unknown names
 */
export function* hypervisorCompare(
  { db }: Context,
  { capabilities, choice }: Hypervisor,
  reported: Cpu,
  cpu: Cpu,
): Dialogue<CompareAnswer> {
  const { arch, accelerator } = choice
  const throughQemu = driverOf(arch)?.throughQemu
  if (throughQemu) return compareAnswer(yield* throughQemu.compare(reported, cpu))
  if (!isX86(arch)) throw unsupported(`comparing with the hypervisor CPU is not supported for arch ${arch}`)
  const models = capabilities.accelerators.get(accelerator)?.models
  return compareAnswer(compareWithHypervisor(db, { reported, models }, cpu))
}

/** What a hypervisor allows guests. @throws LibvirtError where it does not tell, and where libvirt does not ask */
export function hypervisorAllowance({ capabilities, choice }: Hypervisor): Allowance {
  const { accelerator, arch, binary, virttype } = choice
  const given = capabilities.accelerators.get(accelerator)
  const allowance = given && allowanceOf(given)
  if (!allowance)
    throw unsupported(`QEMU '${binary}' does not support any CPU models for virttype '${virttype}'`)
  if (!isX86(arch) && !driverOf(arch)?.throughQemu) {
    throw unsupported(`computing baseline hypervisor CPU is not supported for arch ${arch}`)
  }
  return allowance
}

/** Everything that a CPU has, by name: in map order on x86, elsewhere as it is listed. */
export const featureNames = ({ db }: Context, arch: string, cpu: Cpu): string[] =>
  isX86(arch)
    ? db.features.in(featuresOf(db, cpu)).map(({ name }) => name)
    : cpu.features.map(({ name }) => name)
