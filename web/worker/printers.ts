import { libvirtCpu } from '../../src/formats/libvirt/print-cpu.ts'
import type { Printer } from '../../src/formats/printer.ts'
import { qemuCpu } from '../../src/formats/qemu/cpu-argument.ts'

/** The output dialects of the page, in the order in which it shows them. */
const PAGE_PRINTERS: readonly Printer[] = [libvirtCpu, qemuCpu]

// The page's build puts this file in the place of the registry.
export { PAGE_PRINTERS as PRINTERS }
