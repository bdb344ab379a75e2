import { parseCpuInfo, physicalBitsOf } from '../../formats/dumps/proc-cpuinfo.ts'
import type { DomainHost } from '../../qemu/domain-capabilities/request.ts'
import type { HostTree } from '../machine/tree.ts'
import { readVfio } from '../machine/vfio.ts'
import { findProgram } from './find-program.ts'
import { readDefaultLoaders, readFirmwares } from './firmware.ts'
import { readLimits } from './limits.ts'
import { readSwtpm } from './swtpm.ts'

/**
 * What domain capabilities need of this host beside its QEMU, as libvirt finds it. What cannot be read is left out.
 * @param tree this host's files
 * @param arch libvirt's name of its architecture
 */
export function readDomainHost(tree: HostTree, arch: string): DomainHost {
  const [info] = parseCpuInfo(tree.text('proc/cpuinfo') ?? '')
  return {
    ...readLimits(),
    physBits: physicalBitsOf(info),
    vfio: readVfio(tree, arch).isSupported,
    firmware: readFirmwares(tree),
    defaultLoaders: readDefaultLoaders(tree),
    swtpm: readSwtpm(),
    rdp: findProgram('qemu-rdp') !== undefined,
    protectedGuests: tree.text('sys/firmware/uv/prot_virt_host') === '1',
  }
}
