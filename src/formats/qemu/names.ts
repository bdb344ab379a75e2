import type { Feature } from '../../core/feature.ts'
import { once } from '../../core/memo.ts'

/** QEMU's targets that libvirt calls otherwise. */
const LIBVIRT_ARCH: Readonly<Record<string, string>> = { arm: 'armv7l', i386: 'i686', or1k: 'or32' }

/** libvirt's name of the architecture that a QEMU target emulates. */
export const toLibvirtArch = (target: string): string => LIBVIRT_ARCH[target] ?? target

/** Targets of types of CPU that are called otherwise there: ARM's have one for all, of which the widest is meant. */
const TARGET_OF_TYPE: Readonly<Record<string, string>> = {
  arm: 'aarch64',
  loongarch: 'loongarch64',
  powerpc: 'ppc',
  powerpc64: 'ppc64',
  riscv: 'riscv64',
}

/** QEMU's target by a type of CPU, `z14-s390x-cpu`; undefined: it does not end in one. */
export function targetOfType(type: string | undefined): string | undefined {
  const [, target] = /-([a-z0-9_]+)-cpu$/.exec(type ?? '') ?? []
  return target && (TARGET_OF_TYPE[target] ?? target)
}

/** Features of libvirt whose QEMU name is another; all others are equal. Not applied to what users write. */
const QEMU_NAME: ReadonlyMap<string, string> = new Map([
  ['cmp_legacy', 'cmp-legacy'],
  ['ds_cpl', 'ds-cpl'],
  ['fxsr_opt', 'fxsr-opt'],
  ['kvm_pv_eoi', 'kvm-pv-eoi'],
  ['kvm_pv_unhalt', 'kvm-pv-unhalt'],
  ['lahf_lm', 'lahf-lm'],
  ['nodeid_msr', 'nodeid-msr'],
  ['pclmuldq', 'pclmulqdq'],
  ['perfctr_core', 'perfctr-core'],
  ['perfctr_nb', 'perfctr-nb'],
  ['tsc_adjust', 'tsc-adjust'],
  ['vmx-invvpid-single-context-noglobals', 'vmx-invept-single-context-noglobals'],
  ['hv-vendor_id', 'hv-vendor-id'],
  ['hv-emsr_bitmap', 'hv-emsr-bitmap'],
  ['hv-xmm_input', 'hv-xmm-input'],
])

const namesInLibvirt = once(
  (): ReadonlyMap<string, string> => new Map([...QEMU_NAME].map(([ours, theirs]) => [theirs, ours])),
)

/** QEMU's name of a libvirt feature. */
export const toQemuName = (name: string): string => QEMU_NAME.get(name) ?? name

/** libvirt's name of a QEMU property. */
export const toLibvirtName = (name: string): string => namesInLibvirt().get(name) ?? name

/** Whether a guest that has it stays where it is. libvirt marks `xsaves` too, which QEMU moves, and models of Skylake and after have. */
export const blocksMigration = ({ name, migratable }: Pick<Feature, 'name' | 'migratable'>): boolean =>
  !migratable && name !== 'xsaves'
