import { type Cpu, updateFeature } from '../../core/cpu.ts'
import type { AcceleratorCapabilities, SgxCapabilities } from '../capabilities.ts'
import { type CpuModes, cpuModes } from './cpu-modes.ts'
import { devices } from './devices.ts'
import { features, hyperv, launchSecurity, type Sev, sev, sgx } from './features.ts'
import { type OsChoices, osChoices } from './firmware.ts'
import type { DomainQuestion } from './request.ts'
import { choice, type Section, section, those } from './section.ts'

/** What a guest can be given: libvirt's `<domainCapabilities>`. */
export interface DomainCapabilities {
  readonly machine: string
  readonly arch: string
  /** The most vCPUs; absent: QEMU does not say. */
  readonly maxVcpus?: number
  readonly os: OsChoices
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
export function domainCapabilities(question: DomainQuestion): DomainCapabilities {
  const { arch, machine } = question
  const [maxVcpus, encryption, enclaves] = [maxVcpusOf(question), sev(question), sgx(question)]
  return {
    machine,
    arch,
    ...(maxVcpus > 0 && { maxVcpus }),
    os: osChoices(question),
    cpu: cpuModes(question),
    memoryBacking: memoryBacking(question),
    devices: devices(question),
    features: features(question),
    ...(encryption && { sev: encryption }),
    ...(enclaves && { sgx: enclaves }),
    lastFeatures: [...hyperv(question), launchSecurity(question)],
  }
}

/** The machine's limit, and under KVM also the kernel's. */
function maxVcpusOf({ with: { machines }, machine, accelerator, host }: DomainQuestion): number {
  const limit = machines.find(({ name }) => name === machine)?.maxCpus ?? 0
  return accelerator === 'kvm' ? Math.min(limit, host.kvmMaxVcpus ?? limit) : limit
}

const memoryBacking = ({ qemu }: DomainQuestion): Section =>
  section(
    'memoryBacking',
    true,
    choice('sourceType', ['file', 'anonymous', ...those(['memfd', qemu.types.has('memory-backend-memfd')])]),
  )

/** Domain capabilities whose host-model turns off every property that QEMU says is deprecated. */
export function withoutDeprecated(
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
