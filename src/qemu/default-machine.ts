import type { QemuMachine } from './capabilities.ts'

/** Where libvirt takes the machine without a board of its own, whatever QEMU's default is. */
const VIRT: readonly string[] = ['aarch64', 'armv6l', 'armv7l', 'riscv32', 'riscv64']

/**
 * The machine of a guest that names none: the first that there is where QEMU has no default. Undefined where there
 * is none at all.
 */
export function defaultMachine(arch: string, machines: readonly QemuMachine[]): QemuMachine | undefined {
  const virt = VIRT.includes(arch)
    ? machines.find(({ name, alias }) => name === 'virt' || alias === 'virt')
    : undefined
  return virt ?? machines.find(({ isDefault }) => isDefault) ?? machines.find(({ name }) => name !== 'none')
}
