import type { Cpu } from '../../core/cpu.ts'
import { type HypervisorSupport, meetHypervisorSupport } from '../../qemu/allowance.ts'
import { computeHypervisorCpu } from '../../qemu/hypervisor-cpu.ts'
import type { Context } from '../context.ts'
import { type Hypervisor, hypervisorAllowance } from './hypervisor.ts'

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
