import { libvirtCpu } from './libvirt/print-cpu.ts'
import type { Printer } from './printer.ts'
import { qemuCpu } from './qemu/cpu-argument.ts'

/**
 * Every output dialect: a file and a line here add one, and then `--format`, requests and the page write it. The page
 * shows them in this order.
 */
export const PRINTERS: readonly Printer[] = [libvirtCpu, qemuCpu]

/** The output dialect of that name; undefined where there is none. */
export const findPrinter = (name: string): Printer | undefined =>
  PRINTERS.find(printer => printer.name === name)
