import { LibvirtError } from '../core/libvirt-error.ts'

/** What a domain's `type` may be, in libvirt's order. */
const VIRT_TYPES: ReadonlySet<string> = new Set(
  'none qemu kqemu kvm xen lxc uml openvz test vmware hyperv vbox phyp parallels bhyve vz hvf'.split(' '),
)

/** Whether libvirt knows a virtualization type of that name. */
export const isVirtType = (word: string): boolean => VIRT_TYPES.has(word)

/** @throws LibvirtError for a word that is no virtualization type; absent is fine */
export function checkVirtType(word: string | undefined): void {
  if (word !== undefined && !isVirtType(word)) {
    throw new LibvirtError('invalid-arg', `unknown virttype: ${word}`)
  }
}
