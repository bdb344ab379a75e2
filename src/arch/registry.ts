import { internalError, LibvirtError } from '../core/libvirt-error.ts'
import { oncePer } from '../core/memo.ts'
import type { CpuMap } from '../map/cpu-map.ts'
import { arm } from './arm/driver.ts'
import type { Architecture, Decoder, Driver } from './driver.ts'
import { loongarch64 } from './loongarch64/driver.ts'
import { ppc64 } from './ppc64/driver.ts'
import { riscv64 } from './riscv64/driver.ts'
import { s390x } from './s390x/driver.ts'
import { x86 } from './x86/driver.ts'

/** Every architecture that there is: the one list. */
export const ARCHITECTURES: readonly Architecture[] = [x86, arm, loongarch64, ppc64, riscv64, s390x]

/** The architecture of that name, as libvirt spells it; undefined where libvirt has no driver. */
export const architectureOf = (arch: string): Architecture | undefined =>
  ARCHITECTURES.find(({ arches }) => arches.includes(arch))

const driversOf = oncePer((_: CpuMap) => new Map<Architecture, Driver>())

/** The driver that serves an architecture; undefined where libvirt has none. */
export function driverOf(map: CpuMap, arch: string): Driver | undefined {
  const architecture = architectureOf(arch)
  if (!architecture) return undefined
  const drivers = driversOf(map)
  const driver = drivers.get(architecture) ?? architecture.create(map)
  drivers.set(architecture, driver)
  return driver
}

/** @throws LibvirtError where the architecture is unset or has no driver */
export function requireDriver(map: CpuMap, arch: string | undefined): Driver {
  if (arch === undefined) throw internalError('undefined hardware architecture')
  const driver = driverOf(map, arch)
  if (!driver) throw new LibvirtError('no-support', `'${arch}' architecture is not supported by CPU driver`)
  return driver
}

/** The architecture of a definition that does not name one, as libvirt's tests and ours have it. */
export const DEFAULT_ARCH = 'x86_64'

/**
 * The architecture whose fleet a host or guest belongs to: hosts of two such names are never compared.
 * @throws LibvirtError where there is no driver
 */
export function fleetArchOf(map: CpuMap, arch: string): string {
  const { name, arches } = requireDriver(map, arch).architecture
  const widest = arches.at(-1) ?? name
  return /^armv/.test(arch) ? 'armv7l' : widest
}

/** The architecture of a definition that does not name one: that which alone has its model, if the usual one has not. */
export function archOfModel(map: CpuMap, model: string | undefined): string {
  if (model === undefined || hasModel(map, DEFAULT_ARCH, model)) return DEFAULT_ARCH
  const [only, more] = ARCHITECTURES.flatMap(({ arches }) => arches.at(-1) ?? []).filter(
    arch => arch !== DEFAULT_ARCH && hasModel(map, arch, model),
  )
  return only === undefined || more !== undefined ? DEFAULT_ARCH : only
}

/** Whether an architecture has a model of that name. @throws LibvirtError where there is no driver */
export function hasModel(map: CpuMap, arch: string, model: string): boolean {
  const { read, knowsModel } = requireDriver(map, arch).fleet
  if (knowsModel) return knowsModel(model)
  try {
    read({ type: 'guest', model, features: [] })
    return true
  } catch (error) {
    if (error instanceof LibvirtError) return false
    throw error
  }
}

/**
 * The decoder of an architecture whose CPUs are looked at as bits.
 * @param arch absent: the one whose CPUs words of CPUID are of
 * @throws LibvirtError where the architecture has no driver; our own words where it has one without
 */
export function requireDecoder(map: CpuMap, arch = DEFAULT_ARCH): Decoder {
  const { decoder } = requireDriver(map, arch)
  if (decoder) return decoder
  const others = ARCHITECTURES.flatMap(({ arches }) => arches).filter(name => driverOf(map, name)?.decoder)
  throw new LibvirtError('no-support', `this is answered for ${others.join(' and ')} only, not for ${arch}`)
}
