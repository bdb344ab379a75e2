import { architectureOf } from '../../arch/registry.ts'
import type { Cpu } from '../../core/cpu.ts'
import { LibvirtError } from '../../core/libvirt-error.ts'
import type { QemuChoice } from '../choice.ts'

const makeUnsupportedError = (detail: string): LibvirtError => new LibvirtError('unsupported', detail)

/** A definition that names no CPU: at most a topology. The machine's default is the guest's. */
export const isOnlyTopology = ({ mode, model }: Cpu): boolean => mode === 'custom' && model === undefined

/**
 * What libvirt refuses of a guest's CPU whatever the host can give.
 * @throws LibvirtError
 * @see the domain's format, element `cpu`
 */
export function checkGuestCpu(cpu: Cpu, vcpus: number, { arch }: Pick<QemuChoice, 'arch'>): void {
  checkTopology(cpu, vcpus)
  if (cpu.check !== undefined && isOnlyTopology(cpu)) {
    throw makeUnsupportedError('check attribute specified for CPU with no model')
  }
  const { settings = [] } = architectureOf(arch) ?? {}
  if (cpu.cache) {
    if (!settings.includes('cache'))
      throw makeUnsupportedError(`CPU cache specification ${unsupportedOn(arch)}`)
    checkCache(cpu, cpu.cache)
  }
  if (cpu.maxphysaddr) {
    if (!settings.includes('maxphysaddr'))
      throw makeUnsupportedError(`${ADDRESSES} specification ${unsupportedOn(arch)}`)
    checkAddresses(cpu.maxphysaddr)
  }
}

const ADDRESSES = 'CPU maximum physical address bits'

const unsupportedOn = (arch: string): string => `is not supported for '${arch}' architecture`

function checkTopology({ topology }: Cpu, vcpus: number): void {
  if (!topology) return
  const { sockets, dies, clusters, cores, threads } = topology
  const cpus = sockets * dies * clusters * cores * threads
  if (cpus > 0xffff_ffff) throw makeUnsupportedError('cpu topology results in more than 4294967295 cpus')
  if (cpus !== vcpus) throw makeUnsupportedError("CPU topology doesn't match maximum vcpu count")
}

function checkCache({ mode }: Cpu, cache: NonNullable<Cpu['cache']>): void {
  if (cache.mode === 'emulate') {
    if (cache.level !== 3)
      throw makeUnsupportedError("CPU cache mode 'emulate' can only be used with level='3'")
    return
  }
  if (cache.mode === 'passthrough' && mode !== 'host-passthrough' && mode !== 'maximum') {
    const modes = "'host-passthrough' / 'maximum' CPUs"
    throw makeUnsupportedError(`CPU cache mode 'passthrough' can only be used with ${modes}`)
  }
  if (cache.level !== undefined)
    throw makeUnsupportedError(`unsupported CPU cache level for mode '${cache.mode}'`)
}

function checkAddresses({ mode, bits }: NonNullable<Cpu['maxphysaddr']>): void {
  if (mode === 'passthrough' && bits !== undefined) {
    throw makeUnsupportedError(`${ADDRESSES} number specification cannot be used with mode='passthrough'`)
  }
}
