import type { U32 } from '../../core/bits.ts'

/** MSRs in which CPUs enumerate features; of all others in a dump the values are of the moment, or secret. */
export const FEATURE_MSRS: ReadonlySet<U32> = new Set([
  0xcf, // IA32_CORE_CAPABILITIES
  0x10a, // IA32_ARCH_CAPABILITIES
  0x480, // IA32_VMX_BASIC
  0x485, // IA32_VMX_MISC
  0x48b, // IA32_VMX_PROCBASED_CTLS2
  0x48c, // IA32_VMX_EPT_VPID_CAP
  0x48d, // IA32_VMX_TRUE_PINBASED_CTLS
  0x48e, // IA32_VMX_TRUE_PROCBASED_CTLS
  0x48f, // IA32_VMX_TRUE_EXIT_CTLS
  0x490, // IA32_VMX_TRUE_ENTRY_CTLS
  0x491, // IA32_VMX_VMFUNC
])
