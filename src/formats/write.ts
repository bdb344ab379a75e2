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

/**
 * A definition in the format that the options name; undefined where there is no such format.
 * @param compute the definition: as asked for, or without the features of its model
 * @throws LibvirtError for a CPU of which the format can express nothing
 */
export function writeDefinition(
  { format, ...options }: WriteOptions,
  compute: (options: { readonly expand?: false }) => Cpu,
): Printed | undefined {
  const printer = findPrinter(format)
  return printer?.print(compute(printer.omitsModelFeatures ? { expand: false } : {}), options)
}
