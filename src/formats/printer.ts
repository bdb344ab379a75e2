import type { Cpu } from '../core/cpu.ts'

/** An output dialect: one form of text in which a guest's CPU can be written. */
export interface Printer {
  /** What `--format` and requests call it. */
  readonly name: string
  /** What people call it. */
  readonly title: string
  /** Whether the program that reads it knows the features of models, so that they need not be listed. */
  readonly omitsModelFeatures?: true
  /** @throws LibvirtError for a CPU that the dialect cannot express */
  print(cpu: Cpu): string
}
