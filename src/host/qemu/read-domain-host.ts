import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { parseCpuInfo, physicalBitsOf } from '../../formats/dumps/proc-cpuinfo.ts'
import type { DomainHost } from '../../qemu/domain-capabilities/request.ts'
import type { HostTree } from '../machine/tree.ts'
import { readVfio } from '../machine/vfio.ts'
import { readDefaultLoaders, readInstalledFirmware } from './firmware.ts'
import { readLimits } from './limits.ts'

/** How long swtpm_setup may take, in milliseconds: a busy machine takes its time. */
const TIMEOUT = 60_000

/** The versions of TPM that swtpm can be; undefined where it is not wholly installed. */
function readSwtpm(): readonly string[] | undefined {
  const setup = findProgram('swtpm_setup')
  if (setup === undefined || !findProgram('swtpm') || !findProgram('swtpm_ioctl')) return undefined
  const { stdout } = spawnSync(setup, ['--print-capabilities'], { encoding: 'utf8', timeout: TIMEOUT })
  return ['1.2', '2.0'].filter(version => stdout?.includes(`"tpm-${version}"`))
}

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
    firmware: readInstalledFirmware(tree),
    defaultLoaders: readDefaultLoaders(tree),
    swtpm: readSwtpm(),
    rdp: findProgram('qemu-rdp') !== undefined,
    protectedGuests: tree.text('sys/firmware/uv/prot_virt_host') === '1',
  }
}

/** Where a program of that name is on the PATH. */
function findProgram(name: string): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(folder => folder !== '')
  return folders.map(folder => join(folder, name)).find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
