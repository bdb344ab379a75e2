import type { Cpu } from '../core/cpu.ts'
import { once } from '../core/memo.ts'
import type { Printed, Printer, PrintOptions } from './printer.ts'
import { PRINTERS } from './printers.ts'

/** The names of the output dialects. */
export const listFormats: () => readonly string[] = once(() => PRINTERS.map(({ name }) => name))

/** The output dialect of that name. */
export const findPrinter = (format: string | undefined): Printer | undefined =>
  PRINTERS.find(({ name }) => name === format)

/** How a definition is to be written. */
export interface WriteOptions extends PrintOptions {
  /** The name of an output dialect. Absent: the definition is not written. */
  readonly format?: string | undefined
}

/** How a definition is computed for whoever knows the features of models. */
export interface PlainDefinition {
  readonly expand?: false
  readonly turnOff?: true | undefined
}

/**
 * A definition in the format that the options name; undefined where there is no such format.
 * @param compute the definition: as asked for, or without the features of its model; `turnOff` for a QEMU that no
 *   libvirt starts, of whose model nothing may be left that hosts do not give
 * @throws LibvirtError for a CPU of which the format can express nothing
 */
export function writeDefinition(
  { format, ...options }: WriteOptions,
  compute: (options: PlainDefinition) => Cpu,
): Printed | undefined {
  const printer = findPrinter(format)
  const plain: PlainDefinition = printer?.omitsModelFeatures
    ? { expand: false, turnOff: printer.dependsOnQemu }
    : {}
  return printer?.print(compute(plain), options)
}
