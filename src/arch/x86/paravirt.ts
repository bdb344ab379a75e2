import type { U32 } from '../../core/bits.ts'
import type { Cpuid } from '../../core/cpuid.ts'
import type { Register } from '../../core/place.ts'

/**
 * What KVM and Hyper-V offer in the hypervisor's own leaves. Data can be asked for these; definitions
 * cannot list them. Several bits mean all of them.
 */
const PARAVIRT: ReadonlyMap<string, readonly [leaf: U32, register: Register, mask: U32]> = new Map([
  ['kvm_pv_unhalt', [0x4000_0001, 'eax', 0x80]],
  ['hv-runtime', [0x4000_0003, 'eax', 0x1]],
  ['hv-synic', [0x4000_0003, 'eax', 0x4]],
  ['hv-stimer', [0x4000_0003, 'eax', 0x8]],
  ['hv-xmm_input', [0x4000_0003, 'eax', 0x10]],
  ['hv-relaxed', [0x4000_0003, 'eax', 0x20]],
  ['hv-vapic', [0x4000_0003, 'eax', 0x30]],
  ['hv-vpindex', [0x4000_0003, 'eax', 0x40]],
  ['hv-reset', [0x4000_0003, 'eax', 0x80]],
  ['hv-frequencies', [0x4000_0003, 'eax', 0x800]],
  ['hv-reenlightenment', [0x4000_0003, 'eax', 0x2000]],
  ['hv-stimer-direct', [0x4000_0003, 'edx', 0x8_0000]],
  ['hv-tlbflush-direct', [0x4000_0003, 'edx', 0x4000]],
  ['hv-tlbflush', [0x4000_0004, 'eax', 0x4]],
  ['hv-avic', [0x4000_0004, 'eax', 0x200]],
  ['hv-ipi', [0x4000_0004, 'eax', 0x400]],
  ['hv-evmcs', [0x4000_0004, 'eax', 0x4000]],
  ['hv-tlbflush-ext', [0x4000_0004, 'edx', 0x4000]],
  ['hv-emsr_bitmap', [0x4000_000a, 'eax', 0x8_0000]],
])

export const isParavirt = (name: string): boolean => PARAVIRT.has(name)

/** Whether the data has all bits of the paravirtual feature. */
export function hasParavirt(data: Cpuid, name: string): boolean {
  const feature = PARAVIRT.get(name)
  if (!feature) return false
  const [leaf, register, mask] = feature
  return (data.word(leaf, 0, register) & mask) === mask
}
