/** QEMU's targets that libvirt calls otherwise. */
const LIBVIRT_ARCH: Readonly<Record<string, string>> = { arm: 'armv7l', i386: 'i686', or1k: 'or32' }

/** libvirt's name of the architecture that a QEMU target emulates. */
export const libvirtArch = (target: string): string => LIBVIRT_ARCH[target] ?? target
