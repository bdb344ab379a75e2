import type { Cpu } from '../core/cpu.ts'
import { internalError, LibvirtError } from '../core/libvirt-error.ts'

/** libvirt's CPU drivers and the architectures that each serves. */
const DRIVERS = {
  x86: ['i686', 'x86_64'],
  ppc64: ['ppc64', 'ppc64le'],
  s390: ['s390', 's390x'],
  arm: ['armv6l', 'armv7b', 'armv7l', 'aarch64'],
  riscv64: ['riscv64'],
  loongarch: ['loongarch64'],
} as const

export type DriverName = keyof typeof DRIVERS

/** The driver that serves an architecture; undefined where libvirt has none. */
export function driverOf(arch: string): DriverName | undefined {
  const found = Object.entries(DRIVERS).find(([, arches]) => (arches as readonly string[]).includes(arch))
  return found?.[0] as DriverName | undefined
}

/**
 * Insists on x86, the one driver that virt-cpu has so far.
 * @throws LibvirtError as libvirt where the architecture is unset or has no driver; our own words where
 *   libvirt has a driver and virt-cpu does not
 */
export function requireX86(arch: string | undefined): void {
  if (arch === undefined) throw internalError('undefined hardware architecture')
  const driver = driverOf(arch)
  if (driver === 'x86') return
  if (driver === undefined) {
    throw new LibvirtError('no-support', `'${arch}' architecture is not supported by CPU driver`)
  }
  throw new LibvirtError('no-support', `virt-cpu does not answer for ${arch} yet, only for i686 and x86_64`)
}

/**
 * Insists on a driver that computes baselines, and on x86.
 * @throws LibvirtError
 */
export function requireX86Baseline(arch: string | undefined): void {
  const driver = arch === undefined ? undefined : driverOf(arch)
  if (driver === 's390' || driver === 'riscv64' || driver === 'loongarch') {
    throw new LibvirtError('no-support', `cannot compute baseline CPU of ${arch} architecture`)
  }
  requireX86(arch)
}

/**
 * What every driver asks of a baseline's inputs.
 * @throws LibvirtError naming the index of the CPU at fault, counted from 0
 */
export function checkBaselineInput(cpu: Cpu | undefined, index: number): Cpu {
  if (!cpu) throw new LibvirtError('invalid-arg', `invalid CPU definition at index ${index}`)
  if (cpu.model === undefined) {
    throw new LibvirtError('invalid-arg', `no CPU model specified at index ${index}`)
  }
  return cpu
}
