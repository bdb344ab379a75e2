import type { Cpu } from '../core/cpu.ts'
import { internalError, LibvirtError } from '../core/libvirt-error.ts'
import type { Driver } from './driver.ts'
import { otherDrivers } from './other-drivers.ts'
import { x86 } from './x86/driver.ts'

/** Every driver that there is. */
export const drivers = (): readonly Driver[] => [x86, ...otherDrivers()]

/** The driver that serves an architecture; undefined where libvirt has none. Others than x86's load when asked for. */
export const driverOf = (arch: string): Driver | undefined =>
  x86.arches.includes(arch) ? x86 : otherDrivers().find(driver => driver.arches.includes(arch))

/** @throws LibvirtError where the architecture is unset or has no driver */
export function requireDriver(arch: string | undefined): Driver {
  if (arch === undefined) throw internalError('undefined hardware architecture')
  const driver = driverOf(arch)
  if (!driver) throw new LibvirtError('no-support', `'${arch}' architecture is not supported by CPU driver`)
  return driver
}

/**
 * Insists on x86, for questions that are about bits of CPUID.
 * @throws LibvirtError where the architecture has no driver; our own words where it has another one
 */
export function requireX86(arch: string): void {
  if (requireDriver(arch) === x86) return
  throw new LibvirtError('no-support', `this is answered for i686 and x86_64 only, not for ${arch}`)
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
