import type { Cpu } from '../../src/core/cpu.ts'
import { printCpu } from '../../src/formats/libvirt/print-cpu.ts'
import type { Printer } from '../../src/formats/printer.ts'
import { printQemuCpu } from '../../src/formats/qemu/cpu-argument.ts'

const printer = (name: string, title: string, print: (cpu: Cpu) => string): Printer => ({
  name,
  title,
  print: cpu => ({ text: print(cpu), notExpressed: [] }),
})

/** The output dialects of the page, in the order in which it shows them: a baseline is all said in them. */
const PAGE_PRINTERS: readonly Printer[] = [
  printer('libvirt', 'libvirt XML', printCpu),
  { ...printer('qemu', 'QEMU -cpu', cpu => `-cpu ${printQemuCpu(cpu)}\n`), omitsModelFeatures: true },
]

// The page's build puts this file in the place of the registry.
export { PAGE_PRINTERS as PRINTERS }
