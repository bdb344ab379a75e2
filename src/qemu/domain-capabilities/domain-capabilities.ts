import { type Cpu, updateFeature } from '../../core/cpu.ts'
import type { AcceleratorCapabilities, SgxCapabilities } from '../capabilities.ts'
import { type CpuModes, findCpuModes } from './cpu-modes.ts'
import { describeDevices } from './devices.ts'
import {
  describeFeatures,
  describeHyperv,
  describeLaunchSecurity,
  describeSev,
  describeSgx,
  type Sev,
} from './features.ts'
import { type BootOptions, findBootOptions } from './firmware.ts'
import type { DomainRequest } from './request.ts'
import { makeEnum, makeSection, type Section, selectNames } from './section.ts'

/** What a guest can be given: libvirt's `<domainCapabilities>`. */
export interface DomainCapabilities {
  readonly machine: string
  readonly arch: string
  /** The most vCPUs; absent: QEMU does not say. */
  readonly maxVcpus?: number
  readonly os: BootOptions
  readonly cpu: CpuModes
  readonly memoryBacking: Section
  readonly devices: readonly Section[]
  /** Those before `sev` and `sgx`, and those after them. */
  readonly features: readonly Section[]
  readonly sev?: Sev
  readonly sgx?: SgxCapabilities
  readonly lastFeatures: readonly Section[]
}

/** What a guest can be given. @throws LibvirtError where the host that QEMU tells fits no CPU model */
export function computeDomainCapabilities(question: DomainRequest): DomainCapabilities {
  const { arch, machine } = question
  const [maxVcpus, encryption, enclaves] = [
    findMaxVcpus(question),
    describeSev(question),
    describeSgx(question),
  ]
  return {
    machine,
    arch,
    ...(maxVcpus > 0 && { maxVcpus }),
    os: findBootOptions(question),
    cpu: findCpuModes(question),
    memoryBacking: describeMemoryBacking(question),
    devices: describeDevices(question),
    features: describeFeatures(question),
    ...(encryption && { sev: encryption }),
    ...(enclaves && { sgx: enclaves }),
    lastFeatures: [...describeHyperv(question), describeLaunchSecurity(question)],
  }
}

/** The machine's limit, and under KVM also the kernel's. */
function findMaxVcpus({ with: { machines }, machine, accelerator, host }: DomainRequest): number {
  const limit = machines.find(({ name }) => name === machine)?.maxCpus ?? 0
  return accelerator === 'kvm' ? Math.min(limit, host.kvmMaxVcpus ?? limit) : limit
}

const describeMemoryBacking = ({ qemu }: DomainRequest): Section =>
  makeSection(
    'memoryBacking',
    true,
    makeEnum('sourceType', [
      'file',
      'anonymous',
      ...selectNames(['memfd', qemu.types.has('memory-backend-memfd')]),
    ]),
  )

/** Domain capabilities whose host-model turns off every property that QEMU says is deprecated. */
export function disableDeprecatedFeatures(
  caps: DomainCapabilities,
  { host }: AcceleratorCapabilities,
): DomainCapabilities {
  const { hostModel } = caps.cpu
  if (!hostModel || !host) return caps
  const features = host.deprecated.reduce<Cpu['features']>(
    (list, name) => updateFeature(list, { name, policy: 'disable' }),
    hostModel.features,
  )
  return { ...caps, cpu: { ...caps.cpu, hostModel: { ...hostModel, features } } }
}
