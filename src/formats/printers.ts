import type { Cpu } from '../core/cpu.ts'
import { libvirtCpu } from './libvirt/print-cpu.ts'
import { firecrackerTemplate, xlCpuidMasks } from './platforms/print-masks.ts'
import type { Printer } from './printer.ts'
import { qemuCpu } from './qemu/cpu-argument.ts'

/**
 * Every output dialect: a file and a line here add one, and then `--format`, requests and the page write it. The page
 * shows them in this order.
 */
export const PRINTERS: readonly Printer[] = [libvirtCpu, qemuCpu, xlCpuidMasks, firecrackerTemplate]

/** The names of the output dialects. */
export const FORMATS: readonly string[] = PRINTERS.map(({ name }) => name)

/** The output dialect of that name. */
export const findPrinter = (format: string | undefined): Printer | undefined =>
  PRINTERS.find(({ name }) => name === format)

/**
 * A definition in the format of that name; undefined where there is no such format.
 * @param compute the definition: as asked for, or without the features of its model
 * @throws LibvirtError for a CPU that the format cannot express
 */
export function writeDefinition(
  format: string | undefined,
  compute: (options: { readonly expand?: false }) => Cpu,
): string | undefined {
  const printer = findPrinter(format)
  return printer?.print(compute(printer.omitsModelFeatures ? { expand: false } : {}))
}
