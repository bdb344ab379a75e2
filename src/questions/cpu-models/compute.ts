import { modelNames } from '../../arch/operations.ts'
import { LibvirtError } from '../../core/libvirt-error.ts'
import { ARCH_NAMES } from '../../formats/arch-names.ts'
import type { Context } from '../context.ts'

/**
 * The model names that a definition of this architecture may use, in map order.
 * Undefined: libvirt accepts any name, as it does for the architectures whose models the hypervisor knows.
 * @throws LibvirtError for a name that is no architecture, or one without a driver
 */
export function answerCpuModels({ map }: Context, arch: string): readonly string[] | undefined {
  if (!ARCH_NAMES.has(arch)) throw new LibvirtError('invalid-arg', `cannot find architecture ${arch}`)
  return modelNames(map, arch)
}
