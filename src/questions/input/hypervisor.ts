import type { Dialogue } from '../../arch/dialogue.ts'
import { driverOf } from '../../arch/registry.ts'
import type { Cpu } from '../../core/cpu.ts'
import { LibvirtError } from '../../core/libvirt-error.ts'
import { type HypervisorSupport, meetHypervisorSupport, readHypervisorSupport } from '../../qemu/allowance.ts'
import type { QemuCapabilities } from '../../qemu/capabilities.ts'
import type { QemuChoice } from '../../qemu/choice.ts'
import { compareWithHypervisor, computeHypervisorCpu } from '../../qemu/hypervisor-cpu.ts'
import type { CompareAnswer } from '../answer-parts.ts'
import { compareAnswer } from '../compare/compute.ts'
import type { Context } from '../context.ts'

/** A QEMU that was probed, and how it is used. */
export interface Hypervisor {
  readonly capabilities: QemuCapabilities
  readonly choice: QemuChoice
}

const unsupported = (detail: string): LibvirtError => new LibvirtError('op-unsupported', detail)

/** The host's CPU as the hypervisor reports it. @throws LibvirtError where it does not */
export function reportedCpu({ map }: Context, { capabilities, choice }: Hypervisor): Cpu {
  const cpu = computeHypervisorCpu(map, capabilities, choice)?.reported
  if (cpu) return cpu
  const { binary, virttype } = choice
  throw unsupported(`QEMU '${binary}' does not support reporting CPU model for virttype '${virttype}'`)
}

/**
 * Whether a hypervisor, which reports this CPU, can give guests that one. On s390x QEMU itself is asked.
 * @throws LibvirtError for unknown names
 */
export function* hypervisorCompare(
  { map }: Context,
  { capabilities, choice }: Hypervisor,
  reported: Cpu,
  cpu: Cpu,
): Dialogue<CompareAnswer> {
  const { arch, accelerator } = choice
  const driver = driverOf(map, arch)
  if (driver?.throughQemu) return compareAnswer(yield* driver.throughQemu.compare(reported, cpu))
  if (!driver?.decoder)
    throw unsupported(`comparing with the hypervisor CPU is not supported for arch ${arch}`)
  const models = capabilities.accelerators.get(accelerator)?.models
  return compareAnswer(compareWithHypervisor(driver, { reported, models }, cpu))
}

/** What a hypervisor allows guests. @throws LibvirtError where it does not tell, and where libvirt does not ask */
function hypervisorAllowance({ map }: Context, { capabilities, choice }: Hypervisor): HypervisorSupport {
  const { accelerator, arch, binary, virttype } = choice
  const given = capabilities.accelerators.get(accelerator)
  const allowance = given && readHypervisorSupport(given)
  if (!allowance)
    throw unsupported(`QEMU '${binary}' does not support any CPU models for virttype '${virttype}'`)
  const driver = driverOf(map, arch)
  if (!driver?.decoder && !driver?.throughQemu) {
    throw unsupported(`computing baseline hypervisor CPU is not supported for arch ${arch}`)
  }
  return allowance
}

/** Everything that a CPU has, by name: in map order where CPUs are looked at as bits, elsewhere as it is listed. */
export function featureNames({ map }: Context, arch: string, cpu: Cpu): string[] {
  const decoder = driverOf(map, arch)?.decoder
  const features = decoder ? decoder.db.features.in(decoder.featuresOf(cpu)) : cpu.features
  return features.map(({ name }) => name)
}

/** A host as far as its hypervisor tells: from its QEMU, or from libvirt's domain capabilities of it. */
export interface HypervisorHost {
  readonly source: string
  /** libvirt's name of the guests' architecture. */
  readonly arch: string
  readonly allowance: HypervisorSupport
  /** The CPU that guests get in mode host-model; absent: it does not tell. */
  readonly reported?: Cpu | undefined
}

/** @throws LibvirtError where it tells of no models, and where libvirt does not ask it for CPUs */
export const hypervisorHost = (context: Context, hypervisor: Hypervisor, source: string): HypervisorHost => ({
  source,
  arch: hypervisor.choice.arch,
  allowance: hypervisorAllowance(context, hypervisor),
  reported: computeHypervisorCpu(context.map, hypervisor.capabilities, hypervisor.choice)?.reported,
})

/** What all hosts allow. @throws RangeError for none */
export function allowedOnAll(hosts: readonly HypervisorHost[]): HypervisorSupport {
  const [first, ...rest] = hosts
  if (!first) throw new RangeError('what no host allows')
  return rest.reduce((all, { allowance }) => meetHypervisorSupport(all, allowance), first.allowance)
}
