import { driverOf } from '../../arch/registry.ts'
import type { Cpu } from '../../core/cpu.ts'
import { hypervisorCpu } from '../hypervisor-cpu.ts'
import { NEVER_OFFERED } from '../names.ts'
import type { DomainQuestion } from './request.ts'

/**
 * The CPU that a guest of mode host-model is told to have: a guest's definition. Undefined where there is none.
 * @throws LibvirtError where what QEMU tells fits no model
 */
export function guestHostModel(question: DomainQuestion): Cpu | undefined {
  const { db, qemu, arch, accelerator, host } = question
  const cpu = hypervisorCpu(db, qemu, question)?.reported ?? detected(question)
  // libvirt does not ask an s390x how wide its addresses are.
  if (!cpu || !host.physBits || accelerator === 'tcg' || driverOf(arch)?.name === 's390') return cpu
  return { ...cpu, maxphysaddr: { mode: 'passthrough', limit: host.physBits } }
}

/** Architectures whose CPU libvirt takes from the host itself where QEMU does not tell it. */
const DETECTED = ['x86', 'ppc64']

/** Where QEMU does not tell: the model that libvirt found itself, if QEMU has it. */
function detected({ arch, isNative, host, with: { models } }: DomainQuestion): Cpu | undefined {
  const { model, vendor, features = [] } = host.cpu ?? {}
  if (model === undefined || !isNative || !DETECTED.includes(driverOf(arch)?.name ?? '')) return undefined
  if (models && !models.some(({ name }) => name.toLowerCase() === model.toLowerCase())) return undefined
  return {
    type: 'guest',
    mode: 'custom',
    match: 'exact',
    model,
    vendor,
    fallback: 'allow',
    features: features
      .filter(({ name }) => !NEVER_OFFERED.has(name))
      .map(({ name }) => ({ name, policy: 'require' })),
  }
}
